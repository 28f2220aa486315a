"""Heads of the queue through the command line: proposed by import, adopted, taken back, with the real text model."""

import json
import pathlib

from sandbox import post
from test_models import need_models

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "models/heads/text-policies.json"

TEXTS = [
    "I will find you and kill you with a knife", "The committee met on Tuesday to discuss the budget.",
    "Buy 10,000 followers now, click the link", "You people are vermin and should be wiped out",
    "My cat sleeps on the warm radiator", "He stabbed the man until he stopped moving",
]


def head_file(sandbox, name="swapped", **policies):
    """A head file whose directions are those of shipped policies: head_file(sandbox, hate="violence")."""
    shipped = json.loads(SHIPPED.read_text())
    known = {entry["policy"]: entry for entry in shipped["policies"]}
    entries = [{**known[source], "policy": policy} for policy, source in policies.items()]
    document = {key: shipped[key] for key in ("format", "version", "model", "weights_sha256", "normalized")}
    return sandbox.write(f"{name}.json", json.dumps({**document, "name": name, "policies": entries}))


def scored_queue(sandbox, *options):
    need_models(sandbox)
    sandbox.queue_of([{"id": f"p{number}", "text": text} for number, text in enumerate(TEXTS)])
    sandbox.run("score", "--model", "minilm-l6", *options).expect()


def scores(sandbox):
    """{item: {policy: (score, head)}} of everything that waits, read as a reviewer would, and given back."""
    claims = sandbox.run("claim", "--reviewer", "reader", "--count", "100", "--json").expect().json
    for claim in claims:
        sandbox.run("release", "--lease", claim["lease"]).expect()
    return {
        claim["item"]["id"]: {score["policy"]: (score["score"], score.get("head")) for score in claim["item"]["scores"]}
        for claim in claims
    }


def test_head_adopted_and_taken_back(sandbox):
    """A head brought in scores what waits, another process sees it, and taking it back gives the old scores bit for bit"""
    scored_queue(sandbox)
    before = scores(sandbox)
    assert all("spam" not in policies for policies in before.values()), before
    file = head_file(sandbox, hate="violence", spam="self-harm")
    proposed = sandbox.run("head", "import", file, "--reviewer", "ann", "--json").expect().json
    assert proposed["id"].startswith("swapped@") and proposed["in_use"] == [], proposed
    assert scores(sandbox) == before

    adopted = sandbox.run(
        "head", "adopt", proposed["id"], "--reviewer", "ann", "--because", "a test", "--json").expect().json
    assert [change["policy"] for change in adopted["changes"]] == ["hate", "spam"], adopted
    assert adopted["changes"][0]["after"]["head"] == proposed["id"]
    assert adopted["rescored"]["items"] == adopted["rescored"]["changed"] == len(TEXTS), adopted
    after = scores(sandbox)
    for item, policies in after.items():
        assert policies["hate"] == (before[item]["violence"][0], proposed["id"]), (item, policies)
        assert policies["spam"] == (before[item]["self-harm"][0], proposed["id"])
        assert policies["violence"] == before[item]["violence"], "the others stay the shipped head's"

    listed = sandbox.run("head", "list", "--json").expect().lines
    assert [head["in_use"] for head in listed] == [["hate", "spam"]], listed
    shown = sandbox.run("head", "show", "swapped", "--json").expect().json
    assert [adoption["because"] for adoption in shown["adoptions"]] == ["a test", "a test"], shown
    models = {line["model"]: line for line in sandbox.run("model", "list", "--json").expect().lines}
    assert "spam" in models["minilm-l6@1"]["policies"], models["minilm-l6@1"]

    # What explain says now is what the queue says.
    found = sandbox.run("explain", "--text", TEXTS[0], "--model", "minilm-l6", "--json").expect().json
    hate = next(score for score in found["scores"] if score["policy"] == "hate")
    assert (hate["score"], hate["head"]) == after["p0"]["hate"], hate

    back = sandbox.run("head", "revert", "--model", "minilm-l6", "--reviewer", "ann", "--json").expect().json
    assert back["changes"][0]["after"]["head"] is None and back["rescored"]["changed"] == len(TEXTS), back
    assert scores(sandbox) == before
    sandbox.run("head", "revert", "--model", "minilm-l6").expect(1)
    verified = sandbox.run("audit", "verify", "--json").expect().json
    assert verified["intact"], verified


def test_head_moves_the_queue(sandbox):
    """Lines and the list's order follow the new scores; restricted stays so; --no-rescore leaves it to score"""
    scored_queue(sandbox)
    sandbox.run("queue", "set", "spammy", "--policy", "spam").expect()
    head = sandbox.run("head", "import", head_file(sandbox, spam="violence"), "--json").expect().json["id"]

    def line(name):
        return {found["id"] for found in sandbox.run("find", f"queue:{name}", "--json").expect().lines}

    said = sandbox.run("head", "adopt", head, "--no-rescore").expect().err
    assert "reviewtui score" in said, said
    assert line("spammy") == set()
    said = sandbox.run("score", "--model", "minilm-l6").expect().err
    assert "Re-scored 6" in said, said
    threshold = next(entry for entry in json.loads(SHIPPED.read_text())["policies"] if entry["policy"] == "violence")["threshold"]
    violent = {item for item, policies in scores(sandbox).items() if policies["spam"][0] >= threshold}
    assert violent and line("spammy") == violent, (violent, line("spammy"))
    again = sandbox.run("score", "--model", "minilm-l6").expect().err
    assert "Re-scored" not in again, again
    sandbox.run("head", "revert", "--model", "minilm-l6@1").expect()
    assert line("spammy") == set()
    # What was once restricted stays: here by a head that calls violence what is not.
    minors = sandbox.run(
        "head", "import", head_file(sandbox, "minors", **{"sexual/minors": "violence"}), "--json").expect().json["id"]
    sandbox.run("head", "adopt", minors).expect()
    held = line("restricted")
    assert held == violent, held
    sandbox.run("head", "revert", "--model", "minilm-l6").expect()
    assert line("restricted") == held


