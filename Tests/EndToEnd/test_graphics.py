"""Pictures in the terminal: the program's own stream, read cell by cell and pixel by pixel."""

import re

from pixel_terminal import PLACEHOLDER, PixelTerminal, png
from sandbox import post

KITTY = b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1bP>|kitty(0.38.1)\x1b\\\x1b[?62;c"
WEZTERM = b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1bP>|WezTerm 20240203\x1b\\\x1b[?65;4;6;18;22c"
ITERM = b"\x1b[6;20;10t\x1bP>|iTerm2 3.4.23\x1b\\\x1b[?62;c"
QUARTERS = {(0, 0): (200, 30, 40), (1, 0): (20, 180, 60), (0, 1): (30, 60, 210), (1, 1): (240, 220, 90)}


def two_pictures(sandbox):
    """A post with a picture in four flat quarters, one with a grey picture, one of words only."""
    sandbox.write("img/quarters.png", png(320, 200, lambda x, y: QUARTERS[x >= 160, y >= 100]))
    sandbox.write("img/grey.png", png(120, 200, lambda x, y: (90, 90, 90)))
    sandbox.queue_of([
        {"id": "quarters", "media": [{"path": "img/quarters.png"}], "priority": 3},
        {"id": "grey", "media": [{"path": "img/grey.png"}], "priority": 2},
        post(1, priority=1)])


def console(sandbox, answers=KITTY, arguments=(), **options):
    return PixelTerminal(sandbox, ["review", "--reviewer", "tester", *arguments], answers=answers, **options)


def whole(terminal, picture=None):
    """Whether the screen shows one picture and all of it: each of its cells once, side by side, under a kept id."""
    grid = terminal.grid()
    if not grid:
        return False
    (colour, high), *others = {key[:2] for key in grid}
    found = [number for number in terminal.pictures if number & 255 == colour]
    if others or len(found) != 1:
        return False
    (columns, rows), pixels = terminal.pictures[found[0]]
    top, left = grid.get((colour, high, 0, 0), (None, None))
    wanted = {(colour, high, row, column): (top + row, left + column) for row in range(rows) for column in range(columns)} \
        if top is not None else None
    return grid == wanted and (picture is None or picture(pixels))


def is_quarters(pixels):
    w, h = pixels.width, pixels.height
    corners = {(0, 0): (2, 2), (1, 0): (w - 3, 2), (0, 1): (2, h - 3), (1, 1): (w - 3, h - 3)}
    return abs(w / h - 1.6) < 0.05 and all(pixels[place] == QUARTERS[key] for key, place in corners.items())


def is_grey(pixels):
    return pixels[pixels.width // 2, pixels.height // 2] == (90, 90, 90) and pixels.height > pixels.width


def test_kitty(sandbox):
    """In kitty the picture stands in the cells: under a pop-up, after a resize, a suspend, a verdict and the end"""
    two_pictures(sandbox)
    terminal = console(sandbox)
    terminal.wait_for(lambda t: whole(t, is_quarters), "the first picture")
    shown = terminal.log[:]
    cells = len(terminal.grid())
    terminal.type("s")
    terminal.wait_for(lambda t: 0 < len(t.grid()) < cells, "a pop-up over a part of the picture")
    terminal.type("\x1b")
    terminal.wait_for(lambda t: whole(t, is_quarters), "the picture without the pop-up")
    assert terminal.log == shown, "a pop-up sends no pixels"

    before = terminal.pictures.copy()
    terminal.resize(120, 40)
    terminal.wait_for(lambda t: whole(t, is_quarters) and list(t.pictures.values())[0][0] != list(before.values())[0][0],
                      "the picture in its new size")
    assert len(terminal.pictures) == 1

    terminal.log.clear()
    terminal.type("\x1a")
    # Nobody controls jobs on this terminal, so that the console is back by itself.
    terminal.wait_for(lambda t: [kind for kind, _ in t.log] == ["forget", "show"], "the console to come back")
    terminal.wait_for(lambda t: whole(t, is_quarters), "the picture after it was away")

    terminal.type("a")
    terminal.wait_for(lambda t: whole(t, is_grey), "the second picture")
    assert len(terminal.pictures) == 1, "the first is forgotten"
    terminal.type("a")
    terminal.wait_for(lambda t: "post number 1" in t.text(), "the post of words")
    assert not terminal.pictures and not terminal.grid()
    terminal.type("uq")
    terminal.wait_for(lambda t: t.stream.endswith(b"l") or not t.pictures, "the end")
    assert terminal.status() == 0
    terminal.wait_for(lambda t: not t.pictures, "nothing left behind")


def test_crash(sandbox):
    """A crash takes the picture back that kitty keeps, and so does a signal that ends the console"""
    import os
    import signal
    two_pictures(sandbox)
    for kind in (signal.SIGTERM, signal.SIGSEGV):
        terminal = console(sandbox)
        terminal.wait_for(lambda t: whole(t, is_quarters), "the picture")
        os.kill(terminal.process, kind)
        terminal.wait_for(lambda t: not t.pictures, f"the picture taken back after {kind.name}")
        assert terminal.status() == -kind
        terminal.wait_for(lambda t: b"\x1b[?1049l" in t.stream, "the way back")


def test_placeholders_unknown(sandbox):
    """A terminal that speaks kitty's protocol without placeholders gets none: sixel, if it has that"""
    two_pictures(sandbox)
    terminal = console(sandbox, WEZTERM)
    terminal.wait_for(lambda t: any(kind == "sixel" for kind, _ in t.log), "sixel")
    assert PLACEHOLDER.encode() not in terminal.stream and not terminal.pictures
    terminal.type("q")
    assert terminal.status() == 0


def test_inline_images(sandbox):
    """In iTerm2 the picture is painted over its cells: gone under the help, back after it, and gone with its item"""
    two_pictures(sandbox)

    def painted(terminal, picture):
        pictures = list(terminal.painted.items())
        if len(pictures) != 1:
            return False
        (row, column), ((columns, rows), pixels) = pictures[0]
        shape = columns * 10 / (rows * 20)
        return (row >= 3 and row + rows < 31 and column >= 26 and column + columns < 71
                and abs(shape / (pixels.width / pixels.height) - 1) < 0.1 and picture(pixels))

    terminal = console(sandbox, ITERM)
    terminal.wait_for(lambda t: painted(t, is_quarters), "the first picture")
    terminal.type("?")
    terminal.wait_for(lambda t: not t.painted, "the help, and no picture under it")
    terminal.type("\x1b")
    terminal.wait_for(lambda t: painted(t, is_quarters), "the picture again")
    terminal.resize(120, 40)
    terminal.wait_for(lambda t: len(t.painted) == 1 and list(t.painted)[0][1] >= 30, "the picture in its new place")
    terminal.resize(100, 32)
    terminal.wait_for(lambda t: painted(t, is_quarters), "the picture in the old one")
    terminal.type("a")
    terminal.wait_for(lambda t: painted(t, is_grey), "the second picture")
    terminal.type("a")
    terminal.wait_for(lambda t: "post number 1" in t.text(), "the post of words")
    assert not terminal.painted
    shown = len(terminal.log)
    terminal.type("j")
    terminal.wait_for(lambda t: True, "a moment")
    assert len(terminal.log) == shown, "nothing is painted where nothing changed"
    terminal.type("q")
    assert terminal.status() == 0


def test_preview_iterm2(sandbox):
    """preview --format iterm2 paints a picture with its pixels as they are"""
    sandbox.write("img/quarters.png", png(320, 200, lambda x, y: QUARTERS[x >= 160, y >= 100]))
    terminal = PixelTerminal(sandbox, ["preview", "img/quarters.png", "--format", "iterm2", "--size", "40x20"])
    terminal.wait_for(lambda t: t.painted, "the picture")
    ((size, pixels),) = terminal.painted.values()
    assert size == (32, 10) and (pixels.width, pixels.height) == (320, 200) and is_quarters(pixels)
    assert terminal.status() == 0


def test_silent(sandbox):
    """A terminal that never answers, one of kitty's without colours, and one told to: symbols, nothing else"""
    two_pictures(sandbox)
    for answers, arguments, environment in [
            (b"", [], {}), (KITTY, [], {"NO_COLOR": "1"}), (KITTY, ["--graphics", "symbols"], {}),
            (KITTY, ["--graphics", "ascii"], {})]:
        terminal = console(sandbox, answers, arguments, environment=environment)
        # A flat quarter may be all background: the edges between them are drawn in any case.
        edges = "|" if "ascii" in arguments else "▌▐"
        drawn = (lambda t: any(set(edges) & set(line[30:68]) for line in t.text().splitlines()))
        terminal.wait_for(drawn, f"a picture in symbols {arguments} {environment}")
        assert PLACEHOLDER.encode() not in terminal.stream and not terminal.pictures and not terminal.log, terminal.log
        terminal.type("q")
        assert terminal.status() == 0


def test_chosen(sandbox):
    """--graphics kitty draws for a terminal that says nothing of itself, and wraps all of it where tmux stands between"""
    two_pictures(sandbox)
    terminal = console(sandbox, b"", ["--graphics", "kitty"])
    terminal.wait_for(lambda t: whole(t, is_quarters), "the picture")
    terminal.type("q")
    assert terminal.status() == 0
    inside = console(sandbox, b"", ["--graphics", "kitty"], environment={"TMUX": "/none,1,0"})
    inside.wait_for(lambda t: t.grid(), "the placeholders")
    assert b"\x1bPtmux;\x1b\x1b_Ga=T," in inside.stream
    assert not inside.pictures, "nothing of the protocol stands outside the wrapping"
    inside.type("q")
    assert inside.status() == 0


def test_doctor_asks(sandbox):
    """doctor names the terminal's graphics and what would improve them"""
    terminal = PixelTerminal(sandbox, ["doctor"], columns=300, answers=KITTY)
    terminal.wait_for(lambda t: "kitty graphics in cells of 10×20 pixels (kitty(0.38.1))" in t.text(), "kitty's graphics")
    terminal.status()
    terminal = PixelTerminal(sandbox, ["doctor"], columns=300, answers=b"\x1bP>|XTerm(379)\x1b\\\x1b[?64;1;22c")
    terminal.wait_for(lambda t: "xterm -ti vt340" in t.text(), "the advice")
    terminal.status()


WORDS = "these words lie on the background"


def is_readable(terminal, on):
    """Whether the post's words are there and stand out from a background, by the colours that they are drawn in."""
    found = re.search(WORDS, terminal.text())
    if not found:
        return False
    before = terminal.text()[:found.start()]
    row, column = before.count("\n"), found.start() - (before.rfind("\n") + 1)
    colours = {terminal.cells[row, column + at][1] for at, letter in enumerate(WORDS) if letter != " "}
    return None not in colours and all(contrast(luminance(colour), on) >= 4.5 for colour in colours)


def luminance(entry):
    """Of an entry of xterm's palette past the sixteen, by WCAG 2.2."""
    cube = [0, 95, 135, 175, 215, 255]
    levels = [cube[(entry - 16) // step % 6] for step in (36, 6, 1)] if entry < 232 else [8 + 10 * (entry - 232)] * 3
    linear = [level / 255 / 12.92 if level <= 10 else ((level / 255 + 0.055) / 1.055) ** 2.4 for level in levels]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_background(sandbox):
    """Words are readable on a white terminal and on a black one, by its answer or COLORFGBG; they are drawn once more at most"""
    sandbox.queue_of([{"id": "words", "text": WORDS}])
    white, black = b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62;c", b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;c"
    for answers, fgbg, arguments, on, times in [
            (white, None, [], 1, 2), (black, None, [], 0, 1), (b"", None, [], 0, 1),
            (white, "0;15", [], 1, 1), (b"", "0;15", [], 1, 1), (black, "0;15", [], 0, 2),
            (white, None, ["--graphics", "symbols"], 1, 2), (white, None, ["--theme", "auto"], 1, 2),
            (white, "0;15", ["--theme", "dark"], 0, 1)]:
        case = (answers, fgbg, arguments)
        terminal = console(sandbox, answers, arguments, environment={"COLORFGBG": fgbg or ""})
        terminal.wait_for(lambda t: is_readable(t, on), f"readable words {case}")
        # What has the answer before it is read after the answer.
        terminal.type("?")
        terminal.wait_for(lambda t: not re.search(WORDS, t.text()), "the help")
        # The list shows the first words only.
        drawn = terminal.stream.count(WORDS[-10:].encode())
        assert 1 <= drawn <= times, (case, drawn)
        assert "rgb" not in terminal.text(), "the answer was typed"
        terminal.type("\x1b")
        terminal.wait_for(lambda t: is_readable(t, on), "the words again")
        terminal.type("q")
        assert terminal.status() == 0
    inside = console(sandbox, white, environment={"TMUX": "/none,1,0", "COLORFGBG": "0;15"})
    inside.wait_for(lambda t: is_readable(t, 1), "readable words by COLORFGBG alone")
    assert b"\x1b]11;?" not in inside.stream
    inside.type("q")
    assert inside.status() == 0


def test_background_split(sandbox):
    """The answer may be far too long or no colour at all: none of it is ever a key"""
    import os
    sandbox.queue_of([{"id": "words", "text": WORDS}])
    terminal = console(sandbox, b"\x1b]11;" + b"q" * 3000 + b"\x07\x1b]11;rgb:q/a/x\x1b\\\x1b[?62;c")
    terminal.wait_for(lambda t: is_readable(t, 0), "the words")
    os.write(terminal.master, b"\x1b]11;rgb:ffff/ff")
    os.write(terminal.master, b"ff/ffff\x1b\\")
    terminal.wait_for(lambda t: is_readable(t, 1), "the light theme")
    assert not sandbox.export()
    terminal.type("q")
    assert terminal.status() == 0


def test_doctor_theme(sandbox):
    """doctor names the theme that the background chooses, and why"""
    for answers, fgbg, words in [(b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62;c", "15;0", "theme auto: light, since the terminal's background is #ffffff"),
                                 (b"\x1b[?62;c", "0;15", "theme auto: light, by COLORFGBG")]:
        terminal = PixelTerminal(sandbox, ["doctor"], columns=300, answers=answers, environment={"COLORFGBG": fgbg})
        terminal.wait_for(lambda t: words in t.text(), words)
        terminal.status()


def test_preview_kitty(sandbox):
    """preview --format kitty hands the picture over with its pixels as they are"""
    from base64 import b64decode
    from pixel_terminal import Pixels
    import subprocess
    sandbox.write("img/quarters.png", png(320, 200, lambda x, y: QUARTERS[x >= 160, y >= 100]))
    out = subprocess.run(
        [sandbox.program, "preview", "img/quarters.png", "--format", "kitty", "--size", "40x20"], cwd=sandbox.folder,
        env=sandbox.environment, capture_output=True, timeout=60, check=True).stdout
    parts = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", out)
    keys = dict(pair.split(b"=") for pair in parts[0][0].split(b","))
    assert keys[b"a"] == b"T" and (keys[b"c"], keys[b"r"]) == (b"32", b"10") and b"i" not in keys, keys
    pixels = Pixels(b64decode(b"".join(payload for _, payload in parts)))
    assert (pixels.width, pixels.height) == (320, 200) and is_quarters(pixels)
