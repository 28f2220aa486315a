#!/usr/bin/env python3
"""Times scoring and explaining beside ONNX Runtime and PyTorch on the same weights and prints Markdown tables.

    python3 tools/bench/bench_models.py --program .build/release/reviewtui --models MODELS [--rounds N] [--parts …]

Everybody gets the same pixels (already in the model's size) and the same texts (tokenizing included), waits in a
process of its own and takes turns; a figure is the median of the rounds, wall clock and processor time of all threads,
and a ratio the median of the rounds' ratios, so that both of its sides were measured within the same minute. ONNX
Runtime gets the graph that PyTorch exports, one input at a time, in batches, and one at a time on each core. PyTorch
explains as people do: attention rollout (Abnar & Zuidema 2020) over `transformers`' attentions,
and LeGrad by automatic differentiation (tools/fixtures/networks.py in float32), the latter on fewer inputs, since it is
slow.

Texts are the tweets of $REVIEWTUI_DATA/text/davidson, pictures those of images/coco, made ones where that is absent.
Tables go to stdout as they are ready, progress to stderr.
"""

import argparse
import collections
import concurrent.futures
import csv
import json
import os
import random
import select
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
BATCH = {"images": 8, "texts": 16}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOKENS = 256


START = time.perf_counter()


def say(*words):
    print(f"{time.perf_counter() - START:5.0f} s ", *words, file=sys.stderr, flush=True)


def show(*words):
    print(*words, flush=True)


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
    path = data() / "text/davidson/labeled_data.csv"
    if path.exists():
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
    """Our two models, that of pictures with LeGrad too; the shipped head of texts, made ones of pictures."""
    (folder / "heads").mkdir(parents=True)
    (folder / "minilm-l6.toml").write_text((ROOT / "models/minilm-l6.toml").read_text())
    (folder / "heads/text.json").write_text((ROOT / "models/heads/text-policies.json").read_text())
    published = (ROOT / "models/dinov2-small.toml").read_text()
    settings = published[:published.index("[explain]")]
    sha256 = next(line for line in settings.splitlines() if line.startswith("sha256")).split('"')[1]
    for name, explain in (("dinov2-small", published[len(settings):]),
                          ("dinov2-legrad", '[explain]\nmethod = "legrad"\nlayers = 2\n')):
        text = settings.replace('name = "dinov2-small"', f'name = "{name}"') + explain
        (folder / f"{name}.toml").write_text(text)
        (folder / f"heads/{name}.json").write_text(json.dumps(made_head(name, f"{name}@1", sha256, 0)))
    return folder


# The peers: a line in names a task, a line out is its time


def inputs_of(kind, count):
    """How many of so many inputs LeGrad by automatic differentiation gets."""
    return max(1, count // {"images": 4, "texts": 8}[kind])


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

    def tokens(self, size, count=None):
        """ids and mask of batches of like length."""
        np = self.np
        encodings = self.tokenizer.encode_batch(self.texts[:count])
        for batch in batches(encodings, size, lambda encoding: len(encoding.ids)):
            length = len(batch[0].ids)
            ids, mask = np.zeros((len(batch), length), np.int64), np.zeros((len(batch), length), np.int64)
            for row, encoding in enumerate(batch):
                ids[row, :len(encoding.ids)] = encoding.ids
                mask[row, :len(encoding.ids)] = 1
            yield ids, mask


def onnxruntime_peer(scratch, models):
    import onnxruntime
    inputs, cores = Inputs(scratch, models), os.cpu_count()
    threads = concurrent.futures.ThreadPoolExecutor(cores)

    def session(name, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(str(scratch / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])

    def images(on, size, each):
        def one(batch):
            on.run(None, {"pixels": inputs.pixels(batch)})
        list(each(one, batches(list(inputs.raw), size)))

    def texts(on, size, each):
        def one(batch):
            on.run(None, {"ids": batch[0], "mask": batch[1]})
        list(each(one, inputs.tokens(size)))

    tasks = {}
    for kind, run in (("images", images), ("texts", texts)):
        shared, single = session(kind, cores), session(kind, 1)
        for way, on, size, each in (("one at a time", shared, 1, map), ("batches", shared, BATCH[kind], map),
                                    ("one on each core", single, 1, threads.map)):
            tasks[f"{kind} score, {way}"] = lambda run=run, on=on, size=size, each=each: run(on, size, each)
    serve(tasks)


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

    def image_batches(size, count=None):
        for batch in batches(list(inputs.raw[:count]), size):
            yield torch.from_numpy(inputs.pixels(batch))

    def text_batches(size, count=None):
        for ids, mask in inputs.tokens(size, count):
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
        some = inputs_of(kind, len(inputs.raw if kind == "images" else inputs.texts))
        for batch in image_batches(size, some) if kind == "images" else text_batches(size, some):
            with torch.no_grad():
                x, mask = network.tokens(batch) if kind == "images" else network.tokens(batch[0], batch[1].bool())
                layers = network.run(x, mask)
            for index in range(len(layers) - LAYERS[kind], len(layers)):
                network.legrad_autograd(index, layers[index], mask, "mean", directions[:count], True)

    tasks = {}
    for kind, size in (("images", 1), ("texts", BATCH["texts"])):
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
    """A process that does what it is told, a line a time."""

    # Compiling a network for the first time takes seconds, the slowest task half a minute.
    PATIENCE = 180

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "TOKENIZERS_PARALLELISM": "true"})

    def ask(self, task):
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], self.PATIENCE)[0]:
            self.process.kill()
            raise SystemExit(f"a peer did not answer within {self.PATIENCE} s: {task}")
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a peer ended at: {task}")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


