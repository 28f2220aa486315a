"""Processes and devices: who takes part, and how a model is spread over them.

* `ddp`: every process holds the whole model and optimizer (DistributedDataParallel); bf16 by autocast.
* `fsdp2`: weights, gradients and optimizer state are cut up, block by block (`fully_shard`); bf16 by its mixed
  precision: weights stay float32, are gathered as bf16, and gradients are added up in float32.
"""

import contextlib
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.nn.parallel import DistributedDataParallel

from .network import PolicyModel


class World:
    """The processes that `torchrun` started; one, where it did not."""

    def __init__(self) -> None:
        alone = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29571"}
        for name, value in alone.items():
            os.environ.setdefault(name, value)
        self.local_rank = int(os.environ["LOCAL_RANK"])
        if torch.cuda.is_available():
            torch.cuda.set_device(self.local_rank)
            self.device = torch.device("cuda", self.local_rank)
            # What is small and no part of a step (plans of checkpoints, embeddings) goes by gloo.
            dist.init_process_group("cpu:gloo,cuda:nccl", device_id=self.device)
        else:
            self.device = torch.device("cpu")
            dist.init_process_group("gloo")
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def wait(self) -> None:
        """A barrier over gloo, so that no device is waited for."""
        dist.all_reduce(torch.zeros(1))

    def gather(self, part: torch.Tensor) -> list[torch.Tensor] | None:
        """Tensors of equal shape from all processes, at the first; None elsewhere."""
        parts = [torch.empty_like(part) for _ in range(self.size)] if self.is_first else None
        dist.gather(part, parts)
        return parts

    def same(self, value: object) -> object:
        """The first process's value, everywhere."""
        values = [value]
        dist.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]

    def close(self) -> None:
        dist.destroy_process_group()


def spread(model: PolicyModel, world: World, *, kind: str, bf16: bool) -> nn.Module:
    """The model on this process's device, ready for steps that all processes take together."""
    model.to(world.device)
    if kind == "ddp":
        return DistributedDataParallel(model, device_ids=[world.local_rank] if world.device.type == "cuda" else None)
    mesh = init_device_mesh(world.device.type, (world.size,))
    policy = (
        MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32) if bf16 else MixedPrecisionPolicy()
    )
    for block in model.blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    # Directions are float32 whatever the towers are.
    for head in model.heads.values():
        fully_shard(head, mesh=mesh)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    return model


def precision(world: World, *, kind: str, bf16: bool) -> contextlib.AbstractContextManager:
    """What a forward pass runs in."""
    return torch.autocast(world.device.type, torch.bfloat16) if bf16 and kind == "ddp" else contextlib.nullcontext()


def bare(model: nn.Module) -> PolicyModel:
    return model.module if isinstance(model, DistributedDataParallel) else model
