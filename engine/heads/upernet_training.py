"""Trains a UPerNet head on the blocks of a frozen encoder (METHOD, section 6), and measures it on unseen groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from engine.errors import CancelledError
from engine.heads.folds import FoldPlan
from engine.heads.head import HeadInfo
from engine.heads.upernet import (
    UPerNet,
    UPerNetHead,
    ask_before_convolutions,
    decoder_channels,
    to_pixels,
)
from engine.progress import CancelCallback, Progress, ProgressCallback

#: PANGAEA's protocol: AdamW, a tenth of the rate from 60 % and again from 90 % of the epochs on.
EPOCHS = 80
#: Chips per step: eight, as there; fewer where there are few chips, so that an epoch has steps enough to learn from.
_BATCH, _SMALL_BATCH, _STEPS_PER_EPOCH = 8, 2, 8
_RATE, _DECAY = 1e-4, 0.05
_DROPS = (0.6, 0.9)
#: What the scores of a batch's pixels may take; with hundreds of classes fewer chips go at once.
_SCORE_BYTES = 512 * 2**20
#: However rare a class is, its pixels count this many times as much as the most frequent one's at most.
_MOST_BALANCE = 100.0
#: What is not trained on and not tested: pixels of a class in a group that the folds do not know.
_ELSEWHERE = -2


@dataclass(frozen=True, eq=False)
class BlockChips:
    """n chips to learn from: per block float16 (n, D, T, T) on the CPU, and the labels of their pixels.

    ``classes`` and ``groups`` are (n, chip, chip) int32, -1 where nothing is labelled.
    """

    blocks: list[torch.Tensor]
    classes: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Training:
    """How to train: ``epochs`` None is the protocol's, ``balance`` lets every class count alike."""

    balance: bool
    epochs: int | None
    seed: int
    device: torch.device


def train_upernet(
    info: HeadInfo, chips: BlockChips, training: Training, progress: ProgressCallback, cancelled: CancelCallback
) -> UPerNetHead:
    """A head for the classes of ``info``; equal for equal seed on one machine. Raises CancelledError."""

    def ask() -> None:
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")

    used = np.flatnonzero((chips.classes >= 0).any(axis=(1, 2)))
    count = len(info.classes)
    device = training.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(training.seed)
        network = UPerNet(info.dims, count, decoder_channels(info.dims)).to(device).train()
        hooks = ask_before_convolutions(network, ask)
        epochs = training.epochs or EPOCHS
        optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        drops = [max(1, round(share * epochs)) for share in _DROPS]
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, drops, 0.1)
        weights = class_weights(chips.classes[used], count, training.balance).to(device)
        size = _batch_size(count, chips.classes.shape[1], len(used))
        generator = np.random.default_rng(training.seed)
        for epoch in range(epochs):
            for batch in _batches(generator.permutation(used), size):
                ask()
                scores = to_pixels(network(_on(chips.blocks, batch, device)), chips.classes.shape[1])
                target = torch.from_numpy(chips.classes[batch].astype(np.int64)).to(device)
                loss = nn.functional.cross_entropy(scores, target, weights, ignore_index=-1)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            schedule.step()
            progress(Progress((epoch + 1) / epochs, f"epoch {epoch + 1} of {epochs}"))
        _settle_norms(network, chips, used, size, device)
    for hook in hooks:
        hook.remove()
    return UPerNetHead(info, network)


def predict(head: UPerNetHead, chips: BlockChips, numbers: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The most probable class (chip, chip) int64 of every pixel of the chips ``numbers``, one chip after the other."""
    side = chips.classes.shape[1]
    for batch in _batches(numbers, _batch_size(len(head.info.classes), side, len(numbers))):
        chosen = head.logits([block[torch.from_numpy(batch)] for block in chips.blocks], side).argmax(dim=1)
        yield from zip(batch.tolist(), chosen.cpu().numpy(), strict=True)


def hidden_in_fold(chips: BlockChips, fold: np.ndarray, number: int) -> BlockChips:
    """The chips without the labels that are ``hidden`` in a fold."""
    classes = np.where(hidden(fold, number), -1, chips.classes).astype(np.int32)
    return BlockChips(chips.blocks, classes, chips.groups)


def hidden(fold: np.ndarray, number: int) -> np.ndarray:
    """What must not be learnt from in a fold: what it is tested on, and what the folds do not know of.

    ``fold`` is that of ``folds_of``; gives bool of its shape.
    """
    return (fold == number) | (fold == _ELSEWHERE)


def folds_of(plan: FoldPlan, classes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The fold of every pixel, as ``FoldPlan.fold_of``, of any shape; unlabelled pixels are in none."""
    strata = plan.strata
    span = max(int(groups.max(initial=0)), int(strata.groups.max(initial=0))) + 1
    known = strata.classes * span + strata.groups
    wanted = classes.astype(np.int64) * span + groups
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where((classes >= 0) & (known[place] == wanted), plan.fold[place], _ELSEWHERE)


def class_weights(classes: np.ndarray, count: int, balance: bool) -> torch.Tensor:
    """What a pixel of each class counts (count,) float32; a class without pixels counts nothing."""
    pixels = np.bincount(classes[classes >= 0], minlength=count).astype(np.float64)
    weights = np.where(pixels > 0, 1.0, 0.0)
    if balance:
        weights[pixels > 0] = np.minimum(pixels.max() / pixels[pixels > 0], _MOST_BALANCE)
    return torch.from_numpy((weights * (pixels > 0).sum() / weights.sum()).astype(np.float32))


def _settle_norms(network: UPerNet, chips: BlockChips, used: np.ndarray, size: int, device: torch.device) -> None:
    """Batch norms' means over all chips alike in place of a fading memory of the last few batches."""
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for batch in _batches(used, size):
            network(_on(chips.blocks, batch, device))
    network.eval()


def _batch_size(classes: int, side: int, chips: int) -> int:
    wanted = min(_BATCH, max(_SMALL_BATCH, chips // _STEPS_PER_EPOCH))
    return max(1, min(wanted, _SCORE_BYTES // (3 * 4 * classes * side * side)))


def _batches(numbers: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """``numbers`` in parts of ``size`` at most, all about equally long."""
    if len(numbers):
        yield from np.array_split(numbers, -(-len(numbers) // size))


def _on(blocks: Sequence[torch.Tensor], batch: np.ndarray, device: torch.device) -> list[torch.Tensor]:
    chosen = torch.from_numpy(batch)
    return [block[chosen].to(device).float() for block in blocks]