# `count` inputs of a `kind` (images or texts); `line` is what the peer is told.
Task = collections.namedtuple("Task", "who what kind count peer line")


class Found:
    """Seconds for each input, of each round: wall clock and processor."""

    def __init__(self, tasks, rounds):
        """Everything is done once before anything counts."""
        self.times = collections.defaultdict(list)
        for turn in range(rounds + 1):
            for task in tasks:
                answer = task.peer.ask(task.line)
                say(f"{'round ' + str(turn) + ' of ' + str(rounds) if turn else 'warming up'}: "
                    f"{task.who}, {task.line}: {answer['seconds']:.2f} s")
                if turn > 0:
                    self.times[task].append((answer["seconds"] / task.count, answer["processor"] / task.count))

    def wall(self, task):
        return statistics.median(wall for wall, _ in self.times[task])

    def processor(self, task):
        return statistics.median(processor for _, processor in self.times[task])

    def ratio(self, task, base, clock=0):
        """How many times as long as `base` by the wall clock (0) or in processor time (1): median, least and greatest
        of the rounds."""
        ratios = [mine[clock] / other[clock] for mine, other in zip(self.times[task], self.times[base])]
        return statistics.median(ratios), min(ratios), max(ratios)


OURS = "ReviewTUI"


def ours(peer, counts):
    """What of ours is timed, each kind's plain score first."""
    for kind, model in (("images", "dinov2-small"), ("texts", "minilm-l6")):
        def task(what, line, kind=kind):
            return Task(OURS, what, kind, counts[kind], peer, line)
        method = {"images": "token decomposition", "texts": "legrad of 4 layers"}[kind]
        yield task("score", f"{model} score")
        yield task(f"score, {method}, 1 direction", f"{model} explain 1")
        yield task(f"score, {method}, 8 directions", f"{model} explain 8")
        if kind == "images":
            yield task("score, legrad of 2 layers, 1 direction", "dinov2-legrad explain 1")
            yield task("score, legrad of 2 layers, 8 directions", "dinov2-legrad explain 8")
        yield task("score, what stands out explained", f"{model} flagged")


def theirs(onnx, torch, counts):
    for kind in counts:
        for way in ("one at a time", "batches", "one on each core"):
            yield Task("ONNX Runtime", f"score, {way}", kind, counts[kind], onnx, f"{kind} score, {way}")
        yield Task("PyTorch", "score", kind, counts[kind], torch, f"{kind} score")
        yield Task("PyTorch", "attention rollout", kind, counts[kind], torch, f"{kind} rollout")
        for count in (1, 8):
            yield Task("PyTorch", f"legrad by autograd, {count} direction{'s' * (count > 1)}", kind,
                       inputs_of(kind, counts[kind]), torch, f"{kind} legrad {count}")


def table(kind, found, tasks):
    base = tasks[0]
    show(f"\n| {base.count} {kind} | wall clock, each | a second | processor time, each | × our score |")
    show("| --- | ---: | ---: | ---: | ---: |")
    for task in tasks:
        wall = found.wall(task)
        show(f"| {task.who}: {task.what} | {1000 * wall:.2f} ms | {1 / wall:.1f} | "
             f"{1000 * found.processor(task):.2f} ms | {found.ratio(task, base)[0]:.2f} |")


