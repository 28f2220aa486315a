#!/usr/bin/env python3
"""Times the queue beside its peers and prints a Markdown table.

    python3 tools/bench/bench_queue.py --program .build/release/reviewtui --sizes 10000,1000000

The peers run in this Python: `pip install sqlite-utils litequeue`. Ours and the peer take turns, each figure is the
median of --rounds runs, and every peer gets the same journal, synchronous=FULL and the same SQLite, unless --library
names a folder whose libsqlite3 everybody is to load (for WAL, which 3.40.1 cannot be trusted with).
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHARE = os.path.dirname(os.path.dirname(HERE))
WORDS = """the a post about cats dogs people place time other year day thing world school state family student group
country problem hand part case week company system program question work night point home water room mother area money
story fact month lot right study book eye job word business issue side kind head house service friend father power
hour game line end member law car city""".split()


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def apart(function, *arguments):
    """In a process of its own: a child's peak memory counts what its parent held when it was started."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"{function.__name__} failed with {process.exitcode}")


def write_items(path, count):
    """Posts as a source would send them: in the order in which they were flagged, give or take an hour."""
    step = 100_000
    with open(path, "w") as file, multiprocessing.Pool() as pool:
        for lines in pool.imap(posts, [range(start, min(start + step, count)) for start in range(0, count, step)]):
            file.write(lines)


def posts(numbers):
    chance = random.Random(numbers.start)
    languages, sources = ["en", "de", "fr", "es", "ja"], ["uploads", "comments", "reports", "ads"]
    policies = ["hate", "spam", "harassment", "violence"]
    lines = []
    for number in numbers:
        text = " ".join(chance.choices(WORDS, k=chance.randint(8, 30)))
        if number % 17 == 0:
            text += " é — “quoted”\n日本語"
        flagged = time.gmtime(1_750_000_000 + number * 10 + chance.randint(0, 3600))
        item = {
            "id": f"post-{number:08d}", "text": text, "lang": chance.choice(languages),
            "source": chance.choice(sources), "author": f"{chance.getrandbits(40):x}",
            "flagged_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", flagged), "priority": round(chance.random(), 3),
            "metadata": {"views": chance.randint(0, 99999), "thread": f"t{chance.randint(0, 999)}"},
        }
        if number % 2 == 0:
            item["scores"] = [
                {"model": "text@2", "policy": chance.choice(policies), "score": round(chance.random(), 4)}]
        lines.append(json.dumps(item, ensure_ascii=False) + "\n")
    return "".join(lines)


