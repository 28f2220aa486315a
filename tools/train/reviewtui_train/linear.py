"""Linear heads on frozen embeddings: where fine-tuning starts from, and what it is compared with.

A head that is fitted first keeps the first steps from distorting the embedding for the sake of a random one (Kumar et
al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", LP-FT).
"""

import dataclasses

import numpy
import torch

from .figures import log_loss
from .targets import Targets

STRENGTHS = (0.1, 1.0, 10.0, 100.0)


@dataclasses.dataclass(frozen=True)
class LinearHead:
    """logit = directions · ê + bias."""

    directions: numpy.ndarray
    bias: numpy.ndarray
    strength: float | None = None

    def logits(self, units: numpy.ndarray) -> numpy.ndarray:
        return units @ self.directions.T.astype(numpy.float64) + self.bias


def fit(units: numpy.ndarray, values: numpy.ndarray, weights: numpy.ndarray, strength: float) -> LinearHead:
    """Minimises C·Σ w·logloss(d·ê + b, value) + ½‖d‖² for each policy by L-BFGS in float64, bias unpenalised.

    :param values: [n, K], from 0 to 1.
    :param weights: [n, K], 0 where nothing is known.
    :param strength: C, as scikit-learn's.
    """
    x, y, w = (torch.from_numpy(numpy.asarray(part, numpy.float64)) for part in (units, values, weights))
    theta = torch.zeros(y.shape[1], x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [theta],
        max_iter=500,
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        logits = x @ theta[:, :-1].T + theta[:, -1]
        total = strength * (w * torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none")).sum()
        total = total + 0.5 * theta[:, :-1].square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    found = theta.detach().numpy()
    return LinearHead(found[:, :-1].copy(), found[:, -1].copy(), strength)


def fit_chosen(units: numpy.ndarray, fitted: Targets, held: numpy.ndarray, held_targets: Targets) -> LinearHead:
    """The head whose strength has the lowest log loss on validation rows, the weakest of equals; 1 where nothing is
    known of them."""
    heads = [fit(units, fitted.values, fitted.weights, strength) for strength in STRENGTHS]
    if not held_targets.weights.any():
        return heads[STRENGTHS.index(1.0)]
    losses = [log_loss(head.logits(held), held_targets.values, held_targets.weights) for head in heads]
    return heads[int(numpy.argmin(losses))]
