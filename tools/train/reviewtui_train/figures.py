"""How good scores are: ranking, calibration, thresholds. NumPy only; labels are booleans, everything one policy's."""

import dataclasses

import numpy

BINS = 10


def average_precision(scores: numpy.ndarray, labels: numpy.ndarray) -> float | None:
    """Mean of precision over the violations in the order of scores, ties together: Σ (R_n − R_{n−1})·P_n
    (scikit-learn's). None without a violation."""
    if not labels.any():
        return None
    order = numpy.argsort(-scores, kind="stable")
    found = numpy.cumsum(labels[order])
    last = numpy.append(numpy.flatnonzero(numpy.diff(scores[order])), len(scores) - 1)
    precision, recall = found[last] / (last + 1), found[last] / found[-1]
    return float((numpy.diff(recall, prepend=0) * precision).sum())


def auroc(scores: numpy.ndarray, labels: numpy.ndarray) -> float | None:
    """Probability that a violation scores above another item, ties half (Mann & Whitney 1947). None with one class
    only."""
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return None
    _, inverse, counts = numpy.unique(scores, return_inverse=True, return_counts=True)
    ranks = (numpy.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def calibration_error(probabilities: numpy.ndarray, labels: numpy.ndarray) -> float | None:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015)."""
    if not len(labels):
        return None
    bins = numpy.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = [abs(probabilities[bins == bin].sum() - labels[bins == bin].sum()) for bin in range(BINS)]
    return float(sum(gaps) / len(labels))


def log_loss(logits: numpy.ndarray, values: numpy.ndarray, weights: numpy.ndarray) -> float:
    """Mean binary cross-entropy by weight; values from 0 to 1."""
    losses = numpy.logaddexp(0, logits) - values * logits
    return float((losses * weights).sum() / max(weights.sum(), 1e-12))


@dataclasses.dataclass(frozen=True)
class Platt:
    """probability = sigmoid(a·logit + b)."""

    a: float
    b: float

    def probability(self, logits: numpy.ndarray) -> numpy.ndarray:
        return 1 / (1 + numpy.exp(-(self.a * logits + self.b)))


def platt(logits: numpy.ndarray, labels: numpy.ndarray, least: int = 5) -> Platt | None:
    """Fitted by Newton's method with targets (N₊+1)/(N₊+2) and 1/(N₋+2) (Platt 1999; Lin, Lin & Weng 2007).

    :return: None with fewer than `least` of either class, and where higher logits mean less: nothing is calibrated
        then.
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if min(positives, negatives) < least:
        return None
    targets = numpy.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    columns = numpy.stack([logits, numpy.ones_like(logits)], 1).astype(numpy.float64)
    theta = numpy.array([0.0, numpy.log((positives + 1) / (negatives + 1))])

    def loss(at: numpy.ndarray) -> float:
        z = columns @ at
        return float((numpy.logaddexp(0, z) - targets * z).sum())

    for _ in range(100):
        chances = 1 / (1 + numpy.exp(-numpy.clip(columns @ theta, -500, 500)))
        gradient = columns.T @ (chances - targets)
        if numpy.abs(gradient).max() < 1e-8 * len(labels):
            break
        hessian = (columns * (chances * (1 - chances))[:, None]).T @ columns + 1e-12 * numpy.eye(2)
        step, length, here = numpy.linalg.solve(hessian, gradient), 1.0, loss(theta)
        while length > 1e-10 and loss(theta - length * step) > here - 1e-4 * length * float(gradient @ step):
            length /= 2
        theta = theta - length * step
    return Platt(float(theta[0]), float(theta[1])) if theta[0] > 0 and numpy.isfinite(theta).all() else None


def threshold(
    probabilities: numpy.ndarray, labels: numpy.ndarray, *, precision: float | None, recall: float | None
) -> float | None:
    """The lowest threshold with a wanted precision, the highest with a wanted recall, else that of the best F1; None
    where no threshold does."""
    if not labels.any():
        return None
    order = numpy.argsort(-probabilities, kind="stable")
    sorted_ = probabilities[order]
    found = numpy.cumsum(labels[order])
    last = numpy.append(numpy.flatnonzero(numpy.diff(sorted_)), len(sorted_) - 1)
    precisions, recalls = found[last] / (last + 1), found[last] / found[-1]
    if precision is not None:
        fit = numpy.flatnonzero(precisions >= precision)
        return float(sorted_[last[fit[-1]]]) if len(fit) else None
    if recall is not None:
        return float(sorted_[last[numpy.flatnonzero(recalls >= recall)[0]]])
    best = numpy.argmax(2 * precisions * recalls / numpy.maximum(precisions + recalls, 1e-12))
    return float(sorted_[last[best]])
