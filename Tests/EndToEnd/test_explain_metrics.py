"""The metrics of `make bench-explain`, on cases small enough to be counted by hand. They need no program."""

import pathlib
import random
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "bench"))

import explain_metrics as metrics  # noqa: E402


def near(value, expected):
    assert abs(value - expected) < 1e-6, (value, expected)


def test_rationale_f1(_):
    """token F1 and IOU F1 are those of the ERASER benchmark, single words being spans of their own"""
    truth = {"a": [(2, 4), (7, 8)], "b": [(0, 5)]}
    predicted = {"a": [2, 3, 7, 9], "b": [0, 1]}
    near(metrics.iou_f1(truth, {text: [(word, word + 1) for word in words] for text, words in predicted.items()}), .5)
    marked = {text: {word for start, end in spans for word in range(start, end)} for text, spans in truth.items()}
    near(metrics.token_f1(marked, {text: set(words) for text, words in predicted.items()}), .714286)
    assert {text: metrics.runs(words) for text, words in marked.items()} == truth


def test_rationale_ranking(_):
    """AUPRC is 1 where every marked word ranks first, goes through ties at once, and falls as they rank lower"""
    near(metrics.auprc([1, 1, 0, 0], [4, 3, 2, 1]), 1)
    # One point only: recall 1 at precision 1/2, from (0, 1).
    near(metrics.auprc([1, 0], [7, 7]), .75)
    # (0, 1) → (0, 0) at the first word → (1/1, 1/2).
    near(metrics.auprc([0, 1], [2, 1]), .25)


def test_rationale_faithfulness(_):
    """comprehensiveness and sufficiency are mean falls over the bins, of at least one word each"""
    near(metrics.average_fall(.9, [.9, .8, .5, .3, 0]), .4)
    assert metrics.top([3, 1, 0, 2], .01) == {3} and metrics.top([3, 1, 0, 2], .5) == {3, 1}


def test_curves(_):
    """deletion and insertion curves start with nothing changed, end with all, and their area is in units of score"""
    assert metrics.steps([5, 6, 7, 8], 2) == [[], [5, 6], [5, 6, 7, 8]]
    near(metrics.area_under([1, .5, 0]), .5)
    near(metrics.area_under([1, 0, 0]), .25)
    order = metrics.strongest_first([1, 3, 1, 2], random.Random(0))
    assert order[:2] == [1, 3] and sorted(order[2:]) == [0, 2]
    orders = {tuple(metrics.strongest_first([0, 0, 0], random.Random(seed))) for seed in range(40)}
    assert len(orders) == 6, orders


def test_pointing(_):
    """the pointing game asks for the strongest cell's middle, the energy for all positive relevance"""
    heat = [[0, 1], [3, -9]]
    assert metrics.pointing_hit(heat, [(0, .5, .5, 1)])
    assert not metrics.pointing_hit(heat, [(0, 0, .5, .5), (.5, .5, 1, 1)])
    near(metrics.energy_in_box(heat, metrics.points_inside([(0, .5, .5, 1)], 2, 2)), .75)
    # Boxes that overlap count once.
    half = metrics.points_inside([(0, .5, .25, 1), (.125, .5, .25, 1)], 2, 2)
    near(metrics.energy_in_box(heat, half), .375)
    near(metrics.energy_in_box([[0, -1]], [[1, 1]]), 0)


def test_enlarging(_):
    """a map enlarged keeps its corners and runs evenly between"""
    large = metrics.enlarged([[0, 4]], 1, 4)
    assert large == [[0, 1, 3, 4]], large
