"""A published checkpoint folder: how its pictures and texts are made ready, as `reviewtui model add` reads it.

The rules are those of Sources/ModelCore/Library (PublishedPreprocessing, PublishedTextSettings): the whole picture is
squashed into the size that the model sees, and what a publisher leaves open is not guessed.
"""

import dataclasses
import hashlib
import json
import pathlib

from PIL import Image

from . import Refused

IMAGE_FAMILIES = (
    "vit",
    "deit",
    "dinov2",
    "dinov2_with_registers",
    "clip",
    "clip_vision_model",
    "siglip",
    "siglip_vision_model",
)
TEXT_FAMILIES = ("bert", "roberta", "xlm-roberta", "clip", "clip_text_model", "siglip", "siglip_text_model")
#: What goes along with the weights: what `model add` takes over, and how sentences are pooled.
COMPANIONS = (
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "LICENSE",
    "LICENSE.txt",
)


@dataclasses.dataclass(frozen=True)
class Pictures:
    """How a picture becomes numbers."""

    height: int
    width: int
    filter: Image.Resampling
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Texts:
    """How a text becomes tokens and an embedding."""

    #: In tokens, the special ones included.
    longest: int
    #: Whether every text is filled up to that length and the filling read (SigLIP).
    filled: bool
    #: `mean` or `cls`, of families that leave it to their user.
    pooling: str


@dataclasses.dataclass(frozen=True)
class Published:
    folder: pathlib.Path
    family: str
    config: dict

    @staticmethod
    def at(folder: pathlib.Path) -> "Published":
        """:raises Refused: where there is no checkpoint of transformers with safetensors."""
        config = _object(folder / "config.json")
        if config is None or not (folder / "model.safetensors").is_file():
            raise Refused(
                f"{folder} holds no config.json with model.safetensors: give the folder of a transformers checkpoint "
                "(tools/convert/checkpoint.py makes safetensors of pickles)."
            )
        family = config.get("model_type")
        if family not in IMAGE_FAMILIES + TEXT_FAMILIES:
            known = ", ".join(sorted(set(IMAGE_FAMILIES + TEXT_FAMILIES)))
            raise Refused(f"{folder} is of the family {family!r}, which is not trained here. Known: {known}.")
        return Published(folder, family, config)

    @property
    def towers(self) -> tuple[str, ...]:
        """`image`, `text`, or both: what it can read."""
        read = (("image", IMAGE_FAMILIES), ("text", TEXT_FAMILIES))
        return tuple(tower for tower, families in read if self.family in families)

    @property
    def sha256(self) -> str:
        with (self.folder / "model.safetensors").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def licence(self) -> str | None:
        """`license:` of the model card's front matter."""
        card = self.folder / "README.md"
        text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
        if not text.startswith("---"):
            return None
        front = text[3:].split("\n---", 1)[0].split("\n")
        return next((line[8:].strip() for line in front if line.startswith("license:")), None)

    def tower(self, name: str) -> dict:
        """The configuration of one tower, which is the whole file where it was published alone."""
        return self.config.get({"image": "vision_config", "text": "text_config"}[name]) or self.config

    def pictures(self) -> Pictures:
        """:raises Refused: where the publisher does not say what the pixels are."""
        path = self.folder / "preprocessor_config.json"
        fields = _object(path)
        if fields is None:
            raise Refused(f"{path} is missing: nothing says how pictures are made ready.")
        crops = fields.get("do_center_crop", "crop_size" in fields)
        size = _size(fields.get("crop_size") if crops and fields.get("crop_size") else fields.get("size"), path)
        if abs(fields.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-3:
            raise Refused(f"{path}: `rescale_factor` is not 1/255.")
        mean, deviation = (0.0,) * 3, (1.0,) * 3
        if fields.get("do_normalize", True):
            mean, deviation = (tuple(fields.get(key) or ()) for key in ("image_mean", "image_std"))
            if len(mean) != 3 or len(deviation) != 3:
                raise Refused(f"{path}: `image_mean` or `image_std` is not three numbers.")
        # The numbers are Pillow's; what is neither is scaled bicubically.
        filter = Image.Resampling.BILINEAR if fields.get("resample", 2) == 2 else Image.Resampling.BICUBIC
        return Pictures(*size, filter, mean, deviation)

    def texts(self) -> Texts:
        """:raises Refused: where tokens are pooled in a way that the program does not know."""
        table = self.tower("text")
        usual = {"clip": 77, "siglip": 64}.get(self.family.split("_")[0], 512)
        positions = table.get("max_position_embeddings", usual)
        if self.family in ("roberta", "xlm-roberta"):
            # Their positions are counted from behind the padding's.
            positions -= table.get("pad_token_id", 1) + 1
        limits = [positions] + [
            value
            for name, key in (
                ("sentence_bert_config.json", "max_seq_length"),
                ("tokenizer_config.json", "model_max_length"),
            )
            if isinstance(value := (_object(self.folder / name) or {}).get(key), int) and 3 <= value <= 65536
        ]
        filled = self.family.startswith("siglip")
        return Texts(positions if filled else max(3, min(limits)), filled, self._pooling())

    def _pooling(self) -> str:
        path = self.folder / "1_Pooling/config.json"
        fields = _object(path)
        if fields is None:
            return "mean"
        match fields.get("pooling_mode_mean_tokens"), fields.get("pooling_mode_cls_token"):
            case (True, False | None):
                return "mean"
            case (False | None, True):
                return "cls"
        raise Refused(f"{path}: only the mean of the tokens or the first one can be pooled.")


def _object(path: pathlib.Path) -> dict | None:
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_bytes())
    except ValueError as error:
        raise Refused(f"{path} is not JSON ({error}): fetch it again.") from error
    if not isinstance(fields, dict):
        raise Refused(f"{path} is not a JSON object: fetch it again.")
    return fields


def _size(value: object, path: pathlib.Path) -> tuple[int, int]:
    """`224`, `{"height":224,"width":224}`, `{"shortest_edge":224}` or `[224, 224]` as height and width."""
    match value:
        case int():
            return value, value
        case [int(height), int(width)] | {"height": int(height), "width": int(width)}:
            return height, width
        case {"shortest_edge": int(side)}:
            return side, side
    raise Refused(f"{path}: `size` is in no form that is known.")
