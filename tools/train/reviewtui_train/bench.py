"""Throughput and memory of the ways to train, on synthetic pictures and random weights: nothing is read from a disk.

    python -m reviewtui_train.bench --out FOLDER [--seconds 260] [--tiny]        # all of it
    torchrun --nproc-per-node 8 -m reviewtui_train.bench --out FOLDER --model vit-l-14   # one model on several devices

One JSON line a configuration on stdout and in FOLDER/bench.jsonl, and a table in FOLDER/bench.md. A configuration that
fails (memory) is a line that says why; one that takes the process with it is left out and the next ones are measured by
a fresh one. Warm-up steps are not counted; a step is forward, loss, backward, clipping and AdamW, its batch already on
the device.
"""

import argparse
import dataclasses
import gc
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from .parallel import World


@dataclasses.dataclass(frozen=True)
class Shape:
    """A vision tower of CLIP."""

    width: int
    layers: int
    heads: int
    patch: int = 14
    side: int = 224
    projection: int = 768


SHAPES = {
    "vit-l-14": Shape(1024, 24, 16),
    "vit-h-14": Shape(1280, 32, 16, projection=1024),
    "tiny": Shape(64, 3, 2, patch=8, side=32, projection=32),
}


@dataclasses.dataclass(frozen=True)
class Way:
    """A configuration of training."""

    parallel: str
    bf16: bool
    checkpointing: bool = False
    lora: int | None = None
    compiled: bool = False
    #: Whether float32 products may be computed in TF32.
    tf32: bool = False
    micro: int = 64

    @property
    def name(self) -> str:
        parts = [self.parallel, "bf16" if self.bf16 else "tf32" if self.tf32 else "f32"]
        parts += (
            ["checkpointing"] * self.checkpointing
            + [f"lora {self.lora}"] * bool(self.lora)
            + ["compile"] * self.compiled
        )
        return " + ".join(parts) + f", {self.micro} at once"


WAYS = [
    Way("ddp", False),
    Way("ddp", False, tf32=True),
    Way("ddp", True),
    Way("ddp", True, lora=16),
    Way("fsdp2", True),
    Way("fsdp2", True, checkpointing=True),
    Way("fsdp2", True, lora=16),
    Way("fsdp2", True, checkpointing=True, lora=16),
    Way("fsdp2", True, checkpointing=True, lora=16, micro=256),
    Way("fsdp2", True, lora=16, compiled=True),
    Way("fsdp2", True, compiled=True),
    Way("fsdp2", True, checkpointing=True, lora=16, compiled=True, micro=256),
]
POLICIES = 8
WARM_UP, STEPS = 3, 8


def measured(shape: Shape, way: Way, world: "World", *, micro: int) -> dict:
    """Seconds a step (median), samples a second over all processes, and the most memory that the device held."""
    import torch

    from . import lora, parallel, training
    from .network import build

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = way.tf32
    is_cuda = world.device.type == "cuda"
    torch.manual_seed(0)
    began = time.monotonic()
    with torch.device(world.device):
        model = build(_tower(shape), "clip_vision_model", ("image",), POLICIES)
        if way.lora:
            lora.adapt(model, lora.LoRA(way.lora, 2 * way.lora))
    if way.checkpointing:
        model.checkpoint_activations()
    model.train()
    spread = parallel.spread(model, world, kind=way.parallel, bf16=way.bf16)
    if way.compiled:
        for block in model.blocks:
            block.compile()
    plan = training.Plan(parallel=way.parallel, bf16=way.bf16)
    optimizer = training.optimizer(spread, plan)
    batch = {"pixels": torch.randn(micro, 3, shape.side, shape.side, device=world.device)}
    wanted = torch.randint(0, 2, (micro, POLICIES), device=world.device).float()
    trained = [parameter for parameter in spread.parameters() if parameter.requires_grad]
    if is_cuda:
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(WARM_UP + STEPS):
        start = time.monotonic()
        with parallel.precision(world, kind=way.parallel, bf16=way.bf16):
            logits = spread(batch)["image"]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if is_cuda:
            torch.cuda.synchronize()
        times.append(time.monotonic() - start)
    second = statistics.median(times[WARM_UP:])
    return {
        "step_s": round(second, 5),
        "samples_per_s": round(micro * world.size / second, 2),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 3) if is_cuda else None,
        "parameters": sum(parameter.numel() for parameter in spread.parameters()),
        "trained": sum(parameter.numel() for parameter in trained),
        "loss": round(float(loss), 5),
        "first_step_s": round(times[0], 2),
        "whole_s": round(time.monotonic() - began, 2),
    }


