"""A terminal for tests that reads what a program draws, kitty's graphics included, and answers questions as it is told to.

Its terminfo entry knows so few capabilities that reading the stream takes few lines: cursor addressing, clearing and
colours. What it cannot read, it says.
"""

import base64
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unicodedata
import zlib

from sandbox import Skipped

ENTRY = r"""reviewtui-test|a terminal that tests read,
	am, xenl, colors#256, pairs#0x7fff, cols#80, lines#24,
	clear=\E[H\E[2J, cup=\E[%i%p1%d;%p2%dH, sgr0=\E[m, op=\E[39;49m,
	setaf=\E[38;5;%p1%dm, setab=\E[48;5;%p1%dm, bold=\E[1m, rev=\E[7m, smul=\E[4m, dim=\E[2m,
	smcup=\E[?1049h, rmcup=\E[?1049l, civis=\E[?25l, cnorm=\E[?25h,
"""
PLACEHOLDER = "\U0010EEEE"
TOKEN = re.compile(
    rb"\x1b_G(?P<kitty>[^\x1b]*)\x1b\\|\x1b\](?P<system>[^\x07\x1b]*)(?:\x07|\x1b\\)|\x1bP(?P<device>tmux;(?:\x1b\x1b|[^\x1b])*|.*?)\x1b\\|\x1b\[(?P<private>[?>=]?)(?P<numbers>[0-9;]*)"
    rb"(?P<middle>[ -/]*)(?P<final>[@-~])|\x1b(?P<simple>[78\\])|(?P<control>[\r\n\b])|"
    rb"(?P<text>[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})", re.S)


def marks():
    """The marks that stand for 0, 1, 2 … in kitty's protocol, as far as tests need them."""
    numbers = "305 30D 30E 310 312 33D 33E 33F 346 34A 34B 34C 350 351 352 357 35B 363 364 365 366 367 368 369 36A 36B " \
        "36C 36D 36E 36F 483 484 485 486 487 592 593 594 595 597 598 599 59C 59D 59E 59F 5A0 5A1 5A8 5A9 5AB 5AC 5AF " \
        "5C4 610 611 612 613 614 615 616 617 657 658 659 65A 65B 65D 65E 6D6 6D7 6D8 6D9 6DA 6DB 6DC 6DF 6E0 6E1 6E2 " \
        "6E4 6E7 6E8 6EB 6EC 730 732 733 735 736 73A 73D 73F 740 741 743 745 747 749 74A 7EB 7EC 7ED 7EE 7EF 7F0 7F1 7F3"
    return [chr(int(number, 16)) for number in numbers.split()]


MARKS = marks()


