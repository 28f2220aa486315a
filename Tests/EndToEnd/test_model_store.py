"""Checkpoints through the command line: added, checked, refused, removed; and models that break in the middle of a run.

The checkpoints are the tiny random networks of the unit tests' fixtures.
"""

import json
import math
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

from sandbox import Skipped, post

FIXTURES = pathlib.Path(__file__).parent.parent / "ModelCoreTests/Fixtures"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + [f"word{n}" for n in range(4, 40)]


def checkpoint(sandbox, name="tiny-bert"):
    folder = sandbox.folder / "published" / name
    folder.parent.mkdir(exist_ok=True)
    shutil.copytree(FIXTURES / f"legrad-{name}", folder)
    if name.endswith("bert"):
        (folder / "vocab.txt").write_text("\n".join(WORDS))
    else:
        (folder / "preprocessor_config.json").write_text(json.dumps(
            {"size": {"height": 16, "width": 16}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}))
    return folder


def overwrite(folder, tensor, index, *values):
    """Writes float32 numbers into a tensor of a folder's weights."""
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    start = 8 + length + json.loads(data[8:8 + length])[tensor]["data_offsets"][0] + 4 * index
    data[start:start + 4 * len(values)] = struct.pack(f"<{len(values)}f", *values)
    path.write_bytes(data)


def own(sandbox):
    """The environment of a store of the sandbox's own. (`.deps/models` of the checkout is still looked at.)"""
    return {"XDG_DATA_HOME": str(sandbox.folder / "data")}


def need_engine(sandbox):
    doctor = [json.loads(line) for line in sandbox.run("doctor", "--json").out.splitlines()]
    if next(line for line in doctor if line["what"] == "OpenVINO")["state"] != "ok":
        raise Skipped("OpenVINO is not installed; run make deps")


def test_model_add(sandbox):
    """A published folder is added, listed, checked, scores with its own name, and is removed"""
    need_engine(sandbox)
    folder, home = checkpoint(sandbox), own(sandbox)
    added = sandbox.run("model", "add", folder, "--name", "tiny", "--json", **home).expect().json
    assert added["model"] == "tiny@1" and added["status"] == "added" and added["family"] == "bert", added
    again = sandbox.run("model", "add", folder, "--name", "tiny", "--json", **home).expect().json
    assert again["status"] == "unchanged" and again["weights_sha256"] == added["weights_sha256"], again
    listed = {line["model"]: line for line in sandbox.run("model", "list", "--json", **home).expect().lines}
    assert listed["tiny@1"]["status"] == "ready", listed
    checked = sandbox.run("model", "check", "tiny", "--json", **home).expect().json
    assert checked["status"] == "sound" and checked["width"] == 16 and checked["methods"] == ["legrad"], checked
    sandbox.queue_of([post(1, text="word5 word6")])
    scored = sandbox.run("score", "--model", "tiny", "--json", **home).expect().json
    assert scored["items"] == {"tiny@1": 1} and scored["failed"] == [] and scored["broken"] == [], scored
    overwrite(folder, "embeddings.word_embeddings.weight", 0, 0.5)
    other = sandbox.run("model", "add", folder, "--name", "tiny", **home).expect(64)
    assert "tiny@1 is taken" in other.err, other.err
    assert sandbox.run("model", "remove", "tiny", "--json", **home).expect().json == {"removed": "tiny@1"}
    assert "tiny@1" not in sandbox.run("model", "list", "--json", **home).out
    sandbox.run("model", "remove", "tiny", **home).expect(64)


def test_model_refused(sandbox):
    """Pickles, unknown families, broken headers and missing folders are refused with what to do, and leave nothing"""
    home = own(sandbox)
    store = sandbox.folder / "data/reviewtui/models"

    def refused(status, word, harm):
        folder = checkpoint(sandbox)
        harm(folder)
        result = sandbox.run("model", "add", folder, "--name", "x", "--json", **home).expect(status)
        assert word in result.err and result.out == "", (word, result.err, result.out)
        assert "\x1b" not in result.err, repr(result.err)
        left = [path.name for path in store.iterdir()] if store.exists() else []
        assert left in ([], [".lock"]), left
        shutil.rmtree(folder)

    def pickled(folder):
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    refused(69, "weights_only=True", pickled)
    refused(69, "zip archive", lambda folder: (folder / "model.safetensors").write_bytes(b"PK\3\4" + bytes(100)))
    refused(69, "not a sound safetensors", lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64))
    refused(65, "Known: ", lambda folder: (folder / "config.json").write_text('{"model_type":"\\u001b[31mx"}'))
    refused(69, "tensor", lambda folder: (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace('"num_hidden_layers": 3', '"num_hidden_layers": 9')))
    sandbox.run("model", "add", sandbox.folder / "nowhere", **home).expect(66)
    sandbox.run("model", "add", checkpoint(sandbox), "--name", "../x", **home).expect(64)


