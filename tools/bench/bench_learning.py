#!/usr/bin/env python3
"""How many verdicts each order of asking takes: real labels, answered by a simulated moderator (docs/learning.md).

    make bench-learning
    VENV/bin/python tools/bench/bench_learning.py --program .build/release/reviewtui --out DIR [--seeds 7]

Texts are embedded by MiniLM-L6 and photos by DINOv2-small through the program's own queue (`ingest`, `score`), and kept
in --cache. A fixed half of each set is held out; the other half is the pool. The program itself plays the moderator
(`bench-learning`): ten verdicts, a fit, the next ten. modAL does the same on the same embeddings with scikit-learn's
LogisticRegression and its own uncertainty sampling. Prints Markdown tables; --out gets curves.csv, summary.csv, and
curves.svg. The data is found through REVIEWTUI_DATA. Seeds are fixed: the same program gives the same tables.
"""

import argparse
import csv
import json
import math
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

STRATEGIES = ["random", "entropy", "margin", "greatest", "mixed", "typical", "core-start", "core-set"]
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


def tasks(program, cache, every):
    data = text_data.data_folder().parent
    tweets = text_data.davidson()
    kinds = np.array([kind for _, kind in tweets])
    x = embedded(program, cache, "davidson", "minilm-l6", [
        {"id": f"tweet-{row}", "text": text} for row, (text, _) in enumerate(tweets)])
    kinds = kinds[::every]
    yield Task("davidson", range(len(kinds)), x[::every],
               {"hate": (kinds == "hate").astype(np.uint8), "hate or offensive": (kinds != "neither").astype(np.uint8)},
               [text_data.order(text) < 0.5 for text, _ in tweets[::every]])
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


def simulated(program, folder, task, seeds, verdicts, strategies, strength):
    """Curves by the program: (policy, strategy, seed, verdicts, average precision) for each."""
    task.embeddings.astype("<f4").tofile(folder / "embeddings.f32")
    np.stack(list(task.labels.values()), axis=1).astype(np.uint8).tofile(folder / "labels.u8")
    task.held_out.astype(np.uint8).tofile(folder / "held.u8")
    found = subprocess.run(
        [program, "bench-learning", "--embeddings", folder / "embeddings.f32", "--width",
         str(task.embeddings.shape[1]), "--labels", folder / "labels.u8", "--held-out", folder / "held.u8", "--seeds",
         str(seeds), "--verdicts", str(verdicts), "--strategies", *strategies,
         *(["--strength", strength] if strength else [])], check=True, stdout=subprocess.PIPE, text=True)
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
            asked, learner, curve = np.empty(0, dtype=int), None, []
            while len(asked) < verdicts and len(pool):
                count = min(10, len(pool), verdicts - len(asked))
                chosen = learner.query(x[pool], n_instances=count)[0] if learner else np.arange(count)
                asked, pool = np.append(asked, pool[chosen]), np.delete(pool, chosen)
                if len(set(labels[asked])) == 2:
                    # A new learner, and not `teach`, which scikit-learn 1.8 and later refuse: the fit is the same.
                    learner = ActiveLearner(LogisticRegression(), uncertainty_sampling, x[asked], labels[asked])
                score = learner.predict_proba(x[held])[:, 1] if learner else np.zeros(len(held))
                curve.append((len(asked), average_precision_score(labels[held], score)))
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


def needed_by_seed(runs, level):
    """Quartiles over seeds of the verdicts that a run needs; infinite where it does not get there."""
    found = sorted(needed(np.array(numbers), np.array(values), level) or math.inf for numbers, values in runs)
    return [found[round(share * (len(found) - 1))] for share in (0.25, 0.5, 0.75)]


