"""LoRA: small matrices beside the linear layers of the trained blocks, by peft, and back into the weights.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
"""

import dataclasses

import peft
from peft.tuners.lora import LoraLayer
from torch import nn

from .network import PolicyModel


@dataclasses.dataclass(frozen=True)
class LoRA:
    rank: int
    #: The update is scaled by alpha/rank.
    alpha: int
    dropout: float = 0.0


def adapt(model: PolicyModel, lora: LoRA) -> None:
    """Freezes the backbone and puts adapters on every linear layer of the blocks that are read."""
    inside = {id(module) for block in model.blocks for module in block.modules() if isinstance(module, nn.Linear)}
    names = [name for name, module in model.backbone.named_modules() if id(module) in inside]
    config = peft.LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=names, bias="none"
    )
    peft.inject_adapter_in_model(config, model.backbone)


def merge(model: PolicyModel) -> None:
    """Adds the adapters' products to the weights they stand beside, and takes the adapters out."""
    for name, module in list(model.backbone.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge(safe_merge=True)
            parent, _, leaf = name.rpartition(".")
            setattr(model.backbone.get_submodule(parent), leaf, module.get_base_layer())
    # What peft notes on a model it has been in would go into its config.json's company.
    for mark in ("peft_config", "_hf_peft_config_loaded"):
        if mark in model.backbone.__dict__:
            delattr(model.backbone, mark)
