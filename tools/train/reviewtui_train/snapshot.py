"""Snapshots: the shards that `reviewtui export --format webdataset` writes, verified, without what was taken back.

Nothing of a snapshot is believed before every file has the SHA-256 that its manifest says. A row of an earlier snapshot
that a later one retracts is not read at all. Samples stay in their shards: what is kept of each is where its text and
picture lie, and what is known of its policies.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import tarfile

import numpy

from . import Refused

SPLITS = ("train", "validation", "test")
PICTURES = ("jpg", "png", "webp", "gif")
UNKNOWN = -1.0


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a snapshot says of itself, found to be true of its files."""

    folder: pathlib.Path
    sha256: str
    parent: str | None
    policies_version: int | None
    shards: tuple[str, ...]
    has_retractions: bool

    @staticmethod
    def verified(folder: pathlib.Path) -> "Manifest":
        """Reads a manifest and every byte of every file that it names.

        :raises Refused: for a folder that is no whole WebDataset snapshot, and for the first file that is not what it
            says.
        """
        manifest = Manifest.read(folder)
        for entry in manifest._entries():
            path = folder / entry["name"]
            if not path.is_file() or path.is_symlink():
                raise Refused(f"{path} is missing: copy the whole snapshot again.")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != entry["sha256"]:
                raise Refused(
                    f"{path} is not the file that manifest.json names (SHA-256 {digest}): copy the snapshot again."
                )
        return manifest

    @staticmethod
    def read(folder: pathlib.Path) -> "Manifest":
        """Reads a manifest and believes it: for processes beside the one that verified it."""
        path = folder / "manifest.json"
        try:
            data = path.read_bytes()
            fields = json.loads(data)
        except (OSError, ValueError) as error:
            raise Refused(f"{path} cannot be read ({error}): name a folder that `reviewtui export` wrote.") from error
        if not isinstance(fields, dict) or fields.get("format") != "reviewtui-snapshot" or fields.get("version") != 1:
            raise Refused(f"{path} is no manifest of a snapshot, version 1.")
        if fields.get("data") != "webdataset":
            raise Refused(f"{folder} holds {fields.get('data')}: export it with `--format webdataset`.")
        names = [entry["name"] for entry in fields["files"]]
        for name in names:
            if name != os.path.basename(name) or name.startswith("."):
                raise Refused(f"{path} names {name!r}, which is no plain name.")
        return Manifest(
            folder,
            hashlib.sha256(data).hexdigest(),
            (fields.get("parent") or {}).get("manifest_sha256"),
            (fields.get("taxonomy") or {}).get("version"),
            tuple(sorted(name for name in names if name.endswith(".tar"))),
            "retractions.jsonl" in names,
        )

    def _entries(self) -> list[dict]:
        return json.loads((self.folder / "manifest.json").read_bytes())["files"]

    def retracted(self) -> set[str]:
        """Ids of the decisions of earlier snapshots that no longer stand."""
        if not self.has_retractions:
            return set()
        with (self.folder / "retractions.jsonl").open(encoding="utf-8") as lines:
            return {json.loads(line)["decision"] for line in lines if line.strip()}


@dataclasses.dataclass
class Rows:
    """The samples of some snapshots, N of them, about K policies. A sample is one picture with its item's text, or a
    text."""

    policies: list[str]
    shards: list[pathlib.Path]
    #: Index into `shards`; offset and length of the picture and of the text in it. A length of 0: there is none.
    shard: numpy.ndarray
    picture: numpy.ndarray
    text: numpy.ndarray
    #: Index into `SPLITS`.
    split: numpy.ndarray
    #: Of the decision: the samples of an item with several pictures share it.
    decision: numpy.ndarray
    #: How many pictures the item has, at least 1.
    pictures_of_item: numpy.ndarray
    #: [N, K], 1 or 0, `UNKNOWN` where the verdict says nothing.
    labels: numpy.ndarray
    #: [N, K], share of reviewers who found a violation, `UNKNOWN` where one person judged.
    soft_labels: numpy.ndarray
    #: [N, K], whether the label was the model's and confirmed with one key.
    by_model: numpy.ndarray
    #: Share of claims that were drawn uniformly; `UNKNOWN` where the item came by its rank.
    sampled: numpy.ndarray
    retracted: int = 0

    def __len__(self) -> int:
        return len(self.shard)

    def of(self, split: str, chosen: numpy.ndarray | None = None) -> numpy.ndarray:
        """Indices of a split's samples, of those chosen by a mask where there is one."""
        mask = self.split == SPLITS.index(split)
        return numpy.flatnonzero(mask if chosen is None else mask & chosen)

    @property
    def has_picture(self) -> numpy.ndarray:
        return self.picture[:, 1] > 0

    @property
    def has_text(self) -> numpy.ndarray:
        return self.text[:, 1] > 0


