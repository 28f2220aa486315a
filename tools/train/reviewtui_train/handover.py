"""What is handed back: a checkpoint folder as published ones are, and a head file for each tower.

    OUT/config.json, model.safetensors, tokenizer and preprocessor files   what `reviewtui model add` takes
    OUT/head-image.json, head-text.json                                    heads of it (reviewtui-head, version 1)
    OUT/evaluation.json, README.md                                         figures on the test split; the model card

The folder appears when all of it is written.
"""

import json
import os
import pathlib
import re
import shutil

import numpy
from safetensors import safe_open

from . import Refused
from .evaluation import Calibrated
from .network import PolicyModel
from .published import COMPANIONS, Published


def write_checkpoint(model: PolicyModel, source: Published, draft: pathlib.Path) -> Published:
    """Writes the trained weights, adapters merged, beside the files that came with the checkpoint.

    :raises Refused: where the tensors are not those of the checkpoint it was trained from, so that no reader is
        surprised.
    """
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    model.backbone.save_pretrained(draft, max_shard_size="1000GB")
    for name in COMPANIONS:
        if (source.folder / name).is_file():
            (draft / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source.folder / name, draft / name)
    missing = _tensors(draft) - _tensors(source.folder)
    # A model with a task's head on top keeps its encoder under a prefix, and is handed back without either.
    prefixes = ("vit.", "deit.", "dinov2.", "dinov2_with_registers.", "bert.", "roberta.")
    missing -= {
        name.removeprefix(prefix) for name in _tensors(source.folder) for prefix in prefixes if name.startswith(prefix)
    }
    if missing:
        raise Refused(
            f"transformers saved tensors that {source.folder} does not have ({', '.join(sorted(missing)[:3])}): "
            "it is of another version than the one that wrote that folder. Save the checkpoint anew with it first."
        )
    return Published.at(draft)


def _tensors(folder: pathlib.Path) -> set[str]:
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        return set(file.keys())


def head_file(
    tower: str,
    model: str,
    weights_sha256: str,
    policies: list[str],
    calibrated: Calibrated,
    counts: list[tuple[int, int]],
    tested: list[dict],
    data: list[str],
) -> dict:
    """A head as the program reads it.

    :param model: `name@version` that the folder is to be added as.
    :param counts: violations and others among the training items, by policy.
    :param data: what it was fitted on, for people.
    """
    entries = []
    for place, policy in enumerate(policies):
        curve, threshold, test = calibrated.platt[place], calibrated.thresholds[place], tested[place]["all"]
        entry = {
            "policy": policy,
            "direction": [float(numpy.float32(value)) for value in calibrated.head.directions[place]],
            "bias": float(calibrated.head.bias[place]),
            "positives": counts[place][0],
            "negatives": counts[place][1],
            "data": data,
        }
        if curve:
            entry["calibration"] = {"kind": "platt", "a": curve.a, "b": curve.b}
        if threshold is not None:
            entry["threshold"] = threshold
        if test["auroc"] is not None:
            entry["auroc_heldout"] = test["auroc"]
        entries.append(entry)
    return {
        "format": "reviewtui-head",
        "version": 1,
        "name": f"{model_name(model)}-{tower}",
        "model": model,
        "weights_sha256": weights_sha256,
        "normalized": True,
        "policies": entries,
    }


def model_name(model: str) -> str:
    return model.partition("@")[0]


def check_name(name: str, version: str) -> None:
    """:raises Refused: for what `model add` would not take."""
    for word in (name, version):
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", word):
            raise Refused(
                f"{word!r} cannot be part of a model's name: letters, digits, `.`, `-`, `_`, not starting with a dot."
            )


def model_of(tower: str, towers: tuple[str, ...], name: str, version: str) -> str:
    """What a tower's head is a head of: a folder with two is added twice, its texts under a name of their own."""
    return f"{name}@{version}" if len(towers) == 1 or tower == "image" else f"{name}-text@{version}"


def commands(towers: tuple[str, ...], name: str, version: str, out: pathlib.Path) -> list[str]:
    """What adopts it, to be typed."""
    lines = []
    for tower in towers:
        model = model_of(tower, towers, name, version)
        lines += [
            f"reviewtui model add {out} --name {model_name(model)} --version {version} --modality {tower}",
            f"reviewtui head import {out}/head-{tower}.json",
            f"reviewtui head adopt {model_name(model)}-{tower}",
        ]
    return lines


def card(source: Published, evaluation: dict, lines: list[str]) -> str:
    """The model card, README.md."""
    rows = [["tower", "policy", "violations / others", "average precision", "before", "AUROC", "before", "ECE"]]
    for tower, found in evaluation["towers"].items():
        for after, before in zip(found["after"], found["before"], strict=True):
            now, then = after["all"], before["all"]
            rows.append(
                [
                    tower,
                    after["policy"],
                    f"{now['violations']} / {now['others']}",
                    _said(now["average_precision"]),
                    _said(then["average_precision"]),
                    _said(now["auroc"]),
                    _said(then["auroc"]),
                    _said(now.get("calibration_error")),
                ]
            )
    table = "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]])
    front = f"---\nlicense: {source.licence}\n---\n" if source.licence else ""
    snapshots = "\n".join(f"* `{sha256}`" for sha256 in evaluation["snapshots"])
    return (
        f"{front}# {evaluation['model']}\n\nFine-tuned by reviewtui_train from weights with the SHA-256 "
        f"`{evaluation['source_sha256']}`, on snapshots whose manifests have the SHA-256\n\n{snapshots}\n\n"
        "On their test split, which nothing was fitted or chosen on "
        "(*before*: the same checkpoint untouched, with a linear head fitted on the same rows):\n\n"
        f"{table}\n\n`evaluation.json` has these figures also for the uniformly drawn items alone. To use it:\n\n"
        "```sh\n" + "\n".join(lines) + "\n```\n"
    )


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def publish(draft: pathlib.Path, out: pathlib.Path) -> None:
    """Puts the finished folder into place."""
    for path in draft.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            with path.open("rb") as file:
                os.fsync(file.fileno())
    os.rename(draft, out)


def written(path: pathlib.Path, fields: dict) -> None:
    path.write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
