"""How good a checkpoint folder with a head is on a split, item by item: an item's score is the highest of its pictures,
as in the program, in float32 whatever training ran in."""

import dataclasses

import numpy

from . import figures
from .linear import LinearHead
from .snapshot import UNKNOWN, Rows

#: ê by tower: indices of samples, and [n, width].
Units = dict[str, tuple[numpy.ndarray, numpy.ndarray]]


@dataclasses.dataclass(frozen=True)
class Calibrated:
    """A tower's head with what validation said of each policy."""

    head: LinearHead
    platt: list[figures.Platt | None]
    thresholds: list[float | None]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a threshold is chosen for; the best F1 where neither is said."""

    precision: float | None = None
    recall: float | None = None


def calibrated(
    head: LinearHead, rows: Rows, policies: list[int], index: numpy.ndarray, units: numpy.ndarray, wanted: Wanted
) -> Calibrated:
    """Fits Platt's a and b and chooses thresholds on the samples of the validation split."""
    held = rows.split[index] == 1
    logits, labels, _ = _items(rows, policies, index[held], head.logits(units[held]))
    curves, thresholds = [], []
    for policy in range(len(policies)):
        known = labels[:, policy] != UNKNOWN
        violates = labels[known, policy] == 1
        curve = figures.platt(logits[known, policy], violates)
        curves.append(curve)
        thresholds.append(
            figures.threshold(
                curve.probability(logits[known, policy]), violates, precision=wanted.precision, recall=wanted.recall
            )
            if curve
            else None
        )
    return Calibrated(head, curves, thresholds)


def evaluated(
    model: Calibrated, rows: Rows, policies: list[int], index: numpy.ndarray, units: numpy.ndarray
) -> list[dict]:
    """Figures on the test split by policy, on all rows and on those drawn uniformly, with the number of items of
    each."""
    test = rows.split[index] == 2
    logits, labels, uniform = _items(rows, policies, index[test], model.head.logits(units[test]))
    found = []
    for place, policy in enumerate(policies):
        known = labels[:, place] != UNKNOWN
        figures_of = {
            name: _figures(logits[mask, place], labels[mask, place] == 1, model.platt[place], model.thresholds[place])
            for name, mask in (("all", known), ("uniform", known & uniform))
        }
        found.append({"policy": rows.policies[policy], **figures_of})
    return found


def _figures(
    logits: numpy.ndarray, violates: numpy.ndarray, curve: figures.Platt | None, threshold: float | None
) -> dict:
    found = {
        "violations": int(violates.sum()),
        "others": int((~violates).sum()),
        "average_precision": figures.average_precision(logits, violates),
        "auroc": figures.auroc(logits, violates),
    }
    if curve:
        probabilities = curve.probability(logits)
        found["calibration_error"] = figures.calibration_error(probabilities, violates)
        if threshold is not None:
            flagged = probabilities >= threshold
            found |= {
                "threshold": threshold,
                "flagged": int(flagged.sum()),
                "flagged_right": int((flagged & violates).sum()),
            }
    return found


def _items(
    rows: Rows, policies: list[int], index: numpy.ndarray, logits: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Highest logits, labels, and whether the item was drawn uniformly, an item a row."""
    items, first, inverse = numpy.unique(rows.decision[index], return_index=True, return_inverse=True)
    highest = numpy.full((len(items), logits.shape[1]), -numpy.inf)
    numpy.maximum.at(highest, inverse, logits)
    return highest, rows.labels[index[first]][:, policies], rows.sampled[index[first]] > 0