def verdicts(found, tasks):
    """The budgets of docs/benchmarks.md, kept or missed by the wall clock."""
    show("\n| budget | wall clock: median (least, greatest) | processor time | |\n| --- | ---: | ---: | --- |")

    def line(what, task, base, is_kept):
        median, least, greatest = found.ratio(task, base)
        shown = "no budget" if is_kept is None else "kept" if is_kept(median) else "**missed**"
        show(f"| {what} | {median:.2f} ({least:.2f}, {greatest:.2f}) × | {found.ratio(task, base, 1)[0]:.2f} × | {shown} |")

    for kind in ("images", "texts"):
        here = [task for task in tasks if task.kind == kind]
        score = here[0]
        for peer in here:
            if peer.who == "ONNX Runtime":
                way = peer.what.removeprefix("score, ")
                line(f"{kind}: score ≥ 1.4 × ONNX Runtime, {way}", peer, score, lambda ratio: ratio >= 1.4)
        for task in here[1:]:
            if task.who == OURS and "direction" in task.what:
                limit = 2 if task.what.endswith("8 directions") else 1.3
                if kind == "images":
                    line(f"{kind}: {task.what} ≤ {limit} × score", task, score, lambda ratio: ratio <= limit)
                else:
                    line(f"{kind}: {task.what}", task, score, None)


