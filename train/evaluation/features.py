"""Features of a frozen encoder, made once per split and kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from engine.errors import JobError
from engine.model.encoder import Encoder, Features
from engine.model.fusion import check_fusion, fused_features, mixup_features
from engine.tasks.features import CPU_BATCH, GPU_BATCH
from train.evaluation.dataset import Sample
from train.evaluation.inputs import InputMaker
from train.evaluation.names import POOLINGS
from train.evaluation.reading import SampleReader


@dataclass(frozen=True)
class FeatureSettings:
    """How images become features.

    ``fusion`` as ``engine.model.fusion`` has it. ``mixup_draws``: 0 takes its checkerboard, N the mean over N masks
    drawn at random per sample, from ``seed`` and the sample's id alone. ``batch``: samples per pass, None as the
    engine has it for the device. ``precision`` is "fp32", or "bf16" for matrix products in bfloat16.
    """

    fusion: str = "stack"
    mixup_draws: int = 0
    resize: str = "exact"
    batch: int | None = None
    seed: int = 0
    precision: str = "fp32"


@dataclass(frozen=True, eq=False)
class PooledFeatures:
    """One vector per sample, float32 on the CPU: ``cls`` and ``mean`` (n, D'), both after the final norm.

    ``mean`` is that of the tokens. ``labels``: (n,) int64 class numbers, or (n, K) bool. ``ids`` are the samples'.
    """

    ids: tuple[str, ...]
    cls: torch.Tensor
    mean: torch.Tensor
    labels: np.ndarray

    def pooled(self, pooling: str) -> torch.Tensor:
        """``cls`` or ``mean``. JobError for another word."""
        if pooling not in POOLINGS:
            raise JobError(f"The pooling {pooling!r} is not known.", f"Use one of {', '.join(POOLINGS)}.")
        return self.cls if pooling == "cls" else self.mean

    def take(self, places: np.ndarray) -> PooledFeatures:
        """Those of some samples, by number."""
        chosen = torch.from_numpy(places)
        ids = tuple(self.ids[place] for place in places.tolist())
        return PooledFeatures(ids, self.cls[chosen], self.mean[chosen], self.labels[places])


class FeatureMaker:
    """An encoder on the modalities of a dataset."""

    def __init__(self, encoder: Encoder, reader: SampleReader, settings: FeatureSettings) -> None:
        modalities = reader.dataset.modalities
        if len(modalities) > 1:
            check_fusion(settings.fusion, len(modalities))
        self.encoder, self.reader, self.settings = encoder, reader, settings
        self.batch = settings.batch or (CPU_BATCH if encoder.device.type == "cpu" else GPU_BATCH)
        self.bands = [modality.bands for modality in modalities]
        side = encoder.config.grid * encoder.patch
        self._makers = [InputMaker(each, side, settings.resize, encoder.device) for each in modalities]

    def autocast(self) -> torch.autocast:
        """Within it the encoder computes in the precision of the settings."""
        device = self.encoder.device.type
        return torch.autocast(device, torch.bfloat16, enabled=self.settings.precision == "bf16")

    def inputs(self, samples: Sequence[Sample], shrink: float = 1.0) -> list[torch.Tensor]:
        """One tensor (B, C, side, side) per modality, of the size that the encoder was trained on."""
        return [
            make([sample.images[place] for sample in samples], [sample.valid[place] for sample in samples], shrink)
            for place, make in enumerate(self._makers)
        ]

    @torch.no_grad()
    def pooled(self, ids: Sequence[str], shrink: float = 1.0, words: str = "features") -> PooledFeatures:
        """The features of the samples ``ids``, images ``shrink``-en first (see ``InputMaker``)."""
        size = self.batch
        cls, mean, labels = [], [], []
        starts = range(0, len(ids), size)
        batches = zip(starts, self.reader.batches(ids, size), strict=True)
        for start, samples in tqdm(batches, words, total=len(starts), disable=None, leave=False):
            images = self.inputs(samples, shrink)
            with self.autocast():
                features = self._features(images, ids[start : start + size])
            cls.append(features.cls.cpu())
            mean.append(features.tokens.mean(dim=(2, 3)).cpu())
            labels += [sample.label for sample in samples]
        return PooledFeatures(tuple(ids), torch.cat(cls), torch.cat(mean), np.stack(labels))

    def _features(self, images: list[torch.Tensor], ids: Sequence[str]) -> Features:
        draws = self.settings.mixup_draws
        if len(images) == 1 or self.settings.fusion != "mixup" or draws == 0:
            return fused_features(self.encoder, images, self.bands, self.settings.fusion)
        rows, cols = (side // self.encoder.patch for side in images[0].shape[-2:])
        masks = torch.stack([mixup_masks(sample_id, self.settings.seed, draws, rows * cols) for sample_id in ids])
        masks = masks.unflatten(2, (rows, cols)).to(self.encoder.device)
        found = [mixup_features(self.encoder, images, self.bands, masks[:, draw]) for draw in range(draws)]
        return Features(
            torch.stack([each.cls for each in found]).mean(0), torch.stack([each.tokens for each in found]).mean(0)
        )


def mixup_masks(sample_id: str, seed: int, draws: int, tokens: int) -> torch.Tensor:
    """Random masks M (``draws``, ``tokens``) bool of a sample, each True for half of the tokens.

    They depend on seed and id alone, not on what else is in the batch.
    """
    digest = hashlib.sha256(f"{seed}:{sample_id}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
    ranks = torch.rand(draws, tokens, generator=generator).argsort(dim=1).argsort(dim=1)
    return ranks < tokens // 2
