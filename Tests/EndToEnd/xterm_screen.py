"""A real xterm under Xvfb that draws sixel: keys are typed into its window, and its pixels are looked at.

In a bitmap font of 6 × 13 pixels without a border, so that a cell's place on the screen is known to the pixel; with
`outlines` in fonts that have the letters of many scripts, whose cells are as large as they are.
"""

import os
import shutil
import subprocess
import time

from sandbox import Skipped

CELL = (6, 13)
NEEDED = {"Xvfb": "xvfb", "xterm": "xterm", "import": "imagemagick", "xdotool": "xdotool"}
# Latin and Arabic; Hebrew; Chinese, Japanese and Korean; Devanagari; emoji.
FONTS = {"DejaVu Sans Mono": "fonts-dejavu-core", "FreeMono": "fonts-freefont-ttf", "WenQuanYi Micro Hei": "fonts-wqy-microhei",
         "Lohit Devanagari": "fonts-lohit-deva", "Symbola": "fonts-symbola"}


class XtermScreen:
    """Runs a line of shell in an xterm of its own; `with` ends both."""

    def __init__(self, sandbox, line, columns=100, rows=32, options=(), outlines=False):
        missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
        if outlines:
            known = subprocess.run(["fc-list", ":", "family"], check=True, capture_output=True, text=True).stdout
            missing += [package for family, package in FONTS.items() if family not in known]
            options = [*options, "-fa", next(iter(FONTS)), "-fs", "10", "-xrm", "XTerm*forceBoxChars: true"]
        if missing:
            raise Skipped(f"not installed: {', '.join(sorted(missing))} (tools/deps --test installs them)")
        self.sandbox, self.line, self.size, self.options = sandbox, line, (columns, rows), options

    def __enter__(self):
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x700x24", "-nolisten", "tcp"], pass_fds=[write],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        assert number, "Xvfb did not start"
        self.environment = {**self.sandbox.environment, "DISPLAY": f":{number}"}
        self.window = subprocess.Popen(
            ["xterm", "-ti", "vt340", "-tn", "xterm-256color", "-u8", "-fn", "6x13", "-b", "0", "+sb", "-bw", "0",
             "-bg", "black", "-fg", "white", "-geometry", f"{self.size[0]}x{self.size[1]}+0+0",
             "-xrm", "XTerm*allowWindowOps: true", "-xrm", "XTerm*sixelScrolling: true",
             "-xrm", "XTerm*numColorRegisters: 256", "-xrm", "XTerm*cursorBlink: false", *self.options,
             "-e", "sh", "-c", self.line],
            cwd=self.sandbox.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        for process in (self.window, self.server):
            process.terminate()
            process.wait(timeout=20)

    def press(self, *keys):
        """Types keys by their X names."""
        subprocess.run(["xdotool", "key", "--delay", "20", *keys], env=self.environment, check=True)

    def resize(self, columns, rows):
        (window,) = subprocess.run(
            ["xdotool", "search", "--class", "xterm"], env=self.environment, check=True, capture_output=True,
            text=True).stdout.split()[-1:]
        subprocess.run(["xdotool", "windowsize", window, str(columns * CELL[0]), str(rows * CELL[1])],
                       env=self.environment, check=True)

    def pixels(self):
        shot = subprocess.run(["import", "-window", "root", "-depth", "8", "ppm:-"], env=self.environment, check=True,
                              capture_output=True).stdout
        return Shot(shot)

    def wait_for(self, condition, what, seconds=30):
        """Looks until the condition holds for a screen, and returns that."""
        deadline = time.monotonic() + seconds
        while True:
            shot = self.pixels()
            if condition(shot):
                return shot
            if time.monotonic() > deadline:
                shot.save(self.sandbox.folder / "seen.ppm")
                raise AssertionError(f"waited in vain for {what}; boxes of the colours: {shot.boxes}")
            time.sleep(0.05)


class Shot:
    """The screen's pixels at one moment."""

    def __init__(self, ppm):
        kind, width, height, depth, self.data = ppm.split(maxsplit=4)[:4] + [None]
        assert (kind, depth) == (b"P6", b"255"), ppm[:20]
        self.width, self.height = int(width), int(height)
        self.data = ppm[-self.width * self.height * 3:]
        self.boxes = {}

    def __getitem__(self, place):
        at = (place[1] * self.width + place[0]) * 3
        return tuple(self.data[at:at + 3])

    def box(self, colour):
        """Left, top, right and bottom (past the end) of all pixels of a colour, and how many there are; None without one."""
        if colour not in self.boxes:
            found, width = None, self.width * 3
            for y in range(self.height):
                row = self.data[y * width:(y + 1) * width]
                at, count, first, last = row.find(colour), 0, None, None
                while at >= 0:
                    if at % 3 == 0:
                        count, last = count + 1, at // 3
                        first = last if first is None else first
                    at = row.find(colour, at + 1 if at % 3 else at + 3)
                if count:
                    old = found or (first, y, first, y, 0)
                    found = (min(old[0], first), old[1], max(old[2], last + 1), y + 1, old[4] + count)
            self.boxes[colour] = found
        return self.boxes[colour]

    def differences(self, other):
        """Left, top, right and bottom of what differs from another screen; None where nothing does."""
        found, width = None, self.width * 3
        for y in range(self.height):
            mine, theirs = self.data[y * width:(y + 1) * width], other.data[y * width:(y + 1) * width]
            if mine == theirs:
                continue
            places = [at // 3 for at in range(width) if mine[at] != theirs[at]]
            old = found or (places[0], y, places[-1] + 1, y)
            found = (min(old[0], places[0]), old[1], max(old[2], places[-1] + 1), y + 1)
        return found

    def cut(self, left, top, right, bottom):
        """The bytes of a part."""
        return b"".join(self.data[(y * self.width + left) * 3:(y * self.width + right) * 3] for y in range(top, bottom))

    def save(self, path):
        path.write_bytes(b"P6 %d %d 255\n" % (self.width, self.height) + self.data)
