"""The chain's checkpoints, erasure and retention, through the commands."""

import hashlib
import json
import os
import sqlite3
import stat

from sandbox import post


def decide(sandbox, item, note="a note"):
    claim = sandbox.run("claim", "--reviewer", "ann", "--item", item).expect().json
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "remove", "--policy", "hate", "--note", note).expect()


def traces(sandbox, *needles):
    """Which of the needles are somewhere in the files of the queue."""
    found = set()
    for file in [*sandbox.folder.glob("queue.sqlite*"), *sandbox.folder.glob("queue.sqlite.media/*/*")]:
        if file.is_file():
            content = file.read_bytes() + file.name.encode()
            found |= {needle for needle in needles if needle in content}
    return found


def test_checkpoint(sandbox):
    """A checkpoint shows a chain whose end was cut off, which verify alone takes for whole"""
    sandbox.queue_of([post(n) for n in range(3)])
    decide(sandbox, "post-0")
    public = sandbox.run("audit", "key", "--out", "audit.key").expect().out.strip()
    key = sandbox.folder / "audit.key"
    assert len(public) == 64 and stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    sandbox.run("audit", "key", "--out", "audit.key").expect(64)
    assert key.read_bytes() == before, "a key is never overwritten"
    decide(sandbox, "post-1")
    made = sandbox.run("audit", "checkpoint", "--key", "audit.key", "--out", "head.json", "--json").expect().json
    assert json.loads((sandbox.folder / "head.json").read_text()) == made and made["public_key"] == public
    trusted = ["--checkpoint", "head.json", "--public-key"]
    for name in (public, "audit.key.pub"):
        report = sandbox.run("audit", "verify", *trusted, name, "--json").expect().json
        assert report["intact"] and report["checkpoints"] == 1, report
    # The key inside the checkpoint proves nothing, so one must be named.
    refused = sandbox.run("audit", "verify", "--checkpoint", "head.json").expect(64)
    assert "--public-key" in refused.err, refused.err
    other = sandbox.run("audit", "key", "--out", "other.key").expect().out.strip()
    assert "another key" in sandbox.run("audit", "verify", *trusted, other).expect(65).err

    database = sqlite3.connect(sandbox.folder / "queue.sqlite")
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {trigger}")
    database.execute("DELETE FROM decision WHERE seq = 2")
    (last,) = database.execute("SELECT event FROM decision").fetchone()
    database.execute("DELETE FROM audit_event WHERE seq > ?", [last])
    database.commit()
    database.close()
    sandbox.run("audit", "verify").expect()
    cut = sandbox.run("audit", "verify", *trusted, public).expect(1)
    assert f"row {last + 1}" in cut.err and "cut off" in cut.err, cut.err
    assert sandbox.run("audit", "checkpoint", "--key", "audit.key", "--out", "b.json", "--after", "head.json").status == 1


def test_erase(sandbox):
    """erase leaves no trace in any file, lists the export that holds the item, and the chain still verifies"""
    picture = os.urandom(5000)
    sandbox.write("img/own-picture.png", picture)
    sandbox.queue_of([post(n) for n in range(30)] + [
        {"id": "the-item", "text": "words never to be seen again", "author": "the-author",
         "media": [{"path": "img/own-picture.png"}]}])
    decide(sandbox, "the-item", note="what was noted")
    decide(sandbox, "post-4")
    digest = hashlib.sha256(picture)
    needles = [b"the-item", b"the-author", b"never to be seen", b"what was noted", b"own-picture", picture[:40],
               digest.digest(), digest.hexdigest().encode(), digest.hexdigest()[2:].encode(),
               hashlib.sha256(b"words never to be seen again").digest()]
    assert len(traces(sandbox, *needles)) >= 8
    sandbox.export()
    dry = sandbox.run("erase", "--author", "the-author", "--dry-run", "--json").expect().json
    assert dry["erased"] == 1 and len(traces(sandbox, *needles)) >= 8, dry
    sandbox.run("erase", "--item", "nobody").expect(66)
    sandbox.run("erase").expect(64)
    erased = sandbox.run("erase", "--author", "the-author", "--reason", "request 9", "--json").expect().json
    assert (erased["erased"], erased["files"], erased["finished"]) == (1, 1, True), erased
    (export,) = erased["exports"]
    assert export["folder"].endswith("export-0") and export["certain"] and export["items"] == 1, export
    assert traces(sandbox, *needles) == set()
    report = sandbox.run("audit", "verify", "--json").expect().json
    assert report["intact"] and report["erased"] == 1 and report["decisions"] == 1, report
    assert [row["id"] for row in sandbox.export()] == ["post-4"]
    assert "Nothing" in sandbox.run("erase", "--finish").expect().err


def test_erase_refuses(sandbox):
    """What is under review or under legal hold is left alone, with a status of its own, until that is asked for"""
    minors = [{"model": "upstream@1", "policy": "sexual/minors", "score": 0.9}]
    sandbox.queue_of([post(1, author="a"), post(2, author="b", scores=minors)])
    claim = sandbox.run("claim", "--reviewer", "ann", "--item", "post-1").expect().json
    busy = sandbox.run("erase", "--author", "a").expect(75)
    assert "--force" in busy.err, busy.err
    sandbox.run("erase", "--author", "a", "--force").expect()
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "allow").expect(75)
    held = sandbox.run("erase", "--item", "post-2").expect(65)
    assert "--despite-hold" in held.err, held.err
    sandbox.run("erase", "--item", "post-2", "--despite-hold").expect()
    sandbox.run("audit", "verify").expect()


def test_purge(sandbox):
    """purge erases what is old and decided, and says what it left"""
    sandbox.queue_of([post(n) for n in range(3)])
    decide(sandbox, "post-0")
    none = sandbox.run("purge", "--older-than", "1d", "--json").expect().json
    assert none["erased"] == 0, none
    sandbox.run("purge", "--older-than", "soon").expect(64)
    database = sqlite3.connect(sandbox.folder / "queue.sqlite")
    database.execute("UPDATE item SET ingested_at = ingested_at - 100 * 86400000 WHERE id IN ('post-1', 'post-2')")
    database.commit()
    database.close()
    kept = sandbox.run("purge", "--older-than", "90d", "--json").expect().json
    assert kept["erased"] == 0 and kept["undecided"] == 2, kept
    dry = sandbox.run("purge", "--older-than", "90d", "--undecided", "--dry-run").expect()
    assert "2 items" in dry.err, dry.err
    done = sandbox.run("purge", "--older-than", "90d", "--undecided", "--json").expect().json
    assert done["erased"] == 2 and done["finished"], done
    counts = sandbox.run("stats", "--json").expect().json["items"]
    assert (counts["pending"], counts["decided"]) == (0, 1), counts
    sandbox.run("audit", "verify").expect()
