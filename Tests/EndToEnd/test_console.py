"""What a person does at the console, typed through tmux."""

import os
import signal
import sqlite3

from sandbox import post

HATE = [{"model": "upstream@1", "policy": "hate", "score": 0.93}]


def ten(sandbox):
    """Ten posts in a known order (by priority), the even ones scored as hate."""
    sandbox.queue_of([post(n, priority=100 - n, scores=HATE if n % 2 == 0 else []) for n in range(10)])


def showing(number):
    return lambda screen: f"this is post number {number}" in screen


def decided(sandbox):
    return sandbox.run("stats", "--json").expect().json["items"]["decided"]


def test_ten(sandbox):
    """Ten items triaged by keystrokes give the export that was pressed"""
    ten(sandbox)
    sandbox.run("stats").expect()
    sandbox.open_console()
    pressed = {}
    for number in range(10):
        sandbox.wait_for(f"this is post number {number}", f"item {number}")
        if number in (0, 2, 6):
            sandbox.press("x")
            pressed[f"post-{number}"] = ("remove", ["hate"])
        elif number == 4:
            sandbox.press("r")
            pressed["post-4"] = ("restrict", ["hate"])
        elif number == 5:
            sandbox.press("e")
            pressed["post-5"] = ("escalate", [])
        elif number == 9:
            sandbox.press("Space")
        else:
            sandbox.press("a")
            pressed[f"post-{number}"] = ("allow", [])
    sandbox.wait_for(lambda _: decided(sandbox) == 9, "nine decisions")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    exported = {row["id"]: (row["verdict"], row["policies"]) for row in sandbox.export()}
    assert exported == pressed, f"{exported}\n{pressed}"
    sandbox.run("audit", "verify").expect()
    assert sandbox.run("stats", "--json").json["items"] == {"pending": 1, "leased": 0, "decided": 9}


def test_profile(sandbox):
    """config.toml chooses a theme and the keys of another tool; the screen names them, and what it left goes by name"""
    ten(sandbox)
    sandbox.write(".config/reviewtui/config.toml", 'theme = "paper"\nkeys = "label-studio"\n')
    sandbox.open_console()
    sandbox.wait_for(lambda screen: showing(0)(screen) and "S remove" in screen, "the profile's keys in the hint row")
    sandbox.press("S")
    sandbox.wait_for(showing(1), "the second item")
    sandbox.press("C-Space")
    sandbox.wait_for(showing(2), "the third item, the second skipped")
    sandbox.press("C-z")
    sandbox.wait_for(showing(0), "the first item again: ctrl-z undoes, and does not suspend")
    sandbox.press(":", *"allow", "Enter")
    sandbox.wait_for(lambda _: decided(sandbox) == 1, "a verdict by its command's name")
    sandbox.press("C-q")
    sandbox.wait_for("ended with 0", "the console's end")
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"]) == ("post-0", "allow"), row
    sandbox.write(".config/reviewtui/config.toml", 'theme = "paper"\nkeys = "vim"\n')
    refused = sandbox.run("review").expect(64)
    assert "config.toml:2: keys cannot be followed" in refused.err, refused.err
    assert "default, label-studio, ozone, prodigy" in refused.err, refused.err


def test_undo(sandbox):
    """u takes the last verdict back and shows the item again"""
    ten(sandbox)
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("a")
    sandbox.wait_for(showing(1), "the second item")
    sandbox.press("u")
    sandbox.wait_for(showing(0), "the first item again")
    sandbox.press("x")
    sandbox.wait_for(showing(1), "the second item again")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"]) == ("post-0", "remove"), row


def test_burst(sandbox):
    """Keys typed faster than they can be recorded are taken in their order, and q after them leaves when all is written"""
    ten(sandbox)
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("xaxaxq")
    sandbox.wait_for("ended with 0", "the console's end")
    exported = {row["id"]: (row["verdict"], row["policies"]) for row in sandbox.export()}
    assert exported == {
        f"post-{n}": ("remove", ["hate"]) if n % 2 == 0 else ("allow", []) for n in range(5)}, exported
    assert sandbox.run("stats", "--json").json["items"] == {"pending": 5, "leased": 0, "decided": 5}


