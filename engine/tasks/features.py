"""Raw chips of one or several sensors in, features out: the part every mapping task shares."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from engine.errors import CancelledError
from engine.model.encoder import Encoder
from engine.model.fusion import fused_blocks, fused_features, fused_width
from engine.model.own_layers import with_own_layers
from engine.raster.resize import resize
from engine.tasks.inputs import PreparedImage

LOGGER = logging.getLogger("smarties")

#: Best on a CPU (PEERS, speed): larger batches leave the cache.
CPU_BATCH = 8
#: A GPU needs enough chips in flight; halved while memory does not suffice.
GPU_BATCH = 64

Tensors = list[torch.Tensor]


class FeatureExtractor:
    """Harmonises, resizes and encodes batches of chips.

    ``width`` is the number of values per token or per chip. The bands of every image
    are compiled to one patch embedding on first use. Use it as a context manager:
    inside, ``cancelled`` is asked before every block of the encoder, so that a slow
    model stops within a chip.
    """

    def __init__(
        self,
        encoder: Encoder,
        images: Sequence[PreparedImage],
        fusion: str,
        device: torch.device,
        batch: int | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.encoder = encoder
        self.fusion = fusion
        self.device = device
        self.batch = batch or (CPU_BATCH if device.type == "cpu" else GPU_BATCH)
        self.width = fused_width(encoder.width, fusion, len(images))
        self.notes: list[str] = []
        #: What was encoded so far, and how long that took.
        self.chips, self.seconds = 0, 0.0
        #: Per image, the layers of its bands in this encoder, those of one's own among them.
        self.bands = [with_own_layers(encoder, image.assignments) for image in images]
        self._harmonisers = [image.harmoniser(device) for image in images]
        # The size the weights were trained at: 14 × 14 tokens of 16 px for the released ones.
        self._side = encoder.config.grid * encoder.patch

        self._cancelled = cancelled
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        def stop_when_cancelled(*_: object) -> None:
            if self._cancelled():
                raise CancelledError("Cancelled; nothing was written.")

        self._hooks = [block.register_forward_pre_hook(stop_when_cancelled) for block in self.encoder.blocks]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def __call__(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], level: str) -> np.ndarray:
        """Features of a batch of chips.

        ``values``: per image (B, C, chip, chip) raw; ``valid``: per image (B, chip, chip)
        bool. Returns float32 (B, D, T, T) for level "tokens", (B, D) for "chips".
        A batch that does not fit the GPU is halved, and the smaller size kept.
        """

        def encode(images: Tensors) -> Tensors:
            features = fused_features(self.encoder, images, self.bands, self.fusion)
            return [(features.cls if level == "chips" else features.tokens).float().cpu()]

        return self._in_batches(values, valid, encode)[0].numpy()

    def blocks(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], numbers: Sequence[int]) -> Tensors:
        """Outputs of these blocks of the encoder (0 is the first) for a batch of chips, before any final norm.

        ``values`` and ``valid`` as for a call. Returns per block float32 (B, D, T, T) on the extractor's device, made
        in inference mode: clone them to train on them. Raises JobError for images fused by mixup.
        """

        def encode(images: Tensors) -> Tensors:
            return [block.float() for block in fused_blocks(self.encoder, images, self.bands, self.fusion, numbers)]

        return self._in_batches(values, valid, encode)

    @torch.inference_mode()
    def harmonised(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray]) -> Tensors:
        """Per image the model's input (B, C, S, S) of a batch of chips, in the encoder's type, on the device."""
        images = []
        for harmonise, raw, mask in zip(self._harmonisers, values, valid, strict=True):
            harmonised = harmonise(torch.from_numpy(raw).to(self.device), torch.from_numpy(mask).to(self.device))
            images.append(resize(harmonised, self._side, self._side).to(self.encoder.dtype))
        return images

    @torch.inference_mode()
    def _in_batches(
        self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], encode: Callable[[Tensors], Tensors]
    ) -> Tensors:
        """What ``encode`` makes of the harmonised chips, in batches that fit the device, one after the other."""
        begun = time.monotonic()
        parts: list[Tensors] = []
        start = 0
        while start < len(values[0]):
            stop = start + self.batch
            try:
                parts.append(encode(self.harmonised([v[start:stop] for v in values], [v[start:stop] for v in valid])))
                start = stop
            except torch.cuda.OutOfMemoryError:
                if self.batch == 1:
                    raise
                self.batch = max(1, self.batch // 2)
                self.notes.append(f"The GPU's memory did not suffice; batches of {self.batch} chips are used.")
                LOGGER.warning(self.notes[-1])
                torch.cuda.empty_cache()
        self.chips, self.seconds = self.chips + len(values[0]), self.seconds + time.monotonic() - begun
        # One part keeps the memory layout of the tokens (dimensions last), which the blender adds fastest.
        return parts[0] if len(parts) == 1 else [torch.cat(same) for same in zip(*parts, strict=True)]
