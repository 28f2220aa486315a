"""What a model makes of many samples, by all processes together."""

import numpy
import torch
from torch import nn

from .loading import NOBODY, Samples, Steps, reader
from .parallel import World, bare


@torch.no_grad()
def read(
    model: nn.Module,
    samples: Samples,
    chosen: numpy.ndarray,
    world: World,
    *,
    micro: int,
    workers: int,
    only_embeddings: bool,
) -> dict[str, tuple[numpy.ndarray, numpy.ndarray]] | None:
    """Logits (or ê) of the chosen samples, for each tower those that it can read.

    :return: at the first process: by tower the samples' indices and what came of them [n, …] in float32; None
        elsewhere.
    """
    was_training = model.training
    model.eval()
    steps = Steps(micro * world.size, micro, world.rank, world.size)
    parts = [part for step in steps.of(chosen) for part in step]
    found: dict[str, list[tuple[torch.Tensor, torch.Tensor]]] = {tower: [] for tower in bare(model).towers}
    for batch in reader(samples, parts, workers=workers, pinned=world.device.type == "cuda"):
        on_device = {name: value.to(world.device, non_blocking=True) for name, value in batch.items()}
        for tower, values in model(on_device, only_embeddings=only_embeddings).items():
            sound = batch[f"sound_{tower}"]
            found[tower].append((torch.where(sound, batch["index"], NOBODY), values.float().cpu()))
    model.train(was_training)
    if hasattr(model, "reshard"):
        # FSDP2 leaves the outermost part gathered for a backward pass that does not come.
        model.reshard()
    whole = {}
    for tower in found:
        indices = world.gather(torch.cat([index for index, _ in found[tower]]))
        values = world.gather(torch.cat([value for _, value in found[tower]]))
        if world.is_first:
            index, value = torch.cat(indices).numpy(), torch.cat(values).numpy()
            real = numpy.flatnonzero(index != NOBODY)
            real = real[numpy.argsort(index[real], kind="stable")]
            whole[tower] = (index[real], value[real])
    return whole if world.is_first else None