def load(folders: list[pathlib.Path], *, verify: bool = True) -> tuple[list[Manifest], Rows]:
    """The rows of a snapshot and of those that go on from it, in this order, without those that a later one takes back.

    :param verify: whether this process hashes every file; one on each machine has to.
    :raises Refused: as :meth:`Manifest.verified`; where a later snapshot does not go on from an earlier one.
    """
    manifests = [Manifest.verified(folder) if verify else Manifest.read(folder) for folder in folders]
    for place, manifest in enumerate(manifests[1:], 1):
        if manifest.parent not in {earlier.sha256 for earlier in manifests[:place]}:
            raise Refused(
                f"{manifest.folder} does not go on from {manifests[place - 1].folder}: what was taken back "
                "since cannot be known. Give the snapshots of one `--since` chain, oldest first."
            )
    if manifests[0].parent is not None:
        raise Refused(
            f"{manifests[0].folder} holds only what came after another snapshot (SHA-256 of its manifest: "
            f"{manifests[0].parent}): give that one before it."
        )
    rows = _Reader()
    for place, manifest in enumerate(manifests):
        gone = set().union(*(later.retracted() for later in manifests[place + 1 :]))
        for shard in manifest.shards:
            rows.read(manifest.folder / shard, gone)
    return manifests, rows.finish()


class _Reader:
    """Goes through shards and keeps what is known of each sample."""

    def __init__(self) -> None:
        self.shards: list[pathlib.Path] = []
        self.kept: list[tuple] = []
        self.policies: dict[str, int] = {}
        self.decisions: dict[str, int] = {}
        self.retracted = 0

    def read(self, path: pathlib.Path, gone: set[str]) -> None:
        self.shards.append(path)
        with tarfile.open(path, "r:") as tar:
            key, members = None, {}
            for member in tar:
                name, _, kind = member.name.partition(".")
                if name != key and members:
                    self._take(path, tar, members, gone)
                    members = {}
                key = name
                members[kind] = member
            if members:
                self._take(path, tar, members, gone)

    def _take(
        self, path: pathlib.Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], gone: set[str]
    ) -> None:
        if "json" not in members:
            raise Refused(f"{path} has a sample without json: it is no shard of `reviewtui export`.")
        fields = json.loads(tar.extractfile(members["json"]).read())
        if fields["decision"] in gone:
            self.retracted += 1
            return
        picture = next((members[kind] for kind in PICTURES if kind in members), None)
        text = members.get("txt")
        labels, origins, soft = fields["labels"], fields["label_origins"], fields["soft_labels"]
        for policy in labels:
            self.policies.setdefault(policy, len(self.policies))
        self.kept.append(
            (
                len(self.shards) - 1,
                _place(picture),
                _place(text),
                SPLITS.index(fields["split"]),
                self.decisions.setdefault(fields["decision"], len(self.decisions)),
                max(1, fields["media_count"]),
                [
                    (self.policies[policy], value, soft[policy], origins[policy] == "model")
                    for policy, value in labels.items()
                    if value != -1 or soft[policy] >= 0
                ],
                fields["sampled"],
            )
        )

    def finish(self) -> Rows:
        count, width = len(self.kept), len(self.policies)
        labels = numpy.full((count, width), UNKNOWN, numpy.float32)
        soft = numpy.full((count, width), UNKNOWN, numpy.float32)
        by_model = numpy.zeros((count, width), bool)
        for row, kept in enumerate(self.kept):
            for policy, value, fraction, is_models in kept[6]:
                labels[row, policy], soft[row, policy], by_model[row, policy] = value, fraction, is_models
        column = lambda place, kind: numpy.array([kept[place] for kept in self.kept], kind)  # noqa: E731
        return Rows(
            list(self.policies),
            self.shards,
            column(0, numpy.int32),
            column(1, numpy.int64).reshape(count, 2),
            column(2, numpy.int64).reshape(count, 2),
            column(3, numpy.int8),
            column(4, numpy.int64),
            column(5, numpy.int32),
            labels,
            soft,
            by_model,
            column(7, numpy.float64),
            self.retracted,
        )


def _place(member: tarfile.TarInfo | None) -> tuple[int, int]:
    return (member.offset_data, member.size) if member else (0, 0)
