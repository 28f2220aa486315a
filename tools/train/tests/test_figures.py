"""Figures against their definitions, computed the slow way."""

import itertools
import unittest

import numpy

from reviewtui_train import figures, linear


def sample(seed: int, count: int = 60) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Scores with many ties, and labels that they say something about."""
    draw = numpy.random.default_rng(seed)
    labels = draw.random(count) < 0.3
    return numpy.round(draw.normal(labels * 1.0, 1), 1), labels


class Ranking(unittest.TestCase):
    def test_average_precision_is_the_area_over_thresholds(self) -> None:
        for seed in range(5):
            scores, labels = sample(seed)
            area, before = 0.0, 0.0
            for threshold in sorted(set(scores), reverse=True):
                flagged = scores >= threshold
                recall = labels[flagged].sum() / labels.sum()
                area += (recall - before) * labels[flagged].mean()
                before = recall
            self.assertAlmostEqual(figures.average_precision(scores, labels), area, places=12)

    def test_auroc_is_the_share_of_pairs_in_order(self) -> None:
        for seed in range(5):
            scores, labels = sample(seed)
            pairs = list(itertools.product(scores[labels], scores[~labels]))
            self.assertAlmostEqual(
                figures.auroc(scores, labels), sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs), places=12
            )

    def test_one_class_has_no_figure(self) -> None:
        self.assertIsNone(figures.auroc(numpy.ones(3), numpy.ones(3, bool)))
        self.assertIsNone(figures.average_precision(numpy.ones(3), numpy.zeros(3, bool)))

    def test_calibration_error(self) -> None:
        chances = numpy.array([0.05, 0.15, 0.15, 1.0])
        labels = numpy.array([False, True, False, True])
        self.assertAlmostEqual(figures.calibration_error(chances, labels), (0.05 + 0.7 + 0) / 4)


class Calibration(unittest.TestCase):
    def test_platt_is_the_least_loss_on_its_targets(self) -> None:
        scores, labels = sample(7, 200)
        curve = figures.platt(scores, labels)
        positives, negatives = labels.sum(), (~labels).sum()
        targets = numpy.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
        gap = curve.probability(scores) - targets
        self.assertLess(abs((gap * scores).sum()) + abs(gap.sum()), 1e-4)

    def test_what_is_turned_round_or_rare_is_not_calibrated(self) -> None:
        scores, labels = sample(7, 200)
        self.assertIsNone(figures.platt(-scores, labels))
        self.assertIsNone(figures.platt(scores[:8], numpy.arange(8) < 4))

    def test_thresholds_keep_what_is_wanted(self) -> None:
        scores, labels = sample(3, 400)
        chances = 1 / (1 + numpy.exp(-scores))
        for wanted in (0.5, 0.7):
            found = figures.threshold(chances, labels, precision=wanted, recall=None)
            self.assertGreaterEqual(labels[chances >= found].mean(), wanted)
            lower = [t for t in set(chances) if t < found and labels[chances >= t].mean() >= wanted]
            self.assertEqual(lower, [])
        found = figures.threshold(chances, labels, precision=None, recall=0.8)
        self.assertGreaterEqual((labels & (chances >= found)).sum() / labels.sum(), 0.8)
        self.assertIsNone(figures.threshold(chances, labels, precision=1.01, recall=None))


class LinearHeads(unittest.TestCase):
    def test_the_fit_is_where_the_gradient_vanishes(self) -> None:
        draw = numpy.random.default_rng(0)
        units = draw.normal(size=(120, 6))
        units /= numpy.linalg.norm(units, axis=1, keepdims=True)
        values = (draw.random((120, 2)) < 1 / (1 + numpy.exp(-4 * units[:, :2]))).astype(float)
        weights = draw.random((120, 2)) * (draw.random((120, 2)) < 0.8)
        head = linear.fit(units, values, weights, 3.0)
        gap = weights * (1 / (1 + numpy.exp(-head.logits(units))) - values)
        self.assertLess(numpy.abs(3 * gap.T @ units + head.directions).max(), 1e-5)
        self.assertLess(numpy.abs(gap.sum(0)).max(), 1e-5)


if __name__ == "__main__":
    unittest.main()