# Precisions


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
    models = {"images": "dinov2-small", "texts": "minilm-l6"}
    tasks = {(kind, what, name): Task(name, what, kind, counts[kind], peer, f"{models[kind]} {what}")
             for kind in counts for what in ("score", "explain 1") for name, peer in peers.items()}
    found = Found(tasks.values(), rounds)
    show("\n| precision | wall clock, each | × f32 | explain 1, × f32 | embedding: largest difference | 1 − cosine "
         "| score: mean, largest difference |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind in counts:
        dumps = {name: peer.ask(f"{models[kind]} dump") for name, peer in peers.items()}
        for name in peers:
            ratios = [found.ratio(tasks[kind, what, name], tasks[kind, what, "f32"])[0]
                      for what in ("score", "explain 1")]
            largest, cosine, mean, most = errors(dumps["f32"], dumps[name])
            show(f"| {kind}, {name} | {1000 * found.wall(tasks[kind, 'score', name]):.2f} ms | {ratios[0]:.2f} | "
                 f"{ratios[1]:.2f} | {100 * largest:.2f} % | {cosine:.1e} | {mean:.4f}, {most:.4f} |")
    for peer in peers.values():
        peer.end()


# The program as a whole


def quietly(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def first_score(program, scratch):
    """Process start to its end, one input, compiled networks cached: medians of seven."""
    picture = scratch / "first.png"
    save_picture(scratch, picture)
    queue = {**os.environ, "REVIEWTUI_DB": str(scratch / "first.sqlite")}
    quietly(program, "init", env=queue)
    show("\n| first score after start, network cached | wall clock: median (greatest) | |\n| --- | ---: | --- |")
    for what, command in (
            ("`explain --text`, minilm-l6", ["explain", "--json", "--model", "minilm-l6", "--text",
                                             "You are an idiot and nobody likes you."]),
            ("`explain` of a picture, open-nsfw", ["explain", "--json", "--model", "open-nsfw", str(picture)]),
            ("`explain` of a picture, dinov2-small", ["explain", "--json", "--model", "dinov2-small", str(picture)]),
            ("`score` of a queue of one text", ["score", "--model", "minilm-l6"])):
        times = []
        for turn in range(8):
            if command[0] == "score":
                item = json.dumps({"id": f"first-{turn}", "text": "You are an idiot and nobody likes you."})
                quietly(program, "ingest", "-", env=queue, input=item.encode())
            start = time.perf_counter()
            quietly(program, *command, env=queue)
            times.append(time.perf_counter() - start)
        say(f"{what}: {', '.join(f'{seconds:.2f}' for seconds in times)} s")
        median, greatest = statistics.median(times[1:]), max(times[1:])
        show(f"| {what} | {median:.2f} ({greatest:.2f}) s | {'kept' if median <= 1 else '**missed**'} (≤ 1 s) |")


def save_picture(scratch, path):
    from PIL import Image
    import numpy as np
    Image.fromarray(np.fromfile(scratch / "pixels.rgb", np.uint8)[:SIDE * SIDE * 3].reshape(SIDE, SIDE, 3)).save(path)


def whole_queue(program, scratch, text_count, picture_count):
    """`reviewtui score` on queues, memory sampled four times a second: it must not grow with the queue."""
    folder = scratch / "whole"
    folder.mkdir()
    photos = sorted((data() / "images/coco").rglob("*.jpg"))
    if not photos:
        save_picture(scratch, folder / "made.png")
        photos = [folder / "made.png"]
    texts, _ = posts(min(text_count, 20_000))
    show("\n| `reviewtui score` of a queue | items a second | processors busy "
         "| resident after a quarter, a half, at the end | greatest | with the media worker |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for model, count, items in (
            ("minilm-l6", text_count, ({"text": text} for text in texts)),
            ("dinov2-small", picture_count,
             ({"media": [{"path": os.path.relpath(photos[n % len(photos)], photos[0].parent)}]}
              for n in range(picture_count)))):
        queue = {**os.environ, "REVIEWTUI_DB": str(folder / f"{model}.sqlite")}
        lines = folder / f"{model}.jsonl"
        with open(lines, "w") as file:
            for number, item in enumerate(items):
                file.write(json.dumps({"id": f"item-{number}", **item}) + "\n")
        quietly(program, "init", env=queue)
        quietly(program, "ingest", str(lines), "--media-root", str(photos[0].parent), env=queue)
        say(f"scoring {count} items by {model}")
        samples, seconds, processor = watched([program, "score", "--model", model], queue)
        own = [own for own, _ in samples]
        at = [own[min(len(own) - 1, int(len(own) * share))] for share in (0.25, 0.5, 1)]
        show(f"| {count} items, {model} | {count / seconds:.1f} | {processor / seconds:.2f} | "
             f"{', '.join(f'{value:.0f}' for value in at)} MB | {max(own):.0f} MB | {max(map(sum, samples)):.0f} MB |")


def watched(command, environment):
    """Runs a program to its end.

    Returns [(megabytes of the process, of its children)] four times a second, seconds, processor seconds.
    """
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    samples = []
    while process.poll() is None:
        own, children = resident(process.pid), children_of(process.pid)
        if own:
            samples.append((own, sum(resident(child) for child in children)))
        time.sleep(0.25)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return samples, seconds, busy


def resident(process):
    """Megabytes; 0 of one that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def children_of(process):
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []


# The whole


PARTS = ("peers", "precision", "first", "queue")


def beside_peers(command, this, counts, rounds, only_ours):
    peers = [Peer(*command)]
    tasks = list(ours(peers[0], counts))
    if not only_ours:
        say("PyTorch exports the ONNX graphs")
        subprocess.run([*this, "export"], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        peers += [Peer(*this, "onnxruntime"), Peer(*this, "pytorch")]
        tasks += theirs(*peers[1:], counts)
    tasks.sort(key=lambda task: task.kind)
    found = Found(tasks, rounds)
    for kind in counts:
        table(kind, found, [task for task in tasks if task.kind == kind])
    verdicts(found, tasks)
    for peer in peers:
        peer.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=ROOT / ".deps/models")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"which of {', '.join(PARTS)}")
    parser.add_argument("--queue-texts", type=int, default=10_000)
    parser.add_argument("--queue-pictures", type=int, default=1_000)
    parser.add_argument("--role", choices=("onnxruntime", "pytorch", "export"), help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only-ours", action="store_true", help="no peers: for working on the program")
    arguments = parser.parse_args()
    models = arguments.models.resolve()
    if arguments.role:
        role = {"onnxruntime": onnxruntime_peer, "pytorch": pytorch_peer, "export": export}[arguments.role]
        return role(arguments.scratch, models)
    parts = arguments.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--parts knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    program = str(arguments.program.resolve())
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        pixels, where = pictures(arguments.pictures)
        pixels.tofile(scratch / "pixels.rgb")
        texts, from_where = posts(arguments.texts)
        (scratch / "texts.json").write_text(json.dumps(texts))
        counts = {"images": len(pixels), "texts": len(texts)}
        command = [program, "bench-models", "--recipes", str(recipes(scratch / "recipes")),
                   "--pixels", str(scratch / "pixels.rgb"), "--texts", str(scratch / "texts.json")]
        this = [sys.executable, str(Path(__file__).resolve()), "--program", program, "--models", str(models),
                "--scratch", folder, "--role"]
        show(f"{len(pixels)} {where}, {len(texts)} {from_where}; {os.cpu_count()} cores ({processor_name()}), f32 "
             f"unless said; medians of {arguments.rounds} rounds.")
        if "peers" in parts:
            beside_peers(command, this, counts, arguments.rounds, arguments.only_ours)
        if "precision" in parts:
            precisions(command, counts, max(2, arguments.rounds // 2 + 1))
        if "first" in parts:
            first_score(program, scratch)
        if "queue" in parts:
            whole_queue(program, scratch, arguments.queue_texts, arguments.queue_pictures)
    say("done")


def processor_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


if __name__ == "__main__":
    main()
