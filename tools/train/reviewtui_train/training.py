"""The steps: forward, loss over what is known, backward, clip, update; a state now and then; validation after each
epoch."""

import contextlib
import dataclasses
import math
import sys
import time

import numpy
import torch
from torch import nn

from . import embedding, figures
from .loading import NOBODY, Samples, Steps, order, reader
from .parallel import World, bare, precision
from .resume import ResumePoints
from .snapshot import Rows
from .targets import Targets


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a model is trained. Two runs of one plan take the same steps, whatever number of processes share them."""

    epochs: int = 3
    #: Ends the run earlier, with what was best by then.
    steps: int | None = None
    #: Samples of a step, over all processes.
    batch: int = 256
    #: Samples that go through a process's model at once.
    micro: int = 32
    learning_rate: float = 1e-5
    head_learning_rate: float = 1e-2
    weight_decay: float = 0.05
    #: Share of all steps in which the learning rate rises.
    warmup: float = 0.1
    #: Largest norm of a step's gradient.
    clip: float = 1.0
    seed: int = 0
    parallel: str = "ddp"
    bf16: bool = False
    #: Steps between two states; one is kept after each epoch besides.
    save_every: int = 500
    workers: int = 0


def rate(step: int, steps: int, warmup: float) -> float:
    """Share of the learning rate at a step: linear rise, then half a cosine to 0 (Loshchilov & Hutter 2017, SGDR, eq.
    5)."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def optimizer(model: nn.Module, plan: Plan) -> torch.optim.AdamW:
    """AdamW; directions learn at a rate of their own, norms, biases and directions do not decay (the last are few)."""
    inner = bare(model)
    heads = [parameter for parameter in inner.heads.parameters()]
    own = {id(parameter) for parameter in heads}
    rest = [parameter for parameter in inner.parameters() if parameter.requires_grad and id(parameter) not in own]
    groups = [
        {"params": [p for p in rest if p.ndim > 1], "lr": plan.learning_rate, "weight_decay": plan.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "lr": plan.learning_rate, "weight_decay": 0.0},
        {"params": heads, "lr": plan.head_learning_rate, "weight_decay": 0.0},
    ]
    # Under LoRA no bias is trained; states of optimizers know no group of nothing.
    return torch.optim.AdamW([group for group in groups if group["params"]])


