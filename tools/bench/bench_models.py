#!/usr/bin/env python3
"""Times scoring and explaining beside ONNX Runtime and PyTorch on the same weights and prints Markdown tables.

    python3 tools/bench/bench_models.py --program .build/release/reviewtui --models MODELS [--rounds N]

Everybody gets the same pixels (already in the model's size) and the same texts (tokenizing included), waits in a process
of its own and takes turns; a figure is the median of the rounds, wall clock and processor time of all threads. ONNX
Runtime gets the graph that PyTorch exports, one input at a time and in batches, and the better of the two counts.
PyTorch explains as people do: attention rollout (Abnar & Zuidema 2020) over `transformers`' attentions, and LeGrad by
automatic differentiation (tools/fixtures/networks.py in float32).

Texts are the tweets of $REVIEWTUI_DATA/text/davidson, pictures those of images/coco, made ones where that is absent.
"""

import argparse
import collections
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SIDE, LAYERS = 224, {"images": 2, "texts": 4}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOKENS = 256


def say(*words):
    print(*words, file=sys.stderr, flush=True)


# What everybody gets


def pictures(count):
    """RGB, [count][224][224][3]."""
    import numpy as np
    folder = data() / "images/coco"
    paths = sorted(folder.rglob("*.jpg"))[:count] if folder.exists() else []
    if paths:
        from PIL import Image
        return np.stack([np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))
                         for path in paths]), "COCO photos"
    return np.random.RandomState(0).randint(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8), "noise"


def posts(count):
    path = next((data() / "text/davidson").glob("*.csv"), None) if (data() / "text/davidson").exists() else None
    if path:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row["tweet"] for row in csv.DictReader(file)]
        return random.Random(1).sample(rows, count), "tweets (Davidson et al. 2017)"
    chance, words = random.Random(1), "the a post about cats dogs people place time other year day thing world".split()
    return [" ".join(chance.choices(words, k=chance.randint(5, 30))) for _ in range(count)], "made texts"


def data():
    return Path(os.environ.get("REVIEWTUI_DATA") or ROOT.parent / "shared/data")


def made_head(name, model, sha256, seed):
    """Eight directions that mean nothing; their cost is that of any."""
    chance = random.Random(seed)
    return {"format": "reviewtui-head", "version": 1, "name": name, "model": model, "weights_sha256": sha256,
            "normalized": True, "policies": [
                {"policy": f"bench/{number}", "direction": [chance.gauss(0, 1) for _ in range(384)], "bias": 0}
                for number in range(8)]}


def recipes(folder):
    """Our two models, the shipped head of texts and a made one of pictures."""
    (folder / "heads").mkdir(parents=True)
    for name in ("dinov2-small", "minilm-l6"):
        (folder / f"{name}.toml").write_text((ROOT / f"models/{name}.toml").read_text())
    (folder / "heads/text.json").write_text((ROOT / "models/heads/text-policies.json").read_text())
    line = next(line for line in (folder / "dinov2-small.toml").read_text().splitlines() if line.startswith("sha256"))
    head = made_head("made", "dinov2-small@1", line.split('"')[1], 0)
    (folder / "heads/image.json").write_text(json.dumps(head))
    return folder


# The peers: a line in names a task, a line out is its time


def serve(tasks):
    for line in sys.stdin:
        task = tasks[line.strip()]
        processor, start = time.process_time(), time.perf_counter()
        task()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "processor": time.process_time() - processor}), flush=True)


def batches(items, size, length=lambda _: 0):
    ordered = sorted(items, key=length, reverse=True)
    return [ordered[start:start + size] for start in range(0, len(ordered), size)]


