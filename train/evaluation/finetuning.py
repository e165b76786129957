"""Fine-tuning of the whole encoder on a dataset (METHOD, section 6), and the task files that come of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from timm.data.mixup import Mixup
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from engine.errors import JobError
from engine.model.checkpoints import save_checkpoint
from engine.model.encoder import Encoder
from engine.model.fusion import fused_features, fused_width
from engine.model.projection import BandList
from train.evaluation.dataset import EvaluationDataset
from train.evaluation.features import FeatureMaker
from train.evaluation.linear_probe import BETAS, RATE_BATCH

_INITIAL_STD = 2e-5


@dataclass(frozen=True)
class FinetuneSettings:
    """AdamW of rate ``base_rate`` · batch / 256, a linear warm-up, then a cosine to 0.

    ``mixup`` and ``cutmix`` are the alphas of timm's ``Mixup``; 0 is none. There is no decay of one-dimensional
    parameters and the CLS token.
    """

    base_rate: float
    batch: int
    epochs: int
    warmup_epochs: float = 5.0
    decay: float = 0.05
    mixup: float = 0.0
    cutmix: float = 0.0

    def rate(self, step: int, steps: int, samples: int) -> float:
        """The rate of ``step`` (from 0) of ``steps`` in all, with so many ``samples`` per step."""
        warm = min(self.warmup_epochs / self.epochs, 1.0) * steps
        full = self.base_rate * samples / RATE_BATCH
        if step < warm:
            return full * (step + 1) / warm
        return full * (1 + math.cos(math.pi * (step - warm) / max(1.0, steps - warm))) / 2


_BIGEARTHNET = FinetuneSettings(5e-5, 256, 100)
#: By the beginning of a dataset's name; others are trained as the one of the same task.
SETTINGS = {
    "bigearthnet": _BIGEARTHNET,
    "eurosat": FinetuneSettings(2e-4, 256, 150, mixup=0.8, cutmix=1.0),
    "resisc45": FinetuneSettings(6.25e-5, 64, 200),
}


def settings_for(dataset: EvaluationDataset) -> FinetuneSettings:
    """The paper's settings for a dataset; for one that it does not fine-tune, those of EuroSAT or BigEarthNet.

    JobError for a dataset whose task is not to tell what a whole image shows.
    """
    if dataset.task == "segmentation":
        raise JobError(
            f"{dataset.name} is for segmentation, and the whole encoder is fine-tuned on labels of images only.",
            "Use the protocol conv or upernet.",
        )
    for name, settings in SETTINGS.items():
        if dataset.name.startswith(name):
            return settings
    return _BIGEARTHNET if dataset.task == "multi-label" else SETTINGS["eurosat"]


class TaskModel(nn.Module):
    """An encoder with a linear head on its CLS token or on the mean of its tokens, both after the final norm."""

    def __init__(
        self, encoder: Encoder, bands: Sequence[BandList], fusion: str, pooling: str, classes: int, seed: int
    ) -> None:
        super().__init__()
        self.encoder, self.bands, self.fusion, self.pooling = encoder, bands, fusion, pooling
        self.head = nn.Linear(fused_width(encoder.width, fusion, len(bands)), classes)
        generator = torch.Generator().manual_seed(seed)
        nn.init.trunc_normal_(self.head.weight, std=_INITIAL_STD, generator=generator)
        nn.init.zeros_(self.head.bias)
        self.head.to(encoder.device)

    def forward(self, images: Sequence[torch.Tensor]) -> torch.Tensor:
        """Inputs (B, C_i, H, W), one per modality → scores (B, K) before softmax or sigmoid."""
        features = fused_features(self.encoder, images, self.bands, self.fusion)
        return self.head(features.cls if self.pooling == "cls" else features.tokens.mean(dim=(2, 3)))


def finetune(
    maker: FeatureMaker, ids: Sequence[str], classes: int, settings: FinetuneSettings, pooling: str, seed: int
) -> TaskModel:
    """Trains the encoder of ``maker`` itself, in float32, and a head; gives both in evaluation mode.

    Images are flipped and turned by quarters at random, all modalities of a sample alike. JobError where fewer than
    two samples are given.
    """
    if len(ids) < 2:
        raise JobError(f"{len(ids)} samples are too few to fine-tune on.", "Give a larger --train-share.")
    model = TaskModel(maker.encoder, maker.bands, maker.settings.fusion, pooling, classes, seed).train()
    device = maker.encoder.device
    decayed = [p for name, p in model.named_parameters() if p.requires_grad and _decays(name, p)]
    others = [p for name, p in model.named_parameters() if p.requires_grad and not _decays(name, p)]
    groups = [{"params": decayed, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=settings.base_rate, betas=BETAS)
    size = min(settings.batch, len(ids))
    per_epoch = -(-len(ids) // size)
    mixer = _mixer(settings, classes)
    generator = torch.Generator().manual_seed(seed)
    # timm draws from numpy's common generator.
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        step = 0
        for _ in tqdm(range(settings.epochs), "fine-tuning", disable=None, leave=False):
            order = [ids[place] for place in torch.randperm(len(ids), generator=generator).tolist()]
            for samples in maker.reader.batches(order, size):
                if mixer is not None and len(samples) % 2:
                    samples = samples[:-1] or samples * 2
                images = turned(maker.inputs(samples), generator)
                targets = torch.from_numpy(np.stack([sample.label for sample in samples])).to(device)
                if mixer is not None:
                    images, targets = _mixed(mixer, images, targets)
                for group in optimiser.param_groups:
                    group["lr"] = settings.rate(step, per_epoch * settings.epochs, size)
                with maker.autocast():
                    scores = model(images)
                loss = _loss(scores.float(), targets)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                step += 1
    finally:
        np.random.set_state(state)
    return model.eval()


@torch.no_grad()
def task_scores(model: TaskModel, maker: FeatureMaker, ids: Sequence[str]) -> tuple[torch.Tensor, np.ndarray]:
    """Scores (n, K) float32 on the CPU, before softmax or sigmoid, and the labels of the samples ``ids``."""
    parts, labels = [], []
    for samples in maker.reader.batches(ids, maker.batch):
        images = maker.inputs(samples)
        with maker.autocast():
            parts.append(model(images).float().cpu())
        labels += [sample.label for sample in samples]
    return torch.cat(parts), np.stack(labels)


def trainable_copy(encoder: Encoder) -> Encoder:
    """The same encoder with weights of its own, float32, without tensors of an earlier task."""
    with torch.device("meta"):
        copy = Encoder(replace(encoder.config, decoder=None))
    state = encoder.state_dict()
    own = {name: state[name].detach().to(torch.float32, copy=True) for name in copy.state_dict()}
    copy.load_state_dict(own, assign=True)
    copy.info = encoder.info
    return copy


def save_task(model: TaskModel, path: Path, dataset: EvaluationDataset) -> None:
    """Writes encoder and head as a task file (METHOD, section 8): ``head.weight`` and ``head.bias`` beside the encoder.

    The metadata name dataset, classes, modalities, fusion and pooling. OutputError where it cannot be written.
    """
    encoder = model.encoder
    encoder.extra = {f"head.{name}": tensor for name, tensor in model.head.state_dict().items()}
    task = {
        "dataset": dataset.name,
        "task": dataset.task,
        "classes": list(dataset.classes),
        "inputs": [modality.name for modality in dataset.modalities],
        "fusion": model.fusion if len(dataset.modalities) > 1 else "",
        "pooling": model.pooling,
        "from": {"name": encoder.info.name, "sha256": encoder.info.sha256},
    }
    name = f"{encoder.info.name}-{dataset.name}"
    metadata = {"name": name, "title": f"{encoder.info.title}, fine-tuned on {dataset.name}", "random": "false"}
    save_checkpoint(encoder, path, metadata | {"smarties_task": json.dumps(task, ensure_ascii=False)})


def turned(images: Sequence[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
    """Every sample of square ``images`` (B, C_i, S, S) in one of the eight positions of a square, drawn at random."""
    drawn = torch.randint(8, (len(images[0]),), generator=generator)
    found = [image.clone() for image in images]
    for position in range(1, 8):
        places = torch.nonzero(drawn == position)[:, 0]
        if len(places):
            for image, made in zip(images, found, strict=True):
                chosen = image[places.to(image.device)]
                chosen = chosen.flip(3) if position >= 4 else chosen
                made[places.to(image.device)] = torch.rot90(chosen, position % 4, (2, 3))
    return found


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and not name.endswith("cls_token")


def _mixer(settings: FinetuneSettings, classes: int) -> Mixup | None:
    if not settings.mixup and not settings.cutmix:
        return None
    return Mixup(settings.mixup, settings.cutmix, label_smoothing=0.0, num_classes=classes)


def _mixed(
    mixer: Mixup, images: Sequence[torch.Tensor], targets: torch.Tensor
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """All modalities mixed alike; targets (B,) become shares (B, K)."""
    bands = [image.shape[1] for image in images]
    both, shares = mixer(torch.cat(list(images), dim=1), targets)
    return list(both.split(bands, dim=1)), shares


def _loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if targets.ndim == 2 and targets.dtype == torch.bool:
        return functional.binary_cross_entropy_with_logits(scores, targets.float())
    return functional.cross_entropy(scores, targets)
