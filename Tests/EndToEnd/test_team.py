"""A team on one queue: lines, skills, second reviews, gold items and appeals, from the command line."""

import time

from sandbox import post


def claim(sandbox, reviewer, *more):
    return sandbox.run("claim", "--reviewer", reviewer, *more).expect().json


def decide(sandbox, reviewer, verdict, *more):
    lease = claim(sandbox, reviewer)["lease"]
    return sandbox.run("decide", "--lease", lease, "--verdict", verdict, *more).expect().json


def test_lines(sandbox):
    """A line takes its items, asks for its skill, and gives what waits back when it is retired"""
    sandbox.run("init", "--sample-share", "0").expect()
    sandbox.run("queue", "set", "german", "--lang", "de", "--skill", "german").expect()
    sandbox.queue_of([{**post(1), "lang": "de-AT"}, {**post(2), "lang": "en"}])
    assert claim(sandbox, "ann")["item"]["id"] == "post-2"
    refused = sandbox.run("claim", "--reviewer", "ann", "--queue", "german").expect(64)
    assert 'skill "german"' in refused.err, refused.err
    sandbox.run("skills", "--reviewer", "ben", "--set", "german").expect()
    assert claim(sandbox, "ben")["item"]["id"] == "post-1"
    held = {row["id"]: (row["reviewer"], row["queue"]) for row in sandbox.run("leases", "--json").expect().lines}
    assert held == {"post-1": ("ben", "german"), "post-2": ("ann", "default")}, held
    assert sandbox.run("queue", "retire", "german", "--json").expect().json == {"moved": 1}
    sandbox.run("claim", "--reviewer", "ben", "--queue", "german").expect(64)
    sandbox.run("queue", "set", "Bad Name", "--lang", "de").expect(64)
    sandbox.run("queue", "set", "everything").expect(64)
    sandbox.run("audit", "verify").expect()


def test_second_review(sandbox):
    """Two reviewers who disagree bring in a third, and the last verdict is the one that is exported"""
    sandbox.queue_of([post(1)])
    sandbox.run("second-review", "--share", "1").expect()
    decide(sandbox, "ann", "remove", "--policy", "hate")
    assert claim(sandbox, "ann") is None
    decide(sandbox, "ben", "allow")
    assert claim(sandbox, "ann") is None and claim(sandbox, "ben") is None
    decide(sandbox, "cem", "remove", "--policy", "hate")
    assert claim(sandbox, "dora") is None
    (row,) = sandbox.export()
    assert row["verdict"] == "remove" and row["policies"] == ["hate"], row
    sandbox.run("audit", "verify").expect()


def test_gold_and_appeal(sandbox):
    """Gold verdicts are counted and not exported; an appeal brings the history along"""
    sandbox.queue_of([post(1), post(2)])
    sandbox.run("gold", "add", "--item", "post-1", "--verdict", "allow").expect()
    sandbox.run("second-review", "--gold-share", "1").expect()
    sandbox.run("init", "--sample-share", "0").expect()
    decide(sandbox, "ann", "allow")
    assert sandbox.run("gold", "report", "--json").expect().lines == [{"reviewer": "ann", "judged": 1, "agreed": 1}]
    assert sandbox.export() == []
    decide(sandbox, "ann", "remove", "--policy", "spam")
    sandbox.run("second-review", "--off").expect()
    sandbox.run("appeal", "--item", "post-2", "--note", "No \x1b[31mspam").expect()
    again = claim(sandbox, "ben")
    assert again["item"]["id"] == "post-2" and again["appeal"]["history"][0]["verdict"] == "remove", again
    sandbox.run("appeal", "--item", "nowhere").expect(66)


def test_dead_holder(sandbox):
    """What a dead holder had is listed with its end, comes back when the lease has run out, and cannot be decided"""
    sandbox.queue_of([post(1)])
    held = claim(sandbox, "ann", "--lifetime", "1")
    assert claim(sandbox, "ben") is None
    time.sleep(1.2)
    (row,) = sandbox.run("leases", "--json").expect().lines
    assert row["expired"] is True, row
    assert claim(sandbox, "ben")["item"]["id"] == held["item"]["id"]
    lost = sandbox.run("decide", "--lease", held["lease"], "--verdict", "allow").expect(75)
    assert "lease is lost" in lost.err, lost.err


def test_escalation(sandbox):
    """An escalation goes to the queue for it, another reviewer sees the question and settles it, and stats say so"""
    sandbox.queue_of([post(1), post(2)])
    sandbox.run("queue", "set", "escalations").expect()
    claim = sandbox.run("claim", "--reviewer", "ann").expect().json
    refused = sandbox.run("decide", "--lease", claim["lease"], "--verdict", "allow", "--to", "escalations").expect(64)
    assert "escalate" in refused.err, refused.err
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "escalate", "--note", "satire?").expect()
    assert sandbox.run("claim", "--reviewer", "ann", "--queue", "escalations", "--json").expect().json is None
    asked = sandbox.run("claim", "--reviewer", "sue", "--queue", "escalations").expect().json
    assert asked["item"]["id"] == claim["item"]["id"] and asked["escalation"]["note"] == "satire?" and "appeal" not in asked, asked
    sandbox.run("decide", "--lease", asked["lease"], "--verdict", "allow").expect()
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"]) == (claim["item"]["id"], "allow"), row
    sandbox.run("audit", "verify").expect()