def _tower(shape: Shape) -> "torch.nn.Module":
    import transformers

    return transformers.CLIPVisionModelWithProjection(
        transformers.CLIPVisionConfig(
            hidden_size=shape.width,
            intermediate_size=4 * shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            image_size=shape.side,
            patch_size=shape.patch,
            projection_dim=shape.projection,
        )
    )


# One model, by the processes of torchrun


def measure(model: str, out: pathlib.Path, first: int, deadline: float) -> None:
    """Measures the ways from `first` on, and appends what it finds to the file."""
    import torch

    from . import parallel

    world = parallel.World()
    for place, way in list(enumerate(WAYS))[first:]:
        line = {
            "model": model,
            "way": way.name,
            "place": place,
            "processes": world.size,
            "device": _device(world),
            "torch": torch.__version__,
        }
        if world.same(time.time() > deadline):
            line["failed"] = "no time was left"
        else:
            try:
                line |= measured(SHAPES[model], way, world, micro=min(way.micro, 4) if model == "tiny" else way.micro)
            except Exception as error:  # A configuration that fails must not take the others with it.
                line["failed"] = (
                    f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
                    if str(error)
                    else type(error).__name__
                )
        gc.collect()
        if world.device.type == "cuda":
            torch.cuda.empty_cache()
        if world.is_first:
            with (out / "bench.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
    world.close()


def _device(world: "World") -> str:
    import torch

    return torch.cuda.get_device_name() if world.device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


# All models, each by a process that may die


def supervise(models: list[str], out: pathlib.Path, seconds: float) -> None:
    end = time.time() + seconds
    for place, model in enumerate(models):
        # What a model leaves of its time, the next ones have.
        deadline = time.time() + (end - time.time()) / (len(models) - place)
        while (first := _done(out, model)) < len(WAYS) and time.time() < deadline:
            command = [
                sys.executable,
                "-m",
                "reviewtui_train.bench",
                "--out",
                str(out),
                "--model",
                model,
                "--first",
                str(first),
                "--deadline",
                str(deadline - 5),
            ]
            try:
                status = subprocess.run(command, timeout=max(20, deadline - time.time() + 20)).returncode
            except subprocess.TimeoutExpired:
                status = "took too long"
            if _done(out, model) == first:
                # It died, or hung, at the first thing that it was to measure.
                line = {
                    "model": model,
                    "way": WAYS[first].name,
                    "place": first,
                    "failed": f"the process ended with {status}",
                }
                with (out / "bench.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
    (out / "bench.md").write_text(table(out), encoding="utf-8")
    print((out / "bench.md").read_text(), flush=True)


def _done(out: pathlib.Path, model: str) -> int:
    """How many ways have been seen to, so that a fresh process goes on behind them."""
    return max((line["place"] + 1 for line in lines(out) if line["model"] == model), default=0)


def lines(out: pathlib.Path) -> list[dict]:
    path = out / "bench.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(out: pathlib.Path) -> str:
    """Rows of Markdown, rates as multiples of the model's first."""
    rows = [
        "| model | way | samples/s | × f32 DDP | peak memory, GiB | trained parameters |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    base: dict[str, float] = {}
    for line in lines(out):
        if "failed" in line:
            rows.append(f"| {line['model']} | {line['way']} | {line['failed']} | | | |")
            continue
        base.setdefault(line["model"], line["samples_per_s"])
        memory = "" if line["peak_gib"] is None else f"{line['peak_gib']:.1f}"
        rows.append(
            f"| {line['model']} | {line['way']} | {line['samples_per_s']:.0f} | "
            f"{line['samples_per_s'] / base[line['model']]:.2f} | {memory} | {line['trained'] / 1e6:.1f} M |"
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=260, help="for all of it (%(default)s)")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see whether it runs")
    parser.add_argument("--model", choices=sorted(SHAPES), help="this one, in this process")
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--deadline", type=float, default=float("inf"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    if options.model:
        measure(options.model, options.out, options.first, options.deadline)
    else:
        supervise(["tiny"] if options.tiny else ["vit-l-14", "vit-h-14"], options.out, options.seconds)


if __name__ == "__main__":
    main()
