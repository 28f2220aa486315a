"""From verdicts to a head: train, head adopt, calibrate, on real texts where they are, on a few made-up ones always."""

import gzip
import json
import os
import pathlib
import re
import sqlite3
import subprocess

from sandbox import Skipped
from test_models import need_models

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICIES = {"S": "sexual", "H": "hate", "V": "violence", "HR": "harassment", "SH": "self-harm", "S3": "sexual/minors",
            "H2": "hate/threatening", "V2": "violence/graphic"}
SPAM = ["buy cheap followers now, click the link", "free crypto giveaway, send one coin and get two back",
        "work from home and earn thousands a week, sign up here", "limited offer: replica watches, ninety percent off",
        "click here to claim your prize before midnight", "double your money overnight with this trading bot"]
CHAT = ["the committee met on tuesday to talk about the budget", "we watched the rain from the kitchen window",
        "her grandmother taught her how to bake bread", "the train was late and nobody minded",
        "he planted tomatoes behind the shed last spring", "the museum opens at ten on weekdays"]


def texts():
    """80 made-up posts, every third one an advertisement: {id: (text, policies)}."""
    return {f"post-{n}": (f"{(SPAM if n % 3 == 0 else CHAT)[n // 3 % 6]} ({n})", ["spam"] if n % 3 == 0 else [])
            for n in range(80)}


def moderation():
    """The prompts that violate something (not the restricted policy), and every fourth of the others."""
    file = pathlib.Path(os.environ.get("REVIEWTUI_DATA", "")) / "text/openai-moderation/samples-1000.jsonl.gz"
    if not file.is_file():
        raise Skipped("REVIEWTUI_DATA has no text/openai-moderation")
    found = {}
    with gzip.open(file, "rt") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            violated = [policy for key, policy in POLICIES.items() if row.get(key)]
            if "sexual/minors" not in violated and (violated or number % 4 == 0):
                found[f"prompt-{number}"] = (row["prompt"], violated)
    return found


def judged(sandbox, posts, share="1"):
    """A scored queue, decided as the truth says."""
    sandbox.run("init", "--sample-share", share).expect()
    items = [{"id": name, "text": text} for name, (text, _) in posts.items()]
    sandbox.run("ingest", sandbox.write("items.jsonl", items)).expect()
    need_models(sandbox)
    sandbox.run("score", "--model", "minilm-l6", "--uncalibrated").expect()
    while claims := sandbox.run("claim", "--reviewer", "ann", "--count", 50, "--json").expect().json:
        for claim in claims:
            policies = posts[claim["item"]["id"]][1]
            named = [word for policy in policies for word in ("--policy", policy)]
            verdict = "remove" if policies else "allow"
            sandbox.run("decide", "--lease", claim["lease"], "--verdict", verdict, *named).expect()


def trained(sandbox, *arguments, status=0):
    return sandbox.run("train", "--model", "minilm-l6", *arguments, "--json").expect(status).json["models"][0]


