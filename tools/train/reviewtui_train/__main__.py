"""The command line: `torchrun --nproc-per-node N -m reviewtui_train --snapshot … --checkpoint … --out …`."""

import argparse
import json
import os
import pathlib
import shutil
import sys

from . import Refused


def main() -> int:
    options = parser().parse_args()
    try:
        if options.out.exists():
            raise Refused(f"{options.out} is there already: name another folder, or remove it.")
        # torch takes seconds to load: not before the options are sound.
        from .run import run

        found = run(options)
    except Refused as refusal:
        # What one process of a machine refuses, all do.
        if os.environ.get("LOCAL_RANK", "0") == "0":
            print(f"reviewtui_train: {refusal}", file=sys.stderr, flush=True)
        return 65
    if found is not None:
        print(json.dumps(found, ensure_ascii=False), flush=True)
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reviewtui_train",
        description=__doc__.splitlines()[0],
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=min(120, shutil.get_terminal_size().columns)),
    )
    add = parser.add_argument_group("what is trained on what").add_argument
    add(
        "--snapshot",
        type=pathlib.Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="a WebDataset export; again for each that goes on from it (`--since`), oldest first",
    )
    add(
        "--checkpoint",
        type=pathlib.Path,
        required=True,
        metavar="FOLDER",
        help="as published: config.json, model.safetensors …",
    )
    add(
        "--out",
        type=pathlib.Path,
        required=True,
        metavar="FOLDER",
        help="what is handed back; a killed run goes on from its states in FOLDER.training beside it",
    )
    add(
        "--towers",
        choices=["image", "text", "both"],
        help="what is read and trained (all that checkpoint and rows have)",
    )
    add("--policy", action="append", metavar="P", help="only these policies (all with enough labels)")
    add(
        "--min-items",
        type=int,
        default=10,
        metavar="N",
        help="a policy needs as many violations and others in train (%(default)s)",
    )
    add("--name", help="of the model when it is added (the name of --out)")
    add("--version", default="1", help="of the model; other weights under a known name need another (%(default)s)")

    add = parser.add_argument_group("how labels count").add_argument
    add(
        "--origin-model-weight",
        type=float,
        default=0.5,
        metavar="W",
        help="of a label that the model proposed and a person confirmed; a person's own is 1 (%(default)s)",
    )
    add(
        "--class-weights",
        choices=["balanced", "none"],
        default="balanced",
        help="whether a policy's violations and the rest count the same in all (%(default)s)",
    )
    add(
        "--hard-labels",
        action="store_true",
        help="the standing verdict, where several reviewers' share would be the target",
    )
    add(
        "--sampling-correction",
        action="store_true",
        help="a uniformly drawn row counts 1/(share of claims drawn so): about half of the fit is the queue's own mix",
    )

    add = parser.add_argument_group("steps").add_argument
    add("--epochs", type=int, default=3, metavar="N", help="validation chooses among them (%(default)s)")
    add("--steps", type=int, metavar="N", help="end after so many")
    add("--batch", type=int, default=256, metavar="N", help="samples of a step, over all processes (%(default)s)")
    add("--micro-batch", type=int, default=32, metavar="N", help="samples in a process's model at once (%(default)s)")
    add("--learning-rate", type=float, metavar="R", help="at its highest (1e-5; 2e-4 with --lora)")
    add("--head-learning-rate", type=float, default=1e-2, metavar="R", help="of directions and biases (%(default)s)")
    add("--weight-decay", type=float, default=0.05, metavar="W", help="of matrices (%(default)s)")
    add("--warmup", type=float, default=0.1, metavar="SHARE", help="of the steps, before the cosine (%(default)s)")
    add("--clip", type=float, default=1.0, metavar="NORM", help="largest norm of a step's gradient (%(default)s)")
    add("--seed", type=int, default=0, help="of order and dropout (%(default)s)")

    add = parser.add_argument_group("devices").add_argument
    add(
        "--parallel",
        choices=["ddp", "fsdp2"],
        default="ddp",
        help="whole models, or weights and states cut up (%(default)s)",
    )
    add("--bf16", action="store_true", help="products in bfloat16, weights and sums in float32")
    add("--activation-checkpointing", action="store_true", help="compute blocks twice and keep little of them")
    add("--lora", type=int, metavar="RANK", help="train adapters of this rank, merged when handed back")
    add("--lora-alpha", type=int, metavar="A", help="(twice the rank)")
    add("--lora-dropout", type=float, default=0.0, metavar="P")
    add("--compile", action="store_true", help="torch.compile, block by block")
    add("--workers", type=int, default=0, metavar="N", help="processes that decode, for each that trains (%(default)s)")
    add("--deterministic", action="store_true", help="refuse kernels that add up in no fixed order (slower on CUDA)")
    add(
        "--save-every",
        type=int,
        default=500,
        metavar="STEPS",
        help="a state to go on from, besides each epoch's (%(default)s)",
    )
    add("--keep", type=int, default=2, metavar="N", help="of those states (%(default)s)")

    add = (
        parser.add_argument_group("thresholds, chosen on validation (best F1)")
        .add_mutually_exclusive_group()
        .add_argument
    )
    add("--precision", type=float, metavar="P", help="the lowest threshold with this precision")
    add("--recall", type=float, metavar="R", help="the highest threshold with this recall")
    return parser


if __name__ == "__main__":
    sys.exit(main())
