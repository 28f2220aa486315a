"""Bad input: a clear message, the right status, and everything else kept."""

import json
import struct
import zlib

from sandbox import post


def png_header(width, height):
    """A PNG that claims a size and holds nothing."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


def refused(sandbox, line, word, status=65):
    """Ingests a good line, a bad one, a good one: the bad one is refused with its number and a reason."""
    sandbox.run("init").expect()
    lines = b"\n".join([json.dumps(post(1)).encode(), line if isinstance(line, bytes) else json.dumps(line).encode(),
                        json.dumps(post(3)).encode()]) + b"\n"
    path = sandbox.write("items.jsonl", lines)
    rejects = sandbox.folder / "rejects.jsonl"
    result = sandbox.run("ingest", path, "--rejects", rejects).expect(status)
    (reject,) = [json.loads(row) for row in rejects.read_text().splitlines()]
    assert reject["line"] == 2, reject
    assert word.lower() in reject["reason"].lower(), reject
    assert sandbox.run("stats", "--json").expect().json["items"]["pending"] == 2
    assert "2" in result.err, result.err


def test_malformed(sandbox):
    """A malformed line is refused with number and reason, and the rest kept"""
    refused(sandbox, b'{"id":"post-2","text":', "JSON")


def test_missing_media(sandbox):
    """Missing media is refused"""
    refused(sandbox, post(2, media=[{"path": "img/none.png"}]), "none.png")


def test_directory(sandbox):
    """A directory in place of a file is refused"""
    (sandbox.folder / "img").mkdir()
    refused(sandbox, post(2, media=[{"path": "img"}]), "directory")


def test_empty_file(sandbox):
    """An empty media file is refused"""
    sandbox.write("img/empty.png", b"")
    refused(sandbox, post(2, media=[{"path": "img/empty.png"}]), "empty")


def test_invalid_utf8(sandbox):
    """Invalid UTF-8 is refused"""
    refused(sandbox, b'{"id":"post-2","text":"\xff\xfe"}', "UTF-8")


def test_outside(sandbox):
    """A path that leaves the file's folder is refused, also through a symbolic link and for tensors"""
    outside = sandbox.folder.parent / f"{sandbox.folder.name}-outside.png"
    outside.write_bytes(b"secret")
    try:
        refused(sandbox, post(2, media=[{"path": f"../{outside.name}"}]), "outside")
    finally:
        outside.unlink()


def test_absolute(sandbox):
    """An absolute path is refused"""
    refused(sandbox, post(2, media=[{"path": "/etc/hostname"}]), "/etc/hostname")


def test_symlink(sandbox):
    """A symbolic link is refused"""
    sandbox.write("img/real.png", png_header(1, 1))
    (sandbox.folder / "img/link.png").symlink_to("/etc/hostname")
    refused(sandbox, post(2, media=[{"path": "img/link.png"}]), "link")


def test_tensor_outside(sandbox):
    """A tensor path that leaves the folder is refused"""
    sandbox.write("img/real.png", png_header(1, 1))
    refused(sandbox, post(2, media=[{"path": "img/real.png"}], explanations=[
        {"model": "m@1", "policy": "hate", "method": "legrad", "grid": [2, 2], "file": "../../etc/passwd"}]), "outside")


def test_unknown_policy(sandbox):
    """A score for an unknown policy is refused"""
    refused(sandbox, post(2, scores=[{"model": "m@1", "policy": "rudeness", "score": 0.5}]), "rudeness")


def test_other_content(sandbox):
    """The same id with other content is refused unless --update is given; with the same content it is unchanged"""
    sandbox.queue_of([post(1)])
    sandbox.run("ingest", sandbox.write("again.jsonl", [post(1)])).expect(0)
    changed = sandbox.write("changed.jsonl", [post(1, text="something else")])
    result = sandbox.run("ingest", changed).expect(65)
    assert "post-1" in result.err and "--update" in result.err, result.err
    sandbox.run("ingest", changed, "--update").expect(0)
    assert sandbox.run("claim", "--reviewer", "ann").expect().json["item"]["text"] == "something else"


def test_rejects_over_input(sandbox):
    """--rejects with the input's own file is refused before anything is lost"""
    sandbox.run("init").expect()
    path = sandbox.write("items.jsonl", [post(1), {"id": ""}])
    before = path.read_bytes()
    sandbox.run("ingest", path, "--rejects", path).expect(64)
    assert path.read_bytes() == before


def test_strict(sandbox):
    """--strict takes all or nothing"""
    sandbox.run("init").expect()
    path = sandbox.write("items.jsonl", [post(1), {"id": ""}, post(3)])
    sandbox.run("ingest", "--strict", path).expect(65)
    assert sandbox.run("stats", "--json").expect().json["items"]["pending"] == 0


def test_no_file(sandbox):
    """A file that is not there gives 66"""
    sandbox.run("init").expect()
    assert "nowhere.jsonl" in sandbox.run("ingest", "nowhere.jsonl").expect(66).err


def test_hundred_megapixels(sandbox):
    """A PNG header that claims 100 megapixels gives a placeholder that says why"""
    sandbox.write("img/huge.png", png_header(10_000, 10_000))
    sandbox.queue_of([post(1, media=[{"path": "img/huge.png"}])])
    screen = sandbox.run("review", "--reviewer", "ann", COLUMNS="100", LINES="30").expect().out
    assert "10000×10000" in screen, screen
    assert "10000×10000" in sandbox.run("explain", "img/huge.png", "--policy", "sexual").expect(65).err


def test_standard_input(sandbox):
    """Items come in on standard input too"""
    sandbox.run("init").expect()
    sandbox.run("ingest", "-", input=(json.dumps(post(1)) + "\n").encode()).expect()
    assert sandbox.run("stats", "--json").expect().json["items"]["pending"] == 1
