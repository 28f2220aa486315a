"""A made-up snapshot and a made-up checkpoint, for measurements and tests where there is no data: nothing is
downloaded.

    python -m reviewtui_train.synthetic FOLDER [--samples N] [--width W] [--layers L] [--side S]

Pictures are noise; those that violate `hate` are redder, those that violate `spam` brighter at the top, so that there
is something to learn. The shards are those of `reviewtui export --format webdataset`, as far as training reads them.
"""

import argparse
import hashlib
import io
import json
import pathlib
import tarfile

import numpy
from PIL import Image

POLICIES = ("hate", "spam")
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def snapshot(folder: pathlib.Path, *, samples: int, side: int, seed: int = 0, shard: int = 500) -> None:
    folder.mkdir(parents=True)
    draw = numpy.random.default_rng(seed)
    files, start = [], 0
    for split, share in SHARES.items():
        count = round(samples * share)
        for number in range(-(-count // shard)):
            # Shards of unequal size, as real ones are.
            part = range(start + number * shard, start + min(count, (number + 1) * shard))
            name = f"{split}-jpg-{number:06d}.tar"
            with tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT) as tar:
                for sample in part:
                    labels = {policy: int(draw.random() < 0.3) for policy in POLICIES}
                    _add(tar, f"d{sample}-0.json", json.dumps(_json(sample, split, labels)).encode())
                    _add(tar, f"d{sample}-0.txt", b"")
                    _add(tar, f"d{sample}-0.jpg", _picture(draw, labels, side))
            files.append(name)
        start += count
    entries = [
        {
            "name": name,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in files
    ]
    manifest = {
        "format": "reviewtui-snapshot",
        "version": 1,
        "data": "webdataset",
        "parent": None,
        "taxonomy": {"version": 1},
        "files": entries,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _json(sample: int, split: str, labels: dict[str, int]) -> dict:
    return {
        "decision": f"d{sample}",
        "split": split,
        "labels": labels,
        "soft_labels": dict.fromkeys(labels, -1.0),
        "label_origins": dict.fromkeys(labels, "person"),
        "media_count": 1,
        "sampled": 0.05 if sample % 10 == 0 else -1.0,
    }


def _picture(draw: numpy.random.Generator, labels: dict[str, int], side: int) -> bytes:
    values = draw.integers(0, 200, (side // 8, side // 8, 3)).astype(numpy.float64)
    values[:, :, 0] += 60 * labels["hate"] * draw.random()
    values[: side // 16] += 60 * labels["spam"] * draw.random()
    image = Image.fromarray(values.clip(0, 255).astype(numpy.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def checkpoint(folder: pathlib.Path, *, width: int, layers: int, side: int, patch: int, seed: int = 0) -> None:
    """A CLIP vision tower of random weights."""
    import torch

    from .network import transformers

    torch.manual_seed(seed)
    config = transformers.CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=max(1, width // 64),
        image_size=side,
        patch_size=patch,
        projection_dim=width,
    )
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(folder)
    fields = {"size": {"height": side, "width": side}, "resample": 3, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(fields))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--patch", type=int, default=16)
    options = parser.parse_args()
    snapshot(options.folder / "snapshot", samples=options.samples, side=options.side)
    checkpoint(
        options.folder / "checkpoint",
        width=options.width,
        layers=options.layers,
        side=options.side,
        patch=options.patch,
    )


if __name__ == "__main__":
    main()