class Bench:
    def __init__(self, options):
        self.options = options
        self.program = os.path.abspath(options.program)
        self.environment = dict(os.environ, REVIEWTUI_SHARE=SHARE)
        if options.library:
            self.environment["LD_LIBRARY_PATH"] = options.library
        self.rows = []

    def row(self, size, what, ours, peer="", ratio=""):
        self.rows.append((size, what, ours, peer, ratio))
        say(f"  {what}: {ours}  {peer}  {ratio}")

    def timed(self, *command, **more):
        """Seconds by the clock, seconds of processor, peak memory in MB."""
        start = time.monotonic()
        process = subprocess.Popen(
            command, env=more.get("environment", self.environment), stdout=more.get("stdout", subprocess.DEVNULL))
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{command} failed with {status}")
        return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def journal(self, path):
        """The journal that the program chose, read from what it says."""
        told = subprocess.run([self.program, "doctor", "--db", path], env=self.environment, capture_output=True, text=True)
        return "wal" if "journal wal" in told.stdout else "truncate"

    # Ingestion

    def ingest(self, size, folder):
        items = f"{folder}/items.jsonl"
        apart(write_items, items, size)
        rounds = self.options.rounds if size <= 100_000 else 1
        ours, theirs = [], []
        for _ in range(rounds):
            for name in ["queue.sqlite", "peer.sqlite"]:
                for file in os.listdir(folder):
                    if file.startswith(name):
                        os.remove(f"{folder}/{file}")
            self.timed(self.program, "init", "--db", f"{folder}/queue.sqlite")
            ours.append(self.timed(self.program, "ingest", items, "--db", f"{folder}/queue.sqlite"))
            if size <= 1_000_000:
                utility = os.path.join(os.path.dirname(sys.executable), "sqlite-utils")
                theirs.append(self.timed(utility, "insert", f"{folder}/peer.sqlite", "items", items, "--nl", "--pk", "id"))
        seconds, processor, memory = (statistics.median(column) for column in zip(*ours))
        told = f"{size / seconds:,.0f} /s, {memory:.0f} MB, {processor / size * 1e6:.1f} µs of processor an item"
        if theirs:
            peer, peer_processor, peer_memory = (statistics.median(column) for column in zip(*theirs))
            self.row(size, "ingest", told,
                     f"sqlite-utils {size / peer:,.0f} /s, {peer_memory:.0f} MB, {peer_processor / size * 1e6:.1f} µs",
                     f"{peer / seconds:.2f}×")
        else:
            self.row(size, "ingest", told)
        length = os.path.getsize(f"{folder}/queue.sqlite")
        self.row(size, "size of the file", f"{length / 1e6:,.0f} MB, {length / size:,.0f} bytes an item")
        os.remove(items)

    # Claims and verdicts

    def ours(self, path, processes, seconds):
        """Rates and latencies of the program's own measuring command, all processes together."""
        running = [
            subprocess.Popen(
                [self.program, "bench-queue", "--db", path, "--reviewer", f"bench-{os.getpid()}-{time.time_ns()}-{number}",
                 "--seconds", str(seconds)], env=self.environment, stdout=subprocess.PIPE)
            for number in range(processes)]
        told = [json.loads(process.communicate()[0]) for process in running]
        return {
            "rate": sum(one["pairs"] / one["seconds"] for one in told), "latencies": told[0]["latencies"],
            "longest": max(one["latencies"]["claim"]["max"] for one in told),
        }

    def peer(self, kind, path, processes, seconds, journal):
        running = [
            subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--peer", kind, path, str(seconds), journal],
                env=self.environment, stdout=subprocess.PIPE)
            for _ in range(processes)]
        told = [json.loads(process.communicate()[0]) for process in running]
        return {"rate": sum(one["rate"] for one in told), "longest": max(one["longest"] for one in told)}

    def work(self, size, folder):
        path = f"{folder}/queue.sqlite"
        journal = self.journal(path)
        lite = f"{folder}/litequeue.sqlite"
        apart(fill_litequeue, lite, max(100_000, min(size, 1_000_000)), journal)
        copy = f"{folder}/python.sqlite"
        shutil.copyfile(path, copy)
        full = f"{folder}/full.sqlite"
        if size <= 100_000:
            shutil.copyfile(path, full)
        seconds = self.options.seconds
        for processes in [1, 4, 16]:
            ours, python, others = [], [], []
            for _ in range(self.options.rounds):
                if size <= 100_000:
                    # Or the runs would decide them all.
                    shutil.copyfile(full, path)
                    shutil.copyfile(full, copy)
                ours.append(self.ours(path, processes, seconds))
                python.append(self.peer("sqlite3", copy, processes, seconds, journal))
                if processes == 1:
                    # It switches to WAL whenever it opens, so several of them cannot share another journal.
                    others.append(self.peer("litequeue", lite, processes, seconds, journal))
            def median(runs, key):
                return statistics.median(run[key] for run in runs)

            rate, same = median(ours, "rate"), median(python, "rate")
            told, beside = f"{rate:,.0f} /s", f"the same SQL in Python {same:,.0f} /s"
            ratio = f"{rate / same:.2f}×"
            if processes > 1:
                told += f", longest claim {median(ours, 'longest'):,.0f} ms"
                beside += f", {median(python, 'longest'):,.0f} ms"
            if others:
                other = median(others, "rate")
                beside, ratio = f"{beside}, litequeue get + done {other:,.0f} /s", f"{ratio}, {rate / other:.2f}×"
            plural = "es" if processes > 1 else ""
            self.row(size, f"claim + decide, {processes} process{plural}, {journal}", told, beside, ratio)
            if processes == 1:
                for name in ours[0]["latencies"]:
                    shown = [statistics.median(one["latencies"][name][p] for one in ours) for p in ("p50", "p99")]
                    told = f"p50 {shown[0]:.2f} ms, p99 {shown[1]:.2f} ms"
                    if name == "claim of 20":
                        told += f", {20_000 / shown[0]:,.0f} items/s"
                    self.row(size, name, told)
        os.remove(copy)
        if size <= 100_000:
            shutil.move(full, path)

    # Filters and searches

    def find(self, size, folder):
        told = json.loads(subprocess.run(
            [self.program, "bench-queue", "--finding", "--db", f"{folder}/queue.sqlite"], env=self.environment,
            stdout=subprocess.PIPE, check=True).stdout)
        self.row(size, "building the search index", f"{size / told['indexing_seconds']:,.0f} items/s")
        for name, times in sorted(told["latencies"].items()):
            self.row(size, name, f"p50 {times['p50']:.2f} ms, p99 {times['p99']:.2f} ms")

    # Export

    def export(self, size, folder):
        path = f"{folder}/queue.sqlite"
        # Some are left for deciding_meanwhile.
        decided = min(size - size // 50, 1_000_000)
        apart(decide_by_sql, path, decided)
        ours, theirs = [], []
        for number in range(self.options.rounds):
            ours.append(self.timed(self.program, "export", "--format", "jsonl", "--out", f"{folder}/out{number}",
                                   "--db", path))
            shutil.rmtree(f"{folder}/out{number}")
            with open(f"{folder}/peer.json", "w") as file:
                # Debian's shell refuses any library but its own; it only reads.
                own = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
                theirs.append(self.timed("sqlite3", "-json", path, SAME_COLUMNS, stdout=file, environment=own))
        seconds, processor, memory = (statistics.median(column) for column in zip(*ours))
        peer, peer_processor, peer_memory = (statistics.median(column) for column in zip(*theirs))
        self.row(size, f"export of {decided:,} decisions",
                 f"{decided / seconds:,.0f} /s, {memory:.0f} MB, {processor / decided * 1e6:.1f} µs of processor each",
                 f"sqlite3 -json {decided / peer:,.0f} /s, {peer_memory:.0f} MB, {peer_processor / decided * 1e6:.1f} µs",
                 f"{peer / seconds:.2f}×")
        self.deciding_meanwhile(size, folder)

    def deciding_meanwhile(self, size, folder):
        """What a reviewer waits for while somebody exports; only where the export takes long enough to tell."""
        if size < 1_000_000:
            return
        path = f"{folder}/queue.sqlite"
        alone = self.ours(path, 1, self.options.seconds)
        exporting = subprocess.Popen(
            [self.program, "export", "--format", "jsonl", "--out", f"{folder}/meanwhile", "--db", path],
            env=self.environment, stdout=subprocess.DEVNULL)
        together = self.ours(path, 1, self.options.seconds)
        if exporting.poll() is not None:
            say("  the export ended before the measurement did")
        exporting.wait()
        shutil.rmtree(f"{folder}/meanwhile")
        worst = max(together["latencies"][name]["max"] for name in ("claim", "decide"))
        self.row(size, "claim + decide while an export runs", f"{together['rate']:,.0f} /s, longest {worst:.0f} ms",
                 f"without the export {alone['rate']:,.0f} /s", f"{together['rate'] / alone['rate']:.2f}×")

    def run(self):
        for size in self.options.sizes:
            say(f"{size:,} items")
            with tempfile.TemporaryDirectory(dir=self.options.folder) as folder:
                self.ingest(size, folder)
                self.work(size, folder)
                self.find(size, folder)
                self.export(size, folder)
        print("| items | what | ours | beside it | ratio |\n| ---: | --- | --- | --- | --- |")
        for size, *cells in self.rows:
            print(f"| {size:,} | " + " | ".join(cells) + " |")


# What export writes, as SQL: the verdicts that stand on items that are not restricted.
SAME_COLUMNS = """
    SELECT i.id, i.text, i.language AS lang,
        (SELECT json_group_array(json_object('path', path, 'sha256', lower(hex(sha256)))) FROM media
         WHERE item = d.item) AS media,
        d.verdict, d.policies, d.labels, d.severity, d.note, d.reviewer, d.decided_at, d.duration_ms, d.sampled,
        d.scores, d.shown, d.id AS decision, lower(hex(e.hash)) AS hash
    FROM decision d JOIN item i ON i.seq = d.item JOIN work w ON w.item = d.item JOIN audit_event e ON e.seq = d.event
    WHERE d.verdict IS NOT NULL AND w.queue = 0 AND d.item_digest = i.digest
        AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq) ORDER BY d.seq
"""


def decide_by_sql(path, count):
    """Verdicts on the first items, written straight into the tables: for an export to read, not for audit verify."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    start = db.execute("SELECT max(seq) FROM audit_event").fetchone()[0]
    first = db.execute("SELECT coalesce(max(seq), 0) FROM decision").fetchone()[0]
    fresh = f"SELECT row_number() OVER (ORDER BY item) AS n, item FROM work WHERE state = 0 AND queue = 0 LIMIT {count}"
    db.execute(f"CREATE TEMP TABLE fresh AS {fresh}")
    db.execute("""INSERT INTO audit_event SELECT ? + n, 1795000000000, 'decision', '{}', zeroblob(32), randomblob(32)
        FROM fresh""", (start,))
    db.execute("""INSERT INTO decision (seq, id, item, item_digest, reviewer, decided_at, verdict, policies, labels,
            severity, note, duration_ms, scores, shown, taxonomy, event)
        SELECT ?1 + n, printf('01J%023d', ?1 + n), f.item, i.digest, 'r' || (n % 7), 1795000000000 + n * 1234,
            iif(n % 3, 'allow', 'remove'), iif(n % 3, '[]', '["hate"]'),
            iif(n % 3, '{}', '{"hate":{"value":1,"origin":"person"}}'), iif(n % 3, NULL, 2), NULL, 2140,
            coalesce((SELECT json_group_array(json_object('model', 'text@2', 'policy', policy, 'score', value))
                      FROM score s WHERE s.item = f.item), '[]'),
            '{"scores":["hate"],"explanation":null}', (SELECT max(seq) FROM taxonomy), ?2 + n
        FROM fresh f JOIN item i ON i.seq = f.item""", (first, start))
    db.execute("""UPDATE work SET state = 2, decision = (SELECT max(seq) FROM decision d WHERE d.item = work.item)
        WHERE item IN (SELECT item FROM fresh)""")
    db.execute("COMMIT")
    db.close()


def fill_litequeue(path, count, journal):
    from litequeue import LiteQueue

    queue = LiteQueue(path)
    queue.conn.execute(f"PRAGMA journal_mode = {journal}")
    with queue.transaction(mode="IMMEDIATE"):
        for number in range(count):
            queue.put(json.dumps({"id": f"post-{number:08d}", "text": " ".join(WORDS[:20])}))
    queue.conn.close()


# The peers' processes

def peer_main(kind, path, seconds, journal):
    loop = {"litequeue": litequeue_pair, "sqlite3": sqlite3_pair}[kind](path, journal)
    pairs, longest, start = 0, 0, time.monotonic()
    now = start
    while now - start < seconds:
        claimed = loop()
        if claimed is None:
            break
        pairs, longest, now = pairs + 1, max(longest, claimed - now), time.monotonic()
    print(json.dumps({"rate": pairs / (time.monotonic() - start), "longest": longest * 1000}))


def litequeue_pair(path, journal):
    from litequeue import LiteQueue

    queue = LiteQueue(path, timeout=30)
    queue.conn.execute(f"PRAGMA journal_mode = {journal}")
    queue.conn.execute("PRAGMA synchronous = FULL")

    def pair():
        message = queue.pop()
        claimed = time.monotonic()
        if message is None:
            return None
        queue.done(message.message_id)
        return claimed

    return pair


def sqlite3_pair(path, journal):
    """The statements of one claim and one verdict, in two transactions, through Python's module; when it had claimed."""
    import hashlib
    import hmac

    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")

    def stored(item):
        db.execute("SELECT id, text, language, source, author, created_at, flagged_at, due_at, priority, metadata, "
                   "reports FROM item WHERE seq = ?", (item,)).fetchone()
        db.execute("SELECT path, sha256, byte_count, original FROM media WHERE item = ?", (item,)).fetchall()
        return db.execute("SELECT m.name, s.policy, s.value, s.threshold FROM score s JOIN model m ON m.seq = s.model "
                          "WHERE s.item = ? ORDER BY s.value DESC", (item,)).fetchall()

    def append(kind, body, now):
        seq, previous = db.execute("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1").fetchone()
        event = json.dumps({"body": body, "kind": kind, "previous": previous.hex(), "seq": seq + 1, "time": now})
        db.execute("INSERT INTO audit_event VALUES (?, ?, ?, ?, ?, ?)",
                   (seq + 1, now, kind, body, previous, hashlib.sha256(event.encode()).digest()))
        return seq + 1

    def pair():
        now, token = int(time.time() * 1000), os.urandom(16).hex()
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE work SET state = 0, lease_token = NULL, lease_reviewer = NULL, lease_expires = NULL, "
                   "lease_probability = NULL WHERE state = 1 AND lease_expires <= ?", (now,))
        leased = db.execute(
            "UPDATE work SET state = 1, lease_token = ?, lease_reviewer = ?, lease_expires = ? WHERE item = "
            "(SELECT item FROM work WHERE queue = 0 AND state = 0 AND NOT EXISTS (SELECT 1 FROM skip k WHERE "
            "k.reviewer = ? AND k.item = work.item AND k.skipped_at > ?) ORDER BY place, item LIMIT 1) "
            "RETURNING item, lease_probability", (token, "python", now + 900_000, "python", now - 3_600_000)).fetchone()
        if leased is None:
            db.execute("ROLLBACK")
            return None
        item = leased[0]
        stored(item)
        db.execute("SELECT * FROM explanation WHERE item = ?", (item,)).fetchall()
        (key,) = db.execute("SELECT subject_key FROM item WHERE seq = ?", (item,)).fetchone()
        append("lease", json.dumps({"commitments": [hmac.new(key, token.encode(), hashlib.sha256).hexdigest()]}), now)
        db.execute("COMMIT")
        claimed = time.monotonic()

        db.execute("BEGIN IMMEDIATE")
        item, digest, key = db.execute(
            "SELECT w.item, i.digest, i.subject_key FROM work w JOIN item i ON i.seq = w.item WHERE w.lease_token = ? "
            "AND w.state = 1 AND w.lease_expires > ?", (token, now)).fetchone()
        scores = json.dumps(stored(item))
        (earlier,) = db.execute("SELECT max(seq) FROM decision WHERE item = ?", (item,)).fetchone()
        identity = os.urandom(13).hex()
        body = json.dumps({"decision": identity, "commitment": hmac.new(key, scores.encode(), hashlib.sha256).hexdigest()})
        event = append("decision", body, now)
        decision = db.execute(
            "INSERT INTO decision (id, item, item_digest, reviewer, decided_at, verdict, policies, labels, scores, "
            "shown, taxonomy, supersedes, event) VALUES (?, ?, ?, 'python', ?, 'allow', '[]', '{}', ?, '{}', 1, ?, ?)",
            (identity, item, digest, now, scores, earlier, event)).lastrowid
        db.execute("UPDATE work SET state = 2, decision = ?, lease_token = NULL, lease_reviewer = NULL, "
                   "lease_expires = NULL, lease_probability = NULL WHERE item = ?", (decision, item))
        db.execute("COMMIT")
        return claimed

    return pair


def main():
    if sys.argv[1:2] == ["--peer"]:
        kind, path, seconds, journal = sys.argv[2:]
        return peer_main(kind, path, float(seconds), journal)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=".build/release/reviewtui")
    parser.add_argument("--sizes", default="10000,1000000",
                        type=lambda text: [int(float(part)) for part in text.split(",")])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of each claim-and-decide run")
    parser.add_argument("--library", help="folder of the libsqlite3.so.0 that all are to load")
    parser.add_argument("--folder", help="where the queues are built; a disk, not a memory file system")
    options = parser.parse_args()
    if options.library and os.environ.get("LD_LIBRARY_PATH") != options.library:
        # This process fills and decides too: it must not write a WAL with the library that can corrupt one.
        os.environ["LD_LIBRARY_PATH"] = options.library
        os.execv(sys.executable, [sys.executable] + sys.argv)
    Bench(options).run()


if __name__ == "__main__":
    main()
