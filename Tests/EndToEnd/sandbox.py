"""A home of its own for one test: runs the program there, and types into it through tmux."""

import json
import os
import pathlib
import shutil
import subprocess
import time


class Skipped(Exception):
    """Raised by a test that cannot run here, with the reason."""


class Result:
    def __init__(self, completed):
        self.status = completed.returncode
        self.out = completed.stdout.decode("utf-8")
        self.err = completed.stderr.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, status=0):
        assert self.status == status, f"status {self.status}, expected {status}\n{self.out}\n{self.err}"
        return self


class Sandbox:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REVIEWTUI_", "TMUX"))
        }
        self.environment.update(
            HOME=str(folder), REVIEWTUI_DB=str(folder / "queue.sqlite"), LC_ALL="C.UTF-8", TERM="xterm-256color",
            # Compiled models may be shared between tests; nothing else is.
            REVIEWTUI_CACHE=os.environ.get("REVIEWTUI_CACHE", str(pathlib.Path.home() / ".cache/reviewtui")),
        )
        self.consoles = 0

    # Commands

    def run(self, *arguments, input=b"", **environment):
        """Runs `reviewtui arguments…` to its end."""
        return Result(subprocess.run(
            [str(self.program), *map(str, arguments)], input=input, capture_output=True, cwd=self.folder,
            env={**self.environment, **environment}, timeout=300))

    def write(self, name, content):
        """Writes a file (a list becomes JSON Lines) below the sandbox and returns its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def queue_of(self, items):
        """A fresh queue that holds these items, every claim by rank (no uniformly drawn share)."""
        self.run("init", "--sample-share", "0").expect()
        self.run("ingest", self.write("items.jsonl", items)).expect()

    def export(self):
        """The standing decisions, as the JSONL export gives them."""
        folder = self.folder / f"export-{len(list(self.folder.glob('export-*')))}"
        self.run("export", "--format", "jsonl", "--out", folder).expect()
        rows = []
        for file in sorted(folder.glob("*.jsonl")):
            rows += [json.loads(line) for line in file.read_text().splitlines()]
        return rows

    # The console

    def tmux(self, *arguments):
        # A server of its own for each console: one that is ending would take the next one's session with it.
        socket = f"reviewtui-{os.getpid()}-{self.folder.name}-{self.consoles}"
        return subprocess.run(
            ["tmux", "-L", socket, "-f", "/dev/null", *arguments], env=self.environment, capture_output=True,
            text=True, timeout=30)

    def open_console(self, *arguments, columns=100, rows=32, before=""):
        """Starts `reviewtui review` in a terminal of its own; `before` is shell text that runs first."""
        if not shutil.which("tmux"):
            raise Skipped("tmux is not installed")
        self.close()
        self.consoles += 1
        line = f"{before} {self.program} review --reviewer tester {' '.join(map(str, arguments))}; echo ended with $?"
        self.tmux("new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(rows), "-c", str(self.folder), "sh")
        self.tmux("send-keys", "-t", "t", line, "Enter")

    def screen(self):
        return self.tmux("capture-pane", "-t", "t", "-p").stdout

    def press(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def wait_for(self, condition, what, seconds=60):
        """Waits until `condition(screen)` (or the screen holds the string) and returns the screen."""
        found = condition if callable(condition) else lambda screen: condition in screen
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if found(screen):
                return screen
            assert time.monotonic() < deadline, f"waited in vain for {what}; the screen shows:\n{screen}"
            time.sleep(0.05)

    def console_process(self):
        """The process id of the running console."""
        pane = int(self.tmux("display-message", "-t", "t", "-p", "#{pane_pid}").stdout)
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rsplit(")", 1)[1].split()
                command = (status.parent / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if int(fields[1]) == pane and command[0] == str(self.program).encode():
                return int(status.parent.name)
        raise AssertionError("the console is not running")

    def close(self):
        if self.consoles:
            self.tmux("kill-server")


def post(number, **fields):
    """A made-up text post."""
    return {"id": f"post-{number}", "text": f"this is post number {number}", **fields}
