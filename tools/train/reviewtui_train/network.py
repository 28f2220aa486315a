"""A published encoder with a head on each tower: logit = direction · ê + bias, ê the embedding at length 1.

The embedding is exactly the one that the program computes of that family (Sources/ModelCore/Families): the class token
behind the last norm (ViT, DeiT, DINOv2), that or the end-of-text token projected (CLIP), what the attention pooler or
the last token gives (SigLIP), the mean of the tokens or the first one (BERT and its kin). So a trained direction is a
head of the program.
"""

import os

import torch
from torch import nn

from .published import Published

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import transformers  # noqa: E402  (the settings above are read when it is imported)
from transformers.modeling_layers import GradientCheckpointingLayer  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

#: What a tower is given, by name.
Batch = dict[str, torch.Tensor]


class PolicyModel(nn.Module):
    """Towers and their heads. `forward` gives the logits of each tower, [B, K] in float32."""

    def __init__(
        self, backbone: nn.Module, family: str, widths: dict[str, int], policies: int, pooling: str = "mean"
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.family, self.pooling = family, pooling
        self.heads = nn.ModuleDict({tower: Head(width, policies) for tower, width in widths.items()})

    @property
    def towers(self) -> list[str]:
        return list(self.heads)

    def forward(self, batch: Batch, *, only_embeddings: bool = False) -> Batch:
        """:param only_embeddings: gives ê in place of logits."""
        found = {}
        for tower, head in self.heads.items():
            embedding = getattr(self, f"_{tower}_embedding")(batch)
            with torch.autocast(embedding.device.type, enabled=False):
                unit = nn.functional.normalize(embedding.float(), dim=-1)
                found[tower] = unit if only_embeddings else head(unit)
        return found

    def _image_embedding(self, batch: Batch) -> torch.Tensor:
        pixels = batch["pixels"]
        config = getattr(self.backbone.config, "vision_config", self.backbone.config)
        other = {} if pixels.shape[-2:] == _sides(config) else {"interpolate_pos_encoding": True}
        if self.family in ("vit", "deit"):
            return self.backbone(pixel_values=pixels, **other).last_hidden_state[:, 0]
        if self.family in ("dinov2", "dinov2_with_registers"):
            # These resample their positions unasked.
            return self.backbone(pixel_values=pixels).last_hidden_state[:, 0]
        tower = getattr(self.backbone, "vision_model", self.backbone)
        pooled = tower(pixel_values=pixels, **other).pooler_output
        return self.backbone.visual_projection(pooled) if hasattr(self.backbone, "visual_projection") else pooled

    def _text_embedding(self, batch: Batch) -> torch.Tensor:
        ids, mask = batch["ids"], batch["mask"]
        if self.family in ("bert", "roberta", "xlm-roberta"):
            tokens = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
            if self.pooling == "cls":
                return tokens[:, 0]
            real = mask.unsqueeze(-1).to(tokens.dtype)
            return (tokens * real).sum(1) / real.sum(1).clamp(min=1)
        tower = getattr(self.backbone, "text_model", self.backbone)
        # SigLIP reads its padding.
        pooled = tower(input_ids=ids, attention_mask=None if self.family.startswith("siglip") else mask).pooler_output
        return self.backbone.text_projection(pooled) if hasattr(self.backbone, "text_projection") else pooled

    def checkpoint_activations(self) -> None:
        """Blocks are computed a second time for the backward pass, and little of them is kept until then."""
        options = {"use_reentrant": False}
        if hasattr(self.backbone, "activation_checkpointing_enable"):
            self.backbone.activation_checkpointing_enable(options)
        else:
            self.backbone.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)

    @property
    def blocks(self) -> list[nn.Module]:
        """The transformer layers of the towers that are trained."""
        return [
            module
            for name, module in self.backbone.named_modules()
            if isinstance(module, GradientCheckpointingLayer) and self.is_read(name)
        ]

    def is_read(self, name: str) -> bool:
        """Whether a part of the backbone belongs to a tower that is trained."""
        other = {"image": ("text_model.", "text_projection."), "text": ("vision_model.", "visual_projection.")}
        unread = [prefix for tower, prefixes in other.items() if tower in self.heads for prefix in prefixes]
        return len(self.heads) == 2 or not (name + ".").startswith(tuple(unread))


class Head(nn.Module):
    """A direction and a bias for each policy, always in float32."""

    def __init__(self, width: int, policies: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(torch.zeros(policies, width))
        self.bias = nn.Parameter(torch.zeros(policies))

    def forward(self, unit: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(unit, self.directions, self.bias)


def load(published: Published, towers: tuple[str, ...], policies: int) -> PolicyModel:
    """A checkpoint's weights in float32, with heads that say nothing yet. What the towers do not read is frozen."""
    backbone = _auto(published).from_pretrained(published.folder, dtype=torch.float32, **_without_pooler(published))
    pooling = published.texts().pooling if "text" in towers else "mean"
    return build(backbone, published.family, towers, policies, pooling)


def build(
    backbone: nn.Module, family: str, towers: tuple[str, ...], policies: int, pooling: str = "mean"
) -> PolicyModel:
    model = PolicyModel(backbone, family, {tower: _width(backbone, tower) for tower in towers}, policies, pooling)
    for name, parameter in backbone.named_parameters():
        # No embedding has a part of a temperature (CLIP, SigLIP), or of what stands in for hidden patches (DINOv2).
        if not model.is_read(name) or name in ("logit_scale", "logit_bias", "embeddings.mask_token"):
            parameter.requires_grad_(False)
    return model


def _auto(published: Published) -> type:
    if published.family == "clip_vision_model" and _holds(published, "visual_projection.weight"):
        return transformers.CLIPVisionModelWithProjection
    if published.family == "clip_text_model" and _holds(published, "text_projection.weight"):
        return transformers.CLIPTextModelWithProjection
    return {
        "clip_vision_model": transformers.CLIPVisionModel,
        "clip_text_model": transformers.CLIPTextModel,
        "siglip_vision_model": transformers.SiglipVisionModel,
        "siglip_text_model": transformers.SiglipTextModel,
    }.get(published.family, transformers.AutoModel)


def _without_pooler(published: Published) -> dict:
    """These would get a layer of random weights that nobody reads."""
    return {"add_pooling_layer": False} if published.family in ("vit", "deit", "bert", "roberta", "xlm-roberta") else {}


def _holds(published: Published, tensor: str) -> bool:
    from safetensors import safe_open

    with safe_open(published.folder / "model.safetensors", framework="numpy") as file:
        return tensor in file.keys()


def _width(backbone: nn.Module, tower: str) -> int:
    """Numbers in an embedding."""
    name = {"image": "visual_projection", "text": "text_projection"}[tower]
    if hasattr(backbone, name):
        return getattr(backbone, name).out_features
    config = backbone.config
    table = getattr(config, {"image": "vision_config", "text": "text_config"}[tower], config)
    if tower == "text" and config.model_type.startswith("siglip"):
        return getattr(table, "projection_size", table.hidden_size)
    return table.hidden_size


def _sides(config: transformers.PretrainedConfig) -> tuple[int, int]:
    side = config.image_size
    return tuple(side) if isinstance(side, (list, tuple)) else (side, side)
