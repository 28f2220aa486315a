"""What the program says and keeps when processes are killed, disks fill up, and files are locked or damaged.

Killing is in `kill_harness.py`, which also runs by itself for as many rounds as one likes.
"""

import fcntl
import json
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import time

import kill_harness
from sandbox import Result, Skipped, post

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = 200


def fixed_sqlite():
    """The folder of an SQLite with the fix of the WAL-reset bug."""
    made = subprocess.run([str(ROOT / "tools/sqlite-fixed")], capture_output=True, text=True, timeout=600)
    if made.returncode == 69:
        raise Skipped(made.stderr.strip().splitlines()[-1])
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def journal(database):
    connection = sqlite3.connect(database)
    try:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]
    finally:
        connection.close()


def survives_kills(sandbox, **environment):
    harness, found = kill_harness.torture(
        sandbox.program, sandbox.folder, {**sandbox.environment, **environment}, KILLS, random.randrange(1 << 30))
    assert not found, f"seed {harness.seed}: {found[:5]}"
    line = kill_harness.summary(harness)
    print(f"       {line}")
    acknowledged = [entry for entry in kill_harness.Ledger.read(harness.ledger.path)
                    if entry["event"] == "acknowledged"]
    assert len(acknowledged) > KILLS / 2, line
    return harness


def test_kill_rollback(sandbox):
    """200 SIGKILLs of claims, verdicts, undos and exports lose, double and halve nothing (rollback journal)"""
    survives_kills(sandbox)
    if "journal truncate" not in sandbox.run("doctor").out:
        raise Skipped("this machine's SQLite has the fix, so the program chose WAL here; nothing was lost")


def test_kill_wal(sandbox):
    """200 SIGKILLs of claims, verdicts, undos and exports lose, double and halve nothing (WAL)"""
    folder = fixed_sqlite()
    survives_kills(sandbox, LD_LIBRARY_PATH=folder)
    assert "journal wal" in sandbox.run("doctor", LD_LIBRARY_PATH=folder).out
    assert journal(sandbox.environment["REVIEWTUI_DB"]) == "wal"


def test_kill_harness_can_fail(sandbox):
    """The kill harness reports a lost, a doubled, a changed and a half verdict, and a cut export"""
    kill_harness.make_queue(sandbox.program, sandbox.folder, sandbox.environment, 60)
    harness = kill_harness.Harness(sandbox.program, sandbox.folder, sandbox.environment, 3)
    harness.run(12)
    # Two verdicts at least that stand, whatever the killing left.
    held = []
    harness.start("eve", "claim", ["claim", "--reviewer", "eve", "--count", "2", "--lifetime", 20], held=held)
    for claim in held:
        harness.decide("eve", random.Random(1), claim)
    database = pathlib.Path(sandbox.environment["REVIEWTUI_DB"])
    sandbox.run("export", "--format", "jsonl", "--out", sandbox.folder / "export-0").expect()
    ledger = kill_harness.Ledger.read(harness.ledger.path)
    attempts = {entry["attempt"]: entry for entry in ledger if entry["event"] == "attempt"}
    decided = [entry for entry in ledger
               if entry["event"] == "acknowledged" and attempts[entry["attempt"]]["kind"] == "decide"]
    assert decided, "no verdict was acknowledged"
    name = decided[-1]["answer"]["decision"]

    def faults(change=None, ledger=ledger):
        """What the harness says of a copy of the queue that was tampered with."""
        copy = sandbox.folder / "copy.sqlite"
        for suffix in ("", "-wal", "-journal", "-shm"):
            pathlib.Path(f"{copy}{suffix}").unlink(missing_ok=True)
        shutil.copy(database, copy)
        if change:
            connection = sqlite3.connect(copy)
            connection.executescript(
                "PRAGMA foreign_keys = OFF; DROP TRIGGER decision_kept; DROP TRIGGER decision_fixed;" + change)
            connection.close()
        return " / ".join(kill_harness.faults(
            sandbox.program, sandbox.environment, copy, sandbox.folder, ledger))

    assert faults() == "", faults()
    assert f"{name} is lost" in faults(f"DELETE FROM decision WHERE id = '{name}'")
    assert "another content" in faults(f"UPDATE decision SET note = note || '!' WHERE id = '{name}'")
    assert "is in state 0" in faults(
        "UPDATE work SET state = 0, decision = NULL WHERE item = (SELECT item FROM work WHERE decision NOT NULL)")
    assert "form no line" in faults(f"UPDATE decision SET supersedes = seq WHERE id = '{name}'")
    assert "nobody attempted" in faults(ledger=[
        entry for entry in ledger if entry["attempt"] != decided[-1]["attempt"]])
    # A ledger that knows of one verdict more, or that gave one item to two reviewers.
    forged = dict(decided[-1], answer={"decision": "01FORGED", "hash": "00"})
    assert "01FORGED is lost" in faults(ledger=[forged if entry is decided[-1] else entry for entry in ledger])
    claimed = next(entry for entry in ledger
                   if entry["event"] == "acknowledged" and attempts[entry["attempt"]]["kind"] == "claim")
    twice = [dict(attempts[claimed["attempt"]], attempt=-1, reviewer="eve", at=claimed["at"] + 0.001),
             dict(claimed, attempt=-1, at=claimed["at"] + 0.002,
                  answer=[dict(claimed["answer"][0], lease="another")])]
    assert "while somebody held it" in faults(ledger=ledger + twice)
    lines = sandbox.folder / "export-0" / "decisions.jsonl"
    content = lines.read_bytes()
    lines.write_bytes(content + content.splitlines(keepends=True)[0] if content else b"{}\n")
    assert "not what its manifest says" in faults()


