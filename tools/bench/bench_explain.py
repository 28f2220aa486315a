#!/usr/bin/env python3
"""Measures every explanation method that applies, and prints Markdown tables.

    make bench-explain
    .deps/python/bin/python tools/bench/bench_explain.py --program .build/release/reviewtui [--help]

Pictures: COCO photos with boxes. Heads are fitted on the class tokens of DINOv2-small, one a class, on four fifths of
the photos, and explained on the last fifth, so that every photo is held out once. Texts: toxic-spans and HateXplain,
explained for the policy that the shipped heads score highest. The data is found through REVIEWTUI_DATA. What the columns
mean and whose definitions they are: explain_metrics.py. Seeds are fixed; the same program gives the same tables.
"""

import argparse
import ast
import collections
import csv
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools" / "bench")]

import explain_metrics as metrics  # noqa: E402
import logistic  # noqa: E402
import text_data  # noqa: E402

IMAGE_MODEL, TEXT_MODEL = "dinov2-small@1", "minilm-l6@1"
LAST = {1: [11], 2: [10, 11], 4: [8, 9, 10, 11]}

IMAGE_METHODS = {
    "legrad, last 1": {"method": "legrad", "layers": LAST[1]},
    "legrad, last 2": {"method": "legrad", "layers": LAST[2]},
    "legrad, last 4": {"method": "legrad", "layers": LAST[4]},
    "legrad-pooled, last 1": {"method": "legrad-pooled", "layers": LAST[1]},
    "legrad-pooled, last 2": {"method": "legrad-pooled", "layers": LAST[2]},
    "legrad-pooled, last 4": {"method": "legrad-pooled", "layers": LAST[4]},
    "token-decomposition, last 2": {"method": "token-decomposition", "layers": LAST[2]},
    "token-decomposition, last 4": {"method": "token-decomposition", "layers": LAST[4]},
    "token-decomposition, all": {"method": "token-decomposition"},
    "attention, last 1": {"method": "attention", "layers": LAST[1]},
    "attention, last 4": {"method": "attention", "layers": LAST[4]},
    "rollout, last 4": {"method": "rollout", "layers": LAST[4]},
}
# A pass for each hidden part is dear, so these are run on the first photos only.
DEAR = ["legrad, last 2", "legrad-pooled, last 2", "token-decomposition, all", "attention, last 1", "rollout, last 4"]

