"""Models that read picture and text together, through the command line: tiny random networks of the unit tests' fixtures."""

import json
import pathlib
import shutil

from sandbox import post
from test_model_store import need_engine, own
from test_models import png

FIXTURES = pathlib.Path(__file__).parent.parent / "ModelCoreTests/Fixtures"
POLICIES = """
name = "tiny"
version = 1

[prompts]
templates = ["a photo of {}", "a drawing of {}"]
negative = ["a dog", "people at a party"]

[[policy]]
id = "violence"
title = "Violence"
summary = "Blood and weapons."
severity = 3

[policy.prompts]
positive = ["a wound", "a knife"]

[[policy]]
id = "spam"
title = "Spam"
summary = "Has no prompts, so nobody is asked about it."
"""


def published(sandbox, name):
    """The folder of a tiny checkpoint as its publisher would give it."""
    folder = sandbox.folder / "published" / name
    folder.parent.mkdir(exist_ok=True)
    shutil.copytree(FIXTURES / name, folder)
    if not (folder / "tokenizer.json").exists():
        tokenizers = json.loads((FIXTURES / "joint.json").read_text())["tokenizers"]
        (folder / "tokenizer.json").write_text(tokenizers["words"])
    return folder


def with_policies(sandbox, items=()):
    sandbox.run("init", "--sample-share", "0", "--policies", sandbox.write("policies.toml", POLICIES)).expect()
    if items:
        sandbox.run("ingest", sandbox.write("items.jsonl", list(items))).expect()


def test_blip_answers(sandbox):
    """A BLIP folder is added, checked, scores a picture against a policy's words, and shows where it looked"""
    need_engine(sandbox)
    home = own(sandbox)
    sandbox.write("img/a.png", png(60, 40))
    with_policies(sandbox, [post(1, media=[{"path": "img/a.png"}])])
    added = sandbox.run(
        "model", "add", published(sandbox, "cross-tiny-blip"), "--name", "blip", "--json", **home).expect().json
    assert added["family"] == "blip" and added["modality"] == "image", added
    assert not any("cannot be asked" in note for note in added["notes"]), added
    assert 'by = "matching"' in pathlib.Path(added["recipe"]).read_text()
    listed = {line["model"]: line for line in sandbox.run("model", "list", "--json", **home).expect().lines}
    (asked,) = listed["blip@1"]["zero_shot"]
    assert asked["policy"] == "violence" and asked["head"].startswith("matching@") and not asked["calibrated"], asked
    checked = sandbox.run("model", "check", "blip", "--json", **home).expect().json
    assert checked["status"] == "sound" and checked["policies"] == ["violence"] and checked["width"] == 12, checked
    assert set(checked["methods"]) == {"cross-grad", "legrad"}, checked

    picture = sandbox.folder / "img/a.png"
    ask = lambda *more: sandbox.run("explain", picture, "--model", "blip", "--policy", "violence", *more, **home)
    found = ask("--json").expect().json
    (score,) = found["scores"]
    assert score["policy"] == "violence" and 0 < score["score"] < 1 and score["calibrated"] is False, score
    assert score["head"] == asked["head"] and score["weights_sha256"] == added["weights_sha256"], score
    assert any("uncalibrated" in note for note in found["notes"]), found["notes"]
    (usual,) = found["explanations"]
    assert usual["method"] == "cross-grad" and usual["policy"] == "violence" and usual["signed"] is False, usual
    assert usual["grid"] == [4, 4] and len(usual["values"]) == 16 and max(usual["values"]) > 0, usual
    (other,) = ask("--method", "cross-attention", "--json").expect().json["explanations"]
    assert other["method"] == "cross-attention" and other["values"] != usual["values"], other
    compared = ask("--compare", "--json").expect().json["explanations"]
    assert {one["method"] for one in compared} == {"occlusion", "cross-attention", "cross-grad"}, compared
    refused = ask("--method", "legrad").expect(64)
    assert "reading the picture" in refused.err, refused.err
    assert "cross-attention layer 9" in ask("--method", "cross-grad", "--layers", "9").expect(64).err
    drawn = sandbox.folder / "heat.png"
    ask("--out", drawn).expect()
    assert drawn.read_bytes().startswith(b"\x89PNG")

    scored = sandbox.run("score", "--model", "blip", "--uncalibrated", "--json", **home).expect().json
    assert scored["items"] == {"blip@1": 1} and scored["failed"] == [] and scored["broken"] == [], scored
    item = sandbox.run("claim", "--item", "post-1", "--reviewer", "ann", **home).expect().json["item"]
    (kept,) = item["scores"]
    assert kept["score"] == score["score"] and kept["head"] == score["head"], (kept, score)
    (shown,) = item["explanations"]
    assert shown["method"] == "cross-grad", shown


def test_idefics_answers(sandbox):
    """An IDEFICS folder is added, asked questions, and embeds nothing; without its tokenizer it is refused"""
    need_engine(sandbox)
    home = own(sandbox)
    sandbox.write("img/a.png", png(60, 40))
    with_policies(sandbox, [post(1, media=[{"path": "img/a.png"}])])
    folder = published(sandbox, "joint-tiny-idefics")
    added = sandbox.run("model", "add", folder, "--name", "idefics", "--json", **home).expect().json
    assert added["family"] == "flamingo" and 'by = "question"' in pathlib.Path(added["recipe"]).read_text(), added
    checked = sandbox.run("model", "check", "idefics", "--json", **home).expect().json
    assert checked["width"] == 0 and checked["methods"] == ["cross-grad"], checked
    found = sandbox.run(
        "explain", sandbox.folder / "img/a.png", "--model", "idefics", "--json", **home).expect().json
    assert [score["policy"] for score in found["scores"]] == ["violence"], found["scores"]
    assert found["scores"][0]["head"].startswith("question@")
    assert [one["method"] for one in found["explanations"]] == ["cross-grad"], found["explanations"]
    # Nobody calibrated its answers, so a run that takes probabilities only asks it nothing.
    plain = sandbox.run("score", "--model", "idefics", "--json", **home).expect().json
    assert plain["failed"] == [] and plain["broken"] == [], plain
    (folder / "tokenizer.json").unlink()
    refused = sandbox.run("model", "add", folder, "--name", "mute", **home).expect(65)
    assert "tokenizer.json" in refused.err and "mute" not in sandbox.run("model", "list", "--json", **home).out