def test_model_add_killed(sandbox):
    """A killed add leaves no half of a model, and the next one clears up"""
    folder, home = checkpoint(sandbox), own(sandbox)
    # Large enough to be killed in the middle of: a tensor that nobody asks for, appended to the file's own.
    path = folder / "model.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    end, size = len(data) - 8 - length, 1 << 29
    header["padding"] = {"dtype": "U8", "shape": [size], "data_offsets": [end, end + size]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[8 + length:])
        file.truncate(8 + len(text) + end + size)
    store = sandbox.folder / "data/reviewtui/models"
    process = subprocess.Popen(
        [str(sandbox.program), "model", "add", str(folder), "--name", "big"], stderr=subprocess.DEVNULL,
        env={**sandbox.environment, **home})
    deadline = time.monotonic() + 60
    while not any(store.glob(".draft-*/model.safetensors")):
        assert time.monotonic() < deadline and process.poll() is None, "the copy was never seen"
        time.sleep(0.002)
    busy = sandbox.run("model", "add", folder, "--name", "other", **home)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert busy.status == 75, (busy.status, busy.err)
    assert not (store / "big@1").exists()
    assert "big@1" not in sandbox.run("model", "list", "--json", **home).out
    small = checkpoint(sandbox, "tiny-vit")
    sandbox.run("model", "add", small, "--name", "small", **home).expect()
    assert sorted(path.name for path in store.iterdir()) == [".lock", "small@1"]


def test_score_leaves_out(sandbox):
    """An item that a model breaks on stays unscored and is named; the others are scored, and the run ends with 65"""
    need_engine(sandbox)
    folder, home = checkpoint(sandbox), own(sandbox)
    overwrite(folder, "embeddings.word_embeddings.weight", 8 * 16, math.nan)
    sandbox.run("model", "add", folder, "--name", "ill", **home).expect()
    sandbox.queue_of([post(1, text="word5"), post(2, text="word7 word8"), post(3, text="word9 word10")])
    result = sandbox.run("score", "--model", "ill", "--json", **home).expect(65)
    assert result.json["items"] == {"ill@1": 2}, result.json
    (failed,) = result.json["failed"]
    assert failed["id"] == "post-2" and failed["model"] == "ill@1" and "not finite" in failed["reason"], failed
    assert "post-2: not scored by ill@1" in result.err, result.err
    # It comes up again each time, and nothing of it was kept.
    again = sandbox.run("score", "--model", "ill", "--json", **home).expect(1)
    assert again.json["items"] == {} and [line["id"] for line in again.json["failed"]] == ["post-2"], again.json
    assert again.json["broken"][0]["model"] == "ill@1", again.json
    claim = sandbox.run("claim", "--item", "post-2", "--reviewer", "ann").expect().json
    assert claim["item"]["scores"] == [], claim


def test_score_goes_on(sandbox):
    """A model that is broken altogether is left out, the others score all the same, and the run says so"""
    need_engine(sandbox)
    home = own(sandbox)
    ill, good = checkpoint(sandbox), checkpoint(sandbox, "tiny-vit")
    overwrite(ill, "encoder.layer.2.output.LayerNorm.weight", 0, *[math.inf] * 16)
    sandbox.run("model", "add", ill, "--name", "a-ill", **home).expect()
    shutil.rmtree(ill)
    sandbox.run("model", "add", checkpoint(sandbox), "--name", "b-good", **home).expect()
    sandbox.queue_of([post(n, text=f"word{4 + n % 30}") for n in range(40)])
    result = sandbox.run("score", "--model", "a-ill", "--model", "b-good", "--json", **home).expect(1)
    assert result.json["items"] == {"b-good@1": 40}, result.json
    assert [line["model"] for line in result.json["broken"]] == ["a-ill@1"], result.json
    unsound = sandbox.run("model", "check", "a-ill", "--json", **home).expect(1)
    assert unsound.json["status"] == "unsound" and "not finite" in unsound.json["reason"], unsound.json


def test_model_pull(sandbox):
    """pull leaves what is there alone, and says what to do about what it cannot fetch"""
    home = own(sandbox)
    models = {line["model"]: line for line in sandbox.run("model", "list", "--json", **home).expect().lines}
    if models["minilm-l6@1"]["status"] == "ready":
        pulled = sandbox.run("model", "pull", "minilm-l6", "--json", **home).expect().json
        assert pulled["status"] == "unchanged" and pulled["weights"], pulled
    folder = checkpoint(sandbox)
    sandbox.run("model", "add", folder, "--name", "mine", **home).expect()
    os.remove(sandbox.folder / "data/reviewtui/models/mine@1/model.safetensors")
    missing = sandbox.run("model", "pull", "mine", **home).expect(69)
    assert "mine@1 cannot be fetched from here" in missing.err, missing.err
    sandbox.run("model", "pull", "nonesuch", **home).expect(64)
