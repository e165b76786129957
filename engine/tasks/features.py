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
from engine.model.encoder import Encoder, Features
from engine.model.fusion import fused_features, fused_width
from engine.raster.resize import resize
from engine.tasks.inputs import PreparedImage

LOGGER = logging.getLogger("smarties")

#: Best on a CPU (PEERS, speed): larger batches leave the cache.
CPU_BATCH = 8
#: A GPU needs enough chips in flight; halved while memory does not suffice.
GPU_BATCH = 64


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
        self._bands = [image.assignments for image in images]
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
        begun = time.monotonic()
        parts = []
        start = 0
        while start < len(values[0]):
            stop = start + self.batch
            try:
                parts.append(self._encode([v[start:stop] for v in values], [v[start:stop] for v in valid], level))
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
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @torch.inference_mode()
    def _encode(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], level: str) -> np.ndarray:
        images = []
        for harmonise, raw, mask in zip(self._harmonisers, values, valid, strict=True):
            harmonised = harmonise(torch.from_numpy(raw).to(self.device), torch.from_numpy(mask).to(self.device))
            images.append(resize(harmonised, self._side, self._side).to(self.encoder.dtype))
        features: Features = fused_features(self.encoder, images, self._bands, self.fusion)
        chosen = features.cls if level == "chips" else features.tokens
        return chosen.float().cpu().numpy()