def scikit(code, *arguments):
    """Runs Python with scikit-learn, or skips."""
    python = ROOT / ".deps/consumers/bin/python"
    if not python.exists() or subprocess.run([python, "-c", "import sklearn"], capture_output=True).returncode:
        raise Skipped("scikit-learn is not in .deps/consumers: run tools/deps --consumers")
    done = subprocess.run([python, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def exported(sandbox):
    """Folder with the snapshot as Parquet, and the embeddings of its items as JSON."""
    folder = sandbox.folder / f"snapshot-{len(list(sandbox.folder.glob('snapshot-*')))}"
    sandbox.run("export", "--format", "parquet", "--out", folder).expect()
    rows = sqlite3.connect(sandbox.folder / "queue.sqlite").execute(
        "SELECT i.id, hex(e.vector) FROM embedding e JOIN item i ON i.seq = e.item")
    (folder / "embeddings.json").write_text(json.dumps(dict(rows)))
    return folder


FIT = """
import json, pathlib, sys
import numpy, pandas
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
folder, policy, strength, trust, head = pathlib.Path(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:5]), json.loads(sys.argv[5])
table = pandas.read_parquet(folder / "decisions.parquet")
vectors = json.loads((folder / "embeddings.json").read_text())
x, y, w, split = [], [], [], []
for row in table.to_dict("records"):
    for named, value, origin in zip(row["label_policies"], row["label_values"], row["label_origins"]):
        if named == policy:
            vector = numpy.frombuffer(bytes.fromhex(vectors[row["id"]]), dtype="<f4").astype(float)
            x.append(vector / numpy.linalg.norm(vector)); y.append(int(value)); split.append(row["split"])
            w.append(trust if origin == "model" else 1.0)
x, y, w, split = numpy.array(x), numpy.array(y), numpy.array(w), numpy.array(split)
train = (split == "train") & (w > 0)
fit = LogisticRegression(C=strength, solver="lbfgs", tol=1e-10, max_iter=10000).fit(x[train], y[train], sample_weight=w[train])
direction, bias = numpy.array(head["direction"]), head["bias"]
test = split == "test"
logits = x[test] @ direction + bias
out = {"rows": int(train.sum()), "furthest": float(numpy.abs(fit.coef_[0] - direction).max()),
       "bias": float(abs(fit.intercept_[0] - bias)), "largest": float(numpy.abs(direction).max()), "test": int(test.sum()),
       "violating": int(y[test].sum())}
if 0 < y[test].sum() < test.sum():
    calibration = head["calibration"]
    if calibration["kind"] == "platt": logits = calibration["a"] * logits + calibration["b"]
    if calibration["kind"] == "temperature": logits = logits / calibration["temperature"]
    p = 1 / (1 + numpy.exp(-logits))
    out["average_precision"], out["auroc"] = float(average_precision_score(y[test], p)), float(roc_auc_score(y[test], p))
    out["log_loss"] = float(log_loss(y[test], p))
print(json.dumps(out))
"""


def held_to_scikit(sandbox, policy, model):
    found = next(entry for entry in model["policies"] if entry["policy"] == policy)
    head = json.loads((sandbox.folder / "head.json").read_text())
    direction = next(entry for entry in head["policies"] if entry["policy"] == policy)
    other = scikit(FIT, exported(sandbox), policy, found["strength"], 0.25, json.dumps(direction))
    assert other["rows"] == found["violating"] + found["others"], (other, found)
    assert other["furthest"] < 1e-4 * max(1, other["largest"]) and other["bias"] < 1e-4 * max(1, other["largest"]), other
    return found, other


def test_train(sandbox):
    """Verdicts become a head that scikit-learn fits too, from the exported Parquet and the same embeddings"""
    judged(sandbox, texts())
    model = trained(sandbox, "--policy", "spam", "--out", sandbox.folder / "head.json")
    assert model["rows"]["training"] + model["rows"]["validation"] + model["rows"]["test"] == 80, model["rows"]
    assert model["adopted"] == [] and model["head"].startswith("verdicts@")
    # Nothing is adopted: everything scores as before.
    heads = sandbox.run("head", "list", "--json").expect().lines
    assert [head["id"] for head in heads] == [model["head"]] and heads[0]["in_use"] == [], heads
    held_to_scikit(sandbox, "spam", model)
    sandbox.run("audit", "verify").expect()


def test_adopting(sandbox):
    """A head that is better by the rule scores what waits at once, and can be taken back"""
    posts = texts()
    judged(sandbox, posts)
    more = [{"id": "new-ad", "text": "free followers, click the link now"},
            {"id": "new-chat", "text": "the rain kept us in the kitchen on tuesday"}]
    sandbox.run("ingest", sandbox.write("more.jsonl", more)).expect()
    sandbox.run("score", "--model", "minilm-l6").expect()
    found = sandbox.run("train", "--policy", "spam", "--adopt-if-better", "--json").expect().json
    (model,) = found["models"]
    assert [change["policy"] for change in model["adopted"]] == ["spam"], model["policies"][0]["comparison"]
    assert found["rescored"]["minilm-l6@1"], found
    scores = {}
    for claim in sandbox.run("claim", "--reviewer", "bob", "--count", 2, "--json").expect().json:
        scores[claim["item"]["id"]] = {s["policy"]: s for s in claim["item"]["scores"]}["spam"]
    assert scores["new-ad"]["head"] == model["head"] and scores["new-ad"]["score"] > 2 * scores["new-chat"]["score"], scores
    sandbox.run("head", "revert", "--model", "minilm-l6@1").expect()
    assert sandbox.run("head", "list", "--json").expect().lines[0]["in_use"] == []


def test_too_few(sandbox):
    """Too few verdicts, none at all and wrong options end as the exit statuses say, with what to do next"""
    sandbox.run("init").expect()
    nothing = sandbox.run("train").expect(66)
    assert "reviewtui score" in nothing.err, nothing.err
    assert "reviewtui score" in sandbox.run("calibrate").expect(66).err
    sandbox.run("train", "--policy", "nonsense").expect(64)
    sandbox.run("train", "--strength", "0").expect(64)
    sandbox.run("train", "--adopt", "--adopt-if-better").expect(64)
    sandbox.run("calibrate", "--precision", "0.9", "--recall", "0.9").expect(64)
    posts = {f"post-{n}": (CHAT[n % 6] + f" {n}", ["spam"] if n < 2 else []) for n in range(12)}
    judged(sandbox, posts)
    few = sandbox.run("train", "--policy", "spam").expect(66)
    assert re.search(r"label \d more violations of it", few.err), few.err
    assert sandbox.run("train", "--policy", "sexual/minors").expect(66).err.count("restricted items never train") == 1
    assert sandbox.run("head", "list", "--json").expect().lines == []


def test_moderation(sandbox):
    """On real texts the heads, their held-out figures and the calibration are scikit-learn's, and the report is one page"""
    judged(sandbox, moderation())
    model = trained(sandbox, "--policy", "hate", "--policy", "violence", "--out", sandbox.folder / "head.json")
    for policy in ("hate", "violence"):
        found, other = held_to_scikit(sandbox, policy, model)
        if found["compared_on"] == "held out":
            for name in ("average_precision", "auroc", "log_loss"):
                assert abs(found["comparison"]["candidate"][name]["value"] - other[name]) < 1e-5, (name, found, other)
    sandbox.run("head", "adopt", model["head"]).expect()
    page = sandbox.folder / "report.html"
    found = sandbox.run(
        "calibrate", "--policy", "hate", "--recall", "0.8", "--html", page, "--json").expect().json
    (subject,) = found["policies"]
    assert subject["head"] == model["head"] and any("out-of-fold" in note for note in subject["notes"]), subject
    assert subject["held_against"]["rows"] + subject["fitted_on"]["rows"] > 200, subject
    # Whether one that is calibrated already gains by it on a hundred rows is chance. One that is ten times too timid does.
    head = json.loads((sandbox.folder / "head.json").read_text())
    head["name"] = "timid"
    for entry in head["policies"]:
        entry["direction"], entry["bias"] = [value / 10 for value in entry["direction"]], entry["bias"] / 10
        entry["calibration"] = {"kind": "platt", "a": 1, "b": 0}
    timid = sandbox.run("head", "import", sandbox.write("timid.json", json.dumps(head)), "--json").expect().json["id"]
    sandbox.run("head", "adopt", timid).expect()
    (helped,) = sandbox.run("calibrate", "--policy", "hate", "--json").expect().json["policies"]
    after, before = helped["held_against"]["after"], helped["held_against"]["before"]
    assert helped["head"] == timid and after["log_loss"] < before["log_loss"] - 0.1, helped
    assert after["expected_calibration_error"] < before["expected_calibration_error"] / 2, helped
    html = page.read_text()
    assert html.count("<svg") == 2 and "<script" not in html and "http-equiv" in html
    drawn = sandbox.run("calibrate", "--policy", "hate", LC_ALL="C").expect()
    assert "RELIABILITY BEFORE" in drawn.out and drawn.out.isascii(), drawn.out
    assert "\x1b" not in drawn.out