class Loss:
    """Binary cross-entropy over what is known, added up over towers and policies, over the mean weight of a step's
    samples."""

    def __init__(self, targets: Targets, fitted: numpy.ndarray, batch: int, world: World) -> None:
        self.values, self.weights = torch.from_numpy(targets.values), torch.from_numpy(targets.weights)
        # The processes' gradients are averaged, not added up.
        self.scale = world.size / (batch * max(float(targets.weights[fitted].sum()) / max(1, len(fitted)), 1e-12))
        self.device = world.device

    def __call__(self, logits: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
        index = batch["index"].cpu()
        values, weights = self.values[index].to(self.device), self.weights[index].to(self.device)
        total = torch.zeros((), device=self.device)
        for tower, found in logits.items():
            sound = (batch[f"sound_{tower}"] & (batch["index"] != NOBODY)).to(self.device)
            losses = nn.functional.binary_cross_entropy_with_logits(found, values, reduction="none")
            total = total + (losses * weights * sound[:, None]).sum()
        return total * self.scale


class Training:
    def __init__(
        self,
        model: nn.Module,
        plan: Plan,
        rows: Rows,
        targets: Targets,
        fitted: numpy.ndarray,
        held: numpy.ndarray,
        samples: Samples,
        world: World,
        points: ResumePoints,
        settings: dict,
    ) -> None:
        self.model, self.plan, self.rows, self.targets, self.fitted, self.held = (
            model,
            plan,
            rows,
            targets,
            fitted,
            held,
        )
        self.samples, self.world, self.points, self.settings = samples, world, points, settings
        self.steps = Steps(plan.batch, plan.micro, world.rank, world.size)
        self.per_epoch = self.steps.count(len(fitted))
        self.total = min(plan.steps or self.per_epoch * plan.epochs, self.per_epoch * plan.epochs)
        self.optimizer = optimizer(model, plan)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.loss = Loss(targets, fitted, plan.batch, world)
        self.best: dict | None = None

    def run(self, start: int = 0, best: dict | None = None) -> dict:
        """From a step on to the end; what was best on validation."""
        self.best = best
        number, began = start, time.monotonic()
        while number < self.total:
            epoch, place = divmod(number, self.per_epoch)
            samples = order(self.rows, self.fitted, seed=self.plan.seed, epoch=epoch)
            ahead = list(self.steps.of(samples, place))[: self.total - number]
            batches = iter(
                reader(
                    self.samples,
                    [part for step in ahead for part in step],
                    workers=self.plan.workers,
                    pinned=self.world.device.type == "cuda",
                )
            )
            self.model.train()
            for step in ahead:
                loss, norm = self.step(number, [next(batches) for _ in step])
                number += 1
                if number % 10 == 0 or number == self.total:
                    self._say(number, loss, norm, (number - start) * self.plan.batch / (time.monotonic() - began))
                if number % self.plan.save_every == 0 and number % self.per_epoch and number < self.total:
                    self._save(number)
            if number % self.per_epoch == 0 or number == self.total:
                self._validate(epoch, number)
                self._save(number)
        return self.best

    def step(self, number: int, parts: list[dict[str, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
        """One update by the samples of all processes; this process's loss and the norm of the gradient before it was
        clipped."""
        # What is random in a step (dropout) is a function of seed and step.
        torch.manual_seed(hash((self.plan.seed, number, self.world.rank)) % 2**63)
        for group, base in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = base * rate(number, self.total, self.plan.warmup)
        total = torch.zeros((), device=self.world.device)
        for place, part in enumerate(parts):
            batch = {name: value.to(self.world.device, non_blocking=True) for name, value in part.items()}
            with self._adding_up(place == len(parts) - 1):
                with precision(self.world, kind=self.plan.parallel, bf16=self.plan.bf16):
                    logits = self.model(batch)
                loss = self.loss(logits, part)
                loss.backward()
            total += loss.detach()
        norm = nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], self.plan.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total, norm

    def _adding_up(self, is_last: bool) -> contextlib.AbstractContextManager:
        """DDP sends gradients with the last part only; FSDP2 adds them up in its shards."""
        return self.model.no_sync() if hasattr(self.model, "no_sync") and not is_last else contextlib.nullcontext()

    def _validate(self, epoch: int, number: int) -> None:
        with precision(self.world, kind=self.plan.parallel, bf16=self.plan.bf16):
            found = embedding.read(
                self.model,
                self.samples,
                self.held,
                self.world,
                micro=self.plan.micro,
                workers=self.plan.workers,
                only_embeddings=False,
            )
        figure = self.world.same(self._figure(found) if found is not None else None)
        if self.world.is_first:
            print(f"epoch {epoch + 1}: validation {figure['by']} {figure['value']:.4f}", file=sys.stderr, flush=True)
        if self.best is None or figure["value"] > self.best["value"]:
            self.best = {**figure, "epoch": epoch + 1, "step": number, "name": f"best-{number:08d}"}
            self.points.save(self.best["name"], self.model, None, {"settings": self.settings, "best": self.best})

    def _figure(self, found: dict[str, tuple[numpy.ndarray, numpy.ndarray]]) -> dict:
        """Mean average precision of the policies that validation knows both ways, over towers; else the log loss,
        negative."""
        precisions, losses = [], []
        for index, logits in found.values():
            values, weights = self.targets.values[index], self.targets.weights[index]
            losses.append(figures.log_loss(logits, values, weights))
            for policy in range(values.shape[1]):
                known = weights[:, policy] > 0
                labels = values[known, policy] >= 0.5
                if labels.any() and not labels.all():
                    precisions.append(figures.average_precision(logits[known, policy], labels))
        if precisions:
            return {"by": "mean average precision", "value": float(numpy.mean(precisions))}
        return {"by": "log loss, negative", "value": -float(numpy.mean(losses or [0]))}

    def _save(self, number: int) -> None:
        progress = {"settings": self.settings, "step": number, "best": self.best}
        self.points.save(f"step-{number:08d}", self.model, self.optimizer, progress)

    def _say(self, number: int, loss: torch.Tensor, norm: torch.Tensor, pace: float) -> None:
        mean = loss.cpu() / self.world.size
        torch.distributed.all_reduce(mean)
        norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        if self.world.is_first:
            print(
                f"step {number}/{self.total}: loss {mean.item():.4f}, gradient {norm.item():.3f}, {pace:.1f} samples/s",
                file=sys.stderr,
                flush=True,
            )
