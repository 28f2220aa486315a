#!/usr/bin/env python3
"""How many verdicts each order of asking takes: real labels, answered by a simulated moderator (docs/learning.md).

    make bench-learning
    VENV/bin/python tools/bench/bench_learning.py --program .build/release/reviewtui --out DIR [--seeds 7] [--verdicts 300]

Texts are embedded by MiniLM-L6 and photos by DINOv2-small through the program's own queue (`ingest`, `score`), and kept
in --cache. A fixed half of each set is held out; the other half is the pool. The program itself plays the moderator
(`bench-learning`): ten verdicts, a fit, the next ten. modAL does the same on the same embeddings with scikit-learn's
LogisticRegression and its own uncertainty sampling. Prints Markdown tables; --out gets curves.csv, summary.csv, and
curves.svg. The data is found through REVIEWTUI_DATA. Seeds are fixed: the same program gives the same tables.
"""

import argparse
import csv
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import warnings

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools")]

import text_data  # noqa: E402

VEHICLES = {"bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"}
# Of a class that hardly occurs no held-out half says anything.
FEWEST_HELD_OUT = 15


class Task:
    """One set of items: names, embeddings [items, width], labels {policy: [items] of 1, 0 or 255}."""

    def __init__(self, name, ids, embeddings, labels, held_out):
        self.name, self.ids, self.embeddings, self.held_out = name, ids, embeddings, np.array(held_out)
        self.labels = {policy: values for policy, values in labels.items()
                       if min((values[self.held_out] == 1).sum(), (values[self.held_out] == 0).sum()) >= FEWEST_HELD_OUT}


def embedded(program, cache, name, model, lines, root=None):
    """Embeddings of items by the program, in their order; kept in the cache by name."""
    kept = cache / f"{name}.npz"
    ids = [line["id"] for line in lines]
    if kept.exists():
        found = np.load(kept)
        if found["ids"].tolist() == ids:
            return found["embeddings"]
    queue = cache / f"{name}.sqlite"
    for path in cache.glob(f"{name}.sqlite*"):
        if path.is_file():
            path.unlink()

    def run(*words, **options):
        subprocess.run([program, "--db", queue, *words], check=True, stdout=subprocess.DEVNULL, **options)

    run("init")
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run("ingest", "-", *(["--media-root", str(root)] if root else []), input=text.encode())
    run("score", "--model", model)
    database = sqlite3.connect(f"file:{queue}?mode=ro", uri=True)
    vectors = dict(database.execute("SELECT i.id, e.vector FROM embedding e JOIN item i ON i.seq = e.item"))
    database.close()
    embeddings = np.stack([np.frombuffer(vectors[id], dtype="<f4") for id in ids])
    np.savez(kept, ids=np.array(ids), embeddings=embeddings)
    return embeddings


def tasks(program, cache):
    data = text_data.data_folder().parent
    tweets = text_data.davidson()
    kinds = np.array([kind for _, kind in tweets])
    x = embedded(program, cache, "davidson", "minilm-l6", [
        {"id": f"tweet-{row}", "text": text} for row, (text, _) in enumerate(tweets)])
    yield Task("davidson", range(len(tweets)), x,
               {"hate": (kinds == "hate").astype(np.uint8), "hate or offensive": (kinds != "neither").astype(np.uint8)},
               [text_data.order(text) < 0.5 for text, _ in tweets])
    prompts = text_data.openai_moderation()
    x = embedded(program, cache, "moderation", "minilm-l6", [
        {"id": f"prompt-{row}", "text": text} for row, (text, _) in enumerate(prompts)])
    yield Task("openai-moderation", range(len(prompts)), x,
               {policy: np.array([labels.get(policy, 255) for _, labels in prompts], dtype=np.uint8)
                for policy in text_data.POLICIES.values()},
               [text_data.order(text) < 0.5 for text, _ in prompts])
    with open(data / "images" / "coco-boxes.jsonl") as file:
        photos = [json.loads(line) for line in file]
    photos = [photo for photo in photos if (data / "images" / "coco" / photo["file"]).exists()]
    things = [{box["label"] for box in photo["boxes"]} for photo in photos]
    x = embedded(program, cache, "coco", "dinov2-small", [
        {"id": photo["file"], "media": [{"path": photo["file"]}]} for photo in photos], data / "images" / "coco")
    yield Task("coco photos", [photo["file"] for photo in photos], x,
               {"person": np.array(["person" in found for found in things], dtype=np.uint8),
                "vehicle": np.array([bool(found & VEHICLES) for found in things], dtype=np.uint8)},
               [text_data.order(photo["file"]) < 0.5 for photo in photos])


