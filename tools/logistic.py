"""Weighted logistic regression with L2 by Newton's method, Platt scaling, and the figures the card reports."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def fit(x, y, weight, strength, steps=25):
    """(direction [D], bias) that minimise Σ weight·log-loss + ‖direction‖²/(2·strength)."""
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1).astype(np.float64)
    penalty = np.full(design.shape[1], 1 / strength)
    penalty[-1] = 1e-6
    beta = np.zeros(design.shape[1])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weight * (p - y)) + penalty * beta
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-7:
            break
    return beta[:-1], float(beta[-1])


def balanced(y, weight):
    """Weights with the same total on both classes."""
    total = weight.sum()
    return np.where(y == 1, weight * total / (2 * weight[y == 1].sum()), weight * total / (2 * weight[y == 0].sum()))


def platt(logits, y, weight, steps=60):
    """(a, b) of sigmoid(a·logit + b), with Platt's (1999) smoothed targets against overconfidence on few positives."""
    positives, negatives = weight[y == 1].sum(), weight[y == 0].sum()
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    beta = np.array([1.0, np.log((positives + 1) / (negatives + 1))])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weight * (p - target))
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        beta -= np.clip(np.linalg.solve(curvature, gradient), -2, 2)
    return float(beta[0]), float(beta[1])


def folds(y, count, seed):
    """Fold number of each row, each class spread evenly."""
    generator, fold = np.random.default_rng(seed), np.zeros(len(y), dtype=int)
    for value in (0, 1):
        rows = np.flatnonzero(y == value)
        generator.shuffle(rows)
        fold[rows] = np.arange(len(rows)) % count
    return fold


def auroc(y, score):
    """Probability that a positive outranks a negative, ties counted half (Mann and Whitney)."""
    y, score = np.asarray(y), np.asarray(score)
    positives, negatives = score[y == 1], np.sort(score[y == 0])
    below, through = np.searchsorted(negatives, positives), np.searchsorted(negatives, positives, side="right")
    return float((below + through).mean() / (2 * len(negatives)))


def auroc_interval(y, score, seed, rounds=2000):
    """95 % bootstrap interval, positives and negatives drawn apart."""
    generator, y, score = np.random.default_rng(seed), np.asarray(y), np.asarray(score)
    positives, negatives = score[y == 1], score[y == 0]
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    drawn = [auroc(labels, np.r_[generator.choice(positives, len(positives)),
                                 generator.choice(negatives, len(negatives))]) for _ in range(rounds)]
    return tuple(float(value) for value in np.percentile(drawn, [2.5, 97.5]))


def best_f1_threshold(y, probability):
    """The threshold with the highest F1, placed between two neighbouring probabilities."""
    ranked = np.argsort(-probability)
    hits = np.cumsum(y[ranked])
    f1 = 2 * hits / (np.arange(1, len(y) + 1) + y.sum())
    best = int(np.argmax(f1))
    following = probability[ranked[min(best + 1, len(y) - 1)]]
    return float((probability[ranked[best]] + following) / 2)


def calibration_error(y, probability, bins=10):
    """Expected calibration error over bins of equal count."""
    ranked = np.argsort(probability)
    return float(sum(len(rows) * abs(probability[rows].mean() - y[rows].mean())
                     for rows in np.array_split(ranked, bins) if len(rows)) / len(y))