# Disks

def on_small_disk(sandbox, megabytes, script, **environment):
    """Runs a shell script with a file system of a few megabytes mounted at `small`, which only it sees."""
    small = sandbox.folder / "small"
    small.mkdir(exist_ok=True)
    become = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    probe = subprocess.run([*become, "mount", "-t", "tmpfs", "none", str(small)], capture_output=True, text=True)
    if probe.returncode != 0:
        raise Skipped("no file system may be mounted here: " + probe.stderr.strip())
    completed = subprocess.run(
        [*become, "bash", "-ec", f"mount -t tmpfs -o size={megabytes}m none small\n{script}"],
        capture_output=True, cwd=sandbox.folder, timeout=300,
        env={**sandbox.environment, "PROGRAM": str(sandbox.program), "REVIEWTUI_DB": str(small / "queue.sqlite"),
             **environment})
    return Result(completed)


def full_disk(sandbox, **environment):
    sandbox.write("items.jsonl", [post(n) for n in range(40)])
    result = on_small_disk(sandbox, 8, """
        $PROGRAM init --sample-share 0 2>/dev/null
        $PROGRAM ingest items.jsonl 2>/dev/null
        $PROGRAM claim --reviewer ann --count 20 >small/../leases.json
        dd if=/dev/zero of=small/filler bs=4096 2>/dev/null || true
        status=0
        # Free bytes inside the file and its journal may hold some verdicts more; then there is no room.
        for lease in $(grep -o '"lease":"[0-9a-f]*"' leases.json | cut -d'"' -f4); do
            $PROGRAM decide --lease $lease --verdict escalate --note "$(printf 'x%.0s' {1..9000})" --json >>acknowledged || { status=$?; break; }
        done
        echo "status $status"
        last=$lease
        rm small/filler
        $PROGRAM decide --lease $last --verdict escalate --json >>acknowledged
        $PROGRAM audit verify >/dev/null
        cp small/queue.sqlite* .
        """, **environment)
    result.expect()
    assert "status 1" in result.out, result.out + result.err
    assert "disk is full" in result.err and "nothing was recorded" in result.err, result.err
    acknowledged = [json.loads(line)["decision"] for line in (sandbox.folder / "acknowledged").read_text().splitlines()]
    connection = sqlite3.connect(sandbox.folder / "queue.sqlite")
    assert [row[0] for row in connection.execute("SELECT id FROM decision ORDER BY seq")] == acknowledged
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def test_full_disk(sandbox):
    """A verdict on a full disk is refused, the lease stays, and with room it goes through (this SQLite)"""
    full_disk(sandbox)


def test_full_disk_wal(sandbox):
    """A verdict on a full disk is refused, the lease stays, and with room it goes through (WAL)"""
    full_disk(sandbox, LD_LIBRARY_PATH=fixed_sqlite())


def test_full_disk_media(sandbox):
    """Media that do not fit on the disk leave no row without its file; with room the same line is taken in"""
    noise = random.Random(1).randbytes(3 << 20)
    for number in range(4):
        sandbox.write(f"{number}.png", b"\x89PNG\r\n\x1a\n" + bytes([number]) + noise)
    sandbox.write("items.jsonl", [{"id": f"m{n}", "media": [{"path": f"{n}.png"}]} for n in range(4)])
    result = on_small_disk(sandbox, 8, """
        $PROGRAM init 2>/dev/null
        status=0; $PROGRAM ingest items.jsonl || status=$?
        echo "status $status"
        find small -name '*.partial' | sed 's/^/left over: /'
        $PROGRAM stats --json
        mount -o remount,size=64m small
        $PROGRAM ingest items.jsonl --json
        $PROGRAM audit verify >/dev/null
        """)
    result.expect()
    lines = result.out.splitlines()
    assert lines[0] == "status 1", result.out + result.err
    assert "No space left" in result.err or "disk is full" in result.err, result.err
    assert not [line for line in lines if line.startswith("left over")], lines
    assert json.loads(lines[1])["items"]["pending"] == 0, "all or nothing of a batch"
    assert json.loads(lines[2])["added"] == 4, lines


