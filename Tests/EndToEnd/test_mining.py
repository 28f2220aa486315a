"""The order of the queue by what models say, hard cases brought forward, and likely errors sent to a second reviewer."""

import csv
import os
import pathlib

from sandbox import Skipped, post
from test_models import need_models


def scored(number, score, **more):
    """A post with one score; all are flagged at the same time, so that they wait in the order of their numbers."""
    return post(
        number, flagged_at="2026-11-20T10:00:00Z",
        scores=[{"model": "upstream@1", "policy": "hate", "score": score}], **more)


def claimed(sandbox, reviewer="ann"):
    return sandbox.run("claim", "--reviewer", reviewer, "--json").expect().json


def decide(sandbox, claim, verdict, *more):
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", verdict, *more).expect()


def test_order(sandbox):
    """By score the likeliest violation is claimed next, by entropy what the model is unsure of, by priority the oldest"""
    sandbox.queue_of([scored(1, 0.02), scored(2, 0.55), scored(3, 0.98)])
    assert sandbox.run("order", "--json").expect().json == {
        "order": {"by": "priority", "weight": 1, "policy": None}}
    for by, expected in [("score", "post-3"), ("entropy", "post-2"), ("priority", "post-1")]:
        told = sandbox.run("order", "--by", by, "--json").expect().json
        assert told["order"]["by"] == by and told["moved"] == 3, told
        claim = claimed(sandbox)
        assert claim["item"]["id"] == expected, (by, claim)
        sandbox.run("release", "--lease", claim["lease"]).expect()
    refused = sandbox.run("order", "--by", "entropy", "--weight", "0").expect(64)
    assert "25 hours" in refused.err, refused.err
    sandbox.run("order", "--by", "luck").expect(64)
    sandbox.run("audit", "verify").expect()


def test_hard_cases(sandbox):
    """What mine brings forward is claimed next, the console says why, and the export can tell it from the rest"""
    sandbox.queue_of([scored(1, 0.02), scored(2, 0.52), scored(3, 0.98), scored(4, 0.4)])
    dry = sandbox.run("mine", "--by", "entropy", "--count", "2", "--dry-run", "--json").expect().json
    assert [item["id"] for item in dry["items"]] == ["post-2", "post-4"], dry
    assert claimed(sandbox, "ben")["item"]["id"] == "post-1", "a dry run changes nothing"
    told = sandbox.run("mine", "--by", "entropy", "--count", "2").expect()
    assert "post-2  hate" in told.out and "a model says 0.52" in told.out, told.out
    assert "2 items come next" in told.err, told.err
    found = sandbox.run("find", "mined:entropy", "--json").expect().lines
    assert {item["id"] for item in found} == {"post-2", "post-4"}, found
    sandbox.open_console(columns=120)
    sandbox.wait_for("text · hard case", "that the item is a hard case")
    assert "the model is unsure" in sandbox.screen(), sandbox.screen()
    sandbox.press("a")
    sandbox.wait_for("this is post number 4", "the second hardest")
    sandbox.press("a")
    sandbox.wait_for("this is post number 3", "what comes by rank")
    assert "hard case" not in sandbox.screen()
    sandbox.press("a")
    sandbox.wait_for("othing", "the end of the queue")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    said = {row["id"]: (row["sampling"], row.get("mined")) for row in sandbox.export()}
    assert said == {
        "post-2": ("mined", "entropy"), "post-4": ("mined", "entropy"), "post-3": ("rank", None)}, said
    sandbox.run("audit", "verify").expect()


def test_blind_first(sandbox):
    """A blind-first review is not told that the model is unsure before the first call"""
    sandbox.queue_of([scored(1, 0.02), scored(2, 0.52)])
    sandbox.run("mine", "--by", "margin", "--count", "1").expect()
    sandbox.open_console("--blind-first", columns=120)
    sandbox.wait_for("this is post number 2", "the hard case")
    assert "hard case" not in sandbox.screen()
    sandbox.press("a")
    sandbox.wait_for("the model is unsure", "the reason after the first call")


def test_drawn(sandbox):
    """Where every claim is drawn at random a mining changes nothing, and what is mined counts as drawn"""
    sandbox.queue_of([scored(1, 0.02), scored(2, 0.52)])
    sandbox.run("init", "--sample-share", "1").expect()
    sandbox.run("mine", "--by", "entropy", "--count", "1").expect()
    for _ in range(2):
        claim = claimed(sandbox)
        assert claim["sampled_with_probability"] == 1 and "mined" not in claim, claim
        decide(sandbox, claim, "allow")
    assert {(row["sampling"], row["sampled"]) for row in sandbox.export()} == {("uniform", 1)}


def test_contradicting_twins(sandbox):
    """Equal texts with opposite verdicts go to second reviewers, who are told nothing, and the export names the strategy"""
    sandbox.queue_of([
        dict(post(1), text="Buy it  NOW"), dict(post(2), text="buy it now"), dict(post(3), text="Something else"),
    ])
    for verdict in (["remove", "--policy", "spam"], ["allow"], ["allow"]):
        decide(sandbox, claimed(sandbox), *verdict)
    told = sandbox.run("mine", "--by", "twins").expect()
    assert "allow on post-2" in told.out and "remove on post-1 (spam)" in told.out, told.out
    assert claimed(sandbox) is None, "nobody judges an item twice"
    for _ in range(2):
        claim = claimed(sandbox, "ben")
        assert claim["item"]["id"] in ("post-1", "post-2") and "mined" not in claim and "appeal" not in claim, claim
        decide(sandbox, claim, "remove", "--policy", "spam")
    # Ben and Ann differ on post-2: a third decides.
    third = claimed(sandbox, "cem")
    assert third["item"]["id"] == "post-2" and claimed(sandbox, "dora") is None, third
    decide(sandbox, third, "remove", "--policy", "spam")
    said = {row["id"]: (row["verdict"], row["sampling"], row.get("mined"), row.get("reviewers", 1)) for row in sandbox.export()}
    assert said == {
        "post-1": ("remove", "mined", "twins", 2), "post-2": ("remove", "mined", "twins", 3),
        "post-3": ("allow", "rank", None, 1)}, said
    again = sandbox.run("mine", "--by", "twins", "--json").expect().json
    assert again["items"] == [], again
    sandbox.run("audit", "verify").expect()


