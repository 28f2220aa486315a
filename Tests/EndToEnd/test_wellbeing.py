"""What the console does for the person at it: softened pictures, pauses, reasons, and a question before what is final."""

import json
import sqlite3

from pixel_terminal import PixelTerminal, png
from sandbox import post

HATE = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]
GORE = [{"model": "upstream@1", "policy": "violence/graphic", "score": 0.93}]
MINORS = [{"model": "upstream@1", "policy": "sexual/minors", "score": 0.93}]
KITTY = b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1bP>|kitty(0.38.1)\x1b\\\x1b[?62;c"


def showing(number):
    return lambda screen: f"this is post number {number}" in screen


def looks(sandbox):
    """What kinds of looks are in the audit chain, in their order."""
    with sqlite3.connect(sandbox.folder / "queue.sqlite", timeout=20) as database:
        rows = database.execute("SELECT body FROM audit_event WHERE kind = 'reveal' ORDER BY seq").fetchall()
    return [json.loads(body)["what"] for body, in rows]


def picture(sandbox, **fields):
    sandbox.write("img/stripes.png", png(320, 200, lambda x, y: (220, 30, 40) if x // 4 % 2 else (30, 60, 210)))
    return {"id": "stripes", "media": [{"path": "img/stripes.png"}], "priority": 9, **fields}


def test_soften(sandbox):
    """b, g, d and l soften the picture, the screen says who asked, and only looks without the policy's go on record"""
    sandbox.queue_of([picture(sandbox, scores=GORE)])
    sandbox.open_console(columns=120, rows=36)
    sandbox.wait_for("grey, blur: violence/graphic", "what the policy softens")
    sandbox.press("d")
    sandbox.wait_for("detail: you", "blocks by the reviewer")
    sandbox.press("d")
    sandbox.wait_for(lambda screen: "detail" not in screen, "no blocks")
    sandbox.press("b")
    sandbox.wait_for("off, on record: blur", "no blur")
    sandbox.press("g")
    sandbox.wait_for("off, on record: grey, blur", "the picture in its colours")
    assert looks(sandbox) == ["blurred", "greyed"], looks(sandbox)
    sandbox.press("l", "b")
    sandbox.wait_for(lambda screen: "blur: violence/graphic" in screen and "lines: you" in screen, "lines and blur")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    assert looks(sandbox) == ["blurred", "greyed"], looks(sandbox)
    sandbox.run("audit", "verify").expect()


def test_soften_always(sandbox):
    """config.toml softens every picture, before it is first drawn"""
    sandbox.queue_of([picture(sandbox)])
    sandbox.write(".config/reviewtui/config.toml", '[wellbeing]\nsoften = ["grey", "detail"]\n')
    terminal = PixelTerminal(sandbox, ["review", "--reviewer", "tester"], answers=KITTY)
    terminal.wait_for(lambda screen: screen.pictures, "the picture")
    for _, pixels in terminal.pictures.values():
        seen = {pixels[x, y] for x in range(0, pixels.width, 3) for y in range(0, pixels.height, 3)}
        assert len(seen) < 60 and all(red == green == blue for red, green, blue in seen), seen
    terminal.type("l")
    terminal.wait_for(lambda screen: "lines" in screen.text(), "the line drawing")
    terminal.type("q")
    assert terminal.status() == 0
    sandbox.write(".config/reviewtui/config.toml", '[wellbeing]\nsoften = ["fog"]\n')
    said = sandbox.run("review").expect(64).err
    assert "config.toml:2: soften has a word that softens nothing" in said, said


def test_reason(sandbox):
    """R puts a reason of the policy into the note, n edits it, and Tab offers it there"""
    sandbox.queue_of([post(n, priority=9 - n, scores=HATE) for n in range(2)])
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("R")
    sandbox.wait_for("Dehumanising comparison", "the reasons of hate")
    sandbox.press("2")
    sandbox.wait_for("The note goes with your verdict", "the note")
    sandbox.press("n", "!", "Enter", "x")
    sandbox.wait_for(showing(1), "the second item")
    sandbox.press("n", "d", "e", "Tab")
    sandbox.wait_for("Note: Dehumanising comparison", "the first reason that begins so")
    sandbox.press("Tab")
    sandbox.wait_for("Note: Denies or praises", "the second")
    sandbox.press("Enter", "x")
    sandbox.wait_for("Nothing is waiting", "the end of the queue")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    notes = {row["id"]: row["note"] for row in sandbox.export()}
    assert notes == {"post-0": "Dehumanising comparison!", "post-1": "Denies or praises an atrocity against a group"}, notes


def test_final(sandbox):
    """What cannot be undone asks; the keys that give verdicts answer nothing, least of all the one that asked; y does"""
    sandbox.queue_of([post(0, priority=9, scores=MINORS), post(1, priority=8, scores=MINORS)])
    sandbox.open_console("--queue", "restricted")
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("ee")
    sandbox.wait_for("Escalate post-0? It cannot be undone", "the question")
    sandbox.press("eeax ")
    sandbox.press("Escape")
    sandbox.wait_for("No verdict was recorded.", "the item without a verdict")
    sandbox.press("e")
    sandbox.wait_for("Escalate post-0? It cannot be undone", "the question again")
    sandbox.press("y")
    sandbox.wait_for(showing(1), "the second item")
    assert sandbox.run("stats", "--json").expect().json["items"]["decided"] == 1
    sandbox.press("E", *"@default who is this", "Enter")
    sandbox.wait_for("y or Y: escalate", "the question without Enter among its answers")
    sandbox.press("Enter", "Escape")
    sandbox.wait_for("No verdict was recorded.", "the item without a verdict")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    assert sandbox.run("stats", "--json").json["items"] == {"pending": 1, "leased": 0, "decided": 1}


def test_pause(sandbox):
    """P covers the screen and gives everything back; somebody else can take it; any key goes on and is no verdict"""
    sandbox.queue_of([post(n, priority=9 - n, scores=HATE) for n in range(3)])
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("P")
    screen = sandbox.wait_for("Any key goes on.", "the covered screen")
    assert "post" not in screen, screen
    sandbox.wait_for(lambda _: sandbox.run("stats", "--json").json["items"]["leased"] == 0, "no leases")
    taken = sandbox.run("claim", "--reviewer", "ben").expect().json
    assert taken["item"]["id"] == "post-0"
    sandbox.press("x")
    sandbox.wait_for(showing(1), "the second item: the first one is somebody else's")
    sandbox.press("w")
    screen = sandbox.wait_for("What you have looked at", "the account")
    assert "hate" in screen and "no pause" in screen, screen
    sandbox.press("Escape")
    sandbox.wait_for(lambda screen: "What you have looked at" not in screen, "the second item")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    assert sandbox.run("stats", "--json").json["items"]["decided"] == 0
    with sqlite3.connect(sandbox.folder / "queue.sqlite", timeout=20) as database:
        (reviewer, family), = database.execute("SELECT reviewer, family FROM exposure").fetchall()
    assert (reviewer, family) == ("tester", "hate")
    sandbox.run("audit", "verify").expect()
