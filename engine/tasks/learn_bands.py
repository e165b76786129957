"""Learns projections for bands that the model has none for (METHOD, section 3), from labels, through the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

import numpy as np
import torch
from affine import Affine
from torch import nn

from engine.errors import JobError
from engine.heads.folds import FoldPlan
from engine.heads.sample import LabelledSample
from engine.heads.upernet import to_pixels
from engine.heads.upernet_training import class_weights, folds_of, hidden
from engine.jobs.train_head import TrainHeadJob
from engine.model.fusion import fused_features
from engine.model.own_layers import WITHOUT_LAYER, OwnLayers, save_own_layers
from engine.model.projection import mix_layers
from engine.progress import CancelCallback, Progress, ProgressCallback, part_of
from engine.raster.grid import Grid
from engine.raster.upsample import Upsampler
from engine.tasks.feature_cache import cache_folder
from engine.tasks.feature_source import FeatureSource, made_of_images
from engine.tasks.label_chips import LabelChips, open_label_chips
from engine.tasks.train_scenes import Scene

#: Steps, where the job names no number of epochs, and chips of an epoch: each goes through the encoder and back.
_STEPS = 48
_CHIPS_PER_EPOCH = 64
_BATCH = 4
#: Passes of the head alone, over features of the projections it starts from, before both are trained.
_HEAD_EPOCHS = 30
#: AdamW's rates: of the linear head on standardised features alone and with the projections, and of these as a share
#: of their own size, so that a step changes them alike whatever the model's weights are like.
_HEAD_RATE, _JOINT_RATE, _OWN_RATE = 1e-2, 2e-3, 2e-2
_DECAY = 0.05


class BandLearner:
    """Learns projections for the bands of the scenes' images that have none; a context manager.

    The projections start from the interpolated ones and are trained together with a linear head; all else of the model
    stays as it is. ``chips`` are what is learnt from; their encoder has the projections ``own`` in use, at first the
    interpolated ones, ``start``.

    Raises JobError where every band has a layer, or projections were given, and as ``open_label_chips``.
    """

    def __init__(
        self, job: TrainHeadJob, scenes: Sequence[Scene], progress: ProgressCallback, cancelled: CancelCallback
    ) -> None:
        self.job = job
        self._cancelled = cancelled
        self.chips = open_label_chips(scenes, job, progress, cancelled)
        setup = self.chips.setup
        if setup.own is not None:
            raise JobError("The features were made with projections learnt before.", "Leave these out to learn others.")
        self._level = setup.job.level
        # Steps of training are smaller than what half precision tells apart.
        encoder = self.chips.encoder.float().requires_grad_(False)
        self.start = self.own = _interpolated(self.chips)
        encoder.spectrum_projection.append_own(self.own.bands, self.own.weight, self.own.bias)
        self._layers = encoder.spectrum_projection.layers[-len(self.own.bands) :]
        for layer in self._layers:
            layer.requires_grad_(False)
        self._stack = ExitStack()
        self._extractors = [
            self._stack.enter_context(self.chips.extractor(scene, cancelled)) for scene in range(len(self.chips.behind))
        ]
        self._features_at_start: torch.Tensor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.chips.__exit__()

    def learn(self, classes: int, unseen: np.ndarray | None, progress: ProgressCallback) -> OwnLayers:
        """Learn ``own`` for the labels' ``classes``, without the pixels ``unseen`` (n, chip, chip) bool.

        Equal for equal seed on one machine. Raises CancelledError.
        """
        labels = self.chips.classes if unseen is None else np.where(unseen, -1, self.chips.classes).astype(np.int32)
        self.use(self.start)
        self._train(labels, classes, progress)
        weight = torch.stack([layer.weight.detach().cpu() for layer in self._layers])
        bias = torch.stack([layer.bias.detach().cpu() for layer in self._layers])
        self.own = replace(self.start, weight=weight, bias=bias)
        return self.own

    def learn_fold(self, classes: int, plan: FoldPlan, number: int, progress: ProgressCallback) -> OwnLayers:
        """As ``learn``, without the groups that fold ``number`` of a cross-validation is tested on."""
        return self.learn(classes, hidden(folds_of(plan, self.chips.classes, self.chips.groups), number), progress)

    def use(self, own: OwnLayers) -> None:
        """Put projections that were learnt before in use again."""
        with torch.no_grad():
            for layer, weight, bias in zip(self._layers, own.weight, own.bias, strict=True):
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
        self.own = own

    def embed(self, progress: ProgressCallback) -> list[FeatureSource]:
        """The embeddings of the scenes by way of ``own``, kept as those of any job are."""
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"projections-{self.own.sha256[:32]}.safetensors"
        if not path.is_file():
            save_own_layers(self.own, path)
        sources = []
        count = len(self.chips.behind)
        for number, behind in enumerate(self.chips.behind):
            job = replace(behind.setup.job, projections=str(path), precision=self.job.precision)
            share = part_of(progress, number / count, (number + 1) / count)
            sources.append(made_of_images(job, share, self._cancelled))
        return sources

    def covered(self, sample: LabelledSample) -> np.ndarray:
        """Which pixels of a sample (n,) bool lie in one of the chips."""
        return self._chip_of(sample) >= 0

    def sample_of(self, sample: LabelledSample) -> LabelledSample:
        """A sample, whose pixels are all ``covered``, with vectors that come of its chips by way of ``own``."""
        needed, place = np.unique(self._chip_of(sample), return_inverse=True)
        side = self.chips.encoder.config.grid if self._level == "tokens" else 1
        rows, cols = (sample.places[:, 1:] - self.chips.corners[needed[place]]).T
        if side == 1:
            rows = cols = np.zeros(len(sample), np.int64)
        chip = self.chips.chip
        upsampler = Upsampler(
            Grid(None, Affine.scale(chip / side), side, side), Grid(None, Affine.identity(), chip, chip)
        )
        cells, shares = upsampler.at(rows, cols)
        used, where = np.unique(place[:, None] * side**2 + cells, return_inverse=True)
        return replace(
            sample,
            vectors=self._vectors(needed, used, side),
            cells=where.reshape(cells.shape),
            shares=shares.astype(np.float32),
            own=place * side**2 + upsampler.own(rows, cols),
        )

    # -- learning ---------------------------------------------------------------------------------

    def _train(self, labels: np.ndarray, classes: int, progress: ProgressCallback) -> None:
        """Train the layers in place, on ``labels`` (n, chip, chip), -1 where there are none."""
        used = np.flatnonzero((labels >= 0).any(axis=(1, 2)))
        device = self.chips.setup.device
        features = self._at_start(progress)
        mean = features[used].float().mean(dim=(0, 2, 3), keepdim=True).to(device)
        std = features[used].float().std(dim=(0, 2, 3), keepdim=True).clamp_min(1e-6).to(device)
        head = nn.Conv2d(features.shape[1], classes, 1).to(device)
        for values in head.parameters():
            nn.init.zeros_(values)
        weights = class_weights(labels[used], classes, self.job.balance).to(device)
        generator = np.random.default_rng(self.job.seed)

        def step(optimiser: torch.optim.Optimizer, features: torch.Tensor, batch: np.ndarray) -> None:
            loss = self._loss(head((features - mean) / std), labels[batch], weights)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

        alone = torch.optim.AdamW(head.parameters(), lr=_HEAD_RATE, weight_decay=_DECAY)
        for _ in range(_HEAD_EPOCHS):
            for _, batch in self._batches(used, generator):
                step(alone, features[torch.from_numpy(batch)].to(device).float(), batch)
        size = float(self.start.weight.square().mean().sqrt())
        own = [weights for layer in self._layers for weights in layer.parameters()]
        joint = torch.optim.AdamW(
            [
                {"params": list(head.parameters()), "lr": _JOINT_RATE, "weight_decay": _DECAY},
                # Decay would pull towards nothing, not towards the interpolated weights.
                {"params": own, "lr": _OWN_RATE * size, "weight_decay": 0.0},
            ]
        )
        epochs = self.job.epochs or -(-_STEPS // len(self._batches(used, generator)))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(joint, epochs)
        for weight in own:
            weight.requires_grad_(True)
        try:
            for epoch in range(epochs):
                for scene, batch in self._batches(used, generator):
                    step(joint, self._forward(scene, batch), batch)
                schedule.step()
                progress(Progress((epoch + 1) / epochs, f"Learning bands, pass {epoch + 1} of {epochs}"))
        finally:
            for weight in own:
                weight.requires_grad_(False)

    def _forward(self, scene: int, batch: np.ndarray) -> torch.Tensor:
        """Features (B, D, t, t) of chips of a scene, part of the graph where gradients are recorded."""
        extractor = self._extractors[scene]
        # Tensors of inference mode cannot take part in a training step; their copies can.
        images = [image.clone() for image in extractor.harmonised(*self.chips.read(scene, batch))]
        found = fused_features(self.chips.encoder, images, extractor.bands, extractor.fusion)
        return found.tokens if self._level == "tokens" else found.cls[:, :, None, None]

    def _loss(self, scores: torch.Tensor, labels: np.ndarray, weights: torch.Tensor) -> torch.Tensor:
        target = torch.from_numpy(labels.astype(np.int64)).to(scores.device)
        if self._level == "tokens":
            return nn.functional.cross_entropy(to_pixels(scores, self.chips.chip), target, weights, ignore_index=-1)
        return nn.functional.cross_entropy(scores[:, :, 0, 0], _most_frequent(target, len(weights)), weights)

    def _at_start(self, progress: ProgressCallback) -> torch.Tensor:
        """Features (n, D, t, t) float16 of all chips by way of the projections they start from."""
        if self._features_at_start is None:
            side = self.chips.encoder.config.grid if self._level == "tokens" else 1
            found = torch.empty(len(self.chips), self._extractors[0].width, side, side, dtype=torch.float16)
            for scene, batch in self.chips.batches(np.arange(len(self.chips)), self._extractors[0].batch):
                progress(Progress(0, "Looking at the chips with labels"))
                with torch.no_grad():
                    found[torch.from_numpy(batch)] = self._forward(scene, batch).half().cpu()
            self._features_at_start = found
        return self._features_at_start

    def _batches(self, used: np.ndarray, generator: np.random.Generator) -> list[tuple[int, np.ndarray]]:
        """The chips of one pass, in random order."""
        drawn = generator.permutation(used)[:_CHIPS_PER_EPOCH]
        batches = list(self.chips.batches(drawn, _BATCH))
        return [batches[number] for number in generator.permutation(len(batches))]

    # -- features of a sample ---------------------------------------------------------------------

    def _chip_of(self, sample: LabelledSample) -> np.ndarray:
        """The chip (n,) that speaks for each pixel of a sample, -1 for none."""
        scene, rows, cols = sample.places.T
        found = np.full(len(sample), -1, np.int64)
        for number, (y, x) in enumerate(self.chips.corners):
            here = scene == self.chips.scene[number]
            if self._level == "tokens":
                top, bottom, left, right = self.chips.cores[number]
                here = here & (rows >= y + top) & (rows < y + bottom) & (cols >= x + left) & (cols < x + right)
            else:
                step = self.chips.behind[self.chips.scene[number]].plan.stride_px
                here = here & (rows * step == y) & (cols * step == x)
            found[here] = number
        return found

    def _vectors(self, chips: np.ndarray, used: np.ndarray, side: int) -> np.ndarray:
        """Vectors (m, D) of the cells ``used``: ascending numbers, side² of them for each of ``chips``."""
        vectors = np.empty((len(used), self._extractors[0].width), np.float32)
        bounds = np.searchsorted(used, np.arange(len(chips) + 1) * side**2)
        for scene, batch in self.chips.batches(chips, self._extractors[0].batch):
            features = self._extractors[scene](*self.chips.read(scene, batch), self._level)
            for chip, found in zip(np.searchsorted(chips, batch), features, strict=True):
                here = slice(bounds[chip], bounds[chip + 1])
                vectors[here] = found.reshape(len(found), -1)[:, used[here] - chip * side**2].T
        return vectors


def _interpolated(chips: LabelChips) -> OwnLayers:
    """The layers that bands without one run on so far. Raises JobError where there is no such band."""
    assigned = [each for assignments in chips.setup.assignments for each in assignments]
    lacking = {(each.band.name, each.band.centre_nm): each for each in assigned if each.verdict in WITHOUT_LAYER}
    if not lacking:
        raise JobError(
            "The model has a layer for every band of the images: there is none to learn.", "Leave --learn-bands out."
        )
    layers = chips.encoder.spectrum_projection.layers
    with torch.no_grad():
        weight, bias = mix_layers(layers, tuple(tuple(each.weights) for each in lacking.values()))
    info = chips.encoder.info
    bands = tuple(each.band for each in lacking.values())
    return OwnLayers(bands, torch.stack(weight).cpu(), torch.stack(bias).cpu(), info.sha256, info.title)


def _most_frequent(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """The class (B,) that most pixels of each chip (B, chip, chip) have, the lower one of equals."""
    counts = torch.stack([torch.bincount(chip[chip >= 0], minlength=classes) for chip in labels])
    return counts.argmax(dim=1)
