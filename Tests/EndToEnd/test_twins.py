"""Items that look or read the same, and what the console says about them."""

import struct
import zlib

from sandbox import post


def png(width, height, level):
    """A grey picture from a function of (x, y), 0 to 255."""
    rows = b"".join(b"\0" + bytes(level(x, y) for x in range(width)) for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def hills(width, height, brightness=1.0):
    def level(x, y):
        near = 4 * (x / width - 1 / 3) ** 2 + 7 * (y / height - 1 / 4) ** 2
        far = 9 * (x / width - 5 / 6) ** 2 + 3 * (y / height - 2 / 3) ** 2
        return int(brightness * max(0, 250 - 300 * near, 180 - 500 * far))

    return png(width, height, level)


def test_twins(sandbox):
    """A picture that was sent again, smaller and darker, is shown with what was decided on the first"""
    sandbox.write("img/first.png", hills(320, 240))
    sandbox.write("img/again.png", hills(200, 150, 0.8))
    sandbox.write("img/other.png", png(200, 150, lambda x, y: (x * y // 40 + x) % 256))
    sandbox.queue_of([
        post(1, priority=9, media=[{"path": "img/first.png"}]),
        post(2, priority=8, media=[{"path": "img/again.png"}]),
        post(3, priority=7, media=[{"path": "img/other.png"}]),
        dict(post(4, priority=6), text="THIS  is post\tnumber 3"),
    ])
    assert sandbox.run("score", "--only-twins", "--json").expect().json["hashed"] == 3
    assert sandbox.run("score", "--only-twins", "--json").expect().json["hashed"] == 0
    claim = sandbox.run("claim", "--reviewer", "ann", "--json").expect().json
    assert claim["item"]["id"] == "post-1", claim
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "remove", "--policy", "hate").expect()
    sandbox.open_console(columns=200)
    sandbox.wait_for("this is post number 2", "the picture sent again")
    sandbox.wait_for("removed once as hate, by one person", "what was decided on its twin")
    assert "1 looks alike" in sandbox.screen()
    sandbox.press("a")
    sandbox.wait_for("this is post number 3", "the next item")
    sandbox.wait_for("1 has the same text", "the twin by its text")
    assert "none of them is decided" in sandbox.screen() and "looks alike" not in sandbox.screen()
    sandbox.press("q")
    sandbox.wait_for("ended with 0", "the console's end")
    verdicts = {row["id"]: row["verdict"] for row in sandbox.export()}
    assert verdicts == {"post-1": "remove", "post-2": "allow"}, "twins decide nothing"
