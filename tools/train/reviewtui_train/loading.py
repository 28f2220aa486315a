"""In which order samples are read, by whom, and how they become tensors.

The order of an epoch is a function of seed and epoch alone: shards are drawn, and samples are drawn within windows of a
few shards, so that reading stays near sequential. Every process takes its part of each batch of that one order. So each
epoch sees every sample exactly once, whatever the number of processes and however unequal the shards; all processes
take the same number of steps; and where a run stopped is one number.
"""

import dataclasses
import functools
import io
import os
import pathlib
from collections.abc import Iterator

import numpy
import torch
from PIL import Image, ImageFile, ImageOps
from torch.utils.data import DataLoader, Dataset

from .published import Pictures, Texts
from .snapshot import Rows

#: What stands in a batch where a process has no sample left.
NOBODY = -1

# A picture that a reviewer judged is shown as far as it could be read; so is it here.
ImageFile.LOAD_TRUNCATED_IMAGES = True


def order(rows: Rows, fitted: numpy.ndarray, *, seed: int, epoch: int, window: int = 16) -> numpy.ndarray:
    """The fitted samples in the order of an epoch.

    :param window: shards whose samples are mixed.
    """
    draw = numpy.random.default_rng((seed, epoch))
    shards = draw.permutation(len(rows.shards))
    place = numpy.empty(len(shards), numpy.int64)
    place[shards] = numpy.arange(len(shards))
    shuffled = draw.permutation(fitted)
    windows = place[rows.shard[shuffled]] // window
    return shuffled[numpy.argsort(windows, kind="stable")]


@dataclasses.dataclass(frozen=True)
class Steps:
    """The batches of all processes, cut into the parts that one process takes."""

    #: Samples of a step, over all processes.
    batch: int
    #: Samples that go through a process's model at once.
    micro: int
    rank: int
    size: int

    def count(self, samples: int) -> int:
        return -(-samples // self.batch)

    def parts(self, step: numpy.ndarray) -> list[list[int]]:
        """A step's samples as this process's micro-batches: as many, and as large, as everybody's, filled up with
        `NOBODY`."""
        each = -(-len(step) // self.size)
        mine = step[self.rank * each : (self.rank + 1) * each].tolist()
        count = -(-each // self.micro)
        size = min(self.micro, each)
        filled = mine + [NOBODY] * (count * size - len(mine))
        return [filled[start : start + size] for start in range(0, len(filled), size)]

    def of(self, samples: numpy.ndarray, start: int = 0) -> Iterator[list[list[int]]]:
        """From a step on."""
        for first in range(start * self.batch, len(samples), self.batch):
            yield self.parts(samples[first : first + self.batch])


class Samples(Dataset):
    """Samples by index, ready to be put together. One that cannot be decoded is not `sound`, and teaches nothing."""

    def __init__(self, rows: Rows, pictures: Pictures | None, texts: Texts | None, tokenizer: object | None) -> None:
        self.rows, self.pictures, self.texts, self.tokenizer = rows, pictures, texts, tokenizer
        self._open: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        sample: dict = {"index": index, "sound_image": False, "sound_text": False}
        if self.pictures:
            pixels = self._pixels(index)
            sample["sound_image"] = pixels is not None
            sample["pixels"] = (
                numpy.zeros((3, self.pictures.height, self.pictures.width), numpy.float32) if pixels is None else pixels
            )
        if self.texts:
            text = self._bytes(index, self.rows.text).decode("utf-8", "replace") if index != NOBODY else ""
            sample["sound_text"] = text != ""
            sample["ids"] = self.tokenizer(text, truncation=True, max_length=self.texts.longest)["input_ids"]
        return sample

    def _pixels(self, index: int) -> numpy.ndarray | None:
        if index == NOBODY or self.rows.picture[index, 1] == 0:
            return None
        try:
            return pixels(self._bytes(index, self.rows.picture), self.pictures)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    def _bytes(self, index: int, places: numpy.ndarray) -> bytes:
        shard = int(self.rows.shard[index])
        if shard not in self._open:
            self._open[shard] = os.open(self.rows.shards[shard], os.O_RDONLY | os.O_CLOEXEC)
            if len(self._open) > 64:
                os.close(self._open.pop(next(iter(self._open))))
        offset, length = places[index].tolist()
        return os.pread(self._open[shard], length, offset)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_open": {}}


def pixels(data: bytes, form: Pictures) -> numpy.ndarray:
    """A picture file as the program makes it ready: upright, over a checkerboard where it is transparent, the whole
    squashed into the model's size. [3, height, width], float32."""
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
        upright = ImageOps.exif_transpose(image)
        opaque = checkered(upright.convert("RGBA")) if upright.has_transparency_data else upright.convert("RGB")
    if opaque.size != (form.width, form.height):
        opaque = opaque.resize((form.width, form.height), form.filter)
    values = numpy.asarray(opaque, numpy.float32).transpose(2, 0, 1) / 255
    mean, deviation = (numpy.array(three, numpy.float32)[:, None, None] for three in (form.mean, form.deviation))
    return (values - mean) / deviation


def checkered(image: Image.Image) -> Image.Image:
    """Over the program's checkerboard (Sources/Media/Files/CheckeredRows.swift)."""
    values = numpy.asarray(image, numpy.uint32)
    square = max(4, max(image.size) // 24)
    rows, columns = (numpy.arange(side) // square for side in values.shape[:2])
    board = numpy.where((rows[:, None] + columns) % 2 == 1, 102, 153)[:, :, None]
    alpha = values[:, :, 3:]
    return Image.fromarray(((values[:, :, :3] * alpha + board * (255 - alpha) + 127) // 255).astype(numpy.uint8), "RGB")


def collate(samples: list[dict], *, padding: int, length: int | None) -> dict[str, torch.Tensor]:
    """:param length: in tokens, where every text is made as long; None pads to the longest, rounded up to eight."""
    batch = {
        name: torch.tensor([sample[name] for sample in samples]) for name in ("index", "sound_image", "sound_text")
    }
    if "pixels" in samples[0]:
        batch["pixels"] = torch.from_numpy(numpy.stack([sample["pixels"] for sample in samples]))
    if "ids" in samples[0]:
        longest = length or -(-max(len(sample["ids"]) for sample in samples) // 8) * 8
        ids = torch.full((len(samples), longest), padding)
        mask = torch.zeros((len(samples), longest), dtype=torch.int64)
        for row, sample in enumerate(samples):
            ids[row, : len(sample["ids"])] = torch.tensor(sample["ids"])
            mask[row, : len(sample["ids"])] = 1
        batch |= {"ids": ids, "mask": mask}
    return batch


def reader(samples: Samples, parts: list[list[int]] | Iterator[list[int]], *, workers: int, pinned: bool) -> DataLoader:
    """Batches in the order of `parts`, each made whole by one of the worker processes."""
    padding = getattr(samples.tokenizer, "pad_token_id", None) or 0
    length = samples.texts.longest if samples.texts and samples.texts.filled else None
    return DataLoader(
        samples,
        batch_sampler=parts,
        num_workers=workers,
        pin_memory=pinned,
        collate_fn=functools.partial(collate, padding=padding, length=length),
    )


def tokenizer(folder: pathlib.Path) -> object:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
