"""Pictures on a real terminal that draws sixel: what stands where on the screen, by colour."""

from pixel_terminal import png
from xterm_screen import CELL, XtermScreen

# Fifths of full light, which the percents of sixel carry without loss; no theme has them.
QUARTERS = [(204, 51, 51), (0, 153, 51), (51, 51, 204), (255, 204, 51)]
COLOURS = [bytes(colour) for colour in QUARTERS]
EXPLAINED = {
    "scores": [{"model": "upstream@1", "policy": "spam", "score": 0.99}],
    "explanations": [{"model": "upstream@1", "policy": "spam", "method": "legrad", "grid": [2, 2], "values": [1, 0, 0, 0]}]}


def quarters(sandbox):
    """A picture in four flat quarters whose map points at the first one, then a post of words."""
    sandbox.write("img/quarters.png", png(300, 200, lambda x, y: QUARTERS[(x >= 150) + 2 * (y >= 100)]))
    sandbox.queue_of([
        {"id": "quarters", "media": [{"path": "img/quarters.png"}], "priority": 3, **EXPLAINED},
        {"id": "words", "text": "this is the other post", "priority": 2}])
    return f"{sandbox.program} review --reviewer tester"


def picture(columns, rows):
    """Where the picture stands beside lists and scores, in pixels: left, top, right, bottom."""
    left, width = {100: (26, 43), 120: (30, 50)}[columns]
    pixels = (width * CELL[0], (rows - 5) * CELL[1] // 6 * 6)
    scale = min(pixels[0] / 300, pixels[1] / 200)
    size = (round(300 * scale), round(200 * scale))
    cells = -(-size[0] // CELL[0])
    return placed(left + (width - cells) // 2, 3, size)


def placed(column, row, size):
    left, top = column * CELL[0], row * CELL[1]
    return left, top, left + size[0], top + size[1]


def stands(shot, where):
    """Whether the four quarters fill a part of the screen, all of it but for their soft edges, and nothing else."""
    left, top, right, bottom = where
    middle = ((left + right) // 2, (top + bottom) // 2)
    boxes = [shot.box(colour) for colour in COLOURS]
    if not all(boxes):
        return False
    corners = [(left, top, *middle), (middle[0], top, right, middle[1]), (left, middle[1], middle[0], bottom),
               (*middle, right, bottom)]
    return all(max(abs(a - b) for a, b in zip(box[:4], corner)) <= 4
               and box[4] >= 0.9 * (corner[2] - corner[0]) * (corner[3] - corner[1])
               for box, corner in zip(boxes, corners))


def nowhere(shot):
    return not any(shot.box(colour) for colour in COLOURS)


def test_xterm(sandbox):
    """In xterm a sixel picture stands in its place, gives way to pop-ups and comes back whole, and is gone at the end"""
    script = f"set -m; {quarters(sandbox)}; read line; fg; read line"
    with XtermScreen(sandbox, script) as xterm:
        explained = xterm.wait_for(lambda shot: shot.box(COLOURS[3]), "the picture under its map")
        xterm.press("v")
        place = picture(100, 32)
        plain = xterm.wait_for(lambda shot: stands(shot, place), "the plain picture, in its place and nowhere else")
        # The overlay is in the picture; its words are in the right column and in the status row.
        side, status = 72 * CELL[0], 30 * CELL[1]
        between = (25 * CELL[0], 0, side - CELL[0], status)
        changed = Region(plain, between).differences(Region(explained, between))
        assert changed and changed[0] + between[0] >= place[0] and changed[2] + between[0] <= place[2], changed
        assert changed[1] >= place[1] and changed[3] <= place[3], (changed, place)

        xterm.press("question")
        helped = xterm.wait_for(nowhere, "the help, over the picture and not under it")
        assert helped.differences(plain)
        xterm.press("Escape")
        again = xterm.wait_for(lambda shot: stands(shot, place), "the picture, whole again")
        assert again.cut(*place) == plain.cut(*place)

        xterm.press("z")
        # 100 × 29 cells are 600 × 372 pixels in whole bands: 558 × 372 of the picture, 93 columns and 29 rows.
        xterm.wait_for(lambda shot: stands(shot, placed(3, 1, (558, 372))), "the picture over the whole screen")
        xterm.press("q")
        xterm.wait_for(lambda shot: stands(shot, place), "the picture among the rest")

        xterm.resize(120, 40)
        xterm.wait_for(lambda shot: stands(shot, picture(120, 40)), "the picture in the larger window")
        xterm.resize(100, 32)
        xterm.wait_for(lambda shot: stands(shot, place), "the picture in the window as it was")

        xterm.press("ctrl+z")
        xterm.wait_for(nowhere, "the shell, without the picture")
        xterm.press("Return")
        xterm.wait_for(lambda shot: stands(shot, place), "the picture after it was away")

        xterm.press("a")
        xterm.wait_for(nowhere, "the next item, without the picture")
        xterm.press("u")
        xterm.wait_for(lambda shot: stands(shot, place), "the picture again")
        xterm.press("q")
        xterm.wait_for(nowhere, "the end, without the picture")


def test_white_xterm(sandbox):
    """A white xterm, which tells its background, gets the light theme: its ink and none of the dark one's"""
    sandbox.queue_of([{"id": "words", "text": "these words lie on white"}])
    # Text of themes/light.toml and themes/dark.toml in xterm's 256 colours.
    light, dark = bytes([38, 38, 38]), bytes([218, 218, 218])
    with XtermScreen(sandbox, f"{sandbox.program} review --reviewer tester",
                     options=["-bg", "white", "-fg", "black"]) as xterm:
        shot = xterm.wait_for(lambda shot: shot.box(light) and shot.box(light)[4] > 200, "dark words")
        assert not shot.box(dark), shot.box(dark)


# Every script that lines are told apart by: wide, combining, from right to left, joined, and a family of emoji.
SCRIPTS = [
    "plain ascii words", "日本語の長い文章と中文字符", "한국어 문장", "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ❤️ 😀", "e\u0301a\u0308o\u0302 z\u0335\u0336\u0337\u0338\u0334algo",
    "שלום עולם ומה שלומך", "مرحبا بالعالم كيف الحال", "हिन्दी में क्षत्रिय लिखा", "ไทยที่นี่ น้ำ", "ｆｕｌｌ ｗｉｄｔｈ", "\u202edrow\u202c zero\u200bwidth",
    "mixed 日本 and שלום and हिन्दी 👍 end"]


def test_columns(sandbox):
    """Beside CJK, emoji, combining marks, Hebrew, Arabic, Devanagari and Thai the rules of the columns stay straight"""
    sandbox.queue_of([{"id": "scripts", "text": "\n".join(SCRIPTS)}] + [
        {"id": f"row-{number}", "text": line, "priority": -number} for number, line in enumerate(SCRIPTS)])
    script = f"{sandbox.program} review --reviewer tester --theme dark --item scripts"
    with XtermScreen(sandbox, script, outlines=True) as xterm:
        shot = xterm.wait_for(lambda shot: Rules(shot).stand, "straight rules from the second row to the last but two")
        rules = Rules(shot)
        assert (rules.left // rules.cell[0], rules.right // rules.cell[0]) == (24, 70), vars(rules)
        # Each script has ink in its row of the text and in its row of the list.
        for row in range(len(SCRIPTS)):
            assert rules.ink(row + 3, range(26, 69)) and rules.ink(row + 2, range(5, 23)), SCRIPTS[row]


class Rules:
    """The two vertical rules on a screen of 100 × 32 cells, found as the most upright lines in their colour."""

    # `rule` of themes/dark.toml in xterm's 256 colours.
    COLOUR = (68, 68, 68)

    def __init__(self, shot):
        self.shot = shot
        heights = [sum(shot[x, y] == self.COLOUR for y in range(shot.height)) for x in range(shot.width)]
        self.left, self.right = sorted(sorted(range(shot.width), key=heights.__getitem__)[-2:])
        rows = [y for y in range(shot.height) if shot[self.left, y] == self.COLOUR]
        # They stand in columns 24 and 70, over 29 rows.
        self.cell = ((self.right - self.left) // 46, len(rows) // 29)
        body = range(self.cell[1], 30 * self.cell[1])
        self.stand = rows == list(body) and len(rows) > 29 and all(
            [x for x in self.column(place) if shot[x, y] != (0, 0, 0)] == [place]
            for place in (self.left, self.right) for y in body)

    def column(self, place):
        """The pixels of the column of cells that a place is in."""
        start = place // self.cell[0] * self.cell[0]
        return range(start, start + self.cell[0])

    def ink(self, row, columns):
        width, height = self.cell
        return any(self.shot[x, y] != (0, 0, 0) for x in range(columns.start * width, columns.stop * width)
                   for y in range(row * height, (row + 1) * height))


class Region:
    """A part of a screen, to be compared with the same part of another."""

    def __init__(self, shot, where):
        left, top, right, bottom = where
        self.width, self.height, self.data = right - left, bottom - top, shot.cut(*where)

    def differences(self, other):
        from xterm_screen import Shot
        return Shot.differences(self, other)
