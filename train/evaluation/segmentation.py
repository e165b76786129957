"""Segmentation with a frozen encoder: a 1×1 convolution, and UPerNet (METHOD, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from engine.heads.upernet import UPerNet, block_numbers, decoder_channels
from engine.model.fusion import check_no_mixup, fused_blocks, fused_features, fused_width
from train.evaluation.dataset import IGNORED, Sample
from train.evaluation.features import FeatureMaker
from train.evaluation.linear_probe import BETAS, RATE_BATCH
from train.evaluation.metrics import confusion_matrix

#: Of one sample: per block its tokens (D', T, T) float16, and its labels (h, w) int16.
_Kept = tuple[list[torch.Tensor], np.ndarray]

#: Features are kept in half precision until they fill this; those beyond it are made anew in every epoch.
KEPT_BYTES = 8 * 2**30
#: What the scores of a step's pixels may take.
_SCORE_BYTES = 512 * 2**20


@dataclass(frozen=True)
class SegmentationSettings:
    """How a head is trained: AdamW, the rate a tenth from each of the shares ``drops`` of the ``epochs`` on.

    ``rate`` is that of one step of ``batch`` samples; where it is ``scaled``, that of 256, and it scales with the
    number of samples in a step.
    """

    epochs: int
    batch: int
    rate: float
    decay: float
    drops: tuple[float, ...]
    scaled: bool = False
    betas: tuple[float, float] = (0.9, 0.999)


#: "conv" is trained as the linear probe is, which is how the released code does it for DFC2020; "upernet" as PANGAEA.
SETTINGS = {
    "conv": SegmentationSettings(100, 1024, 1e-3, 0.0, (0.6, 0.8), scaled=True, betas=BETAS),
    "upernet": SegmentationSettings(80, 8, 1e-4, 0.05, (0.6, 0.9)),
}


class ConvHead(nn.Module):
    """Tokens (B, D, T, T) → scores (B, K, T, T), by a 1×1 convolution."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
        """See the class; ``blocks`` holds one tensor."""
        return self.classifier(blocks[0])


