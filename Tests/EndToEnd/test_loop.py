"""The loop: verdicts become a head, the head orders the queue, and what was exported trains to the same figure elsewhere."""

import csv
import json
import os
import pathlib
import re
import sqlite3
import struct
import time

from sandbox import Skipped, post
from test_models import need_models
from test_train import CHAT, SPAM, scikit

MODEL = "minilm-l6@1"
POLICY = "offensive"
# A policy that no head knows; its words are all that models have to go by.
POLICIES = """
name = "loop"
version = 1

[prompts]
templates = ["{}"]
negative = ["a friendly remark"]

[[policy]]
id = "offensive"
title = "Offensive language"
summary = "Insults, slurs or vulgar words about people."
severity = 2
[policy.prompts]
positive = ["an insult"]
"""
POOL, HELD_OUT, LABELS, BETWEEN = 600, 400, 200, 40


def tweets(count, seed="loop"):
    """Real tweets, three in ten of them offensive or hateful as the majority of their annotators says: [(text, offends)]."""
    file = pathlib.Path(os.environ.get("REVIEWTUI_DATA", "")) / "text/davidson/labeled_data.csv"
    if not file.is_file():
        raise Skipped("REVIEWTUI_DATA has no text/davidson")
    with open(file, newline="") as lines:
        rows = [(row["tweet"], row["class"] != "2") for row in csv.DictReader(lines)]
    offending = [row for row in rows if row[1]][: count * 3 // 10]
    harmless = [row for row in rows if not row[1]][: count - len(offending)]
    # Mixed by position, the same each time: every tenth three, seven.
    mixed = []
    while offending or harmless:
        mixed += offending[:3] + harmless[:7]
        offending, harmless = offending[3:], harmless[7:]
    return mixed


def average_precision(labels, scores):
    """As scikit-learn has it, without it: the precision at each violation, ties taken together."""
    ranked = sorted(zip(scores, labels), reverse=True)
    total, found, seen, area = sum(labels), 0, 0, 0.0
    while seen < len(ranked):
        tied = [label for score, label in ranked[seen:] if score == ranked[seen][0]]
        seen += len(tied)
        area += sum(tied) * (found + sum(tied)) / seen
        found += sum(tied)
    return area / total


class Loop:
    """A queue whose policy no head knows, and a second line of items that nobody is given: their scores tell how good heads are."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        rows = tweets(POOL + HELD_OUT)
        self.truth = {f"t-{n}": offends for n, (_, offends) in enumerate(rows)}
        sandbox.run("init", "--policies", sandbox.write("policies.toml", POLICIES), "--sample-share", "0.1").expect()
        sandbox.run("queue", "set", "shelf", "--source", "shelf", "--skill", "nobody").expect()
        sandbox.run("ingest", sandbox.write("items.jsonl", [
            {"id": f"t-{n}", "text": text, "source": "pool" if n < POOL else "shelf"} for n, (text, _) in enumerate(rows)
        ])).expect()
        need_models(sandbox)
        sandbox.run("score", "--model", "minilm-l6", "--uncalibrated").expect()

    def rows(self, query, *arguments):
        with sqlite3.connect(self.sandbox.folder / "queue.sqlite") as database:
            return database.execute(query, arguments).fetchall()

    def shelf(self):
        """Ids and scores of what is held out."""
        return self.rows(
            "SELECT i.id, s.value FROM score s JOIN item i ON i.seq = s.item JOIN model m ON m.seq = s.model"
            " WHERE i.source = 'shelf' AND m.name = ? AND s.policy = ? ORDER BY i.seq", MODEL, POLICY)

    def precision(self):
        """Average precision of the scores on the shelf against the truth."""
        found = self.shelf()
        assert len(found) == HELD_OUT, len(found)
        return average_precision([self.truth[name] for name, _ in found], [score for _, score in found])

    def front(self, count=50):
        """The share that offends among the first of the queue, as a moderator would be given them."""
        self.sandbox.run("order", "--by", "score", "--weight", "100", "--policy", POLICY).expect()
        waiting = self.rows(
            "SELECT i.id FROM work w JOIN item i ON i.seq = w.item WHERE w.state = 0 AND i.source = 'pool'"
            " ORDER BY w.place, w.item LIMIT ?", count)
        return sum(self.truth[name] for name, in waiting) / len(waiting)

    def label(self, count):
        """Decides what the queue brings, as the truth says."""
        for claim in self.sandbox.run("claim", "--reviewer", "ann", "--count", count, "--json").expect().json:
            offends = self.truth[claim["item"]["id"]]
            verdict = ["remove", "--policy", POLICY] if offends else ["allow"]
            self.sandbox.run("decide", "--lease", claim["lease"], "--verdict", *verdict).expect()

    def refit(self):
        """Fits on all verdicts so far and takes the head in where the rule says that it is better: what came of it."""
        # Too few verdicts at first: 66.
        found = self.sandbox.run(
            "train", "--model", "minilm-l6", "--policy", POLICY, "--adopt-if-better", "--json")
        assert found.status in (0, 65, 66), found.err
        models = found.json["models"] if found.out else []
        return models[0]["policies"][0] if models and models[0]["policies"] else None


OUTSIDE = """
import json, pathlib, sys
import numpy, pandas
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
folder, strength = pathlib.Path(sys.argv[1]), float(sys.argv[2])
table = pandas.read_parquet(folder / "decisions.parquet")
table = table[table["split"] == "train"]
x, y, w = [], [], []
for row in table.to_dict("records"):
    for policy, value, origin in zip(row["label_policies"], row["label_values"], row["label_origins"]):
        if policy == "offensive":
            x.append(row["embedding"] / numpy.linalg.norm(row["embedding"].astype(float)))
            y.append(int(value)); w.append(0.25 if origin == "model" else 1.0)
fit = LogisticRegression(C=strength, tol=1e-10, max_iter=10000).fit(numpy.array(x, dtype=float), y, sample_weight=w)
shelf = json.loads((folder.parent / "shelf.json").read_text())
held = numpy.array([vector for vector, _ in shelf])
held /= numpy.linalg.norm(held, axis=1, keepdims=True)
scores = held @ fit.coef_[0] + fit.intercept_[0]
print(json.dumps({"rows": len(y), "average_precision": float(average_precision_score([label for _, label in shelf], scores))}))
"""


def run_loop(sandbox, say=lambda *words: None):
    """Labels 200 items with a refit every 40, then trains outside. Returns the course of it and scikit-learn's figure."""
    loop = Loop(sandbox)
    course = [(0, loop.precision(), loop.front(), None)]
    say(f"{'verdicts':>8} {'held-out AP':>12} {'offending in the first 50':>26}  head")
    say(f"{0:8} {course[0][1]:12.3f} {course[0][2]:26.2f}  none: the policy's words")
    # Hard cases first: what the model is least sure of.
    for verdicts in range(BETWEEN, LABELS + 1, BETWEEN):
        sandbox.run("order", "--by", "entropy", "--policy", POLICY).expect()
        for _ in range(BETWEEN // 20):
            loop.label(20)
        found = loop.refit()
        adopted = sandbox.run("head", "list", "--json").expect().lines
        in_use = next((head["id"] for head in adopted if head["in_use"]), None)
        course.append((verdicts, loop.precision(), loop.front(), in_use))
        say(f"{verdicts:8} {course[-1][1]:12.3f} {course[-1][2]:26.2f}  {in_use or 'none'}")
    # The last head, adopted by a person whatever the rule says, so that inside and outside are the same rows.
    model = sandbox.run(
        "train", "--model", "minilm-l6", "--policy", POLICY, "--adopt", "--json").expect().json["models"][0]
    inside = loop.precision()
    snapshot = sandbox.folder / "snapshot"
    sandbox.run("export", "--format", "parquet", "--embeddings", MODEL, "--out", snapshot).expect()
    vectors = loop.rows(
        "SELECT i.id, e.vector FROM embedding e JOIN item i ON i.seq = e.item WHERE i.source = 'shelf' ORDER BY i.seq")
    (sandbox.folder / "shelf.json").write_text(json.dumps(
        [[struct.unpack(f"<{len(vector) // 4}f", vector), int(loop.truth[name])] for name, vector in vectors]))
    outside = scikit(OUTSIDE, snapshot, model["policies"][0]["strength"])
    say(f"the last head on the held-out items {inside:.4f}; scikit-learn on the exported Parquet "
        f"({outside['rows']} rows) {outside['average_precision']:.4f}")
    return course, inside, outside, model


def test_loop(sandbox):
    """200 verdicts without any head: held-out average precision and the queue's order rise, and scikit-learn gets the same figure"""
    course, inside, outside, model = run_loop(sandbox)
    first, last = course[0], course[-1]
    assert last[3] is not None, "no head was taken in"
    assert last[1] > first[1] + 0.1 and last[2] >= first[2] + 0.2, course
    # On the way, too: the second half is never below where it started.
    assert min(precision for _, precision, _, _ in course[3:]) > first[1], course
    # The head was fitted on training rows alone, of all that were labelled.
    found = model["policies"][0]
    assert outside["rows"] == found["violating"] + found["others"] and model["rows"]["test"] > 0, (outside, model["rows"])
    assert abs(inside - outside["average_precision"]) < 1e-3, (inside, outside)
    sandbox.run("audit", "verify").expect()


def test_console_refit(sandbox):
    """In the console ten verdicts fit a head behind the reviewer's back: the title bar says so, what waits is scored anew"""
    texts = [(SPAM if n % 2 == 0 else CHAT)[n // 2 % 6] + f" ({n})" for n in range(200)]
    sandbox.queue_of([post(n, text=text) for n, text in enumerate(texts)])
    need_models(sandbox)
    sandbox.run("score", "--model", "minilm-l6", "--uncalibrated").expect()
    # Verdicts that fell earlier: enough of either side, but for a head.
    for claim in sandbox.run("claim", "--reviewer", "ann", "--count", 100, "--json").expect().json:
        is_spam = int(claim["item"]["id"].split("-")[1]) % 2 == 0
        verdict = ["remove", "--policy", "spam"] if is_spam else ["allow"]
        sandbox.run("decide", "--lease", claim["lease"], "--verdict", *verdict).expect()
    sandbox.open_console("--refit", 10, columns=120)
    sandbox.wait_for("SCORES", "the first item")
    sandbox.wait_for(lambda screen: re.search(r"post-\d+ ·", screen), "an item")
    for number in range(10):
        before = sandbox.wait_for(lambda screen: re.search(r"post-\d+ ·", screen), "the next item")
        shown = re.search(r"post-(\d+) ·", before).group(1)
        sandbox.press("a")
        sandbox.wait_for(
            lambda screen: (found := re.search(r"post-(\d+) ·", screen)) and found.group(1) != shown,
            f"the item after verdict {number}")
    sandbox.wait_for(lambda screen: "spam learnt" in screen.splitlines()[0], "the title bar's word of it", seconds=120)
    heads = sandbox.run("head", "list", "--json").expect().lines
    (head,) = [head for head in heads if head["in_use"]]
    assert head["in_use"] == ["spam"] and head["id"].startswith("console@") and head["by"] == "tester", head
    with sqlite3.connect(sandbox.folder / "queue.sqlite") as database:
        deadline = time.monotonic() + 30
        while True:
            by = dict(database.execute(
                "SELECT c.head, count(*) FROM score s JOIN computation c ON c.seq = s.computation JOIN work w ON w.item = s.item"
                " WHERE s.policy = 'spam' AND w.state = 0 GROUP BY 1").fetchall())
            if set(by) == {head["id"]} or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        assert set(by) == {head["id"]}, by
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the end")
    sandbox.run("audit", "verify").expect()


if __name__ == "__main__":
    # python3 Tests/EndToEnd/test_loop.py PROGRAM: the course of the loop, as docs/heads.md has it.
    import sys
    import tempfile

    from sandbox import Sandbox

    with tempfile.TemporaryDirectory(prefix="reviewtui-") as home:
        run_loop(Sandbox(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(home)), say=print)