def draw(path, curves, shown):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "reviewtui", "svg.fonttype": "none"})
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
            if strategy in shown[:2]:
                axis.fill_between(numbers, low, high, color=drawn.get_color(), alpha=0.15, linewidth=0)
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
    parser.add_argument("--verdicts", type=int, default=300, help="of a run; at most half of a set's smallest pool")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--every", type=int, default=1, help="take every so-manyth tweet; 1 for all 24,783")
    parser.add_argument(
        "--default", default="typical", help="the strategy that is held against 60 %% of random order's verdicts")
    parser.add_argument("--strength", help="of every fit of the program's; searched for by default")
    parser.add_argument("--without-modal", action="store_true")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    out, cache = arguments.out, arguments.cache or arguments.out / "cache"
    for folder in (out, cache):
        folder.mkdir(parents=True, exist_ok=True)
    program = arguments.program.resolve()
    curves, facts = {}, {}
    for task in tasks(program, cache, arguments.every):
        # All orders meet where all is judged, which says nothing of any.
        smallest = min((labels[~task.held_out] <= 1).sum() for labels in task.labels.values())
        verdicts = min(arguments.verdicts, smallest // 20 * 10)
        print(f"{task.name}, {verdicts} verdicts", file=sys.stderr)
        runs = list(simulated(
            program, out, task, arguments.seeds, verdicts, arguments.strategies, arguments.strength))
        if not arguments.without_modal:
            runs += modal(task, arguments.seeds, verdicts)
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
    draw(out / "curves.svg", curves, list(dict.fromkeys(
        ["random", arguments.default, "entropy", "core-start", "greatest", "modAL"])))


def report(curves, facts, default, out):
    strategies = sorted({strategy for found in curves.values() for strategy in found},
                        key=lambda name: (name != "random", name == "modAL", name))
    at_the_end(curves, facts, strategies, out)
    on_the_way(curves, strategies, default)
    print("\nMedian average precision after so many verdicts.\n")
    print("| set, policy | verdicts | " + " | ".join(strategies) + " |")
    print("|---|---|" + "---|" * len(strategies))
    for (name, policy), found in curves.items():
        middles = {strategy: dict(zip(*medians(runs)[:2])) for strategy, runs in found.items()}
        for wanted in (30, 60, 100, 300):
            if wanted in middles["random"]:
                print(f"| {name}, `{policy}` | {wanted} | "
                      + " | ".join(f"{middles[strategy][wanted]:.3f}" for strategy in strategies) + " |")


def at_the_end(curves, facts, strategies, out):
    """The table of verdicts that each order needs for what random order has at its end."""
    print("Verdicts needed for the average precision that random order's median has at the end of its run, as a share of"
          " those that random order's median needs: median over seeds (quartiles); – where it never gets there.\n")
    print("| set, policy | pool, violating | random reaches | " + " | ".join(strategies[1:]) + " |")
    print("|---|---|---|" + "---|" * (len(strategies) - 1))
    ratios = {strategy: [] for strategy in strategies}
    rows = []
    for (name, policy), found in curves.items():
        numbers, middle, _, _ = medians(found["random"])
        level, cells = middle[-1], []
        base = needed(numbers, middle, level)
        for strategy in strategies:
            low, own, high = (count / base for count in needed_by_seed(found[strategy], level))
            ratios[strategy].append(own)
            if strategy != "random":
                cells.append("–" if own == math.inf else f"{own:.0%} ({share(low)}–{share(high)})")
            rows.append([name, policy, strategy, f"{level:.4f}", base, *(f"{value:.3f}" for value in (own, low, high))])
        pool, violating, _ = facts[name, policy]
        print(f"| {name}, `{policy}` | {pool}, {violating} | {level:.3f} at {base} | " + " | ".join(cells) + " |")
    print("| median | | | " + " | ".join(share(statistics.median(ratios[name])) for name in strategies[1:]) + " |")
    print("| at most 60 % | | | " + " | ".join(few(ratios[name]) for name in strategies[1:]) + " |")
    with open(out / "summary.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["set", "policy", "strategy", "level", "random_verdicts", "share", "lower_quartile", "upper_quartile"])
        writer.writerows(rows)


def on_the_way(curves, strategies, default):
    """The table of verdicts that random order needs for what each order has early on.

    Random order's median counts from where it first gets there, even if it falls again: a random order held against
    itself needs all of its verdicts."""
    print("\nOf the verdicts that random order's median needs to get where each order's median is after so many: the share"
          " that this order took. < where random order's run ends before; sets whose run is no longer are left out.\n")
    print("| set, policy | verdicts | " + " | ".join(strategies[1:]) + " |")
    print("|---|---|" + "---|" * (len(strategies) - 1))
    for wanted in (30, 60, 100):
        shares = {strategy: [] for strategy in strategies[1:]}
        for (name, policy), found in curves.items():
            numbers, random, _, _ = medians(found["random"])
            if numbers[-1] <= wanted:
                continue
            cells = []
            for strategy in shares:
                level = dict(zip(*medians(found[strategy])[:2]))[wanted]
                reached = numbers[random >= level - 1e-12]
                shares[strategy].append(wanted / (reached[0] if len(reached) else numbers[-1]))
                cells.append(("" if len(reached) else "<") + f"{shares[strategy][-1]:.0%}")
            print(f"| {name}, `{policy}` | {wanted} | " + " | ".join(cells) + " |")
        print(f"| median | {wanted} | " + " | ".join(f"{statistics.median(shares[name]):.0%}" for name in shares) + " |")
        print(f"| at most 60 % | {wanted} | " + " | ".join(few(shares[name]) for name in shares) + " |")
        if wanted == 30:
            said = f"After {wanted} verdicts {default} took at most 60 % of random order's in {few(shares[default])} cases."
    print("\n" + said)


def few(ratios):
    return f"{sum(ratio <= 0.6 for ratio in ratios)} of {len(ratios)}"


def share(ratio):
    return "–" if ratio == math.inf else f"{ratio:.0%}"


if __name__ == "__main__":
    main()