TEXT_METHODS = {
    "legrad, last 2": {"method": "legrad", "layers": [4, 5]},
    "legrad, last 4": {"method": "legrad", "layers": [2, 3, 4, 5]},
    "legrad-weighted, last 2": {"method": "legrad-weighted", "layers": [4, 5]},
    "legrad-weighted, last 4": {"method": "legrad-weighted", "layers": [2, 3, 4, 5]},
    "attention, last 1": {"method": "attention", "layers": [5]},
    "attention, last 4": {"method": "attention", "layers": [2, 3, 4, 5]},
    "rollout, last 4": {"method": "rollout", "layers": [2, 3, 4, 5]},
    "occlusion": {"method": "occlusion"},
}


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Program:
    """`reviewtui bench-explain`, asked a line at a time."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [os.path.abspath(path), "bench-explain"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, REVIEWTUI_SHARE=str(ROOT)))

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.process.args} gave no answer: see above")
        return json.loads(answer)

    def embeddings(self, **request):
        """[inputs, width], of length 1."""
        found = np.array(self.ask(**request)["embeddings"])
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def interval(values, seed=0, rounds=1000):
    """Half the width of the 95 % bootstrap interval of a mean."""
    generator, values = np.random.default_rng(seed), np.asarray(values, dtype=float)
    means = values[generator.integers(0, len(values), (rounds, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return (high - low) / 2


def table(title, header, rows):
    print(f"\n{title}\n\n| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()


# MARK: Pictures

Case = collections.namedtuple("Case", "path label boxes direction bias difficult")


def photos(folder):
    """(path, {class: boxes}) of every photo, a box as (left, top, right, bottom)."""
    found = []
    for line in (folder / "coco-boxes.jsonl").read_text().splitlines():
        entry = json.loads(line)
        boxes = collections.defaultdict(list)
        for box in entry["boxes"]:
            x, y, w, h = (box[key] for key in ("cx", "cy", "w", "h"))
            boxes[box["label"]].append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        found.append((str((folder / "coco" / entry["file"]).resolve()), dict(boxes)))
    return found


def held_out_cases(program, found, options):
    """Every photo with every class on it that has enough photos, and the direction of a head that never saw it."""
    embedded = np.concatenate([
        program.embeddings(model=IMAGE_MODEL, image=path, grid=[1, 1], hidden=[[]]) for path, _ in found])
    counts = collections.Counter(label for _, boxes in found for label in boxes)
    labels = sorted(label for label, count in counts.items() if options.photos_a_class <= count < len(found) / 2)
    cases, areas = [], []
    for label in labels:
        y = np.array([label in boxes for _, boxes in found], dtype=int)
        fold, logits = logistic.folds(y, options.folds, options.seed), np.zeros(len(y))
        for number in range(options.folds):
            seen = fold != number
            direction, bias = logistic.fit(
                embedded[seen], y[seen], logistic.balanced(y[seen], np.ones(seen.sum())), options.strength)
            logits[~seen] = embedded[~seen] @ direction + bias
            for index in np.flatnonzero(~seen & (y == 1)):
                path, boxes = found[index]
                covered = np.mean(metrics.points_inside(boxes[label], 16, 16))
                cases.append(Case(
                    path, label, boxes[label], direction.tolist(), bias, covered < .25 and len(boxes) > 1))
        areas.append(logistic.auroc(y, logits))
    order = {path: index for index, (path, _) in enumerate(found)}
    chance = random.Random(options.seed)
    shuffled = list(order)
    chance.shuffle(shuffled)
    cases.sort(key=lambda case: (shuffled.index(case.path), case.label))
    say(f"{len(labels)} classes on {len({case.path for case in cases})} photos, {len(cases)} pairs; held-out AUROC "
        f"{np.mean(areas):.3f} (from {min(areas):.2f} to {max(areas):.2f}): {', '.join(labels)}")
    return cases, labels, float(np.mean(areas))


def by_photo(cases):
    grouped = collections.OrderedDict()
    for case in cases:
        grouped.setdefault(case.path, []).append(case)
    return grouped


def reshaped(values, grid):
    return [values[row * grid[1]:(row + 1) * grid[1]] for row in range(grid[0])]


def maps(program, group, request):
    answer = program.ask(
        model=IMAGE_MODEL, image=group[0].path, directions=[case.direction for case in group], **request)
    heats = [reshaped(values, answer["grid"]) for values in answer["maps"]]
    return heats if len(heats) == len(group) else heats * len(group)


def baselines(group, options):
    """Random and centre: what looking nowhere, and at the middle whatever is there, would score."""
    middle = [[-math.hypot(row - 7.5, column - 7.5) for column in range(16)] for row in range(16)]
    least = min(min(line) for line in middle)
    centre = [[value - least for value in line] for line in middle]
    yield "centre", [centre] * len(group)
    heats = []
    for case in group:
        chance = random.Random(f"{options.seed} {case.path} {case.label}")
        heats.append([[chance.random() for _ in range(16)] for _ in range(16)])
    yield "random", heats


class Pointing:
    def __init__(self):
        self.hits, self.difficult, self.energy, self.classes = [], [], [], []

    def add(self, heat, case, inside):
        hit = metrics.pointing_hit(heat, case.boxes)
        self.hits.append(hit)
        self.classes.append(case.label)
        if case.difficult:
            self.difficult.append(hit)
        self.energy.append(metrics.energy_in_box(heat, inside))

    def by_class(self, values):
        grouped = collections.defaultdict(list)
        for label, value in zip(self.classes, values):
            grouped[label].append(value)
        return float(np.mean([np.mean(group) for group in grouped.values()]))

    def cells(self):
        return [f"{np.mean(self.hits):.3f} ± {interval(self.hits):.3f}", f"{self.by_class(self.hits):.3f}",
                f"{np.mean(self.difficult):.3f} ± {interval(self.difficult):.3f}" if self.difficult else "",
                f"{np.mean(self.energy):.3f} ± {interval(self.energy):.3f}"]


def curves(program, case, heat, chance, count):
    """(deletion, insertion) of one map: the probability's area while patches go, or come into a blurred picture."""
    flat = [value for line in metrics.enlarged(heat, 16, 16) for value in line]
    order = metrics.strongest_first(flat, chance)
    parts = metrics.steps(order, count)
    found = []
    for fill, hidden in (("mean", parts), ("blur", [sorted(set(order) - set(part)) for part in parts])):
        embedded = program.embeddings(model=IMAGE_MODEL, image=case.path, grid=[16, 16], hidden=hidden, fill=fill)
        found.append(metrics.area_under(sigmoid(embedded @ np.array(case.direction) + case.bias).tolist()))
    return found


