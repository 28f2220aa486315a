#!/usr/bin/env python3
"""Kills the program at random moments and holds what it acknowledged against what is there afterwards.

    kill_harness.py --program .build/debug/reviewtui [--rounds 200] [--seed N] [--keep FOLDER] [--sqlite FOLDER]

Four reviewers work at once, each a chain of `reviewtui` processes: claim, decide, undo, export. A fifth thread kills
one of the running processes with SIGKILL at a random moment, again and again. What a process acknowledges (the line
on its standard output) is written to a ledger outside the queue and synced before anything else happens; what is
*attempted* is written down before the process starts. When enough have been killed, `faults` compares ledger and queue.

`--sqlite` names a folder with another libsqlite3.so.0 (see tools/sqlite-fixed), which makes the version gate choose WAL.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

REVIEWERS = ["ann", "ben", "cat", "dan"]
LEASE_SECONDS = 20


class Ledger:
    """Lines that are on the disk when `write` returns."""

    def __init__(self, path):
        self.path, self.lock = path, threading.Lock()
        self.file = open(path, "ab", buffering=0)

    def write(self, **entry):
        with self.lock:
            self.file.write(json.dumps(entry).encode() + b"\n")
            os.fsync(self.file.fileno())

    @staticmethod
    def read(path):
        return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


class Harness:
    def __init__(self, program, folder, environment, seed):
        self.program, self.folder, self.environment = program, pathlib.Path(folder), environment
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        self.random = random.Random(seed)
        self.seed = seed
        self.lock = threading.Lock()
        self.running = {}
        self.killed = collections.Counter()
        self.statuses = collections.Counter()
        self.numbers = iter(range(1, 1 << 60))
        self.is_over = threading.Event()
        self.trouble = []

    def run(self, rounds):
        """Works and kills until `rounds` processes died of SIGKILL."""
        threads = [threading.Thread(target=self.work, args=(name,)) for name in REVIEWERS]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20 + rounds * 2
        while sum(self.killed.values()) < rounds and time.monotonic() < deadline and not self.trouble:
            time.sleep(self.random.uniform(0, 0.16))
            with self.lock:
                if self.running:
                    self.running[self.random.choice(sorted(self.running))].kill()
        self.is_over.set()
        for thread in threads:
            thread.join()
        assert not self.trouble, self.trouble[0]
        assert sum(self.killed.values()) >= rounds, f"only {self.killed} in the time given"

    def work(self, reviewer):
        dice, held = random.Random(f"{self.seed} {reviewer}"), []
        try:
            while not self.is_over.is_set():
                self.step(reviewer, dice, held)
        except Exception as error:  # told by `run`, in the main thread
            self.trouble.append(error)

    def step(self, reviewer, dice, held):
        draw = dice.random()
        if draw < 0.12:
            self.start(reviewer, "undo", ["undo", "--reviewer", reviewer, "--json"])
        elif draw < 0.17:
            folder = self.folder / f"export-{self.number()}"
            self.start(reviewer, "export", ["export", "--format", "jsonl", "--out", folder, "--json"],
                       folder=folder.name)
        elif not held:
            self.start(reviewer, "claim", ["claim", "--reviewer", reviewer, "--count", "3",
                                           "--lifetime", LEASE_SECONDS], held=held)
        else:
            self.decide(reviewer, dice, held.pop())

    def decide(self, reviewer, dice, claim):
        verdict = dice.choice(["allow", "remove", "restrict", "escalate"])
        policies = ["--policy", "hate"] if verdict in ("remove", "restrict") else []
        # The note is what an unacknowledged verdict is known by.
        note = f"n{self.number()}"
        self.start(reviewer, "decide", ["decide", "--lease", claim["lease"], "--verdict", verdict, *policies,
                                        "--note", note, "--json"],
                   lease=claim["lease"], item=claim["item"]["id"], verdict=verdict, note=note)

    def number(self):
        with self.lock:
            return next(self.numbers)

    def start(self, reviewer, kind, arguments, held=None, **facts):
        """One process, from its attempt to its acknowledgement or death."""
        attempt = self.number()
        self.ledger.write(event="attempt", attempt=attempt, kind=kind, reviewer=reviewer, at=time.time(), **facts)
        process = subprocess.Popen(
            [str(self.program), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self.environment, cwd=self.folder)
        with self.lock:
            self.running[attempt] = process
        line = process.stdout.readline()
        answer = None
        # A line that was cut off acknowledges nothing.
        if line.endswith(b"\n"):
            answer = json.loads(line)
            told = answer if kind != "claim" else [
                {"lease": claim["lease"], "item": claim["item"]["id"], "expires_at": claim["expires_at"]}
                for claim in answer]
            self.ledger.write(event="acknowledged", attempt=attempt, at=time.time(), answer=told)
        process.stdout.read()
        complaint = process.stderr.read().decode()
        status = process.wait()
        with self.lock:
            del self.running[attempt]
            if status == -9:
                self.killed[kind] += 1
            self.statuses[f"{kind} {status}"] += 1
        self.ledger.write(event="ended", attempt=attempt, status=status, at=time.time())
        if held is not None and answer:
            held.extend(answer)
        # 0 done, -9 killed, 75 the lease is lost or the queue is busy, 1 for an undo of nothing.
        fine = (0, -9, 75) + ((1,) if kind == "undo" and "nothing to undo" in complaint else ()) \
            + ((1,) if kind == "undo" and "somebody else" in complaint else ())
        assert status in fine, f"{arguments} ended with {status}: {complaint}"


def faults(program, environment, database, folder, ledger):
    """Everything in the queue, the chain and the exports that contradicts the ledger; an empty list where all is well."""
    found = []
    attempts, answers, ends = {}, {}, {}
    for entry in ledger:
        {"attempt": attempts, "acknowledged": answers, "ended": ends}[entry["event"]][entry["attempt"]] = entry
    queue = sqlite3.connect(f"file:{database}?mode=rw", uri=True)
    queue.row_factory = sqlite3.Row
    try:
        for pragma in ("integrity_check", "foreign_key_check"):
            rows = [tuple(row) for row in queue.execute(f"PRAGMA {pragma}")]
            if rows not in ([("ok",)], []):
                found.append(f"{pragma}: {rows[:3]}")
        rows = list(queue.execute("""
            SELECT d.*, i.id AS item_name, e.hash, e.kind FROM decision d
            JOIN item i ON i.seq = d.item JOIN audit_event e ON e.seq = d.event ORDER BY d.seq"""))
        work = {row["item"]: row for row in queue.execute("SELECT item, state, decision, lease_token FROM work")}
        snapshots = {row["sha256"].hex() for row in queue.execute("SELECT sha256 FROM snapshot")}
    finally:
        queue.close()

    # What was acknowledged is there, once, and says what was acknowledged.
    by_id = collections.defaultdict(list)
    for row in rows:
        by_id[row["id"]].append(row)
    found += [f"decision {name} is there {len(same)} times" for name, same in by_id.items() if len(same) > 1]
    acknowledged = set()
    for number, entry in answers.items():
        attempt = attempts[number]
        if attempt["kind"] not in ("decide", "undo"):
            continue
        name = entry["answer"]["decision"]
        if name in acknowledged:
            found.append(f"{name} was acknowledged twice")
        acknowledged.add(name)
        if name not in by_id:
            found.append(f"acknowledged {attempt['kind']} {name} is lost")
            continue
        row = by_id[name][0]
        said = (row["reviewer"], row["hash"].hex(), row["kind"])
        if said != (attempt["reviewer"], entry["answer"]["hash"], "decision" if attempt["kind"] == "decide" else "undo"):
            found.append(f"acknowledged {attempt['kind']} {name} is not as it was acknowledged: {said}")
        if attempt["kind"] == "decide" and (row["note"], row["item_name"], row["verdict"]) != (
                attempt["note"], attempt["item"], attempt["verdict"]):
            found.append(f"acknowledged decision {name} has another content")

    # What was not acknowledged may be there, once, if it was attempted and its process died.
    decides = {entry["note"]: entry for entry in attempts.values() if entry["kind"] == "decide"}
    died = {number for number, entry in ends.items() if entry["status"] == -9}
    notes, silent_undos = collections.Counter(), collections.Counter()
    for row in rows:
        if row["verdict"] is not None:
            notes[row["note"]] += 1
            attempt = decides.get(row["note"])
            if attempt is None or (row["id"] not in acknowledged and attempt["attempt"] not in died):
                found.append(f"nobody attempted decision {row['id']}, or it was refused")
        elif row["id"] not in acknowledged:
            silent_undos[row["reviewer"]] += 1
    found += [f"the decision with note {note} is there {count} times" for note, count in notes.items() if count > 1]
    for reviewer, count in silent_undos.items():
        dead = sum(1 for number in died if attempts[number]["kind"] == "undo"
                   and attempts[number]["reviewer"] == reviewer and number not in answers)
        if count > dead:
            found.append(f"{reviewer} has {count} undos that nobody acknowledged, and {dead} undos were killed")

    # The rows about one item form a line, and its state is what the last of them says.
    lines = collections.defaultdict(list)
    for row in rows:
        lines[row["item"]].append(row)
    for item, line in lines.items():
        if [row["supersedes"] for row in line] != [None] + [row["seq"] for row in line[:-1]]:
            found.append(f"the rows about item {item} form no line")
    for item, state in work.items():
        last = lines[item][-1] if item in lines else None
        standing = last["seq"] if last is not None and last["verdict"] is not None else None
        if (state["state"] == 2) != (standing is not None) or state["decision"] != standing:
            found.append(f"item {item} is in state {state['state']}, decision {state['decision']}, not {standing}")

    # Nobody was given an item that somebody else still held.
    holds = collections.defaultdict(list)
    used = {entry["lease"]: entry["at"] for entry in attempts.values() if entry["kind"] == "decide"}
    for number, entry in answers.items():
        if attempts[number]["kind"] == "claim":
            for claim in entry["answer"]:
                sure = min(entry["at"] + LEASE_SECONDS - (entry["at"] - attempts[number]["at"]),
                           used.get(claim["lease"], float("inf")))
                holds[claim["item"]].append((attempts[number]["at"], entry["at"], sure, claim["lease"]))
    for item, claims in holds.items():
        for _, got, until, first in claims:
            for begun, done, _, second in claims:
                if first != second and got < begun and done < until:
                    found.append(f"{item} was given out while somebody held it")
    tokens = [row["lease_token"] for row in work.values() if row["lease_token"]]
    if len(tokens) != len(set(tokens)):
        found.append("one lease holds two items")

    # An export that has a manifest is whole; one that was acknowledged has one, and the queue knows of it.
    for manifest in pathlib.Path(folder).glob("export-*/manifest.json"):
        facts = json.loads(manifest.read_text())["files"][0]
        content = (manifest.parent / facts["name"]).read_bytes()
        names = [json.loads(line)["decision"] for line in content.splitlines()]
        if (hashlib.sha256(content).hexdigest(), len(content), len(names)) != (
                facts["sha256"], facts["bytes"], facts["rows"]):
            found.append(f"{manifest.parent.name} is not what its manifest says")
        found += [f"{manifest.parent.name} holds {name}, which the queue does not" for name in names if name not in by_id]
    for number, entry in answers.items():
        if attempts[number]["kind"] == "export":
            if not (pathlib.Path(folder) / attempts[number]["folder"] / "manifest.json").exists():
                found.append(f"acknowledged {attempts[number]['folder']} has no manifest")
            if entry["answer"]["sha256"] not in snapshots:
                found.append(f"acknowledged {attempts[number]['folder']} is not among the snapshots")

    verified = subprocess.run([str(program), "audit", "verify", "--json", "--db", str(database)],
                              capture_output=True, env=environment)
    if verified.returncode != 0:
        found.append(f"audit verify: {verified.stdout.decode()[:300]} {verified.stderr.decode()[:300]}")
    return found


def make_queue(program, folder, environment, items):
    """A queue of text posts that all are claimed by rank."""
    posts = pathlib.Path(folder) / "items.jsonl"
    posts.write_text("".join(
        json.dumps({"id": f"post-{n}", "text": f"this is post number {n}",
                    "scores": [{"model": "upstream@1", "policy": "hate", "score": 0.9}]}) + "\n"
        for n in range(items)))
    for arguments in (["init", "--sample-share", "0"], ["ingest", str(posts)]):
        subprocess.run([str(program), *arguments], check=True, capture_output=True, env=environment)


def torture(program, folder, environment, rounds, seed):
    """Makes a queue, kills `rounds` processes that work on it, and returns the harness and what is wrong."""
    make_queue(program, folder, environment, 300 + 2 * rounds)
    harness = Harness(program, folder, environment, seed)
    harness.run(rounds)
    ledger = Ledger.read(harness.ledger.path)
    return harness, faults(program, environment, environment["REVIEWTUI_DB"], folder, ledger)


def summary(harness):
    """One line of figures."""
    ledger = Ledger.read(harness.ledger.path)
    attempts = {entry["attempt"]: entry for entry in ledger if entry["event"] == "attempt"}
    counts = collections.Counter(
        attempts[entry["attempt"]]["kind"] for entry in ledger if entry["event"] == "acknowledged")
    queue = sqlite3.connect(harness.environment["REVIEWTUI_DB"])
    journal = queue.execute("PRAGMA journal_mode").fetchone()[0]
    recorded = queue.execute("SELECT count(*) FROM decision").fetchone()[0]
    queue.close()
    silent = recorded - counts["decide"] - counts["undo"]
    return (f"journal {'wal' if journal == 'wal' else 'rollback'}; killed {sum(harness.killed.values())} "
            f"({', '.join(f'{kind} {count}' for kind, count in sorted(harness.killed.items()))}); acknowledged "
            f"{', '.join(f'{kind} {count}' for kind, count in sorted(counts.items()))}; "
            f"recorded, but killed before they could say so: {silent}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=200, help="how many processes to kill")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it there")
    parser.add_argument("--sqlite", type=pathlib.Path, help="a folder with another libsqlite3.so.0")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reviewtui-kill-") as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, HOME=str(folder), REVIEWTUI_DB=str(folder / "queue.sqlite"), LC_ALL="C.UTF-8")
        if options.sqlite:
            environment["LD_LIBRARY_PATH"] = str(options.sqlite)
        started = time.monotonic()
        harness, found = torture(options.program.resolve(), folder, environment, options.rounds, options.seed)
        print(f"seed {options.seed}; {time.monotonic() - started:.0f} s; {summary(harness)}")
        print("\n".join(found) if found else "no fault")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
