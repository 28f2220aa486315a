"""What explanations are measured by, as their authors defined it. Standard library only; no model, no file.

Maps are lists of rows; boxes are (left, top, right, bottom) as shares of the picture; texts are lists of words with one
weight each, and rationales are sets of word numbers.
"""

import math

# Words that are taken out or kept alone, as shares of a text (DeYoung et al. 2020, section 4.2).
BINS = (0.01, 0.05, 0.10, 0.20, 0.50)


# Pictures

def points_inside(boxes, rows, columns, samples=8):
    """The share of each cell of a grid that lies in any of the boxes, by samples² points a cell."""
    def inside(x, y):
        return any(left <= x < right and top <= y < bottom for left, top, right, bottom in boxes)

    def share(row, column):
        hits = sum(inside((column + (i + .5) / samples) / columns, (row + (j + .5) / samples) / rows)
                   for i in range(samples) for j in range(samples))
        return hits / samples**2

    return [[share(row, column) for column in range(columns)] for row in range(rows)]


def pointing_hit(heat, boxes):
    """Whether the middle of the strongest cell lies in a box: the pointing game of Zhang et al. 2016 ("Top-down Neural
    Attention by Excitation Backprop", section 4.2), here without their tolerance of 15 pixels."""
    rows, columns = len(heat), len(heat[0])
    _, row, column = max((value, -r, -c) for r, line in enumerate(heat) for c, value in enumerate(line))
    x, y = (.5 - column) / columns, (.5 - row) / rows
    return any(left <= x < right and top <= y < bottom for left, top, right, bottom in boxes)


def energy_in_box(heat, inside):
    """The share of positive relevance that lies in the boxes: the energy-based pointing game of Wang et al. 2020
    ("Score-CAM", section 4.3). A map without any has none there."""
    total = sum(max(0, value) for line in heat for value in line)
    if total == 0:
        return 0.0
    return sum(max(0, value) * share for line, shares in zip(heat, inside) for value, share in zip(line, shares)) / total


def enlarged(heat, rows, columns):
    """By bilinear interpolation between the middles of the cells, as the console draws it."""
    def neighbours(cells, wanted):
        for index in range(wanted):
            at = (index + .5) * cells / wanted - .5
            low = math.floor(at)
            yield max(0, low), min(cells - 1, low + 1), at - low

    across = list(neighbours(len(heat[0]), columns))
    return [[(heat[a][c] * (1 - x) + heat[a][d] * x) * (1 - y) + (heat[b][c] * (1 - x) + heat[b][d] * x) * y
             for c, d, x in across] for a, b, y in neighbours(len(heat), rows)]


# Curves

def area_under(curve):
    """Under a curve of scores at evenly spaced steps, from nothing changed to all changed, by trapezoids, over a width
    of 1: the deletion and insertion metrics of Petsiuk et al. 2018 ("RISE", section 4.1)."""
    return sum((a + b) / 2 for a, b in zip(curve, curve[1:])) / (len(curve) - 1)


def steps(order, count):
    """The first 0, 1/count, 2/count, … of all, in the order given."""
    return [order[:round(len(order) * step / count)] for step in range(count + 1)]


def strongest_first(values, chance):
    """Indices by falling value; what is equal is shuffled, so that no order of the input counts as a hint."""
    shuffled = list(range(len(values)))
    chance.shuffle(shuffled)
    return sorted(shuffled, key=lambda index: -values[index])


# Texts: ERASER (DeYoung et al. 2020, "ERASER: A Benchmark to Evaluate Rationalized NLP Models", section 4.1)

def f1(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def runs(words):
    """Word numbers as half-open spans of neighbours."""
    spans = []
    for word in sorted(words):
        if spans and spans[-1][1] == word:
            spans[-1] = (spans[-1][0], word + 1)
        else:
            spans.append((word, word + 1))
    return spans


def token_f1(truth, predicted):
    """Mean over texts of the F1 of words. Both map a text to its set of words."""
    found = []
    for text in truth.keys() | predicted.keys():
        marked, chosen = truth.get(text, set()), predicted.get(text, set())
        both = len(marked & chosen)
        found.append(f1(both / len(chosen) if chosen else 0, both / len(marked) if marked else 0))
    return sum(found) / len(found)


def iou_f1(truth, predicted, threshold=.5):
    """F1 of mean precision and mean recall over texts, a predicted span counting where it shares at least `threshold` of
    its union with a true one. Both map a text to spans (start, end).

    As in the benchmark's own code, each of several predicted spans may count for one true span, so that recall can
    exceed 1: with single words as predictions, two halves of a two-word rationale are two hits.
    """
    def iou(a, b):
        both = max(0, min(a[1], b[1]) - max(a[0], b[0]))
        return both / (a[1] - a[0] + b[1] - b[0] - both)

    hits = {text: sum(max((iou(span, true) for true in truth.get(text, [])), default=0) >= threshold for span in spans)
            for text, spans in predicted.items()}
    precision = [hits[text] / len(spans) if spans else 0 for text, spans in predicted.items()]
    recall = [hits.get(text, 0) / len(spans) if spans else 0 for text, spans in truth.items()]
    return f1(sum(precision) / len(precision), sum(recall) / len(recall))


def auprc(gold, weights):
    """Area under precision over recall of one text's words, by trapezoids through every distinct weight and from
    precision 1 at recall 0, as the benchmark's code takes it. `gold`: 1 or 0 a word."""
    ranked = sorted(zip(weights, gold), key=lambda pair: -pair[0])
    positives = sum(gold)
    area, recall, precision, hits = 0.0, 0.0, 1.0, 0
    for index, (weight, is_gold) in enumerate(ranked):
        hits += is_gold
        if index + 1 < len(ranked) and ranked[index + 1][0] == weight:
            continue
        at = hits / positives, hits / (index + 1)
        area += (at[0] - recall) * (precision + at[1]) / 2
        recall, precision = at
        if hits == positives:
            break
    return area


def top(order, share):
    """That share of the words, strongest first, at least one."""
    return set(order[:max(1, math.ceil(share * len(order)))])


def average_fall(whole, without):
    """Comprehensiveness, eq. 1, of scores without the top words, or sufficiency, eq. 2, of scores of nothing but them:
    the mean fall over the bins, eq. 3."""
    return sum(whole - score for score in without) / len(without)