def test_blind_first(sandbox):
    """--blind-first shows no score before the first call, and the export has both calls"""
    ten(sandbox)
    sandbox.open_console("--blind-first")
    screen = sandbox.wait_for(showing(0), "the first item")
    assert "hidden until you judge" in screen and ".93" not in screen, screen
    sandbox.press("a")
    assert "First call: allow" in sandbox.wait_for(".93", "the score after the first call")
    sandbox.press("x")
    sandbox.wait_for("hate", "the picker")
    sandbox.press("h", "h")
    sandbox.wait_for(showing(1), "the second item")
    sandbox.press("a", "Enter")
    sandbox.wait_for(showing(2), "the third item")
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    calls = {row["id"]: (row["first_call"]["verdict"], row["verdict"]) for row in sandbox.export()}
    assert calls == {"post-0": ("allow", "remove"), "post-1": ("allow", "allow")}, calls
    judged = sandbox.run("stats", "--json").json["judgement"]["first_calls"]
    assert judged == {"kept": 1, "changed": 1}, judged


def test_kill(sandbox):
    """A verdict shown as done survives SIGKILL"""
    ten(sandbox)
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("x")
    sandbox.wait_for(showing(1), "the second item")
    os.kill(sandbox.console_process(), signal.SIGKILL)
    (row,) = sandbox.export()
    assert (row["id"], row["verdict"], row["policies"]) == ("post-0", "remove", ["hate"]), row
    sandbox.run("audit", "verify").expect()


def test_terminated(sandbox):
    """SIGTERM and a crash leave the terminal as it was"""
    ten(sandbox)
    for kind in (signal.SIGTERM, signal.SIGSEGV):
        sandbox.open_console(before="stty -g > before;")
        sandbox.wait_for(lambda screen: "post number" in screen, "the console")
        os.kill(sandbox.console_process(), kind)
        sandbox.wait_for(f"ended with {128 + kind}", "the shell's prompt")
        sandbox.press("stty -g > after", "Enter")
        after = sandbox.folder / "after"
        sandbox.wait_for(lambda _: after.exists() and after.read_text(), "stty's answer")
        assert after.read_text() == (sandbox.folder / "before").read_text(), f"after {kind.name}"
        assert sandbox.tmux("display-message", "-t", "t", "-p", "#{alternate_on}").stdout.strip() == "0"
        after.unlink()


def test_suspend(sandbox):
    """Suspended and resumed, the console paints itself again"""
    ten(sandbox)
    sandbox.open_console()
    sandbox.wait_for(showing(0), "the first item")
    sandbox.press("C-z")
    sandbox.wait_for(lambda screen: not showing(0)(screen), "the shell")
    sandbox.press("fg", "Enter")
    sandbox.wait_for(showing(0), "the first item again")
    sandbox.press("a")
    sandbox.wait_for(showing(1), "the second item")


def test_resize(sandbox):
    """Resized, the console fills the new size; too small, it says so"""
    ten(sandbox)
    sandbox.open_console(columns=100, rows=32)
    sandbox.wait_for(showing(0), "the first item")
    sandbox.tmux("resize-window", "-t", "t", "-x", "40", "-y", "10")
    sandbox.wait_for("80", "the word about the size")
    sandbox.tmux("resize-window", "-t", "t", "-x", "140", "-y", "45")
    sandbox.wait_for(lambda screen: showing(0)(screen) and any(len(line) > 100 for line in screen.splitlines()),
                     "the larger screen")


def test_hostile_item(sandbox):
    """An item's escape sequences and bidi controls are shown as marks"""
    sandbox.queue_of([{"id": "h", "text": "a \x1b[31mred\x1b]0;owned\x07 \u202eabc\u202c \u200b the-last-word"}])
    sandbox.open_console()
    screen = sandbox.wait_for("the-last-word", "the item")
    assert "⟨U+202E⟩" in screen and "\u202e" not in screen and "\x1b" not in screen, screen
    assert "owned" not in sandbox.tmux("display-message", "-t", "t", "-p", "#{pane_title}").stdout


def test_stale_lease(sandbox):
    """A verdict under a lost lease is refused with a sentence, and the item stays with its new holder"""
    sandbox.queue_of([post(1)])
    sandbox.open_console()
    sandbox.wait_for(showing(1), "the item")
    with sqlite3.connect(sandbox.folder / "queue.sqlite", timeout=20) as database:
        database.execute("UPDATE work SET lease_expires = 0 WHERE lease_token IS NOT NULL")
    taken = sandbox.run("claim", "--reviewer", "ben").expect().json
    assert taken["item"]["id"] == "post-1"
    sandbox.press("a")
    sandbox.wait_for("lease", "a sentence about the lost lease")
    assert sandbox.export() == []
    sandbox.run("decide", "--lease", taken["lease"], "--verdict", "escalate").expect()