def test_pictures_with_opposite_verdicts(sandbox):
    """Two sizes of one picture that were judged differently are found by their hashes"""
    from test_twins import hills

    sandbox.write("img/first.png", hills(320, 240))
    sandbox.write("img/again.png", hills(200, 150, 0.8))
    sandbox.queue_of([post(1, media=[{"path": "img/first.png"}]), post(2, media=[{"path": "img/again.png"}])])
    sandbox.run("score", "--only-twins").expect()
    decide(sandbox, claimed(sandbox), "remove", "--policy", "violence")
    decide(sandbox, claimed(sandbox), "allow")
    found = sandbox.run("mine", "--by", "twins", "--policy", "violence", "--json").expect().json["items"]
    assert {item["id"]: item["twins"][0]["id"] for item in found} == {"post-1": "post-2", "post-2": "post-1"}, found


def test_model_against_human(sandbox):
    """A label that a model contradicts goes to somebody else, and a wrong strategy is refused in words"""
    sandbox.queue_of([scored(1, 0.97), scored(2, 0.9)])
    decide(sandbox, claimed(sandbox), "allow")
    decide(sandbox, claimed(sandbox), "remove", "--policy", "hate")
    told = sandbox.run("mine", "--by", "human").expect()
    assert "post-1  hate    does not  0.970  upstream@1 says 0.97" in told.out, told.out
    assert claimed(sandbox, "ben")["item"]["id"] == "post-1"
    sandbox.run("mine", "--by", "luck").expect(64)
    assert "stats" in sandbox.run("mine", "--by", "human", "--model", "no@1").expect(64).err


def test_diversity(sandbox):
    """Before there is any verdict, diversity asks about each of the themes that a model sees, and not twice about one"""
    themes = {
        "bread": ["kneading dough for sourdough bread", "the loaf rises in a warm oven", "flour, water, salt and yeast",
                  "baking rye bread at home", "a recipe for crusty bread rolls"],
        "football": ["the striker scored a late goal", "a penalty shootout decided the football match",
                     "the goalkeeper saved the penalty", "fans cheered as the team won the league",
                     "the referee showed a red card"],
        "compilers": ["the compiler reports a type error", "unit tests fail after the refactoring",
                      "a segmentation fault in the parser", "merge the branch and rebuild the binary",
                      "the function returns a null pointer"],
    }
    sandbox.queue_of([
        post(n, text=text, id=f"{theme}-{n}") for theme, said in themes.items() for n, text in enumerate(said)])
    need_models(sandbox)
    sandbox.run("score", "--model", "minilm-l6").expect()
    found = sandbox.run("mine", "--by", "diversity", "--model", "minilm-l6", "--count", "3", "--json").expect().json
    assert {item["id"].split("-")[0] for item in found["items"]} == set(themes), found
    claim = claimed(sandbox)
    assert claim["item"]["id"] == found["items"][0]["id"] and claim["mined"] == "diversity", (claim, found)


def test_label_errors(sandbox):
    """Of 500 real tweets with ten labels turned round, fits that never saw them call few wrong, and many of the ten"""
    file = pathlib.Path(os.environ.get("REVIEWTUI_DATA", "")) / "text/davidson/labeled_data.csv"
    if not file.is_file():
        raise Skipped("REVIEWTUI_DATA has no text/davidson")
    with open(file, newline="") as lines:
        rows = list(csv.DictReader(lines))
    offensive = [row["tweet"] for row in rows if row["class"] == "1"][:250]
    others = [row["tweet"] for row in rows if row["class"] == "2"][:250]
    tweets = {f"tweet-{n}": (text, n < 250) for n, text in enumerate(offensive + others)}
    turned = {f"tweet-{n}" for n in range(0, 500, 50)}
    sandbox.queue_of([post(n, id=name, text=text) for n, (name, (text, _)) in enumerate(tweets.items())])
    need_models(sandbox)
    sandbox.run("score", "--model", "minilm-l6", "--uncalibrated").expect()
    said = [f"{name},remove,harassment" if offends != (name in turned) else f"{name},allow,"
            for name, (_, offends) in tweets.items()]
    (sandbox.folder / "verdicts.csv").write_text("\n".join(["id,verdict,policies", *said]) + "\n")
    # What a model takes for the restricted policy waits where only who is named for it decides.
    told = sandbox.run("import", "--format", "csv", sandbox.folder / "verdicts.csv", "--reviewer", "ann", "--json").expect(65)
    assert told.json["decided"] >= 490, told.json
    told = sandbox.run(
        "mine", "--by", "label-errors", "--model", "minilm-l6", "--policy", "harassment", "--count", "20", "--json"
    ).expect().json["items"]
    found = [item["id"] for item in told]
    # Splits and folds are drawn under the queue's key: five or six were found. By chance three are in one run of 150.
    assert len(found) <= 20 and len(turned & set(found)) >= 3, told
    second = sandbox.run("claim", "--reviewer", "ben", "--count", 50, "--json").expect().json
    assert {claim["item"]["id"] for claim in second} == set(found), second
    assert not any("mined" in claim for claim in second), second
    sandbox.run("audit", "verify").expect()
