"""Snapshots, each loaded by the libraries that people load that format with (tools/deps --consumers)."""

import json
import os
import pathlib
import subprocess

from sandbox import Skipped, post
from test_twins import png

HERE = pathlib.Path(__file__).parent
PYTHON = HERE.parent.parent / ".deps/consumers/bin/python"
HOSTILE = "=HYPERLINK(\"http://x\",\"a, b\")\r\nnext line\t\U0001f600 \u202e end "
SCORES = [{"model": "upstream@1", "policy": "hate", "score": 0.93}, {"model": "upstream@1", "policy": "spam", "score": 0.2}]


def load(reader, folder):
    """What the reader of `consumers.py` finds in a snapshot."""
    if not PYTHON.exists():
        raise Skipped("the readers of snapshots are not installed: tools/deps --consumers")
    # Nothing may be downloaded by a library that finds its format unknown.
    environment = dict(
        os.environ, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=str(folder / "cache"), HF_DATASETS_DISABLE_PROGRESS_BARS="1")
    done = subprocess.run(
        [str(PYTHON), str(HERE / "consumers.py"), reader, str(folder)], capture_output=True, env=environment, timeout=300)
    assert done.returncode == 0, f"{reader}:\n{done.stderr.decode()[-4000:]}"
    return json.loads(done.stdout)


def decide(sandbox, item, *arguments, reviewer="ann"):
    claim = sandbox.run("claim", "--reviewer", reviewer, "--item", item, "--json").expect().json
    return sandbox.run("decide", "--lease", claim["lease"], *arguments).expect()


def fill(sandbox):
    """Posts and pictures of many authors, decided: a third removed, some escalated, one hostile text."""
    items = []
    for number in range(60):
        item = post(number, author=f"author {number}", lang="en", scores=SCORES)
        if number == 0:
            item["text"] = HOSTILE
        if number % 3 == 1:
            path = sandbox.write(f"img/{number}.png", png(40 + number, 30, lambda x, y: (x * number + y * 7) % 256))
            item["media"] = [{"path": str(path.relative_to(sandbox.folder))}]
        if number == 7:
            del item["text"]
        items.append(item)
    sandbox.queue_of(items)
    for number in range(60):
        if number % 10 == 9:
            verdict = ["--verdict", "escalate"]
        elif number % 3 == 0:
            verdict = ["--verdict", "remove", "--policy", "hate", "--severity", "2", "--note", "=1+1"]
        else:
            verdict = ["--verdict", "allow"]
        decide(sandbox, f"post-{number}", *verdict)
    return sandbox.export()


def snapshot(sandbox, form, *arguments):
    folder = sandbox.folder / f"snapshot-{form}-{len(list(sandbox.folder.glob('snapshot-*')))}"
    sandbox.run("export", "--format", form, "--out", folder, *arguments).expect()
    return folder


def check_table(rows, truth, *, lists=lambda value: value):
    """Compares what a reader found in a table with the JSONL export, row by row."""
    assert [row["decision"] for row in rows] == [row["decision"] for row in truth]
    for row, true in zip(rows, truth):
        for name in ("id", "text", "lang", "verdict", "reviewer", "split", "sampling", "note", "hash"):
            assert row[name] == true[name], (name, row[name], true[name])
        assert row["severity"] == true["severity"] and row["decided_at"][:19] == true["decided_at"][:19].replace("Z", "")
        assert list(lists(row["policies"])) == true["policies"]
        assert list(lists(row["media_sha256"])) == [medium["sha256"] for medium in true["media"]]
        labels = dict(zip(lists(row["label_policies"]), lists(row["label_values"])))
        assert labels == {policy: label["value"] for policy, label in true["labels"].items()}
        assert list(lists(row["score_values"])) == [score["score"] for score in true["scores"]]


def test_snapshot_parquet(sandbox):
    """Parquet is read by pyarrow with every check on, pandas, duckdb and datasets, and its statistics are true"""
    truth = fill(sandbox)
    folder = snapshot(sandbox, "parquet")
    found = load("pyarrow_parquet", folder)
    check_table(found["rows"], truth)
    types = found["types"]
    assert types["decided_at"] == "timestamp[ms, tz=UTC]" and types["label_values"] == "list<element: int64>", types
    assert types["explanation_shown"] == "bool" and types["sampled"] == "double", types
    assert found["statistics"]["verdict"] == ["allow", "remove"], found["statistics"]
    for reader in ("pandas_parquet", "duckdb_parquet", "datasets_parquet"):
        found = load(reader, folder)
        check_table(found["rows"], truth)
    assert load("duckdb_parquet", folder)["removed"] == sum(row["verdict"] == "remove" for row in truth)