def measure_pictures(program, folder, options):
    cases, labels, auroc = held_out_cases(program, photos(folder), options)
    groups = by_photo(cases)
    all_found, dear_found = collections.defaultdict(Pointing), collections.defaultdict(Pointing)
    faithful = collections.defaultdict(list)
    for number, group in enumerate(groups.values()):
        if number % 10 == 0:
            say(f"photo {number} of {len(groups)}")
        inside = {}

        def add(tallies, name, heats):
            for case, heat in zip(group, heats):
                key = case.label, len(heat)
                if key not in inside:
                    inside[key] = metrics.points_inside(case.boxes, len(heat), len(heat[0]))
                tallies[name].add(heat, case, inside[key])

        found = {name: maps(program, group, request) for name, request in IMAGE_METHODS.items()}
        found.update(baselines(group, options))
        for name, heats in found.items():
            add(all_found, name, heats)
        if number >= options.dear_photos:
            continue
        found["occlusion"] = maps(program, group, {"method": "occlusion"})
        for name in [*DEAR, "occlusion", "centre", "random"]:
            add(dear_found, name, found[name])
            # One class a photo: the curves cost most of all.
            chance = random.Random(f"{options.seed} {group[0].path}")
            faithful[name].append(curves(program, group[0], found[name][0], chance, options.steps))
    header = ["method", "pointing", "mean of classes", "difficult", "energy in box"]
    hard = len(all_found["random"].difficult)
    table(f"Pictures: {len(groups)} photos, {len(cases)} pairs of photo and class ({hard} difficult), {len(labels)} classes, "
          f"held-out AUROC of the heads {auroc:.2f}", header,
          [[name, *found.cells()] for name, found in sorted(
              all_found.items(), key=lambda pair: -np.mean(pair[1].hits) - np.mean(pair[1].energy))])
    if not faithful:
        return
    rows = []
    for name, values in sorted(faithful.items(), key=lambda pair: np.mean(pair[1], axis=0) @ [1, -1]):
        deletion, insertion = np.array(values).T
        pointing = dear_found[name]
        rows.append([name, f"{deletion.mean():.3f} ± {interval(deletion):.3f}",
                     f"{insertion.mean():.3f} ± {interval(insertion):.3f}",
                     f"{np.mean(pointing.hits):.3f}", f"{np.mean(pointing.energy):.3f}"])
    table(f"Pictures, with what costs a pass a step: {len(faithful['random'])} photos, "
          f"{len(dear_found['random'].hits)} pairs", ["method", "deletion ↓", "insertion ↑", "pointing", "energy in box"], rows)


# MARK: Texts

class Heads:
    """The shipped text heads."""

    def __init__(self, path):
        head = json.loads(path.read_text())
        self.directions = np.array([policy["direction"] for policy in head["policies"]])
        self.biases = np.array([policy["bias"] for policy in head["policies"]])
        self.a, self.b = (np.array([policy["calibration"][key] for policy in head["policies"]]) for key in "ab")

    def probabilities(self, embedded):
        return sigmoid(self.a * (embedded @ self.directions.T + self.biases) + self.b)


def toxic_spans(options):
    """(text, marked characters) of posts that chose no method: those before --skip did (see text_explanations.py)."""
    fitting = [(text, spans) for text, spans in text_data.toxic_spans()
               if 8 <= len(text.split()) <= 60 and len(spans) <= len(text) / 2]
    ordered = sorted(fitting, key=lambda pair: text_data.order(pair[0], "sample"))
    return ordered[options.skip:options.skip + options.texts]


