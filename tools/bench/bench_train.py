#!/usr/bin/env python3
"""Times `train` and `mine` on a queue of many verdicts with made-up embeddings, and prints Markdown tables.

    python3 tools/bench/bench_train.py --program .build/release/reviewtui --rows 50000 [--policies 4]

Needs numpy (`.deps/python` has it). Items, scores and verdicts go in through the program (`ingest`, `import`); embeddings of 384
numbers are written into the queue's table, since to compute as many would take an hour. A policy's violations lie in one
direction, with noise, one item in ten, and one label in a hundred is wrong; one claim in twenty passes for a uniform draw. As many items again wait, for
`mine --by diversity`; `mine --by label-errors` looks at the decided ones. Both only say what they would do (`--dry-run`).
Last, a reviewer goes down and up the console's list, before and while it fits heads again and re-scores what waits (`L`).
"""

import argparse
import json
import os
import pathlib
import resource
import sqlite3
import subprocess
import tempfile
import time

import numpy

from bench_console import Screen, spread

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICIES = ["hate", "harassment", "sexual", "violence", "spam", "self-harm"]
MODEL = "minilm-l6@1"


def weights():
    for line in (ROOT / "models/minilm-l6.toml").read_text().splitlines():
        if line.startswith("sha256"):
            return line.split('"')[1]
    raise SystemExit("models/minilm-l6.toml names no sha256")


def made(folder, run, rows, policies):
    chance = numpy.random.default_rng(1)
    violates = chance.random((2 * rows, len(policies))) < 0.1
    directions = chance.standard_normal((len(policies), 384)) / 384 ** 0.5
    vectors = (chance.standard_normal((2 * rows, 384)) / 384 ** 0.5 + 0.35 * violates @ directions).astype("<f4")
    said = violates ^ (chance.random(violates.shape) < 0.01)
    with open(folder / "items.jsonl", "w") as items, open(folder / "decisions.csv", "w") as decisions:
        decisions.write("id,verdict,policies\n")
        for row in range(2 * rows):
            scores = [{"model": MODEL, "policy": policy, "score": 0.3} for policy in policies]
            items.write(json.dumps({"id": f"post-{row}", "text": f"post {row}", "scores": scores}) + "\n")
            if row >= rows:
                continue
            named = [policy for policy, found in zip(policies, said[row]) if found]
            decisions.write(f"post-{row},{'remove' if named else 'allow'},{' '.join(named)}\n")
    run("init", "--sample-share", "0.05")
    run("ingest", folder / "items.jsonl")
    run("import", "--format", "csv", folder / "decisions.csv", "--reviewer", "ann")
    queue = sqlite3.connect(folder / "queue.sqlite")
    model, = queue.execute("SELECT seq FROM model WHERE name = ?", (MODEL,)).fetchone()
    queue.execute("UPDATE model SET weights = ? WHERE seq = ?", (weights(), model))
    seqs = queue.execute("SELECT seq, id FROM item").fetchall()
    queue.executemany("INSERT INTO embedding (item, model, position, vector) VALUES (?, ?, 0, ?)",
                      ((seq, model, vectors[int(name.split("-")[1])].tobytes()) for seq, name in seqs))
    queue.commit()
    queue.close()


def moves(program, environment):
    """Milliseconds from `j` or `k` to the last byte painted: before the console fits heads, and while it does.

    Returns both, and the seconds for which it then used more than half a core."""
    screen = Screen([program, "review", "--reviewer", "ben"], environment, 0.02)
    screen.painted(quiet=1.0)

    def some(seconds):
        times, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            times.append(screen.press(b"jk"[len(times) % 2:][:1])[0])
            time.sleep(0.02)
        return times

    quiet, busy, begun = some(5), [], time.monotonic()
    screen.press(b"L")
    while True:
        used, more = screen.processor_seconds(), some(2)
        if screen.processor_seconds() - used < 1:
            break
        busy += more
    seconds = time.monotonic() - begun - 2
    screen.end(b"q")
    return quiet, busy, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--policies", type=int, default=4, choices=range(1, len(POLICIES) + 1))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-train-") as name:
        folder = pathlib.Path(name)
        environment = dict(os.environ, REVIEWTUI_DB=str(folder / "queue.sqlite"), REVIEWTUI_SHARE=str(ROOT))

        def run(*arguments):
            begun = time.monotonic()
            done = subprocess.run([options.program.resolve(), *map(str, arguments)], env=environment, capture_output=True)
            if done.returncode:
                raise SystemExit(f"{arguments[0]} ended with {done.returncode}: {done.stderr.decode()}")
            return time.monotonic() - begun, done

        made(folder, run, options.rows, POLICIES[:options.policies])
        first, _ = run("train", "--model", "minilm-l6", "--json")
        again, done = run("train", "--model", "minilm-l6", "--json")
        model, = json.loads(done.stdout)["models"]
        errors, found = run("mine", "--by", "label-errors", "--model", MODEL, "--dry-run", "--json")
        diverse, chosen = run("mine", "--by", "diversity", "--model", MODEL, "--count", "100", "--dry-run", "--json")
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        quiet, busy, fitted = moves(str(options.program.resolve()), dict(environment, TERM="xterm-256color"))
        heads = [json.loads(line) for line in run("head", "list", "--json")[1].stdout.splitlines()]
        assert any(head["id"].startswith("console@") and head["in_use"] for head in heads), "the console adopted no head"
        print("| verdicts | policies | train, splits drawn first | again | of that, one policy | memory |")
        print("|---|---|---|---|---|---|")
        print(f"| {options.rows:,} | {len(model['policies'])} | {first:.1f} s | {again:.1f} s | "
              f"{model['seconds'] / len(model['policies']):.1f} s | {memory:.0f} MB |")
        print("\n| items | mine --by | chosen | |\n|---|---|---|---|")
        for name, seconds, said in [("label-errors", errors, found), ("diversity", diverse, chosen)]:
            print(f"| {options.rows:,} | {name} | {len(json.loads(said.stdout)['items'])} | {seconds:.1f} s |")
        print("\n| the console's list, `j` and `k` → last byte (p50, p99) | ms | keys |\n|---|---|---|")
        print(f"| before | {spread(quiet)} | {len(quiet)} |")
        print(f"| while heads are fitted and {options.rows:,} items re-scored, {fitted:.1f} s | {spread(busy)} | {len(busy)} |")


if __name__ == "__main__":
    main()