def test_explanations_of_an_earlier_head(sandbox):
    """An explanation made for another head says so, until score has made it anew"""
    scored_queue(sandbox)
    head = sandbox.run("head", "import", head_file(sandbox, violence="hate"), "--json").expect().json["id"]
    said = sandbox.run("head", "adopt", head).expect().err
    assert "explanations of an earlier head" in said, said

    def explanations(item):
        claim = sandbox.run("claim", "--reviewer", "reader", "--item", item, "--json").expect().json
        claim = claim[0] if isinstance(claim, list) else claim
        sandbox.run("release", "--lease", claim["lease"]).expect()
        return {found["policy"]: found for found in claim["item"]["explanations"]}

    assert explanations("p0")["violence"]["stale"] is True
    sandbox.run("score", "--model", "minilm-l6").expect()
    found = explanations("p0")
    assert not any(explanation.get("stale") for explanation in found.values()), found
    assert all(
        explanation["head"] == head for policy, explanation in found.items() if policy == "violence"), found


def test_words_come_back(sandbox):
    """A policy asked about in words gets a head, and its words back when the head is taken back"""
    scored_queue(sandbox, "--uncalibrated")
    before = scores(sandbox)
    assert before["p2"]["spam"][1].startswith("zero-shot@"), before["p2"]
    head = sandbox.run("head", "import", head_file(sandbox, spam="violence"), "--json").expect().json["id"]
    sandbox.run("head", "adopt", head).expect()
    after = scores(sandbox)
    assert after["p2"]["spam"] == (before["p2"]["violence"][0], head)
    assert after["p2"]["regulated-goods"] == before["p2"]["regulated-goods"], "other words are untouched"
    sandbox.run("head", "revert", "--model", "minilm-l6").expect()
    assert scores(sandbox) == before


def test_what_is_on_the_screen_stays(sandbox):
    """A verdict records the scores that its reviewer saw, whatever was adopted meanwhile"""
    scored_queue(sandbox)
    claim = sandbox.run("claim", "--reviewer", "ann", "--item", "p0", "--json").expect().json
    claim = claim[0] if isinstance(claim, list) else claim
    head = sandbox.run("head", "import", head_file(sandbox, violence="self-harm"), "--json").expect().json["id"]
    sandbox.run("head", "adopt", head).expect()
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "remove", "--policy", "violence").expect()
    (row,) = sandbox.export()
    seen = {score["policy"]: score["score"] for score in claim["item"]["scores"]}
    assert {score["policy"]: score["score"] for score in row["scores"]} == seen, row["scores"]


def test_head_refused(sandbox):
    """What does not fit is refused with what to do next, and nothing is proposed"""
    scored_queue(sandbox)
    good = json.loads(head_file(sandbox, hate="violence").read_text())

    def refused(status, **changes):
        file = sandbox.write("bad.json", json.dumps({**good, **changes}))
        return sandbox.run("head", "import", file).expect(status).err

    entry = good["policies"][0]
    assert "model list" in refused(65, model="nobody@1")
    assert "other weights" in refused(65, weights_sha256="0" * 64)
    assert "policy list" in refused(64, policies=[{**entry, "policy": "rudeness"}])
    assert "384" in refused(65, policies=[{**entry, "direction": [1.0, 2.0]}])
    assert "normalized" in refused(65, normalized=False)
    assert "64" not in refused(64, name="../../etc/passwd"), "the name is no path"
    sandbox.run("head", "import", sandbox.folder / "nothing.json").expect(66)
    sandbox.run("head", "import", sandbox.write("bad.bin", b"\xff\xfe\x1b[31m")).expect(65)
    assert sandbox.run("head", "list", "--json").expect().out == ""
    assert "head list" in sandbox.run("head", "adopt", "nobody@000000000000").expect(66).err
    head = sandbox.run("head", "import", head_file(sandbox, hate="violence"), "--json").expect().json["id"]
    sandbox.run("head", "adopt", head, "--policy", "spam").expect(64)
    out = sandbox.folder / "out.json"
    sandbox.run("head", "export", head, "--out", out).expect()
    assert json.loads(out.read_text()) == good
    sandbox.run("head", "export", head, "--out", out).expect(64)
    assert sandbox.run("head", "import", out, "--json").expect().json["id"] == head, "the same bytes, the same head"


def test_decided_items_are_embedded(sandbox):
    """score --decided embeds what was decided without it, and changes nothing that was recorded"""
    need_models(sandbox)
    sandbox.queue_of([post(number) for number in range(4)])
    table = "id,verdict,policies\n" + "".join(f"post-{number},remove,spam\n" for number in range(3))
    sandbox.run("import", "--format", "csv", sandbox.write("in.csv", table), "--reviewer", "agency").expect()
    before = sandbox.export()
    done = sandbox.run("score", "--decided", "--model", "minilm-l6", "--json").expect().json
    assert done == {"embedded": {"minilm-l6@1": 3}, "failed": 0}, done
    assert sandbox.run("score", "--decided", "--model", "minilm-l6", "--json").expect().json["embedded"] == {}
    assert sandbox.export() == before and len(before) == 3
    sandbox.run("score", "--decided", "--uncalibrated").expect(64)