def hatexplain(options):
    """(text, marked characters) of posts that two or three annotators marked, their marks united."""
    found = []
    with open(text_data.data_folder() / "hatexplain" / "val.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rationales, words = ast.literal_eval(row["rationales"]), ast.literal_eval(row["post_tokens"])
            united = [any(marks) for marks in zip(*rationales)]
            if len(united) != len(words) or not any(united) or sum(united) > len(words) / 2 or len(words) < 8:
                continue
            marked, at = set(), 0
            for word, is_marked in zip(words, united):
                if is_marked:
                    marked.update(range(at, at + len(word)))
                at += len(word) + 1
            found.append((" ".join(words), marked))
    return sorted(found, key=lambda pair: text_data.order(pair[0], "sample"))[:options.texts]


def without(text, spans, words):
    """The text with some words blanked out."""
    characters = list(text)
    for word in words:
        for index in range(*spans[word]):
            characters[index] = " "
    return " ".join("".join(characters).split())


def faithfulness(program, heads, policy, text, spans, weights, chance, options):
    """(comprehensiveness, sufficiency, deletion, insertion) of one map, in probability."""
    order = metrics.strongest_first(weights, chance)
    everything = set(order)
    bins = [metrics.top(order, share) for share in metrics.BINS]
    parts = [set(part) for part in metrics.steps(order, options.steps)]
    variants = [set(), *bins, *(everything - chosen for chosen in bins), *parts, *(everything - part for part in parts)]
    embedded = program.embeddings(model=TEXT_MODEL, texts=[without(text, spans, gone) for gone in variants])
    scores = heads.probabilities(embedded)[:, policy].tolist()
    whole, scores = scores[0], scores[1:]
    count = len(bins)
    curve = scores[2 * count:]
    return (metrics.average_fall(whole, scores[:count]), metrics.average_fall(whole, scores[count:2 * count]),
            metrics.area_under(curve[:len(parts)]), metrics.area_under(curve[len(parts):]))


def measure_texts(program, name, posts, heads, options):
    weights, gold, faithful = collections.defaultdict(dict), {}, collections.defaultdict(list)
    for number, (text, marked) in enumerate(posts):
        if number % 20 == 0:
            say(f"{name}: text {number} of {len(posts)}")
        policy = int(np.argmax(heads.probabilities(program.embeddings(model=TEXT_MODEL, texts=[text]))[0]))
        direction, found, spans = heads.directions[policy].tolist(), {}, []
        for method, request in TEXT_METHODS.items():
            answer = program.ask(model=TEXT_MODEL, text=text, directions=[direction], **request)
            spans, found[method] = answer["spans"], answer["maps"][0]
        words = {word for word, (start, end) in enumerate(spans)
                 if sum(index in marked for index in range(start, end)) > (end - start) / 2}
        if not 0 < len(words) < len(spans):
            continue
        gold[number] = words
        chance = random.Random(f"{options.seed} {text}")
        found["random"] = [chance.random() for _ in spans]
        for method, values in found.items():
            weights[method][number] = values
            if len(gold) <= options.faithful_texts:
                faithful[method].append(faithfulness(
                    program, heads, policy, text, spans, values, random.Random(f"{options.seed} {text}"), options))
    # As long as people's marks are on average: section 4.1 of ERASER.
    share = np.mean([len(words) / len(weights["random"][number]) for number, words in gold.items()])
    rows = []
    for method, values in weights.items():
        chosen = {}
        for number, ranked in values.items():
            order = metrics.strongest_first(ranked, random.Random(f"{options.seed} {number}"))
            chosen[number] = set(order[:max(1, round(share * len(order)))])
        areas = [metrics.auprc([int(word in gold[number]) for word in range(len(ranked))], ranked)
                 for number, ranked in values.items()]
        spans = {number: metrics.runs(words) for number, words in gold.items()}
        singles = {number: [(word, word + 1) for word in words] for number, words in chosen.items()}
        cells = [f"{value:.3f} ± {interval(column):.3f}" for value, column in
                 ((np.mean(column), column) for column in np.array(faithful[method]).T)]
        rows.append([np.mean(areas), method, f"{np.mean(areas):.3f} ± {interval(areas):.3f}",
                     f"{metrics.token_f1(gold, chosen):.3f}", f"{metrics.iou_f1(spans, singles):.3f}", *cells])
    header = ["method", "AUPRC", "token F1", "IOU F1", "comprehensiveness ↑", "sufficiency ↓", "deletion ↓", "insertion ↑"]
    table(f"{name}: {len(gold)} texts, {share:.0%} of their words marked; the last four columns on "
          f"{min(len(gold), options.faithful_texts)}", header,
          [row[1:] for row in sorted(rows, key=lambda row: -row[0])])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--only", choices=["pictures", "texts"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--photos-a-class", type=int, default=5, help="classes on fewer photos get no head")
    parser.add_argument("--strength", type=float, default=10, help="of the heads' prior: larger is looser")
    parser.add_argument("--dear-photos", type=int, default=20, help="for occlusion, deletion and insertion")
    parser.add_argument("--steps", type=int, default=8, help="of the deletion and insertion curves")
    parser.add_argument("--texts", type=int, default=150, help="of each set")
    parser.add_argument("--faithful-texts", type=int, default=40, help="of them, for what costs a pass a step")
    parser.add_argument("--skip", type=int, default=400, help="posts of toxic-spans that methods were chosen on")
    options = parser.parse_args()
    data = text_data.data_folder().parent
    started = time.monotonic()
    program = Program(options.program)
    if options.only != "texts":
        measure_pictures(program, data / "images", options)
    if options.only != "pictures":
        heads = Heads(ROOT / "models" / "heads" / "text-policies.json")
        measure_texts(program, "toxic-spans", toxic_spans(options), heads, options)
        measure_texts(program, "HateXplain", hatexplain(options), heads, options)
    say(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
