#!/usr/bin/env python3
"""Times the console in a pseudo-terminal beside other full-screen programs, and prints a Markdown table.

    python3 tools/bench/bench_console.py --program .build/release/reviewtui --items 1000000 --photos .demo/items/img

A terminal of 120x40 that answers no questions, so pictures are drawn in half-blocks. From the moment a key is written to
the last byte that the program paints: the program counts as done when it has been silent for --quiet seconds, which is
not part of the time. Peers move down a list of their own: tig in a repository of as many commits as --commits says,
vim in the same items as text, visidata in the same table. A peer that is not installed is left out (Debian: tig, vim;
PyPI: visidata).
"""

import argparse
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

import bench_queue

ROWS, COLUMNS = 40, 120


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Screen:
    """A program on a pseudo-terminal."""

    def __init__(self, command, environment, quiet):
        self.quiet = quiet
        self.started = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def painted(self, quiet=None, patience=10.0, until=None):
        """When the last byte came, how many there were, and all of them. Waits `patience` for the first."""
        last, seen, wait = None, bytearray(), patience
        while select.select([self.terminal], [], [], wait)[0]:
            try:
                read = os.read(self.terminal, 1 << 16)
            except OSError:
                break
            last, wait = time.perf_counter(), quiet or self.quiet
            seen += read
            if until and until not in seen:
                wait = patience
        return last, seen

    def press(self, key):
        """Milliseconds from the key to the last byte, and how many bytes."""
        pressed = time.perf_counter()
        os.write(self.terminal, key)
        last, seen = self.painted(patience=2.0)
        return ((last or pressed) - pressed) * 1000, len(seen)

    def press_for_frame(self, key):
        """Milliseconds from the key to the end of the largest burst, a frame; what follows it (counts) is left out."""
        pressed = time.perf_counter()
        os.write(self.terminal, key)
        bursts, wait = [], 2.0
        while select.select([self.terminal], [], [], wait)[0]:
            count, now, wait = len(os.read(self.terminal, 1 << 16)), time.perf_counter(), self.quiet
            if bursts and now - bursts[-1][1] < 0.004:
                count += bursts.pop()[0]
            bursts.append((count, now))
        count, end = max(bursts, default=(0, pressed))
        return (end - pressed) * 1000, sum(count for count, _ in bursts)

    def processor_seconds(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        line = next(line for line in open(f"/proc/{self.pid}/status") if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def end(self, key=None):
        if key:
            os.write(self.terminal, key)
            self.painted(patience=1.0)
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            self.painted(quiet=0.05, patience=0.05)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


def spread(values, digits=1):
    values = sorted(values)
    at = lambda share: values[min(len(values) - 1, int(len(values) * share))]
    return f"{at(.5):.{digits}f}, {at(.99):.{digits}f}"


def commented(photo, number):
    """The same picture as another file: with a comment in it."""
    text = f"copy {number}".encode()
    data = photo.read_bytes()
    if data[:2] == b"\xff\xd8":
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + data[2:]
    import zlib
    body = b"tEXt" + b"Comment\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


class Bench:
    def __init__(self, options):
        self.options = options
        self.program = os.path.abspath(options.program)
        self.folder = options.folder
        self.database = f"{self.folder}/queue.sqlite"
        self.environment = dict(
            os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", REVIEWTUI_SHARE=bench_queue.SHARE,
            REVIEWTUI_DB=self.database)
        for name in ["TMUX", "COLORTERM", "NO_COLOR"]:
            self.environment.pop(name, None)
        self.rows = []

    def row(self, what, ours, beside=""):
        self.rows.append((what, ours, beside))
        say(f"  {what}: {ours}  {beside}")

    # The queue

    def run(self, *words):
        subprocess.run(
            [self.program, *words], env=self.environment, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def fill(self):
        """A queue of posts, and before them all some with pictures, which every run needs anew: it judges them."""
        items = f"{self.folder}/items.jsonl"
        if os.path.exists(self.database):
            say(f"the posts in {self.folder} are used as they are")
        else:
            bench_queue.apart(bench_queue.write_items, items, self.options.items)
            self.run("init", "--sample-share", "0")
            self.run("ingest", items)
        self.add_pictures()

    def add_pictures(self):
        """Each a file of its own, so that none is decoded already."""
        os.makedirs(f"{self.folder}/img", exist_ok=True)
        first = len(os.listdir(f"{self.folder}/img"))
        photos = sorted(path for path in pathlib.Path(self.options.photos).iterdir() if "broken" not in path.name)
        grid = {"model": "vision@1", "method": "legrad", "policy": "violence", "grid": [16, 16],
                "values": [abs((n * 37 % 101) / 101) for n in range(256)]}
        with open(f"{self.folder}/pictured.jsonl", "w") as file:
            for number in range(first, first + self.options.keys + 50):
                photo = photos[number % len(photos)]
                name = f"img/{number}{photo.suffix}"
                pathlib.Path(self.folder, name).write_bytes(commented(photo, number))
                file.write(json.dumps({
                    "id": f"photo-{number:06d}", "text": f"A photo, number {number}.", "media": [{"path": name}],
                    "flagged_at": "2020-01-01T00:00:00Z", "priority": 1_000_000 - number,
                    "scores": [{"model": "vision@1", "policy": "violence", "score": 0.8}],
                    "explanations": [grid]}) + "\n")
        self.run("ingest", f"{self.folder}/pictured.jsonl")

    # Ours

    def console(self, *more):
        return Screen([self.program, "review", "--reviewer", "bench", *more], self.environment, self.options.quiet)

    def start(self, *more):
        """From the start of the program to the last byte of its first item and of the list beside it."""
        times = []
        for _ in range(self.options.rounds):
            screen = self.console(*more)
            last, _ = screen.painted(quiet=0.4)
            times.append((last - screen.started) * 1000)
            screen.end(b"q")
        return times

    def committing(self):
        """What measures one durable transaction that writes two rows, in the same folder and journal, in milliseconds."""
        connection = sqlite3.connect(f"{self.folder}/commit.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=TRUNCATE")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT)")

        def commit():
            start = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(2):
                connection.execute("INSERT INTO t (b) VALUES (?)", ("x" * 400,))
            connection.execute("COMMIT")
            return (time.perf_counter() - start) * 1000

        return commit

    def measure_ours(self):
        starts, texts = self.start(), self.start("--item", f"post-{self.options.items // 2:08d}")
        commit = self.committing()
        screen = self.console()
        screen.painted(quiet=1.0)
        before, resident = screen.processor_seconds(), screen.resident()
        _, idle = screen.painted(patience=10.0, quiet=10.0)
        spent = screen.processor_seconds() - before
        self.row("start → first item, a text, ms (p50, worst)", spread(texts))
        self.row("start → first item with its picture, ms (p50, worst)", spread(starts))
        self.row("idle for 10 s", f"{len(idle)} bytes, {spent:.2f} s of processor time")
        self.row("resident, idle", f"{resident:.0f} MB")
        verdicts, commits, bytes_of = [], [], []
        for _ in range(self.options.keys):
            time.sleep(self.options.think)
            commits.append(commit())
            took, count = screen.press_for_frame(b"a")
            verdicts.append(took)
            bytes_of.append(count)
        self.row("verdict → next picture, recorded, ms (p50, p99)", spread(verdicts),
                 f"one durable commit {spread(commits)}; {statistics.mean(bytes_of):,.0f} bytes a verdict")
        moves, bytes_of = [], []
        # Past the pictures first: those load, here the list is measured.
        screen.press(b":last\r")
        screen.press(b":first\r")
        for _ in range(20):
            screen.press(b"\x06")
        time.sleep(1)
        for _ in range(self.options.keys):
            time.sleep(self.options.think / 4)
            took, count = screen.press(b"j")
            moves.append(took)
            bytes_of.append(count)
        self.row("j → last byte, the item's text too, ms (p50, p99)", spread(moves),
                 f"{statistics.mean(bytes_of):,.0f} bytes a key")
        self.row("resident, after all that", f"{screen.resident():.0f} MB")
        screen.end(b"q")

    # Peers

    def moves(self, name, command, environment, keys=b"j", before=()):
        if not shutil.which(command[0], path=environment.get("PATH")):
            say(f"  {name} is not installed")
            return
        screen = Screen(command, environment, self.options.quiet)
        last, _ = screen.painted(quiet=1.5, patience=120)
        started = (last - screen.started) * 1000
        for key in before:
            screen.press(key)
        resident = screen.resident()
        times, counts = zip(*[screen.press(keys) for _ in range(self.options.keys)])
        screen.end(b"\x1b")
        self.row(f"{name}: {keys.decode()} → last byte, ms (p50, p99)", "",
                 f"{spread(times)}; {statistics.mean(counts):,.0f} bytes a key; start {started:.0f} ms; "
                 f"{resident:.0f} MB")

    def measure_peers(self):
        environment = dict(self.environment, HOME=self.folder)
        items = f"{self.folder}/items.jsonl"
        self.moves("vim", ["vim.tiny", "-u", "NONE", items], environment)
        repository = f"{self.folder}/repository"
        if shutil.which("tig"):
            self.repository(repository)
            self.moves(f"tig ({self.options.commits:,} commits)", ["tig", "-C", repository], environment)
        visidata = dict(environment, PATH=f"{self.options.visidata}:{environment['PATH']}")
        table = f"{self.folder}/table.csv"
        if shutil.which("visidata", path=visidata["PATH"]) and not os.path.exists(table):
            with open(items) as lines, open(table, "w") as out:
                out.write("id,source,lang,priority\n")
                for line in lines:
                    item = json.loads(line)
                    out.write(f"{item['id']},{item['source']},{item['lang']},{item['priority']}\n")
        self.moves(f"visidata ({self.options.items:,} rows)", ["visidata", table], visidata)

    def repository(self, path):
        if os.path.exists(path):
            return
        subprocess.run(["git", "init", "-q", path], check=True)
        stream = "".join(
            f"commit refs/heads/main\ncommitter Bench <bench@example.org> {1_600_000_000 + n} +0000\n"
            f"data {len(f'Commit {n}')}\nCommit {n}\n" for n in range(self.options.commits))
        subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input=stream.encode(), check=True)
        subprocess.run(["git", "-C", path, "symbolic-ref", "HEAD", "refs/heads/main"], check=True)

    def table(self):
        print(f"\n{self.options.items:,} items, {COLUMNS}×{ROWS}, {os.cpu_count()} cores\n")
        print("| what | ours | beside it |\n| --- | ---: | --- |")
        for what, ours, beside in self.rows:
            print(f"| {what} | {ours} | {beside} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/reviewtui")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--photos", default=".demo/items/img")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--think", type=float, default=0.2, help="seconds between verdicts")
    parser.add_argument("--quiet", type=float, default=0.04)
    parser.add_argument("--visidata", default=".deps/bench/bin", help="a folder with visidata")
    parser.add_argument("--folder", help="keeps the queue there for the next run")
    parser.add_argument("--only-ours", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        options.folder = os.path.abspath(options.folder or scratch)
        bench = Bench(options)
        bench.fill()
        bench.measure_ours()
        if not options.only_ours:
            bench.measure_peers()
        bench.table()


if __name__ == "__main__":
    main()