def test_snapshot_csv(sandbox):
    """CSV is read by pandas, pyarrow, duckdb and datasets, lists as JSON and hostile texts as they are"""
    truth = fill(sandbox)
    folder = snapshot(sandbox, "csv")
    for reader in ("pandas_csv", "pyarrow_csv", "duckdb_csv", "datasets_csv"):
        rows = load(reader, folder)["rows"]
        for row in rows:
            # A reader of CSV cannot tell a missing text from an empty one.
            row["text"], row["note"] = row["text"] or None, row["note"] or None
        check_table(rows, truth, lists=lambda value: json.loads(value) if isinstance(value, str) else value)
    safe = load("pandas_csv", snapshot(sandbox, "csv", "--spreadsheet-safe"))["rows"]
    assert safe[0]["text"] == "'" + HOSTILE and safe[0]["note"] == "'=1+1" and safe[1]["text"] == truth[1]["text"]
    assert sandbox.run("export", "--format", "parquet", "--spreadsheet-safe", "--out", sandbox.folder / "no").status == 64


def test_snapshot_croissant(sandbox):
    """Croissant's own reader finds files and rows of every format, and no fault in what describes them"""
    truth = fill(sandbox)
    for form in ("jsonl", "csv", "parquet", "imagefolder", "webdataset", "labelstudio", "prodigy"):
        folder = snapshot(sandbox, form)
        found = load("mlcroissant_records", folder)
        assert not found["issues"], found["issues"]
        # Recommended only: a licence, which nobody gave, and how to cite it.
        assert all("citeAs" in warning or "license" in warning for warning in found["warnings"]), found["warnings"]
        data = {file["name"] for file in json.loads((folder / "manifest.json").read_bytes())["files"]}
        assert {"README.md"} <= set(found["files"]) <= data - {"croissant.json"}
        if form in ("csv", "parquet"):
            check_table(
                found["sets"]["decisions"], truth,
                lists=lambda value: json.loads(value) if isinstance(value, str) else value)
        elif form == "jsonl":
            rows = found["sets"]["decisions"]
            assert [(row["id"], row["text"], row["policies"]) for row in rows] == [
                (row["id"], row["text"], row["policies"]) for row in truth]
        elif form == "imagefolder":
            with_pictures = [row["id"] for row in truth if row["media"]]
            assert sorted(row["id"] for rows in found["sets"].values() for row in rows) == sorted(with_pictures)
            assert set(found["sets"]) <= {"train", "validation", "test"}
        else:
            assert not found["sets"]


def test_snapshot_jsonl(sandbox):
    """The JSONL export is read by datasets"""
    truth = fill(sandbox)
    rows = load("datasets_jsonl", snapshot(sandbox, "jsonl"))["rows"]
    assert [row["text"] for row in rows] == [row["text"] for row in truth]

    def label(row):
        return (row["labels"].get("hate") or {}).get("value")

    assert list(map(label, rows)) == list(map(label, truth)) and {label(row) for row in rows} == {0, 1, None}


