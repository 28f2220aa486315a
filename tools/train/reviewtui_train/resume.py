"""Where a killed run goes on from: model, optimizer and progress, cut up over the processes that wrote them.

Written by torch.distributed.checkpoint into a hidden folder that is renamed when all of it is on the disk: a folder
`step-…` is whole. What a step needs beside it (learning rate, order of samples, random numbers) is a function of seed
and step, so the number of the step is all that is kept of those, and another number of processes can go on.
"""

import json
import os
import pathlib
import shutil

import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer

from . import Refused
from .parallel import World

PROGRESS = "progress.json"
#: Frozen weights are those of the checkpoint that was given.
TRAINED = StateDictOptions(ignore_frozen_params=True)


class ResumePoints:
    """The folder of a run's states. All processes see the same one."""

    def __init__(self, folder: pathlib.Path, world: World, *, keep: int) -> None:
        self.folder, self.world, self.keep = folder, world, keep
        if world.is_first:
            folder.mkdir(parents=True, exist_ok=True)
            for debris in folder.glob(".draft-*"):
                shutil.rmtree(debris)
        world.wait()

    def latest(self) -> pathlib.Path | None:
        return self.world.same(max(self.folder.glob("step-*"), default=None))

    def save(self, name: str, model: nn.Module, optimizer: Optimizer | None, progress: dict) -> None:
        """:param optimizer: None for a state that is only read to be handed back."""
        draft = self.folder / f".draft-{name}"
        state: dict = {"model": get_model_state_dict(model, options=TRAINED)}
        if optimizer:
            state["optimizer"] = get_optimizer_state_dict(model, optimizer)
        dcp.save(state, checkpoint_id=draft)
        self.world.wait()
        if self.world.is_first:
            _write_durably(draft / PROGRESS, json.dumps(progress, indent=1))
            shutil.rmtree(self.folder / name, ignore_errors=True)
            os.rename(draft, self.folder / name)
            _sync(self.folder)
            self._drop_old(progress)
        self.world.wait()

    def load(self, path: pathlib.Path, model: nn.Module, optimizer: Optimizer | None) -> dict:
        """Reads a state into model and optimizer; its progress."""
        state: dict = {"model": get_model_state_dict(model, options=TRAINED)}
        if optimizer:
            state["optimizer"] = get_optimizer_state_dict(model, optimizer)
        dcp.load(state, checkpoint_id=path)
        set_model_state_dict(model, state["model"], options=StateDictOptions(strict=False))
        if optimizer:
            set_optimizer_state_dict(model, optimizer, state["optimizer"])
        return progress_of(path)

    def _drop_old(self, progress: dict) -> None:
        """Of the steps the last few; of the best epochs the one that the last step names, and what came after it."""
        states = sorted(self.folder.glob("step-*"))
        for old in states[: -self.keep]:
            shutil.rmtree(old)
        named = {(progress_of(state).get("best") or {}).get("name") for state in states[-self.keep :]}
        for old in self.folder.glob("best-*"):
            if named != {None} and old.name not in named and old.name < max(filter(None, named)):
                shutil.rmtree(old)


def whole_state(model: nn.Module) -> dict:
    """The trained weights in one piece, in the first process's memory; empty elsewhere."""
    return get_model_state_dict(
        model, options=StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    )


def take(model: nn.Module, state: dict) -> None:
    """Puts a state in one piece into a model that is not spread: all that it trains, nothing that it does not know."""
    missing, unexpected = model.load_state_dict(state, strict=False)
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    if unexpected or trained.intersection(missing):
        raise RuntimeError(f"the state is of another model: {[*unexpected, *trained.intersection(missing)][:3]}")


def progress_of(path: pathlib.Path) -> dict:
    return json.loads((path / PROGRESS).read_text())


def check_same(asked: dict, kept: dict, folder: pathlib.Path) -> None:
    """:raises Refused: where a run was begun with other options or other data, naming the first few."""
    other = [name for name in asked if asked[name] != kept.get(name)]
    if other:
        said = "; ".join(f"{name} was {kept.get(name)!r} and is {asked[name]!r}" for name in other[:3])
        raise Refused(
            f"{folder} is of a run with other settings ({said}). Ask for the same, or remove that folder to begin anew."
        )


def _write_durably(path: pathlib.Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