class PixelTerminal:
    """Runs a program on a pseudo-terminal and keeps a screen of cells, and pictures under their ids."""

    def __init__(self, sandbox, arguments, columns=100, rows=32, answers=b"", environment=None):
        if not shutil.which("tic"):
            raise Skipped("tic is not installed")
        source = sandbox.write("terminal.ti", ENTRY)
        subprocess.run(["tic", "-x", "-o", str(sandbox.folder / "terminfo"), str(source)], check=True, capture_output=True)
        self.columns, self.rows, self.answers = columns, rows, answers
        self.cells, self.pictures, self.log, self.stream = {}, {}, [], b""
        # Pictures that lie over cells, by the place of their first one, until one of their cells is written again.
        self.painted, self.kept = {}, (0, 0)
        self.cursor, self.foreground, self.pending, self.open = (0, 0), None, b"", None
        environment = {**sandbox.environment, "TERM": "reviewtui-test", "TERMINFO": str(sandbox.folder / "terminfo"),
                       **(environment or {})}
        self.process, self.master = pty.fork()
        if self.process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(sandbox.folder)
            os.execve(sandbox.program, [str(sandbox.program), *arguments], environment)

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, columns, rows):
        self.columns, self.rows, self.cells = columns, rows, {}
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.process, signal.SIGWINCH)

    def wait_for(self, condition, what, seconds=60):
        """Reads until the condition holds and nothing more comes for a moment."""
        deadline = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], 0.15)
            if ready:
                try:
                    chunk = os.read(self.master, 65536)
                except OSError:  # Linux's way to say that the other end is closed
                    chunk = b""
                if chunk:
                    self.feed(chunk)
                    continue
            if condition(self):
                return
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text()}\n{self.log[-8:]}"
            time.sleep(0.02)

    def status(self):
        """The program's exit status once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def text(self):
        rows = ("".join(self.cells.get((row, column), (" ", None))[0] for column in range(self.columns))
                for row in range(self.rows))
        return "\n".join(row.rstrip() for row in rows)

    def grid(self):
        """What the placeholders on the screen say: {(colour, high mark, row, column of the picture): place on the screen}."""
        found = {}
        for place, (text, foreground) in self.cells.items():
            if text[0] != PLACEHOLDER:
                continue
            assert len(text) == 4 and foreground is not None, (text, foreground)
            row, column, high = MARKS.index(text[1]), MARKS.index(text[2]), text[3]
            key = (foreground, high, row, column)
            assert key not in found, f"shown twice: {key}"
            found[key] = place
        return found

    # Reading the stream

    def feed(self, chunk):
        self.stream += chunk
        data = self.pending + chunk
        at = 0
        while at < len(data):
            token = TOKEN.match(data, at)
            if not token:
                # It may go on in the next chunk; only pictures are longer than this.
                assert len(data) - at < 8192 or data[at:at + 2] in (b"\x1bP", b"\x1b]"), f"cannot be read: {data[at:at + 40]!r}"
                break
            self.take(token, token[0])
            at = token.end()
        self.pending = data[at:]

    def take(self, token, raw):
        if token["kitty"] is not None:
            self.graphics(token["kitty"].decode())
        elif token["device"] is not None:
            self.log.append(("sixel", self.cursor) if b"q" in token["device"][:8] else ("device", raw[:20]))
        elif token["system"] is not None:
            self.inline(token["system"])
        elif token["simple"] == b"7":
            self.kept = self.cursor
        elif token["simple"] == b"8":
            self.cursor = self.kept
        elif token["final"]:
            self.control(token)
        elif token["control"]:
            row, column = self.cursor
            self.cursor = {b"\r": (row, 0), b"\n": (row + 1, column), b"\b": (row, max(0, column - 1))}[raw]
        elif token["text"]:
            self.put(raw.decode())

    def put(self, character):
        row, column = self.cursor
        if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
            text, foreground = self.cells[(row, column - 1)]
            self.cells[(row, column - 1)] = (text + character, foreground)
            return
        self.cells[(row, column)] = (character, self.foreground)
        for (top, left), ((columns, rows), _) in list(self.painted.items()):
            if top <= row < top + rows and left <= column < left + columns:
                del self.painted[(top, left)]
        self.cursor = (row, column + 1)

    def control(self, token):
        numbers = [int(number or 0) for number in token["numbers"].split(b";")]
        final = token["final"]
        if token["private"] or token["middle"]:
            return
        if final == b"H":
            self.cursor = (max(1, numbers[0]) - 1, (numbers[1] if len(numbers) > 1 else 1) - 1)
        elif final == b"J":
            self.cells, self.painted = {}, {}
        elif final == b"m":
            if 38 in numbers and numbers[numbers.index(38) + 1] == 5:
                self.foreground = numbers[numbers.index(38) + 2]
            elif 39 in numbers or numbers == [0]:
                self.foreground = None
        elif final == b"c":
            # Device attributes are the last question of the batch.
            os.write(self.master, self.answers)

    def inline(self, body):
        """Paints one of iTerm2's inline images over the cells at the cursor."""
        if not body.startswith(b"1337;File="):
            return
        control, _, payload = body.decode().removeprefix("1337;File=").partition(":")
        keys = dict(pair.split("=") for pair in control.split(";"))
        png = base64.b64decode(payload, validate=True)
        assert keys["inline"] == "1" and int(keys["size"]) == len(png), control
        self.painted[self.cursor] = ((int(keys["width"]), int(keys["height"])), Pixels(png))
        self.log.append(("inline", self.cursor))

    def graphics(self, body):
        control, _, payload = body.partition(";")
        keys = dict(pair.split("=") for pair in control.split(","))
        if keys.get("a") == "q":
            return
        assert keys["q"] == "2", f"would be answered: {control}"
        assert len(payload) <= 4096, len(payload)
        if keys.get("a") == "d":
            assert keys["d"] == "I"
            self.pictures.pop(int(keys["i"]), None)
            self.log.append(("forget", int(keys["i"])))
            return
        if self.open:
            assert set(keys) == {"q", "m"}, control
            self.open[1].append(payload)
        else:
            self.open = (keys, [payload])
        if keys["m"] == "0":
            keys, parts = self.open
            self.open = None
            size = (int(keys["c"]), int(keys["r"]))
            self.pictures[int(keys["i"])] = (size, Pixels(base64.b64decode("".join(parts))))
            self.log.append(("show", int(keys["i"])))


class Pixels:
    """An 8-bit RGB PNG, decoded by the standard library alone."""

    def __init__(self, png):
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        self.width, self.height, depth, colour = struct.unpack(">IIBB", png[16:26])
        assert (depth, colour) == (8, 2)
        at, data = 8, b""
        while at < len(png):
            length, kind = struct.unpack(">I4s", png[at:at + 8])
            if kind == b"IDAT":
                data += png[at + 8:at + 8 + length]
            at += length + 12
        raw, self.rows = zlib.decompress(data), []
        step, before = self.width * 3, bytes(self.width * 3)
        for row in range(self.height):
            kind, line = raw[row * (step + 1)], bytearray(raw[row * (step + 1) + 1:(row + 1) * (step + 1)])
            for i in range(step):
                left, up, corner = (line[i - 3] if i > 2 else 0), before[i], (before[i - 3] if i > 2 else 0)
                line[i] = (line[i] + self.predicted(kind, left, up, corner)) & 255
            self.rows.append(bytes(line))
            before = self.rows[-1]

    @staticmethod
    def predicted(kind, left, up, corner):
        if kind < 4:
            return (0, left, up, (left + up) // 2)[kind]
        guess = left + up - corner
        return min((left, up, corner), key=lambda value: abs(guess - value))

    def __getitem__(self, place):
        x, y = place
        return tuple(self.rows[y][x * 3:x * 3 + 3])


def png(width, height, colour):
    """A PNG file whose pixels are colour(x, y)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(bytes(colour(x, y)) for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
