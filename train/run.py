"""A pretraining run on one rank: what it is made of, and how a step is taken."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel

from engine.errors import CheckpointError, JobError
from engine.model.autoencoder import AutoEncoder
from engine.model.config import CONFIGS
from engine.model.devices import choose_precision
from engine.model.initialise import random_autoencoder
from engine.model.load import load_autoencoder
from train.checkpoints import Progressed, checkpoint_path, newest, read_progressed, restore
from train.data.augment import Augment
from train.data.loader import LoadedPart
from train.data.sampler import Sampler
from train.data.shards import Collection
from train.distributed import Ranks, whole
from train.optimiser import learning_rate, make_optimiser
from train.recipe import Recipe, recipe_from
from train.step import PretrainingStep, part_loss

#: One compiled graph per kind of pair; torch's limit of 8 is for graphs that change without end.
_GRAPHS = 64


class Run:
    """Data, model and optimiser of ``recipe`` on this rank; goes on from the last checkpoint in ``out``, if any.

    ``done`` counts the steps taken, of ``steps``. JobError or CheckpointError where the checkpoint is of another
    recipe or of other data.
    """

    def __init__(self, recipe: Recipe, out: Path, ranks: Ranks) -> None:
        self.recipe, self.ranks = recipe, ranks
        if recipe.part_size % ranks.world:
            raise JobError(
                f"A part of {recipe.part_size} pairs does not divide among {ranks.world} ranks.",
                "Choose a batch that is a multiple of parts × ranks.",
            )
        self.collections = [Collection(Path(recipe.data_root) / source.path) for source in recipe.data]
        if recipe.verify:
            self._verify()
        lengths = [len(collection) for collection in self.collections]
        self.steps, self.warmup = recipe.lengths(sum(lengths))
        weights = [source.weight or length for source, length in zip(recipe.data, lengths, strict=True)]
        self.sampler = Sampler(lengths, weights, recipe.part_size, recipe.seed)
        self.bf16 = choose_precision(recipe.precision, ranks.device) == "bf16"
        scale = (recipe.crop_scale_min, recipe.crop_scale_max)
        self._augments = [Augment(c.sides, recipe.size, ranks.device, scale) for c in self.collections]
        self.model = _model(recipe).to(ranks.device).train()
        self._wrapped = self._wrap(PretrainingStep(self.model, recipe.norm_pix, recipe.mixup))
        self.optimiser = make_optimiser(self.model, recipe)
        self.done = 0
        self._resume(out)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.done, self.steps, self.warmup, self.recipe.peak_lr)

    def forward_backward(self, loaded: LoadedPart, last: bool) -> torch.Tensor:
        """Add the gradients of a part; after the ``last`` of a step they are summed over the ranks. Gives its loss."""
        sides = self.collections[loaded.part.collection].sides
        augment = self._augments[loaded.part.collection]
        with self._hold_back(last):
            loss = part_loss(self._wrapped, augment, sides, loaded.images, loaded.draws, self.ranks.device, self.bf16)
            (loss / self.recipe.parts).backward()
        return loss.detach()

    def gradient_norm(self) -> torch.Tensor:
        """The length of all gradients together, a scalar, equal on all ranks."""
        return whole(torch.nn.utils.get_total_norm([p.grad for p in self.model.parameters() if p.grad is not None]))

    def update(self) -> None:
        """Take the optimiser's step."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.done += 1

    def progressed(self, sampler: dict[str, object]) -> Progressed:
        """What a checkpoint says of the run, with the sampler's state behind the last part that was learnt from."""
        return Progressed(self.done, sampler, asdict(self.recipe), tuple(c.digest for c in self.collections))

    def _verify(self) -> None:
        shards = [(collection, number) for collection in self.collections for number in range(len(collection.shards))]
        for collection, number in shards[self.ranks.rank :: self.ranks.world]:
            collection.verify([number])

    def _wrap(self, step: PretrainingStep) -> nn.Module:
        if self.recipe.compile:
            torch._dynamo.config.recompile_limit = _GRAPHS
            step.compile()
        if self.ranks.world == 1:
            return step
        if self.recipe.sharding == "ddp":
            device_ids = [self.ranks.device] if self.ranks.device.type == "cuda" else None
            return DistributedDataParallel(step, device_ids=device_ids)
        for block in [*self.model.blocks, *self.model.decoder_blocks]:
            fully_shard(block)
        fully_shard(step)
        return step

    def _hold_back(self, last: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients of all but the last part stay on their rank: one exchange per step."""
        if isinstance(self._wrapped, FSDPModule):
            self._wrapped.set_requires_gradient_sync(last)
        if isinstance(self._wrapped, DistributedDataParallel) and not last:
            return self._wrapped.no_sync()
        return contextlib.nullcontext()

    def _resume(self, out: Path) -> None:
        # All ranks take the one that the first has found: the others' view of a shared folder may be older.
        step = self.ranks.of_first(newest(out) if self.ranks.first else 0)
        if step == 0:
            return
        path = checkpoint_path(out, step)
        progressed = read_progressed(path)
        now, then = self.progressed({}), asdict(recipe_from(progressed.recipe))
        # Where things lie, how long it runs and how often it is looked at may change between the parts of a run.
        free = {"data_root", "steps", "epochs", "verify", "compile", "sharding", "probe", "checkpoint_minutes",
                "pictures_minutes", "probe_minutes"}  # fmt: skip
        changed = [k for k, v in now.recipe.items() if k not in free and then[k] != v]
        if changed:
            raise JobError(
                f"{out} holds a run of another recipe: {', '.join(changed)} differ.",
                "Use its recipe, or another folder; start_from begins a new run from a model.",
            )
        if progressed.data != now.data:
            raise CheckpointError(
                f"The data are not those of the run in {out}.", "Use the same collections, or another folder."
            )
        restore(path, self.model, self.optimiser)
        self.sampler.restore(progressed.sampler)
        self.done = progressed.step


def _model(recipe: Recipe) -> AutoEncoder:
    """Fresh weights, or those of ``start_from``, of the recipe's size."""
    config = CONFIGS[recipe.model]
    if not recipe.start_from:
        return random_autoencoder(config, recipe.seed)
    model = load_autoencoder(recipe.start_from)
    if model.config != config:
        raise CheckpointError(f"{recipe.start_from} is not a {recipe.model}.", "Set model to its size.")
    for name, parameter in model.named_parameters():
        # Position encodings are fixed tables.
        parameter.requires_grad_(not name.endswith("pos_embed"))
    return model
