"""The picture over the whole screen: what reaches a terminal that speaks kitty's protocol, pixel by pixel."""

import sqlite3

from pixel_terminal import PixelTerminal, png
from test_graphics import KITTY, whole

SIZE = (2400, 1600)


def colour(x, y):
    """A picture that says of every pixel where it stands, in steps of its own pixels."""
    return (x % 256, y % 256, x // 256 * 16 + y // 256)


def one_picture(sandbox, **fields):
    sandbox.write("img/places.png", png(*SIZE, colour))
    sandbox.queue_of([{"id": "places", "media": [{"path": "img/places.png"}], "priority": 3, **fields},
                      {"id": "other", "text": "this is another post", "priority": 2}])


def shown(terminal):
    """The one picture that the terminal keeps."""
    ((_, pixels),) = terminal.pictures.values()
    return pixels


def cut_from(terminal, x, y):
    """Whether the picture on the screen is the part of the original that starts there, each pixel as it was."""
    if not whole(terminal):
        return False
    pixels = shown(terminal)
    places = [(0, 0), (pixels.width - 1, 0), (pixels.width // 2, pixels.height // 3), (pixels.width - 1, pixels.height - 1)]
    return all(pixels[place] == colour(x + place[0], y + place[1]) for place in places)


def test_zoom(sandbox):
    """z shows the picture over the whole screen, + down to its own pixels, arrows move, and a verdict closes it"""
    one_picture(sandbox)
    terminal = PixelTerminal(sandbox, ["review", "--reviewer", "tester"], columns=100, rows=33, answers=KITTY)
    terminal.wait_for(whole, "the ordinary preview")
    ordinary = shown(terminal).width
    terminal.type("z")
    terminal.wait_for(lambda t: whole(t) and shown(t).width > ordinary, "the larger picture")
    assert "1:2.7, the whole" in terminal.text(), terminal.text()
    # 100 × 30 cells of 10 × 20 pixels: 1000 × 600 of 2400 × 1600.
    terminal.type("++")
    terminal.wait_for(lambda t: cut_from(t, 700, 500), "the picture's own pixels")
    assert (shown(terminal).width, shown(terminal).height) == (1000, 600)
    assert "1:1, 42 % × 38 %, from 700,500" in terminal.text(), terminal.text()
    terminal.type("\x1b[C\x1b[B")
    terminal.wait_for(lambda t: cut_from(t, 950, 650), "a part to the right and below")
    terminal.type("llllllll")
    terminal.wait_for(lambda t: cut_from(t, 1400, 650), "the right edge")
    terminal.type("+")
    terminal.wait_for(lambda t: cut_from(t, 1650, 800) and shown(t).width == 500, "twice as near, not more pixels")
    assert "2×" in terminal.text()
    terminal.type("0")
    terminal.wait_for(lambda t: whole(t) and "the whole" in t.text(), "all of it")
    terminal.type("a")
    terminal.wait_for(lambda t: "this is another post" in t.text() and not t.pictures, "the next item")
    terminal.type("q")
    assert terminal.status() == 0
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"]) == ("places", "allow"), row


def test_zoom_blurred(sandbox):
    """What is blurred stays blurred at every scale, and is seen sharp only when the look is on record"""
    score = {"model": "upstream@1", "policy": "violence/graphic", "score": 0.93}
    one_picture(sandbox, scores=[score])
    terminal = PixelTerminal(sandbox, ["review", "--reviewer", "tester"], columns=100, rows=33, answers=KITTY)
    terminal.wait_for(whole, "the ordinary preview")
    ordinary = (shown(terminal).width, shown(terminal).height)
    terminal.type("z++")
    # The part's share of the preview's own pixels, and not one more.
    share = ordinary[0] * 1000 // 2400 + 1, ordinary[1] * 600 // 1600 + 1
    terminal.wait_for(
        lambda t: whole(t) and "1:1," in t.text() and shown(t).width <= share[0] and shown(t).height <= share[1],
        "the zoom, made of no more pixels than the preview has of this part")
    pixels = shown(terminal)
    steps = [abs(a - b) for row in pixels.rows for a, b in zip(row[:-3], row[3:])]
    assert max(steps) < 64, f"something sharp is in it: {max(steps)}"
    # Its policy asks for grey, too.
    terminal.type("bg")
    terminal.wait_for(lambda t: cut_from(t, 700, 500), "the picture's own pixels")
    with sqlite3.connect(sandbox.folder / "queue.sqlite", timeout=20) as database:
        (kinds,) = zip(*database.execute("SELECT kind FROM audit_event"))
    assert kinds.count("reveal") == 2, kinds
    terminal.type("zq")
    assert terminal.status() == 0


def test_zoom_symbols(sandbox):
    """Without graphics the zoom is drawn in symbols, a pixel in half a cell at 1:1"""
    sandbox.write("img/halves.png", png(400, 400, lambda x, y: (240, 220, 90) if x < 200 else (30, 60, 210)))
    sandbox.queue_of([{"id": "halves", "media": [{"path": "img/halves.png"}]}])
    sandbox.open_console(columns=100, rows=33)
    sandbox.wait_for("DETAILS", "the item")
    sandbox.press("z")
    sandbox.wait_for(lambda screen: "1:6.7, the whole" in screen and "DETAILS" not in screen, "the whole picture")
    sandbox.press("+", "+", "+")
    sandbox.wait_for("1:1, 25 % × 15 %, from 150,170", "its own pixels")
    sandbox.press("h", "h")
    sandbox.wait_for("from 100,170", "a part to the left")
    sandbox.press("Escape")
    sandbox.wait_for("DETAILS", "the item with the rest")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
