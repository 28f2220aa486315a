"""A slow line: the terminal takes a few thousand bytes a second, and the console is to stay the reviewer's."""

import fcntl
import os
import pty
import random
import select
import struct
import termios
import time

from pixel_terminal import png
from sandbox import post

SIXEL = b"\x1b[6;20;10t\x1b[?62;4;22c"
SCORE = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]


class SlowLine:
    """Runs the console on a pseudo-terminal from which no more than so many bytes a second are read."""

    def __init__(self, sandbox, rate, columns=80, rows=24, answers=SIXEL):
        self.rate, self.answers, self.stream = rate, answers, b""
        self.process, self.master = pty.fork()
        if self.process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(sandbox.folder)
            os.execve(sandbox.program, [str(sandbox.program), "review", "--reviewer", "tester"], sandbox.environment)

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, condition, what, most):
        """Reads at the line's rate until the condition holds, and returns how many bytes came; at most so many may."""
        started, count, asked = time.monotonic(), 0, len(self.stream)
        while not condition(self.stream[asked:]):
            assert count <= most, f"{count} bytes and no {what}: {self.stream[-300:]!r}"
            assert time.monotonic() - started < most / self.rate + 20, f"no {what}: {self.stream[-300:]!r}"
            due = int((time.monotonic() - started) * self.rate) - count
            if due < 64:
                time.sleep(0.02)
                continue
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                chunk = os.read(self.master, min(due, 1024))
            except OSError:  # Linux's way to say that the other end is closed
                chunk = b""
            if not chunk:
                break
            count += len(chunk)
            self.stream += chunk
            if b"\x1b[c" in chunk:
                os.write(self.master, self.answers)
        assert condition(self.stream[asked:]), f"the line ended and no {what}: {self.stream[-300:]!r}"
        return count

    def settle(self):
        """Reads until nothing comes for a moment."""
        while select.select([self.master], [], [], 0.5)[0]:
            self.stream += os.read(self.master, 1024)
            time.sleep(1024 / self.rate)

    def status(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def noise(sandbox, count):
    """Pictures that no encoder makes small, and a post of words behind them."""
    numbers = random.Random(7)
    for index in range(count):
        sandbox.write(f"img/{index}.png", png(160, 120, lambda x, y: numbers.randbytes(3)))
    sandbox.queue_of(
        [{"id": f"noise-{index}", "media": [{"path": f"img/{index}.png"}], "priority": 9 - index, "scores": SCORE}
         for index in range(count)] + [post(1, priority=1)])


def test_slow_picture(sandbox):
    """While a picture crawls over a slow line, keys are obeyed and the line is not filled with what nobody waits for"""
    noise(sandbox, 3)
    line = SlowLine(sandbox, 20_000)
    line.read_until(lambda seen: b"\x1bP" in seen[-3000:], "picture that begins", 60_000)
    line.read_until(lambda seen: len(seen) > 20_000, "picture that goes on", 30_000)
    line.type("a")
    # The picture is broken off: the next item's name comes long before the rest of it would have.
    line.read_until(lambda seen: b"Allowed noise-0" in seen, "word of the verdict", 30_000)
    line.type("x")
    line.read_until(lambda seen: b" for hate" in seen, "word of the second verdict", 30_000)
    line.type("q")
    line.read_until(lambda seen: b"\x1b[?1049l" in seen, "end", 20_000)
    assert line.status() == 0
    verdicts = {row["id"]: row["verdict"] for row in sandbox.export()}
    assert verdicts == {"noise-0": "allow", "noise-1": "remove"}, verdicts


def test_slow_quit(sandbox):
    """At 2,000 bytes a second q leaves after a few thousand bytes, in the middle of a picture"""
    noise(sandbox, 1)
    line = SlowLine(sandbox, 2_000)
    line.read_until(lambda seen: b"\x1bP" in seen[-3000:], "picture that begins", 40_000)
    line.type("q")
    took = line.read_until(lambda seen: b"\x1b[?1049l" in seen, "end", 14_000)
    after = line.stream[-took:]
    # What ends the picture comes before the way back, and no picture after it.
    assert 0 < after.find(b"\x1b\\") < after.find(b"\x1b[?1049l"), after[-200:]
    assert line.status() == 0


def test_slow_verdicts(sandbox):
    """A verdict pressed before its item has crossed the line is refused with a sentence, and lands on nothing"""
    noise(sandbox, 3)
    line = SlowLine(sandbox, 20_000, columns=120, rows=40, answers=b"\x1b[?62c")
    line.read_until(lambda seen: "▌".encode() in seen, "first picture, in half-blocks", 90_000)
    line.settle()
    line.type("a")
    # Nothing is read: the second item's screen is stuck in the line.
    time.sleep(1)
    line.type("a")
    line.read_until(lambda seen: b"not reached your screen" in seen, "sentence", 90_000)
    line.type("q")
    line.read_until(lambda seen: b"\x1b[?1049l" in seen, "end", 20_000)
    assert line.status() == 0
    assert [row["id"] for row in sandbox.export()] == ["noise-0"]