def test_snapshot_imagefolder(sandbox):
    """An ImageFolder is read by datasets, split by split, pictures decoded beside their columns"""
    truth = [row for row in fill(sandbox) if row["media"]]
    folder = snapshot(sandbox, "imagefolder")
    splits = load("datasets_imagefolder", folder)["splits"]
    found = {row["decision"]: (split, row) for split, rows in splits.items() for row in rows}
    assert set(found) == {row["decision"] for row in truth}
    for row in truth:
        split, read = found[row["decision"]]
        number = int(row["id"].split("-")[1])
        assert split == row["split"] and read["id"] == row["id"] and read["text"] == row["text"]
        assert read["pixels"] == [40 + number, 30, [0, 0, 0]], read["pixels"]
        assert read["policies"] == row["policies"] and read["verdict"] == row["verdict"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["left_out_without_picture"] == 40, manifest


def test_snapshot_webdataset(sandbox):
    """WebDataset shards are read by webdataset and by datasets, pictures decoded, every sample of the same types"""
    truth = {row["decision"]: row for row in fill(sandbox)}
    folder = snapshot(sandbox, "webdataset")
    for reader in ("webdataset_tar", "datasets_webdataset"):
        shards = load(reader, folder)["shards"]
        seen = set()
        for shard, samples in shards.items():
            kinds = {json.dumps({k: type(v).__name__ for k, v in sorted(sample["json"].items())}) for sample in samples}
            assert len(kinds) == 1, kinds
            for sample in samples:
                row = truth[sample["json"]["decision"]]
                seen.add(row["decision"])
                assert shard.split("-")[0] == row["split"] and sample["text"] == (row["text"] or "")
                labels = {policy: value for policy, value in sample["json"]["labels"].items() if value != -1}
                assert labels == {policy: label["value"] for policy, label in row["labels"].items()}
                assert (sample["pixels"] is not None) == bool(row["media"])
                assert "." not in sample["key"] and sample["key"].startswith(row["decision"])
        assert seen == set(truth)


def test_snapshot_annotation_tools(sandbox):
    """Label Studio's and Prodigy's files load, with verdicts, policies and pictures"""
    truth = {row["id"]: row for row in fill(sandbox)}
    studio, prodigy = snapshot(sandbox, "labelstudio"), snapshot(sandbox, "prodigy")
    tasks = load("pandas_labelstudio", studio)["rows"]
    assert {task["data"]["item_id"] for task in tasks} == set(truth)
    for task in tasks:
        chosen = {part["from_name"]: part["value"]["choices"] for part in task["annotations"][0]["result"]}
        row = truth[task["data"]["item_id"]]
        assert chosen["verdict"] == [row["verdict"]] and chosen.get("policies", []) == row["policies"]
        assert not row["media"] or (studio / task["data"]["image"]).read_bytes().startswith(b"\x89PNG")
    rows = load("datasets_prodigy", prodigy)["rows"]
    assert {row["item_id"]: row["accept"] for row in rows} == {id: row["policies"] for id, row in truth.items()}


def test_import(sandbox):
    """Decisions from another tool come in as a named reviewer's, unknown items are told by line, and the chain holds"""
    sandbox.queue_of([post(number) for number in range(4)])
    file = sandbox.write("labels.csv", 'id,verdict,policies\npost-0,remove,hate\nnobody,allow,\npost-1,,"spam, hate"\npost-2,,\n')
    result = sandbox.run("import", "--format", "csv", file, "--reviewer", "agency", "--rejects", "refused.jsonl", "--json")
    report = result.expect(65).json
    assert (report["decided"], report["rejected"]) == (3, 1), report
    assert report["rejections"] == [{"line": 3, "reason": 'There is no item "nobody" in the queue.'}], report
    assert json.loads((sandbox.folder / "refused.jsonl").read_text())["line"] == 3
    rows = {row["id"]: row for row in sandbox.export()}
    assert {id: row["verdict"] for id, row in rows.items()} == {"post-0": "remove", "post-1": "remove", "post-2": "allow"}
    assert rows["post-1"]["policies"] == ["hate", "spam"]
    sandbox.run("audit", "verify").expect()
    assert sandbox.run("import", "--format", "csv", file, "--reviewer", "agency").expect(65).err.count("decided already") == 3
    assert sandbox.run("import", "--format", "csv", "no.csv", "--reviewer", "agency").status == 66


def test_snapshot_since(sandbox):
    """A snapshot since another has what is new, and names what was taken back; the folder of one is never written to"""
    sandbox.queue_of([post(number) for number in range(4)])
    for number in range(3):
        decide(sandbox, f"post-{number}", "--verdict", "allow")
    first = snapshot(sandbox, "parquet")
    sandbox.run("undo", "--reviewer", "ann").expect()
    decide(sandbox, "post-3", "--verdict", "allow")
    report = sandbox.run("export", "--out", sandbox.folder / "next", "--since", first, "--json").expect().json
    assert (report["rows"], report["retractions"]) == (1, 1), report
    (gone,) = [json.loads(line) for line in (sandbox.folder / "next/retractions.jsonl").read_text().splitlines()]
    assert (gone["id"], gone["reason"]) == ("post-2", "undone"), gone
    assert sandbox.run("export", "--out", first).expect(64).err.count("not empty") == 1


def test_snapshot_restricted_media(sandbox):
    """A picture that a restricted item shows as well leaves with no other item either"""
    picture = png(60, 40, lambda x, y: (x * 5 + y * 11) % 256)
    sandbox.write("a.png", picture)
    sandbox.write("b.png", png(60, 40, lambda x, y: (x * y) % 256))
    sandbox.queue_of([
        post(0, media=[{"path": "a.png"}], scores=[{"model": "m@1", "policy": "sexual/minors", "score": 0.99}]),
        post(1, media=[{"path": "a.png"}]), post(2, media=[{"path": "b.png"}]),
    ])
    decide(sandbox, "post-1", "--verdict", "allow")
    decide(sandbox, "post-2", "--verdict", "allow")
    for form in ("webdataset", "imagefolder", "labelstudio", "prodigy"):
        folder = snapshot(sandbox, form)
        bytes_of_all = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
        assert picture not in bytes_of_all, form
        assert json.loads((folder / "manifest.json").read_text())["left_out_restricted_media"] == 1
