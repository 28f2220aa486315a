"""tools/train: from verdicts to a better model, by two processes, one of which is killed on the way (tools/deps --training)."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

from sandbox import Skipped, post
from test_model_store import need_engine, own
from test_twins import png

HERE = pathlib.Path(__file__).parent
PACKAGE = HERE.parent.parent / "tools/train"
PYTHON = HERE.parent.parent / ".deps/train/bin/python"
FAMILIES = HERE.parent / "ModelCoreTests/Fixtures/families"
SCORES = [{"model": "upstream@1", "policy": policy, "score": 0.5} for policy in ("hate", "spam")]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + [f"word{number}" for number in range(4, 50)]


def need_torch():
    if not PYTHON.exists():
        raise Skipped("PyTorch for tools/train is not installed: tools/deps --training")


def environment():
    return dict(os.environ, PYTHONPATH=str(PACKAGE), OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")


class Job:
    """`torchrun` on two processes of this machine."""

    def __init__(self, sandbox, *arguments, processes=2):
        self.log = (sandbox.folder / f"job-{time.monotonic_ns()}").open("w+b")
        self.process = subprocess.Popen(
            [str(PYTHON), "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m",
             "reviewtui_train", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=self.log, env=environment(), cwd=sandbox.folder)

    def end(self):
        """Waits: status, what it printed on stdout, and on stderr."""
        out, _ = self.process.communicate(timeout=300)
        self.log.seek(0)
        return self.process.returncode, out.decode(), self.log.read().decode()

    def expect(self, status=0):
        found, out, err = self.end()
        assert found == status, f"status {found}, expected {status}\n{out}\n{err[-6000:]}"
        return json.loads(out.splitlines()[-1]) if status == 0 else err

    def workers(self):
        """Process ids of those that train."""
        found = []
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(status.read_text().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    found.append(int(status.parent.name))
            except OSError:
                continue
        return found

    def kill_one(self, folder, state):
        """Kills a process in the middle of a step after a state was written; the job notices and fails."""
        deadline = time.monotonic() + 120
        while not (folder / state).exists():
            assert self.process.poll() is None, self.expect()
            assert time.monotonic() < deadline, "no state was ever written"
            time.sleep(0.002)
        os.kill(sorted(self.workers())[-1], signal.SIGKILL)


def decided(sandbox, items, verdicts):
    """A queue in which somebody decided these items elsewhere."""
    sandbox.queue_of(items)
    lines = ["id,verdict,policies"] + [f'{item["id"]},{"remove" if found else "allow"},{" ".join(found)}'
                                       for item, found in zip(items, verdicts)]
    file = sandbox.write("verdicts.csv", "\n".join(lines) + "\n")
    report = sandbox.run("import", "--format", "csv", file, "--reviewer", "agency", "--json").expect().json
    assert report["decided"] == len(items), report


def pictures(sandbox, count):
    """Posts with a picture each; those that violate `hate` slope one way, those that violate `spam` are brighter."""
    draw = random.Random(7)
    items, verdicts = [], []
    for number in range(count):
        hate, spam = draw.random() < 0.35, draw.random() < 0.35
        noise = [draw.randrange(40) for _ in range(16 * 16)]
        slope, ground = (7 if hate else -7), (90 if spam else 30)

        def level(x, y, noise=noise, slope=slope, ground=ground):
            return max(0, min(255, ground + 60 + slope * (x - 8) + noise[16 * y + x]))

        path = sandbox.write(f"img/{number}.png", png(16, 16, level))
        items.append(post(number, author=f"author {number}", scores=SCORES, media=[{"path": str(path.relative_to(sandbox.folder))}]))
        verdicts.append([policy for policy, found in (("hate", hate), ("spam", spam)) if found])
    decided(sandbox, items, verdicts)
    return items


def texts(sandbox, count):
    """Posts of words; word7 is hate, more or less."""
    draw = random.Random(3)
    items, verdicts = [], []
    for number in range(count):
        hate = draw.random() < 0.5
        words = [f"word{draw.randrange(8, 49)}" for _ in range(draw.randrange(3, 9))]
        words[:3] = ["word7" if hate else "word6"] * 3
        items.append(post(number, author=f"author {number}", scores=SCORES, text=" ".join(words) + f" word{number}"))
        verdicts.append(["hate"] if hate and draw.random() < 0.95 else [])
    decided(sandbox, items, verdicts)
    return items


def checkpoint(sandbox, family):
    """A tiny checkpoint of random weights, as it was published."""
    folder = sandbox.folder / f"published-{family}"
    shutil.copytree(FAMILIES / family, folder, ignore=lambda _, names: [name for name in names if name in ("image.json", "text.json")])
    if family == "bert":
        (folder / "vocab.txt").write_text("\n".join(WORDS))
    else:
        (folder / "preprocessor_config.json").write_text(json.dumps(
            {"size": {"height": 16, "width": 16}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}))
    return folder


def with_words(folder):
    """Gives a tiny CLIP a tokenizer of its 50 tokens: it was published without."""
    vocabulary = {"<pad>": 0, "[UNK]": 1} | {f"word{number}": number for number in range(2, 48)} | {"<start>": 48, "<end>": 49}

    def special(token):
        return {"SpecialToken": {"id": token, "type_id": 0}}

    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "decoder": None,
        "post_processor": {
            "type": "TemplateProcessing", "single": [special("<start>"), sequence, special("<end>")], "pair": [sequence],
            "special_tokens": {token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in ("<start>", "<end>")}},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": vocabulary}}))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "pad_token": "<pad>", "bos_token": "<start>",
        "eos_token": "<end>", "model_max_length": 12}))
    return folder


def snapshot(sandbox, name="shards", *arguments):
    sandbox.run("export", "--format", "webdataset", "--out", sandbox.folder / name, *arguments).expect()
    return sandbox.folder / name


def weights(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


STEPS = ["--batch", "32", "--micro-batch", "5", "--epochs", "3", "--save-every", "2", "--min-items", "5", "--learning-rate", "1e-3"]


def test_training_package(sandbox):
    """What tools/train rests on holds: its own tests pass"""
    need_torch()
    done = subprocess.run(
        [str(PYTHON), "-m", "unittest", "discover", "-s", "tests", "-t", "."], cwd=PACKAGE, env=environment(),
        capture_output=True, timeout=300)
    assert done.returncode == 0 and b"\nOK" in done.stderr, done.stderr.decode()[-6000:]


def killed_and_resumed(sandbox, *arguments):
    """The same run undisturbed and with a process killed on the way; what was handed back either way is the same, bit by bit."""
    whole, killed = sandbox.folder / "whole", sandbox.folder / "killed"
    result = Job(sandbox, *arguments, *STEPS, "--out", whole, "--name", "tuned").expect()
    job = Job(sandbox, *arguments, *STEPS, "--out", killed, "--name", "tuned")
    job.kill_one(killed.with_name("killed.training"), "step-00000004")
    status, _, err = job.end()
    assert status != 0 and "SIGKILL" in err, (status, err[-2000:])
    assert not killed.exists()
    again = Job(sandbox, *arguments, *STEPS, "--out", killed, "--name", "tuned")
    status, out, err = again.end()
    assert status == 0 and "going on after step " in err, (status, err[-4000:])
    assert weights(whole) == weights(killed) == result["weights_sha256"]
    assert (whole / "head-image.json").read_bytes() == (killed / "head-image.json").read_bytes()
    assert json.loads(out.splitlines()[-1]) == result
    return whole, result


def test_training_ddp(sandbox):
    """DDP: a run whose process is killed goes on to the same bits, and the program computes the same scores with what it gives"""
    need_torch()
    need_engine(sandbox)
    items, home = pictures(sandbox, 400), own(sandbox)
    source, shards = checkpoint(sandbox, "clip"), snapshot(sandbox)
    out, result = killed_and_resumed(sandbox, "--snapshot", shards, "--checkpoint", source, "--towers", "image", "--parallel", "ddp")
    assert weights(source) == result["source_sha256"] != result["weights_sha256"], result
    (tower,) = result["towers"].values()
    tested = {row["policy"]: row["all"] for row in tower["after"]}
    counts = json.loads((shards / "manifest.json").read_text())["splits"]
    # A removal says nothing of the policies that it does not name.
    assert all(0 < row["violations"] + row["others"] <= counts["test"] for row in tested.values()), (tested, counts)
    # What slopes one way is easy to tell from what slopes the other.
    assert tested["hate"]["average_precision"] > 0.9, tested
    adopted_and_equal(sandbox, out, items[:8], home)


def test_training_fsdp2(sandbox):
    """FSDP2 with bf16, LoRA and recomputed blocks: killed, it goes on to the same bits, and one process can go on for two"""
    need_torch()
    need_engine(sandbox)
    items, home = pictures(sandbox, 320), own(sandbox)
    source, shards = checkpoint(sandbox, "dinov2-registers"), snapshot(sandbox)
    arguments = [
        "--snapshot", shards, "--checkpoint", source, "--parallel", "fsdp2", "--bf16", "--lora", "4", "--lora-dropout", "0.1",
        "--activation-checkpointing"]
    out, result = killed_and_resumed(sandbox, *arguments)
    adopted_and_equal(sandbox, out, items[:4], home)
    # Half of the processes go on with what the others left.
    half = sandbox.folder / "half"
    job = Job(sandbox, *arguments, *STEPS, "--out", half)
    job.kill_one(half.with_name("half.training"), "step-00000002")
    job.end()
    changed = Job(sandbox, *arguments, *STEPS, "--out", half, "--seed", "1", processes=1).expect(1)
    assert "seed was 0 and is 1" in changed, changed
    status, _, err = Job(sandbox, *arguments, *STEPS, "--out", half, processes=1).end()
    assert status == 0 and "going on after step " in err and "; 1 processes" in err, err[-3000:]


def test_training_texts(sandbox):
    """A text encoder is trained on what earlier snapshots hold and later ones add, without what was taken back"""
    need_torch()
    need_engine(sandbox)
    items, home = texts(sandbox, 300), own(sandbox)
    first = snapshot(sandbox)
    sandbox.run("undo", "--reviewer", "agency").expect()
    claim = sandbox.run("claim", "--reviewer", "ann", "--item", items[-1]["id"], "--json").expect().json
    sandbox.run("decide", "--lease", claim["lease"], "--verdict", "remove", "--policy", "hate").expect()
    second = snapshot(sandbox, "more", "--since", first)
    out = sandbox.folder / "tuned"
    arguments = ["--snapshot", first, "--snapshot", second, "--checkpoint", checkpoint(sandbox, "bert"), "--policy", "hate"]
    result = Job(sandbox, *arguments, *STEPS, "--out", out).expect()
    assert result["retracted"] == 1 and len(result["snapshots"]) == 2, result
    (row,) = result["towers"]["text"]["after"]
    assert row["policy"] == "hate" and row["all"]["auroc"] > 0.8, result
    adopted_and_equal(sandbox, out, items[:8], home)
    shard = next(first.glob("train-*.tar"))
    shard.write_bytes(shard.read_bytes() + bytes(512))
    refused = Job(sandbox, *arguments, *STEPS, "--out", sandbox.folder / "no").expect(1)
    assert f"{shard.name} is not the file that manifest.json names" in refused, refused[-3000:]


def test_training_both(sandbox):
    """Both towers of a CLIP learn from posts with a picture and words; each is added under its own name and scores what it reads"""
    need_torch()
    need_engine(sandbox)
    draw = random.Random(5)
    items, verdicts, home = [], [], own(sandbox)
    for number in range(320):
        hate, spam = draw.random() < 0.35, draw.random() < 0.35
        slope = 7 if hate else -7
        path = sandbox.write(f"img/{number}.png", png(16, 16, lambda x, y, slope=slope: max(0, min(255, 120 + slope * (x - 8) + draw.randrange(40)))))
        words = ["word7" if spam else "word6"] * 3 + [f"word{draw.randrange(8, 48)}" for _ in range(3)] + [f"word{number}"]
        items.append(post(
            number, author=f"author {number}", scores=SCORES, text=" ".join(words),
            media=[{"path": str(path.relative_to(sandbox.folder))}]))
        verdicts.append([policy for policy, found in (("hate", hate), ("spam", spam)) if found])
    decided(sandbox, items, verdicts)
    out, source = sandbox.folder / "tuned", with_words(checkpoint(sandbox, "clip"))
    result = Job(
        sandbox, "--snapshot", snapshot(sandbox), "--checkpoint", source, "--towers", "both", *STEPS, "--out", out, "--name",
        "pair").expect()
    after = {tower: {row["policy"]: row["all"]["auroc"] for row in found["after"]} for tower, found in result["towers"].items()}
    # Slopes are what the pictures show, words what the texts say.
    assert after["image"]["hate"] > 0.9 and after["text"]["spam"] > 0.9, after
    assert {tower: found["model"] for tower, found in result["towers"].items()} == {"image": "pair@1", "text": "pair-text@1"}, result
    for tower in ("image", "text"):
        adopted_and_equal(sandbox, out, items[:4], home, tower)


def adopt(sandbox, head_file, home):
    """Has the head of an added model score from now on."""
    proposed = sandbox.run("head", "import", head_file, "--json", **home).expect().json
    sandbox.run("head", "adopt", proposed["id"], "--json", **home).expect()


def adopted_and_equal(sandbox, out, items, home, tower=None):
    """What was handed back is added, its head adopted, and every score of the items is what Python computes, to 1e-4.

    `tower` is which of two."""
    (head_file,) = out.glob(f"head-{tower or '*'}.json")
    head = json.loads(head_file.read_text())
    name, tower = head["model"].split("@")[0], head_file.stem.removeprefix("head-")
    added = sandbox.run("model", "add", out, "--name", name, "--modality", tower, "--json", **home).expect().json
    assert (added["model"], added["weights_sha256"]) == (head["model"], head["weights_sha256"]), added
    adopt(sandbox, head_file, home)
    reference = subprocess.run(
        [str(PYTHON), str(HERE / "training_reference.py"), str(out), str(sandbox.folder), json.dumps(items),
         tower],
        env=environment(), capture_output=True, timeout=120)
    assert reference.returncode == 0, reference.stderr.decode()[-4000:]
    expected = json.loads(reference.stdout)
    fresh = [{**item, "id": f"again-{tower}-" + item["id"], "scores": []} for item in items]
    sandbox.run("ingest", sandbox.write("again.jsonl", fresh)).expect()
    sandbox.run("score", "--model", name, **home).expect()
    calibrated = {entry["policy"] for entry in head["policies"] if "calibration" in entry}
    assert calibrated, head
    for item in fresh:
        claim = sandbox.run("claim", "--reviewer", "ann", "--item", item["id"], "--json").expect().json
        found = {score["policy"]: score["score"] for score in claim["item"]["scores"] if score["model"] == head["model"]}
        assert calibrated <= set(found), (found, calibrated)
        for policy, score in found.items():
            difference = abs(score - expected[item["id"].removeprefix(f"again-{tower}-")][policy])
            assert difference < 1e-4, (item["id"], policy, score, expected)
