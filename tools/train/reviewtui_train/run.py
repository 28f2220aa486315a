"""One run from snapshots to what is handed back, by all processes together."""

import argparse
import os
import pathlib
import re
import sys

import numpy
import torch

from . import (
    Refused,
    embedding,
    evaluation,
    handover,
    linear,
    lora,
    network,
    parallel,
    resume,
    snapshot,
    targets,
    training,
)
from .evaluation import Units, Wanted
from .linear import LinearHead
from .loading import Samples, tokenizer
from .published import Published
from .snapshot import Rows
from .targets import Targets, Weighing


def run(options: argparse.Namespace) -> dict | None:
    """:return: what is handed back, at the first process.

    :raises Refused: at all processes, or at one, which ends them all.
    """
    name = options.name or re.sub(r"[^a-z0-9._-]+", "-", options.out.resolve().name.lower()).lstrip(".-")
    handover.check_name(name, options.version)
    world = parallel.World()
    try:
        if options.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        return _Run(options, f"{name}@{options.version}", world).go()
    finally:
        world.close()


class _Run:
    def __init__(self, options: argparse.Namespace, model: str, world: parallel.World) -> None:
        self.options, self.name, self.world = options, model, world
        self.source = Published.at(options.checkpoint)
        self.manifests, self.rows = self._rows()
        self.towers = self._towers()
        readable = self._readable(self.towers)
        self.fitted, self.held, self.test = (self.rows.of(split, readable) for split in snapshot.SPLITS)
        self.policies = self._policies()
        weighing = Weighing(
            options.origin_model_weight,
            options.class_weights == "balanced",
            not options.hard_labels,
            options.sampling_correction,
        )
        self.targets = targets.targets(self.rows, self.fitted, self.policies, weighing)
        if not len(self.held):
            raise Refused("no row is for validation, which chooses among epochs: decide more, and export again.")
        # Where nothing is known, nothing is learnt, and each step takes its time.
        self.fitted = self.fitted[self.targets.weights[self.fitted].any(1)]
        self.samples = Samples(
            self.rows,
            self.source.pictures() if "image" in self.towers else None,
            self.source.texts() if "text" in self.towers else None,
            tokenizer(self.source.folder) if "text" in self.towers else None,
        )
        self.plan = _plan(options)
        self.points = resume.ResumePoints(
            options.out.with_name(options.out.name + ".training"), world, keep=options.keep
        )

    def go(self) -> dict | None:
        self._say(
            f"{len(self.fitted)} samples to fit, {len(self.held)} for validation, {len(self.test)} for the test "
            f"({self.rows.retracted} retracted); {len(self.policies)} policies; {', '.join(self.towers)}; "
            f"{self.world.size} processes"
        )
        latest = self.points.latest()
        start, best = 0, None
        if latest:
            progress = resume.progress_of(latest)
            resume.check_same(self._settings(), progress["settings"], self.points.folder)
        before = self._heads_before()
        model = self._model(before)
        spread = parallel.spread(model, self.world, kind=self.plan.parallel, bf16=self.plan.bf16)
        if self.options.compile:
            for block in model.blocks:
                block.compile()
        steps = training.Training(
            spread,
            self.plan,
            self.rows,
            self.targets,
            self.fitted,
            self.held,
            self.samples,
            self.world,
            self.points,
            self._settings(),
        )
        if latest:
            progress = self.points.load(latest, spread, steps.optimizer)
            start, best = progress["step"], progress["best"]
            self._say(f"going on after step {start}")
        best = steps.run(start, best)
        self.points.load(self.points.folder / best["name"], spread, None)
        draft = self.options.out.with_name("." + self.options.out.name + ".draft")
        trained = self._write(spread, draft)
        del spread, model, steps
        return self._hand_over(trained, draft, before, best)

    # What there is to learn

    def _rows(self) -> tuple[list[snapshot.Manifest], Rows]:
        """One process of each machine verifies what all of it read."""
        if self.world.local_rank == 0:
            found = snapshot.load(self.options.snapshot)
            self.world.wait()
            return found
        self.world.wait()
        return snapshot.load(self.options.snapshot, verify=False)

    def _towers(self) -> tuple[str, ...]:
        has = {"image": self.rows.has_picture.any(), "text": self.rows.has_text.any()}
        if self.options.towers in (None, "both"):
            found = tuple(tower for tower in self.source.towers if has[tower])
            if self.options.towers == "both" and len(found) < 2:
                raise Refused(
                    "--towers both needs a checkpoint of two towers (CLIP, SigLIP) and rows with pictures and texts."
                )
        else:
            found = (
                (self.options.towers,) if self.options.towers in self.source.towers and has[self.options.towers] else ()
            )
        if not found:
            raise Refused(
                f"{self.source.folder} ({self.source.family}) reads {' and '.join(self.source.towers)}, and the "
                f"snapshots have {' and '.join(tower for tower, there in has.items() if there) or 'nothing'}: there is "
                "nothing to train on."
            )
        return found

    def _readable(self, towers: tuple[str, ...]) -> numpy.ndarray:
        masks = {"image": self.rows.has_picture, "text": self.rows.has_text}
        return numpy.any([masks[tower] for tower in towers], axis=0)

    def _policies(self) -> list[int]:
        found = targets.learnable(self.rows, self.fitted, self.options.min_items)
        if self.options.policy:
            names = [self.rows.policies[policy] for policy in found]
            for policy in self.options.policy:
                if policy not in names:
                    raise Refused(
                        f"{policy} has fewer than {self.options.min_items} violations or others to fit (--min-items). "
                        f"With enough: {', '.join(names) or 'none'}."
                    )
            found = [policy for policy in found if self.rows.policies[policy] in self.options.policy]
        if not found:
            raise Refused(
                f"no policy has {self.options.min_items} violations and as many others to fit: decide more, or "
                "ask for fewer (--min-items)."
            )
        return found

    def _settings(self) -> dict:
        """What must be the same where a run goes on. The number of processes and how the model is spread may change."""
        options = self.options
        return {
            "snapshots": [manifest.sha256 for manifest in self.manifests],
            "checkpoint": self.source.sha256,
            "towers": list(self.towers),
            "policies": [self.rows.policies[policy] for policy in self.policies],
            "labels": [
                options.origin_model_weight,
                options.class_weights,
                options.hard_labels,
                options.sampling_correction,
            ],
            "lora": [options.lora, options.lora_alpha, options.lora_dropout],
            "epochs": self.plan.epochs,
            "steps": self.plan.steps,
            "batch": self.plan.batch,
            "learning_rate": self.plan.learning_rate,
            "head_learning_rate": self.plan.head_learning_rate,
            "weight_decay": self.plan.weight_decay,
            "warmup": self.plan.warmup,
            "clip": self.plan.clip,
            "seed": self.plan.seed,
            "bf16": self.plan.bf16,
        }

    # Networks

    def _model(self, heads: dict[str, LinearHead]) -> network.PolicyModel:
        """The checkpoint, ready to be trained, from the linear heads on."""
        model = network.load(self.source, self.towers, len(self.policies))
        if self.options.lora:
            # Every process draws the same adapters.
            torch.manual_seed(self.plan.seed)
            lora.adapt(model, self._lora())
        for tower, head in heads.items():
            model.heads[tower].directions.data.copy_(torch.from_numpy(head.directions))
            model.heads[tower].bias.data.copy_(torch.from_numpy(head.bias))
        if self.options.activation_checkpointing:
            model.checkpoint_activations()
        return model

    def _lora(self) -> lora.LoRA:
        rank = self.options.lora
        return lora.LoRA(rank, self.options.lora_alpha or 2 * rank, self.options.lora_dropout)

    def _heads_before(self) -> dict[str, LinearHead]:
        """Linear heads on the checkpoint as it came: kept with the run's states, fitted where it begins."""
        path = self.points.folder / "linear.npz"
        if self.world.same(path.exists()):
            kept = numpy.load(path)
            return {tower: LinearHead(kept[f"{tower}.directions"], kept[f"{tower}.bias"]) for tower in self.towers}
        units = self._units(self.source, numpy.concatenate([self.fitted, self.held]))
        heads = self.world.same(
            {tower: self._fit(*found) for tower, found in units.items()} if units is not None else None
        )
        if self.world.is_first:
            arrays = {
                f"{tower}.{name}": getattr(head, name)
                for tower, head in heads.items()
                for name in ("directions", "bias")
            }
            draft = self.points.folder / ".draft-linear.npz"
            numpy.savez(draft, **arrays)
            os.rename(draft, path)
        self.world.wait()
        return heads

    def _fit(self, index: numpy.ndarray, units: numpy.ndarray) -> LinearHead:
        held = self.rows.split[index] == 1
        parts = [Targets(self.targets.values[index[part]], self.targets.weights[index[part]]) for part in (~held, held)]
        return linear.fit_chosen(units[~held], parts[0], units[held], parts[1])

    def _units(self, published: Published, chosen: numpy.ndarray) -> Units | None:
        """ê of samples by a folder's weights, in float32, the work shared."""
        model = network.load(published, self.towers, len(self.policies)).to(self.world.device)
        return embedding.read(
            model,
            self.samples,
            chosen,
            self.world,
            micro=self.plan.micro,
            workers=self.plan.workers,
            only_embeddings=True,
        )

    # What is handed back

    def _write(self, spread: torch.nn.Module, draft: pathlib.Path) -> dict[str, LinearHead] | None:
        """The trained weights as a checkpoint folder; the trained heads, at the first process."""
        state = resume.whole_state(spread)
        heads = None
        if self.world.is_first:
            model = network.load(self.source, self.towers, len(self.policies))
            if self.options.lora:
                lora.adapt(model, self._lora())
            resume.take(model, state)
            if self.options.lora:
                lora.merge(model)
            handover.write_checkpoint(model, self.source, draft)
            heads = {
                tower: LinearHead(head.directions.detach().double().numpy(), head.bias.detach().double().numpy())
                for tower, head in model.heads.items()
            }
        self.world.wait()
        return heads

    def _hand_over(
        self, trained: dict[str, LinearHead] | None, draft: pathlib.Path, before: dict[str, LinearHead], best: dict
    ) -> dict | None:
        """Figures by what lies in the draft, heads calibrated on it, and the folder in its place."""
        chosen = numpy.concatenate([self.held, self.test])
        after_units, before_units = self._units(Published.at(draft), chosen), self._units(self.source, chosen)
        if not self.world.is_first:
            return None
        name, version = self.name.split("@")
        sha256 = Published.at(draft).sha256
        result = {
            "model": self.name,
            "weights_sha256": sha256,
            "source_sha256": self.source.sha256,
            "snapshots": [manifest.sha256 for manifest in self.manifests],
            "retracted": self.rows.retracted,
            "fitted": len(self.fitted),
            "best": best,
            "unreadable": self._unreadable(chosen, after_units),
            "towers": {},
        }
        data = [f"snapshot {manifest.sha256[:12]}" for manifest in self.manifests]
        policies = [self.rows.policies[policy] for policy in self.policies]
        for tower in self.towers:
            after, after_figures = self._evaluate(trained[tower], *after_units[tower])
            _, before_figures = self._evaluate(before[tower], *before_units[tower])
            model = handover.model_of(tower, self.towers, name, version)
            handover.written(
                draft / f"head-{tower}.json",
                handover.head_file(tower, model, sha256, policies, after, self._counts(), after_figures, data),
            )
            result["towers"][tower] = {"model": model, "after": after_figures, "before": before_figures}
        lines = handover.commands(self.towers, name, version, self.options.out)
        handover.written(draft / "evaluation.json", result)
        (draft / "README.md").write_text(handover.card(self.source, result, lines), encoding="utf-8")
        handover.publish(draft, self.options.out)
        self._say("\n".join(["to use it:", *lines]))
        return result

    def _evaluate(
        self, head: LinearHead, index: numpy.ndarray, units: numpy.ndarray
    ) -> tuple[evaluation.Calibrated, list[dict]]:
        wanted = Wanted(self.options.precision, self.options.recall)
        calibrated = evaluation.calibrated(head, self.rows, self.policies, index, units, wanted)
        return calibrated, evaluation.evaluated(calibrated, self.rows, self.policies, index, units)

    def _unreadable(self, chosen: numpy.ndarray, units: Units) -> int:
        """Pictures of validation and test that could not be decoded, and are in no figure."""
        return int(self.rows.has_picture[chosen].sum()) - len(units["image"][0]) if "image" in units else 0

    def _counts(self) -> list[tuple[int, int]]:
        _, first = numpy.unique(self.rows.decision[self.fitted], return_index=True)
        labels = self.rows.labels[self.fitted[first]][:, self.policies]
        return [(int((column == 1).sum()), int((column == 0).sum())) for column in labels.T]

    def _say(self, text: str) -> None:
        if self.world.is_first:
            print(text, file=sys.stderr, flush=True)


def _plan(options: argparse.Namespace) -> training.Plan:
    return training.Plan(
        epochs=options.epochs,
        steps=options.steps,
        batch=options.batch,
        micro=options.micro_batch,
        learning_rate=options.learning_rate or (2e-4 if options.lora else 1e-5),
        head_learning_rate=options.head_learning_rate,
        weight_decay=options.weight_decay,
        warmup=options.warmup,
        clip=options.clip,
        seed=options.seed,
        parallel=options.parallel,
        bf16=options.bf16,
        save_every=options.save_every,
        workers=options.workers,
    )