def simulated(program, folder, task, seeds, verdicts):
    """Curves by the program: (policy, strategy, seed, verdicts, average precision) for each."""
    task.embeddings.astype("<f4").tofile(folder / "embeddings.f32")
    np.stack(list(task.labels.values()), axis=1).astype(np.uint8).tofile(folder / "labels.u8")
    task.held_out.astype(np.uint8).tofile(folder / "held.u8")
    found = subprocess.run(
        [program, "bench-learning", "--embeddings", folder / "embeddings.f32", "--width",
         str(task.embeddings.shape[1]), "--labels", folder / "labels.u8", "--held-out", folder / "held.u8", "--seeds",
         str(seeds), "--verdicts", str(verdicts)], check=True, stdout=subprocess.PIPE, text=True)
    policies = list(task.labels)
    for line in found.stdout.splitlines():
        run = json.loads(line)
        yield policies[int(run["policy"])], run["strategy"], run["seed"], run["verdicts"], run["average_precision"]


def modal(task, seeds, verdicts):
    """The same by modAL's uncertainty sampling with scikit-learn's logistic regression, after a random start."""
    from modAL.models import ActiveLearner
    from modAL.uncertainty import uncertainty_sampling
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    x = task.embeddings / np.linalg.norm(task.embeddings, axis=1, keepdims=True)
    for policy, labels in task.labels.items():
        held = np.flatnonzero(task.held_out & (labels <= 1))
        for seed in range(1, seeds + 1):
            random = np.random.default_rng(seed)
            pool = random.permutation(np.flatnonzero(~task.held_out & (labels <= 1)))
            taken, learner, curve = 0, None, []
            while taken < min(verdicts, len(labels[~task.held_out & (labels <= 1)])):
                count = min(10, len(pool), verdicts - taken)
                if learner is None:
                    asked = np.arange(taken + count)
                    if len(set(labels[pool[asked]])) == 2:
                        learner = ActiveLearner(
                            LogisticRegression(), uncertainty_sampling, x[pool[asked]], labels[pool[asked]])
                        pool = np.delete(pool, asked)
                else:
                    chosen, _ = learner.query(x[pool], n_instances=count)
                    learner.teach(x[pool[chosen]], labels[pool[chosen]])
                    pool = np.delete(pool, chosen)
                taken += count
                score = learner.predict_proba(x[held])[:, 1] if learner else np.zeros(len(held))
                curve.append((taken, average_precision_score(labels[held], score)))
            yield policy, "modAL", seed, [n for n, _ in curve], [p for _, p in curve]


def medians(runs):
    """(verdicts, median, lower quartile, upper quartile) of runs of one strategy."""
    numbers = [run[0] for run in runs]
    shortest = min(numbers, key=len)
    values = np.array([run[1][:len(shortest)] for run in runs])
    return (np.array(shortest), *np.percentile(values, [50, 25, 75], axis=0))


def needed(numbers, values, level):
    """The first number of verdicts from which the median stays at or above a level; None where it does not."""
    above = values >= level - 1e-12
    for place in range(len(above)):
        if above[place:].all():
            return int(numbers[place])
    return None