class Inputs:
    """The same for both peers: normalised pixels, and a tokenizer that cuts and pads as the recipe says."""

    def __init__(self, scratch, models):
        import numpy as np
        import tokenizers
        raw = np.fromfile(scratch / "pixels.rgb", np.uint8).reshape(-1, SIDE, SIDE, 3)
        self.raw = raw
        self.texts = json.loads((scratch / "texts.json").read_text())
        self.tokenizer = tokenizers.Tokenizer.from_file(str(models / "minilm-l6/tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS)
        self.tokenizer.no_padding()
        self.np = np

    def pixels(self, raw):
        np = self.np
        scaled = (np.stack(raw).astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(DEVIATION)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def tokens(self, size):
        """ids and mask of batches of like length."""
        np = self.np
        for batch in batches(self.tokenizer.encode_batch(self.texts), size, lambda encoding: len(encoding.ids)):
            length = len(batch[0].ids)
            ids, mask = np.zeros((len(batch), length), np.int64), np.zeros((len(batch), length), np.int64)
            for row, encoding in enumerate(batch):
                ids[row, :len(encoding.ids)] = encoding.ids
                mask[row, :len(encoding.ids)] = 1
            yield ids, mask


def onnxruntime_peer(scratch, models):
    import onnxruntime
    inputs = Inputs(scratch, models)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    image, text = (onnxruntime.InferenceSession(str(scratch / f"{name}.onnx"), options,
                                                providers=["CPUExecutionProvider"]) for name in ("images", "texts"))

    def images(size):
        for batch in batches(list(inputs.raw), size):
            image.run(None, {"pixels": inputs.pixels(batch)})

    def texts(size):
        for ids, mask in inputs.tokens(size):
            text.run(None, {"ids": ids, "mask": mask})

    serve({"images score, one at a time": lambda: images(1), "images score, batches of 8": lambda: images(8),
           "texts score, one at a time": lambda: texts(1), "texts score, batches of 16": lambda: texts(16)})


def quiet_transformers():
    # transformers asks torchvision for one thing that nothing here uses.
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))
    import transformers
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def pytorch_peer(scratch, models):
    import torch
    transformers = quiet_transformers()
    sys.path.insert(0, str(ROOT / "tools/fixtures"))
    from networks import BERT, DINOv2
    import safetensors.torch
    torch.set_num_threads(os.cpu_count())
    inputs = Inputs(scratch, models)

    def published(family, name, attention):
        options = {"add_pooling_layer": False} if family is transformers.BertModel else {}
        return family.from_pretrained(models / name, attn_implementation=attention, **options).eval()

    def written(family, name):
        folder = models / name
        return family(safetensors.torch.load_file(folder / "model.safetensors"),
                      json.loads((folder / "config.json").read_text()), torch.float32)

    vit = {kind: published(transformers.Dinov2Model, "dinov2-small", kind) for kind in ("sdpa", "eager")}
    bert = {kind: published(transformers.BertModel, "minilm-l6", kind) for kind in ("sdpa", "eager")}
    networks = {"images": written(DINOv2, "dinov2-small"), "texts": written(BERT, "minilm-l6")}
    directions = torch.randn(8, 384, generator=torch.Generator().manual_seed(0))

    def image_batches(size):
        for batch in batches(list(inputs.raw), size):
            yield torch.from_numpy(inputs.pixels(batch))

    def text_batches(size):
        for ids, mask in inputs.tokens(size):
            yield torch.from_numpy(ids), torch.from_numpy(mask)

    @torch.no_grad()
    def score(kind, size):
        if kind == "images":
            for pixels in image_batches(size):
                vit["sdpa"](pixel_values=pixels)
        else:
            for ids, mask in text_batches(size):
                bert["sdpa"](input_ids=ids, attention_mask=mask)

    @torch.no_grad()
    def rollout(kind, size):
        found = ((vit["eager"](pixel_values=pixels, output_attentions=True) for pixels in image_batches(size))
                 if kind == "images" else
                 (bert["eager"](input_ids=ids, attention_mask=mask, output_attentions=True)
                  for ids, mask in text_batches(size)))
        for outputs in found:
            rolled = None
            for attention in outputs.attentions:
                layer = (attention.mean(1) + torch.eye(attention.shape[-1])) / 2
                rolled = layer if rolled is None else layer @ rolled

    def legrad(kind, count, size):
        network = networks[kind]
        for batch in image_batches(size) if kind == "images" else text_batches(size):
            with torch.no_grad():
                x, mask = network.tokens(batch) if kind == "images" else network.tokens(batch[0], batch[1].bool())
                layers = network.run(x, mask)
            for index in range(len(layers) - LAYERS[kind], len(layers)):
                network.legrad_autograd(index, layers[index], mask, "mean", directions[:count], True)

    tasks = {}
    for kind, size in (("images", 1), ("texts", 16)):
        tasks[f"{kind} score"] = lambda kind=kind, size=size: score(kind, size)
        tasks[f"{kind} rollout"] = lambda kind=kind, size=size: rollout(kind, size)
        for count in (1, 8):
            tasks[f"{kind} legrad {count}"] = lambda kind=kind, size=size, count=count: legrad(kind, count, size)
    serve(tasks)


def export(scratch, models):
    """The ONNX graphs of the two checkpoints, by PyTorch's own exporter."""
    import torch
    transformers = quiet_transformers()

    class Image(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.Dinov2Model.from_pretrained(models / "dinov2-small", attn_implementation="eager")

        def forward(self, pixels):
            return self.model(pixel_values=pixels).pooler_output

    class Text(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.BertModel.from_pretrained(
                models / "minilm-l6", attn_implementation="eager", add_pooling_layer=False)

        def forward(self, ids, mask):
            # The mask as BERT's own code adds it, so that nothing of the export depends on a library's masking.
            hidden = self.model.embeddings(input_ids=ids)
            added = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
            for layer in self.model.encoder.layer:
                found = layer(hidden, added)
                hidden = found[0] if isinstance(found, tuple) else found
            kept = mask[:, :, None].to(hidden.dtype)
            return (hidden * kept).sum(1) / kept.sum(1)

    ids = torch.ones(2, 16, dtype=torch.long)
    with torch.no_grad():
        torch.onnx.export(Image().eval(), (torch.zeros(2, 3, SIDE, SIDE),), str(scratch / "images.onnx"), dynamo=False,
                          input_names=["pixels"], dynamic_axes={"pixels": {0: "batch"}})
        torch.onnx.export(Text().eval(), (ids, ids), str(scratch / "texts.onnx"), dynamo=False,
                          input_names=["ids", "mask"],
                          dynamic_axes={name: {0: "batch", 1: "tokens"} for name in ("ids", "mask")})


# Taking turns


class Peer:
    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "TOKENIZERS_PARALLELISM": "true"})

    def ask(self, task):
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a peer ended at: {task}")
        return json.loads(line)

    def resident(self):
        """Megabytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measure(asked, rounds):
    """Medians (wall, processor) of each (peer, task); everything is done once before anything counts."""
    times = collections.defaultdict(list)
    for turn in range(rounds + 1):
        for name, peer, task in asked:
            answer = peer.ask(task)
            if turn > 0:
                times[name, task].append((answer["seconds"], answer["processor"]))
        say(f"round {turn} of {rounds}")
    return {key: tuple(statistics.median(column) for column in zip(*values)) for key, values in times.items()}


def table(kind, count, found, ours, peers):
    base = found[ours, f"{kind} score"][0]
    print(f"\n| {count} {kind} | wall clock, each | a second | processor time, each | × our score |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, task in [(ours, task) for (name, task) in found if name == ours and task.startswith(kind)] + peers:
        wall, processor = found[name, task]
        print(f"| {name}: {task.removeprefix(kind + ' ')} | {1000 * wall / count:.2f} ms | {count / wall:.1f} | "
              f"{1000 * processor / count:.2f} ms | {wall / base:.2f} |")


def verdicts(found, ours):
    """The budgets of docs/benchmarks.md, kept or missed."""
    print("\n| budget | measured | |\n| --- | ---: | --- |")

    def line(what, value, kept):
        print(f"| {what} | {value:.2f}× | {'kept' if kept else '**missed**'} |")

    for kind in ("images", "texts"):
        score = found[ours, f"{kind} score"][0]
        peer = min(wall for (name, task), (wall, _) in found.items()
                   if name == "ONNX Runtime" and task.startswith(f"{kind} score"))
        line(f"{kind}: score ≥ 1.4× ONNX Runtime, its better way", peer / score, peer / score >= 1.4)
        for task, limit in ((f"{kind} explain 1", 1.3), (f"{kind} explain 8", 2.0)):
            ratio = found[ours, task][0] / score
            if kind == "images":
                line(f"{task} direction(s), with the score, ≤ {limit}× score", ratio, ratio <= limit)
            else:
                print(f"| {task} direction(s), with the score | {ratio:.2f}× | no budget |")


def errors(reference, other):
    """Largest difference in per cent of the largest component, cosine, and score difference."""
    import numpy as np
    a, b = (np.array(found["embeddings"]) for found in (reference, other))
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    largest = float((np.abs(a - b).max(1) / np.abs(a).max(1)).max())
    scores = np.abs(np.array(reference["scores"]) - np.array(other["scores"]))
    return largest, float((1 - cosine).max()), float(scores.mean()), float(scores.max())


def precisions(command, counts, rounds):
    peers = {name: Peer(*command, "--precision", name) for name in ("f32", "bf16", "int8")}
    asked = [(name, peer, f"{kind} {what}") for kind in counts for what in ("score", "explain 1")
             for name, peer in peers.items()]
    found = measure(asked, rounds)
    print("\n| precision | wall clock, each | × f32 | explain 1, × f32 | embedding: largest difference | 1 − cosine "
          "| score: mean, largest difference |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, count in counts.items():
        dumps = {name: peer.ask(f"{kind} dump") for name, peer in peers.items()}
        for name in peers:
            wall = found[name, f"{kind} score"][0]
            ratios = [found[name, f"{kind} {what}"][0] / found["f32", f"{kind} {what}"][0]
                      for what in ("score", "explain 1")]
            largest, cosine, mean, most = errors(dumps["f32"], dumps[name])
            print(f"| {kind}, {name} | {1000 * wall / count:.2f} ms | {ratios[0]:.2f} | {ratios[1]:.2f} | "
                  f"{100 * largest:.2f} % | {cosine:.1e} | {mean:.4f}, {most:.4f} |")
    for peer in peers.values():
        peer.end()


def first_score(program, scratch):
    """Process start to the printed score, compiled networks cached: medians of seven."""
    from PIL import Image
    import numpy as np
    picture = scratch / "first.png"
    Image.fromarray(np.fromfile(scratch / "pixels.rgb", np.uint8)[:SIDE * SIDE * 3].reshape(SIDE, SIDE, 3)).save(picture)
    print("\n| first score after start, network cached | wall clock | |\n| --- | ---: | --- |")
    for model, arguments in (("minilm-l6", ["--text", "You are an idiot and nobody likes you."]),
                             ("dinov2-small", [str(picture)])):
        times = []
        for _ in range(8):
            start = time.perf_counter()
            subprocess.run([program, "explain", "--json", "--model", model, *arguments], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
        median = statistics.median(times[1:])
        print(f"| {model} | {median:.2f} s | {'kept' if median <= 1 else '**missed**'} (≤ 1 s) |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=ROOT / ".deps/models")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--role", choices=("onnxruntime", "pytorch", "export"), help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only-ours", action="store_true", help="no peers: for working on the program")
    arguments = parser.parse_args()
    models = arguments.models.resolve()
    if arguments.role:
        role = {"onnxruntime": onnxruntime_peer, "pytorch": pytorch_peer, "export": export}[arguments.role]
        return role(arguments.scratch, models)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        pixels, where = pictures(arguments.pictures)
        pixels.tofile(scratch / "pixels.rgb")
        texts, from_where = posts(arguments.texts)
        (scratch / "texts.json").write_text(json.dumps(texts))
        ours = [str(arguments.program), "bench-models", "--recipes", str(recipes(scratch / "recipes")),
                "--pixels", str(scratch / "pixels.rgb"), "--texts", str(scratch / "texts.json")]
        print(f"{len(pixels)} {where}, {len(texts)} {from_where}; {os.cpu_count()} cores, f32; medians of "
              f"{arguments.rounds} rounds.")
        us = Peer(*ours)
        asked = [("ReviewTUI", us, f"{kind} {task}") for kind in ("images", "texts")
                 for task in ("score", "explain 1", "explain 8", "flagged")]
        peers = []
        if not arguments.only_ours:
            this = [sys.executable, str(Path(__file__).resolve()), "--program", str(arguments.program), "--models",
                    str(models), "--scratch", folder, "--role"]
            subprocess.run([*this, "export"], check=True, stdout=subprocess.DEVNULL)
            onnx, torch = Peer(*this, "onnxruntime"), Peer(*this, "pytorch")
            peers = [("ONNX Runtime", onnx, f"{kind} score, {way}") for kind, way in (
                ("images", "one at a time"), ("images", "batches of 8"), ("texts", "one at a time"),
                ("texts", "batches of 16"))]
            peers += [("PyTorch", torch, f"{kind} {task}") for kind in ("images", "texts")
                      for task in ("score", "rollout", "legrad 1", "legrad 8")]
        found = measure(asked + peers, arguments.rounds)
        for kind, count in (("images", len(pixels)), ("texts", len(texts))):
            table(kind, count, found, "ReviewTUI", [(n, t) for n, _, t in peers if t.startswith(kind)])
        if peers:
            verdicts(found, "ReviewTUI")
        for peer in {id(peer): peer for _, peer, _ in asked + peers}.values():
            peer.end()
        precisions(ours, {"images": len(pixels), "texts": len(texts)}, max(2, arguments.rounds // 2))
        first_score(str(arguments.program), scratch)


if __name__ == "__main__":
    main()