def test_full_disk_export(sandbox):
    """An export that does not fit leaves no manifest, and the queue is none the worse"""
    sandbox.queue_of([post(n, text="long " * 4000) for n in range(60)])
    for claim in sandbox.run("claim", "--reviewer", "ann", "--count", "60").expect().json:
        sandbox.run("decide", "--lease", claim["lease"], "--verdict", "allow").expect()
    result = on_small_disk(sandbox, 1, """
        status=0; $PROGRAM export --format jsonl --out small/out || status=$?
        echo "status $status"; ls small/out
        """, REVIEWTUI_DB=str(sandbox.folder / "queue.sqlite"))
    result.expect()
    assert "status 1" in result.out and "manifest.json" not in result.out, result.out
    assert "disk" in result.err and "full" in result.err, result.err
    assert len(sandbox.export()) == 60


def read_only(sandbox, what):
    sandbox.queue_of([post(1), post(2)])
    lease = sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
    database = pathlib.Path(sandbox.environment["REVIEWTUI_DB"])
    before = database.read_bytes()
    result = on_small_disk(sandbox, 1, f"""
        mount --bind {what} {what}; mount -o remount,bind,ro {what}
        status=0; $PROGRAM decide --lease {lease} --verdict escalate || status=$?
        echo "status $status"
        """, REVIEWTUI_DB=str(database))
    result.expect()
    assert "status 1" in result.out, result.out + result.err
    assert database.read_bytes() == before
    sandbox.run("decide", "--lease", lease, "--verdict", "escalate").expect()
    return result.err


def test_read_only_file(sandbox):
    """A read-only queue is told as read-only, nothing is written, and the lease still decides afterwards"""
    said = read_only(sandbox, "queue.sqlite")
    assert "read-only" in said and "permissions" in said, said


def test_read_only_folder(sandbox):
    """A queue in a read-only folder is told so, nothing is written, and the lease still decides afterwards"""
    said = read_only(sandbox, ".")
    assert "read-only" in said or "can be read and written" in said, said


# Other hands on the file

def test_locked(sandbox):
    """A locked queue ends a verdict with 75 after about ten seconds and says so; then it goes through"""
    sandbox.queue_of([post(1)])
    lease = sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
    holder = sqlite3.connect(sandbox.environment["REVIEWTUI_DB"], isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    refused = sandbox.run("decide", "--lease", lease, "--verdict", "escalate").expect(75)
    waited = time.monotonic() - started
    assert 5 < waited < 30, waited
    assert "try again" in refused.err and "Another process" in refused.err, refused.err
    holder.execute("ROLLBACK")
    holder.close()
    sandbox.run("decide", "--lease", lease, "--verdict", "escalate").expect()
    sandbox.run("audit", "verify").expect()


def test_hung_turn(sandbox):
    """A process that hangs while it is its turn to write holds nobody up for long"""
    sandbox.queue_of([post(1)])
    with open(sandbox.environment["REVIEWTUI_DB"] + "-turn", "r+b") as turn:
        fcntl.fcntl(turn, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        started = time.monotonic()
        assert sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
        waited = time.monotonic() - started
    assert 1 < waited < 20, waited


def test_newer_version(sandbox):
    """A queue of a newer version is refused by every command, init too, and nothing in it changes"""
    sandbox.queue_of([post(1)])
    connection = sqlite3.connect(sandbox.environment["REVIEWTUI_DB"])
    connection.execute("INSERT INTO grdb_migrations VALUES ('99 from the future')")
    connection.commit()
    connection.close()
    before = pathlib.Path(sandbox.environment["REVIEWTUI_DB"]).read_bytes()
    for command in (["claim", "--reviewer", "ann"], ["stats"], ["init"], ["audit", "verify"]):
        refused = sandbox.run(*command).expect(1)
        assert "newer" in refused.err and "Traceback" not in refused.err, refused.err
    # In WAL mode opening alone writes a page that says nothing.
    database = sandbox.environment["REVIEWTUI_DB"]
    assert journal(database) == "wal" or pathlib.Path(database).read_bytes() == before


def test_damaged(sandbox):
    """A damaged queue is told as damaged, with a way out, and nothing more is written to it"""
    sandbox.queue_of([post(n) for n in range(20)])
    lease = sandbox.run("claim", "--reviewer", "ann").expect().json["lease"]
    database = pathlib.Path(sandbox.environment["REVIEWTUI_DB"])
    connection = sqlite3.connect(database)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_event'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with open(database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    before = database.read_bytes()
    for command in (["decide", "--lease", lease, "--verdict", "escalate"], ["claim", "--reviewer", "ben"],
                    ["audit", "verify"]):
        refused = sandbox.run(*command).expect(1)
        assert "damaged" in refused.err and "backup" in refused.err, refused.err
    after, start = database.read_bytes(), (page - 1) * size
    assert after[start:start + size] == before[start:start + size], "the damaged page was written over"
    assert journal(database) == "wal" or after == before
