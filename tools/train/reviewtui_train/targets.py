"""What a row teaches: per policy a target from 0 to 1 and a weight, 0 where nothing is known."""

import dataclasses

import numpy

from .snapshot import UNKNOWN, Rows


@dataclasses.dataclass(frozen=True)
class Targets:
    #: [N, K], 0 where unknown.
    values: numpy.ndarray
    #: [N, K], 0 where unknown.
    weights: numpy.ndarray


@dataclasses.dataclass(frozen=True)
class Weighing:
    """How much each label counts."""

    #: Of a label that the model proposed and a reviewer confirmed with one key; that of a person's is 1.
    by_model: float = 0.5
    #: Whether a policy's violations and the rest count the same in all.
    balanced: bool = True
    #: Whether several reviewers' share takes the place of the verdict.
    soft: bool = True
    #: Whether a uniformly drawn row counts 1/(share of claims so drawn), so that it stands for those not looked at.
    for_queue: bool = False


def targets(rows: Rows, fitted: numpy.ndarray, policies: list[int], weighing: Weighing) -> Targets:
    """Targets of all rows; class balance is worked out on the fitted ones alone.

    An item counts once, however many pictures it has. Balanced: n/(2·n_c) for class c of n, by weight (King & Zeng
    2001, "Logistic Regression in Rare Events Data"; scikit-learn's "balanced"), so that the mean weight stays 1.
    """
    labels = rows.labels[:, policies]
    values = labels
    if weighing.soft:
        soft = rows.soft_labels[:, policies]
        values = numpy.where(soft >= 0, soft, labels)
    weights = (values != UNKNOWN).astype(numpy.float32)
    values = numpy.where(values == UNKNOWN, 0, values)
    weights *= numpy.where(rows.by_model[:, policies], weighing.by_model, 1)
    weights /= rows.pictures_of_item[:, None]
    if weighing.for_queue:
        weights *= numpy.where(rows.sampled > 0, 1 / numpy.maximum(rows.sampled, 1e-9), 1)[:, None].astype(
            numpy.float32
        )
    if weighing.balanced:
        weights = _balanced(values, weights, fitted)
    return Targets(values.astype(numpy.float32), weights.astype(numpy.float32))


def _balanced(values: numpy.ndarray, weights: numpy.ndarray, fitted: numpy.ndarray) -> numpy.ndarray:
    found = (weights[fitted] * values[fitted]).sum(0)
    rest = (weights[fitted] * (1 - values[fitted])).sum(0)
    total = found + rest
    factors = [numpy.where(part > 0, total / numpy.maximum(2 * part, 1e-9), 1) for part in (rest, found)]
    return weights * (factors[0] * (1 - values) + factors[1] * values)


def learnable(rows: Rows, fitted: numpy.ndarray, least: int) -> list[int]:
    """Policies with at least so many violations and as many others among the fitted rows, counted as items."""
    _, first = numpy.unique(rows.decision[fitted], return_index=True)
    labels = rows.labels[fitted[first]]
    return [
        policy
        for policy in range(len(rows.policies))
        if (labels[:, policy] == 1).sum() >= least and (labels[:, policy] == 0).sum() >= least
    ]