class DenseFeatures:
    """Features and labels of samples as a head of ``kind`` takes them, made on demand and kept.

    "upernet" takes four blocks of the encoder; "conv" the last one, before the final norm, as the released code does.
    With mixup fusion, whose tokens are put back after the encoder, "conv" takes those after the norm; "upernet" refuses
    it with a JobError.
    """

    def __init__(self, maker: FeatureMaker, kind: str, kept_bytes: int = KEPT_BYTES) -> None:
        self.maker, self.kind = maker, kind
        self._mixup = maker.settings.fusion == "mixup" and len(maker.bands) > 1
        if kind == "upernet":
            check_no_mixup(maker.settings.fusion, len(maker.bands))
        depth = maker.encoder.depth
        self._numbers = block_numbers(depth) if kind == "upernet" else (depth - 1,)
        self._left = kept_bytes
        self._kept: dict[str, _Kept] = {}

    @property
    def width(self) -> int:
        """Values per token."""
        return fused_width(self.maker.encoder.width, self.maker.settings.fusion, len(self.maker.bands))

    def prepare(self, ids: Sequence[str]) -> None:
        """Makes those of the samples ``ids`` ahead, as many as are kept."""
        for part, samples in self._parts(ids):
            if not self._left:
                break
            self._make(part, samples)

    def __call__(self, ids: Sequence[str]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Per block (B, D', T, T) float32, and per sample its labels (h, w) int64, both on the encoder's device."""
        found = {sample_id: self._kept[sample_id] for sample_id in ids if sample_id in self._kept}
        missing = [sample_id for sample_id in ids if sample_id not in found]
        for start in range(0, len(missing), self.maker.batch):
            part = missing[start : start + self.maker.batch]
            found |= self._make(part, [self.maker.reader.read(sample_id) for sample_id in part])
        return self._batch([found[sample_id] for sample_id in ids])

    def stream(self, ids: Sequence[str]) -> Iterator[tuple[list[torch.Tensor], list[torch.Tensor]]]:
        """As a call, for all of ``ids`` in batches, read ahead and not kept."""
        for part, samples in self._parts(ids):
            yield self._batch(list(self._make(part, samples, keep=False).values()))

    def _parts(self, ids: Sequence[str]) -> Iterator[tuple[Sequence[str], list[Sample]]]:
        size = self.maker.batch
        starts = range(0, len(ids), size)
        batches = zip(starts, self.maker.reader.batches(ids, size), strict=True)
        for start, samples in tqdm(batches, "features", total=len(starts), disable=None, leave=False):
            yield ids[start : start + size], samples

    def _batch(self, found: Sequence[_Kept]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        device = self.maker.encoder.device
        blocks = [torch.stack(each).to(device).float() for each in zip(*(halves for halves, _ in found), strict=True)]
        return blocks, [torch.from_numpy(label.astype(np.int64)).to(device) for _, label in found]

    @torch.no_grad()
    def _make(self, ids: Sequence[str], samples: Sequence[Sample], keep: bool = True) -> dict[str, _Kept]:
        maker = self.maker
        images = maker.inputs(samples)
        with maker.autocast():
            if self._mixup:
                blocks = [fused_features(maker.encoder, images, maker.bands, "mixup").tokens]
            else:
                blocks = fused_blocks(maker.encoder, images, maker.bands, maker.settings.fusion, self._numbers)
        halves = [block.half().cpu() for block in blocks]
        made: dict[str, _Kept] = {}
        for place, (sample_id, sample) in enumerate(zip(ids, samples, strict=True)):
            # Copied: a view would keep the whole batch in memory.
            made[sample_id] = [half[place].clone() for half in halves], sample.label.astype(np.int16)
            size = sum(half[place].nbytes for half in halves) + made[sample_id][1].nbytes
            if keep and sample_id not in self._kept:
                self._left = self._left - size if size <= self._left else 0
                if self._left:
                    self._kept[sample_id] = made[sample_id]
        return made


def train_segmentation(
    features: DenseFeatures, ids: Sequence[str], classes: int, seed: int, epochs: int | None = None
) -> nn.Module:
    """A head of the features' kind in evaluation mode, trained on the samples ``ids``; equal for equal seed.

    ``epochs`` None is the protocol's. Pixels of ``IGNORED`` label do not count.
    """
    settings = SETTINGS[features.kind]
    epochs = epochs or settings.epochs
    device = features.maker.encoder.device
    features.prepare(ids)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        width = features.width
        head: nn.Module = (
            ConvHead(width, classes) if features.kind == "conv" else UPerNet(width, classes, decoder_channels(width))
        )
        head = head.to(device).train()
        label = features.maker.reader.read(ids[0]).label
        most = max(1, _SCORE_BYTES // (3 * 4 * classes * label.size))
        size = min(settings.batch, len(ids), most)
        rate = settings.rate * (size / RATE_BATCH if settings.scaled else 1.0)
        optimiser = torch.optim.AdamW(head.parameters(), lr=rate, betas=settings.betas, weight_decay=settings.decay)
        drops = [max(1, round(share * epochs)) for share in settings.drops]
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, drops, 0.1)
        generator = np.random.default_rng(seed)
        for _ in tqdm(range(epochs), features.kind, disable=None, leave=False):
            order = generator.permutation(len(ids))
            for batch in np.array_split(order, -(-len(ids) // size)):
                blocks, labels = features([ids[place] for place in batch.tolist()])
                loss = _loss(head(blocks), labels)
                if loss is None:
                    continue
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            schedule.step()
    return head.eval()


def _loss(scores: torch.Tensor, labels: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """The mean cross-entropy of the labelled pixels of samples of any sizes; None where no pixel is labelled."""
    counted = sum(int((label != IGNORED).sum()) for label in labels)
    if not counted:
        return None
    total = scores.new_zeros(())
    for places, label in _same_size(labels):
        pixels = to_labels(scores[places], label.shape[-2:])
        total = total + functional.cross_entropy(pixels, label, ignore_index=IGNORED, reduction="sum")
    return total / counted


def _same_size(labels: Sequence[torch.Tensor]) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Numbers of samples whose labels are of one size, and these labels (b, h, w)."""
    shapes: dict[torch.Size, list[int]] = {}
    for place, label in enumerate(labels):
        shapes.setdefault(label.shape, []).append(place)
    for places in shapes.values():
        yield places, torch.stack([labels[place] for place in places])


def to_labels(scores: torch.Tensor, size: torch.Size | tuple[int, int]) -> torch.Tensor:
    """Scores (B, K, T, T) → (B, K, h, w), bilinear."""
    return functional.interpolate(scores, tuple(size), mode="bilinear", align_corners=False)


@torch.no_grad()
def measure_confusion(head: nn.Module, features: DenseFeatures, ids: Sequence[str], classes: int) -> np.ndarray:
    """Pixels (K, K) of the samples ``ids`` by true and predicted class."""
    counts = np.zeros((classes, classes), np.int64)
    for blocks, labels in features.stream(ids):
        scores = head(blocks)
        for places, label in _same_size(labels):
            found = to_labels(scores[places], label.shape[-2:]).argmax(dim=1)
            counts += confusion_matrix(label.cpu().numpy(), found.cpu().numpy(), classes)
    return counts
