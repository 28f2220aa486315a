"""The mouse, as the reports that a terminal sends."""

from pixel_terminal import PixelTerminal
from sandbox import post
from test_console import HATE, decided, showing


def report(screen, text, button=0, below=0):
    """What a terminal sends when somebody clicks on the first place that says this, from a row on."""
    for row, line in enumerate(screen.splitlines()):
        if row >= below and text in line:
            return f"\x1b[<{button};{line.index(text) + 1};{row + 1}M\x1b[<{button};{line.index(text) + 1};{row + 1}m"
    raise AssertionError(f"{text} is not on the screen:\n{screen}")


def click(sandbox, text, **place):
    sandbox.press("-l", report(sandbox.screen(), text, **place))


def test_mouse(sandbox):
    """Clicks choose items, policies and commands, the wheel goes through the list; the decisions are those clicked"""
    sandbox.queue_of([post(n, priority=100 - n, scores=HATE if n % 2 == 0 else []) for n in range(6)])
    sandbox.open_console(columns=120, rows=36)
    sandbox.wait_for(showing(0), "the first item")
    click(sandbox, "hate")
    sandbox.wait_for(lambda screen: "□ hate" in screen, "the policy dropped")
    click(sandbox, "hate")
    sandbox.wait_for(lambda screen: "■ hate" in screen, "the policy chosen again")
    click(sandbox, "remove", below=35)
    sandbox.wait_for(showing(1), "the second item")
    # The third row of the list.
    sandbox.press("-l", "\x1b[<0;12;4M")
    sandbox.wait_for(showing(3), "the item that was clicked")
    sandbox.press("-l", "\x1b[<64;12;4M")
    sandbox.wait_for(showing(2), "the item before")
    click(sandbox, "help", below=35)
    sandbox.wait_for("Verdicts", "the help")
    click(sandbox, "back", below=35)
    sandbox.wait_for(lambda screen: "Verdicts" not in screen, "the help's end")
    click(sandbox, "allow", below=35)
    sandbox.wait_for(lambda _: decided(sandbox) == 2, "the second verdict")
    click(sandbox, "quit", below=35)
    sandbox.wait_for("ended with 0", "the console's end")
    exported = {row["id"]: row["verdict"] for row in sandbox.export()}
    assert exported == {"post-0": "remove", "post-2": "allow"}, exported


def test_mouse_modes(sandbox):
    """The mouse is asked for at the start, given back while suspended and at the end, and left alone when told to"""
    sandbox.queue_of([post(1)])
    on, off = b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l"
    terminal = PixelTerminal(sandbox, ["review", "--reviewer", "tester"])
    terminal.wait_for(lambda t: "post number 1" in t.text(), "the item")
    assert terminal.stream.count(on) == 1 and off not in terminal.stream
    terminal.type("\x1a")
    terminal.wait_for(lambda t: t.stream.count(on) == 2, "the console to come back")
    assert terminal.stream.index(on) < terminal.stream.index(off) < terminal.stream.rindex(on)
    terminal.type("q")
    terminal.wait_for(lambda t: t.stream.rfind(off) > t.stream.rfind(on), "the mouse given back")
    assert terminal.status() == 0
    for arguments, settings in ((["--no-mouse"], ""), ([], "mouse = false\n")):
        sandbox.write(".config/reviewtui/config.toml", settings)
        quiet = PixelTerminal(sandbox, ["review", "--reviewer", "tester", *arguments])
        quiet.wait_for(lambda t: "post number 1" in t.text(), "the item")
        quiet.type("q")
        assert quiet.status() == 0
        assert on not in quiet.stream