def draw(path, curves, shown):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "reviewtui"
    from matplotlib import pyplot as plt

    panels = list(curves)
    columns = 3
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.2 * columns, 3.1 * rows), squeeze=False)
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    styles = {"random": ("#777777", "--"), "modAL": ("#aa3377", ":")}
    for axis, panel in zip(axes.flat, panels):
        for strategy in shown:
            if strategy not in curves[panel]:
                continue
            numbers, middle, low, high = medians(curves[panel][strategy])
            colour, line = styles.get(strategy, (None, "-"))
            drawn, = axis.plot(numbers, middle, line, color=colour, label=strategy, linewidth=1.4)
            axis.fill_between(numbers, low, high, color=drawn.get_color(), alpha=0.12, linewidth=0)
        axis.set_title(" · ".join(panel), fontsize=9)
        axis.set_xlabel("verdicts", fontsize=8)
        axis.set_ylabel("average precision, held out", fontsize=8)
        axis.tick_params(labelsize=8)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=len(labels), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, help="folder for embeddings; default OUT/cache")
    parser.add_argument("--seeds", type=int, default=7)
    parser.add_argument("--verdicts", type=int, default=300)
    parser.add_argument("--default", default="typical", help="the strategy that the program uses unless told otherwise")
    parser.add_argument("--without-modal", action="store_true")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    out, cache = arguments.out, arguments.cache or arguments.out / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    program = arguments.program.resolve()
    curves, facts = {}, {}
    for task in tasks(program, cache):
        runs = list(simulated(program, out, task, arguments.seeds, arguments.verdicts))
        if not arguments.without_modal:
            runs += modal(task, arguments.seeds, arguments.verdicts)
        for policy, strategy, seed, numbers, values in runs:
            curves.setdefault((task.name, policy), {}).setdefault(strategy, []).append((numbers, values))
        for policy, labels in task.labels.items():
            pool = labels[~task.held_out]
            facts[task.name, policy] = (int((pool <= 1).sum()), int((pool == 1).sum()),
                                        int((labels[task.held_out] == 1).sum()))
    for name in ("embeddings.f32", "labels.u8", "held.u8"):
        (out / name).unlink()
    with open(out / "curves.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", "policy", "strategy", "verdicts", "median", "lower_quartile", "upper_quartile"])
        for (name, policy), strategies in curves.items():
            for strategy, runs in strategies.items():
                for row in zip(*medians(runs)):
                    writer.writerow([name, policy, strategy, int(row[0]), *(f"{value:.4f}" for value in row[1:])])
    report(curves, facts, arguments.default, out)
    draw(out / "curves.svg", curves, ["random", arguments.default, "entropy", "greatest", "core-set", "modAL"])


def report(curves, facts, default, out):
    strategies = sorted({strategy for found in curves.values() for strategy in found},
                        key=lambda name: (name != "random", name == "modAL", name))
    print("Verdicts that a strategy needs for the median average precision that random order has at the end of its run,"
          " as a share of those that random order needs; – where it never gets there.\n")
    print("| set, policy | pool, violating | random reaches | " + " | ".join(strategies[1:]) + " |")
    print("|---|---|---|" + "---|" * (len(strategies) - 1))
    ratios = {strategy: [] for strategy in strategies}
    rows = []
    for (name, policy), found in curves.items():
        numbers, middle, _, _ = medians(found["random"])
        level, cells = middle[-1], []
        base = needed(numbers, middle, level)
        for strategy in strategies:
            own = needed(*medians(found[strategy])[:2], level) if strategy in found else None
            ratio = own / base if own else None
            ratios[strategy].append(ratio)
            if strategy != "random":
                cells.append("–" if ratio is None else f"{ratio:.0%}")
            rows.append([name, policy, strategy, f"{level:.4f}", base, own, "" if ratio is None else f"{ratio:.3f}"])
        pool, violating, _ = facts[name, policy]
        print(f"| {name}, `{policy}` | {pool}, {violating} | {level:.3f} at {base} | " + " | ".join(cells) + " |")
    print("| median | | | " + " | ".join(
        f"{statistics.median([9.99 if ratio is None else ratio for ratio in ratios[strategy]]):.0%}"
        for strategy in strategies[1:]) + " |")
    print("\nMedian average precision after so many verdicts.\n")
    print("| set, policy | verdicts | " + " | ".join(strategies) + " |")
    print("|---|---|" + "---|" * len(strategies))
    for (name, policy), found in curves.items():
        for wanted in (30, 100, 300):
            cells = []
            for strategy in strategies:
                numbers, middle, _, _ = medians(found[strategy])
                place = np.flatnonzero(numbers <= wanted)[-1]
                cells.append(f"{middle[place]:.3f}")
            if wanted <= numbers[-1] + 9:
                print(f"| {name}, `{policy}` | {wanted} | " + " | ".join(cells) + " |")
    with open(out / "summary.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", "policy", "strategy", "level", "random_verdicts", "verdicts", "ratio"])
        writer.writerows(rows)
    reached = [ratio is not None and ratio <= 0.6 for ratio in ratios[default]]
    print(f"\nThe default ({default}) needs at most 60 % of the verdicts in {sum(reached)} of {len(reached)} cases.")


if __name__ == "__main__":
    main()
