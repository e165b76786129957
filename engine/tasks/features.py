"""Raw chips of one or several sensors in, features out: the part every mapping task shares."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from engine.errors import CancelledError, DeviceError
from engine.model.devices import DTYPES, choose_precision, free_bytes, is_out_of_memory
from engine.model.encoder import Encoder
from engine.model.fusion import fused_blocks, fused_features, fused_width
from engine.model.own_layers import with_own_layers
from engine.raster.resize import resize
from engine.tasks.compiling import CompiledBlocks, worth_compiling
from engine.tasks.inputs import PreparedImage
from engine.tasks.stopwatch import Stopwatch

LOGGER = logging.getLogger("smarties")

#: Best on a CPU (PEERS, speed): larger batches leave the cache.
CPU_BATCH = 8
#: Fills a large GPU: 25,000 tokens in one matrix product. More gains nothing, and a cancelled run stops later.
GPU_BATCH = 128
#: Of the GPU's free memory a batch takes this share at most: what is in flight beside it has its place, too.
_BATCH_SHARE = 0.5
#: Whether compiling pays is told by the pace of so many batches, after as many that warm the GPU up.
_PACE_BATCHES = 3

Tensors = list[torch.Tensor]


class FeatureExtractor:
    """Harmonises, resizes and encodes batches of chips.

    ``width`` is the number of values per token or per chip. The bands of every image
    are compiled to one patch embedding on first use. Use it as a context manager:
    inside, ``cancelled`` is asked before every block of the encoder, so that a slow
    model stops within a chip.

    A batch that does not fit the memory is halved, and the smaller size kept; where a GPU has no room for a single
    chip, model and chips move to the processor. ``notes`` tell the user of it. DeviceError where that has no room
    either. Nothing waits for the GPU but what gives numpy arrays.
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
        self.width = fused_width(encoder.width, fusion, len(images))
        # By what they are about: of several sizes of a batch only the last one is told.
        self._notes: dict[str, str] = {}
        #: Per image, the layers of its bands in this encoder, those of one's own among them.
        self.bands = [with_own_layers(encoder, image.assignments) for image in images]
        # The size the weights were trained at: 14 × 14 tokens of 16 px for the released ones.
        self._side = encoder.config.grid * encoder.patch
        self.batch = batch or (CPU_BATCH if device.type == "cpu" else self._fitting_batch())

        self._images = images
        self._harmonisers = [image.harmoniser(device) for image in images]
        self._watch = Stopwatch(device)
        self._compiled: CompiledBlocks | None = None
        self._may_compile = device.type == "cuda"
        # How often it was asked whether to compile, and seconds and chips when the GPU was warm.
        self._asked, self._warm = 0, (0.0, 0)
        self._cancelled = cancelled
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        self._ask_in_blocks()
        return self

    def __exit__(self, *_: object) -> None:
        self._ask_no_more()
        if self._compiled is not None:
            self._compiled.undo()

    @property
    def notes(self) -> list[str]:
        """What the user should know of how it went."""
        return [*self._notes.values()]

    @property
    def chips(self) -> int:
        """How many chips were encoded so far."""
        return self._watch.count

    @property
    def seconds(self) -> float:
        """How long they took on the device; waits for it."""
        return self._watch.seconds

    def __call__(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], level: str) -> np.ndarray:
        """Features of a batch of chips.

        ``values``: per image (B, C, chip, chip) raw; ``valid``: per image (B, chip, chip)
        bool. Returns float32 (B, D, T, T) for level "tokens", (B, D) for "chips".
        """
        return self.features(_tensors(values), _tensors(valid), level).cpu().numpy()

    def features(self, values: Tensors, valid: Tensors, level: str) -> torch.Tensor:
        """As a call, of tensors on any device; the result is on the device of the extractor."""

        def encode(images: Tensors) -> Tensors:
            count = len(images[0])
            features = fused_features(self.encoder, self._filled(images), self.bands, self.fusion)
            return [(features.cls if level == "chips" else features.tokens).float()[:count]]

        return self._in_batches(values, valid, encode)[0]

    def blocks(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], numbers: Sequence[int]) -> Tensors:
        """Outputs of these blocks of the encoder (0 is the first) for a batch of chips, before any final norm.

        ``values`` and ``valid`` as for a call. Returns per block float32 (B, D, T, T) on the extractor's device, made
        in inference mode: clone them to train on them. Raises JobError for images fused by mixup.
        """

        def encode(images: Tensors) -> Tensors:
            return [block.float() for block in fused_blocks(self.encoder, images, self.bands, self.fusion, numbers)]

        return self._in_batches(_tensors(values), _tensors(valid), encode)

    def harmonised(self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray]) -> Tensors:
        """Per image the model's input (B, C, S, S) of a batch of chips, in the encoder's type, on the device."""
        return self.model_input(_tensors(values), _tensors(valid))

    @torch.inference_mode()
    def model_input(self, values: Tensors, valid: Tensors) -> Tensors:
        """As ``harmonised``, of tensors on any device."""
        images = []
        for harmonise, raw, mask in zip(self._harmonisers, values, valid, strict=True):
            harmonised = harmonise(raw, mask)
            images.append(resize(harmonised, self._side, self._side).to(self.encoder.dtype))
        return images

    def compile_if_worthwhile(self, chips_ahead: int) -> None:
        """Compiles the encoder's blocks where ``chips_ahead`` more take so long on this GPU that it pays.

        To be asked before every batch: the first ones tell how fast the GPU is.
        """
        if not self._may_compile:
            return
        self._asked += 1
        if self._asked == 1 + _PACE_BATCHES:
            self._warm = (self._watch.seconds, self._watch.count)
        if self._asked != 1 + 2 * _PACE_BATCHES:
            return
        chip_s = (self._watch.seconds - self._warm[0]) / max(1, self._watch.count - self._warm[1])
        self._may_compile = False
        if worth_compiling(self.encoder, chips_ahead * chip_s):
            # A question to Python in every block would break the compiled code: between batches is soon enough.
            self._ask_no_more()
            self._compiled = CompiledBlocks(self.encoder)

    def _filled(self, images: Tensors) -> Tensors:
        """A last, smaller batch filled up where the model is compiled: another size would be compiled anew."""
        missing = self.batch - len(images[0])
        if self._compiled is None or missing <= 0:
            return images
        return [torch.cat([image, image[-1:].expand(missing, -1, -1, -1)]) for image in images]

    @torch.inference_mode()
    def _in_batches(self, values: Tensors, valid: Tensors, encode: Callable[[Tensors], Tensors]) -> Tensors:
        """What ``encode`` makes of the harmonised chips, in batches that fit the device, one after the other."""
        parts: list[Tensors] = []
        start, count = 0, len(values[0])
        while start < count:
            piece = slice(start, min(start + self.batch, count))
            made = self._attempt([v[piece] for v in values], [v[piece] for v in valid], encode)
            if made is None:
                self._take_less(piece.stop - start)
                continue
            parts.append(made)
            start = piece.stop
        # One part keeps the memory layout of the tokens (dimensions last), which the blender adds fastest.
        if len(parts) == 1:
            return parts[0]
        joined = [*zip(*parts, strict=True)]
        try:
            return [torch.cat([part.to(self.device) for part in same]) for same in joined]
        except torch.OutOfMemoryError:
            return [torch.cat([part.cpu() for part in same]) for same in joined]

    def _attempt(self, values: Tensors, valid: Tensors, encode: Callable[[Tensors], Tensors]) -> Tensors | None:
        """What ``encode`` makes of the chips, None where the memory does not suffice. Frees all that was tried."""
        try:
            with self._watch.piece(len(values[0])):
                return encode(self.model_input(values, valid))
        except Exception as error:
            if is_out_of_memory(error):
                LOGGER.info("%d chips do not fit: %s", len(values[0]), error)
                return None
            # The compiler meets a machine's other tools on the first batch: what it lacks must not end a run.
            if self._compiled is None or isinstance(error, CancelledError):
                raise
            LOGGER.warning("the compiled model failed", exc_info=error)
            self._notes["compiling"] = (
                f"The model could not be compiled ({type(error).__name__}): it ran a little slower."
            )
            self._compiled.undo(failed=True)
            self._compiled = None
            self._ask_in_blocks()
        return self._attempt(values, valid, encode)

    def _take_less(self, tried: int) -> None:
        """Halve the batch; where a single chip was tried, move to the processor, or raise DeviceError on it."""
        if tried > 1:
            self.batch = tried // 2
            owner = "machine" if self.device.type == "cpu" else "GPU"
            note = f"The memory of the {owner} did not suffice; batches of {self.batch} chips are used."
        elif self.device.type == "cpu":
            raise DeviceError(
                "The memory of this machine does not suffice for a single chip.", "Use a smaller chip or model."
            )
        else:
            self._move_to_cpu()
            note = (
                "The memory of the GPU did not suffice for a single chip: the processor did the rest, more slowly."
                " Close other programs that use the GPU, or choose the device cpu."
            )
        self._notes["memory"] = note
        LOGGER.warning(note)
        torch.cuda.empty_cache()

    def _move_to_cpu(self) -> None:
        if self._compiled is not None:
            self._compiled.undo()
            self._compiled = None
            self._ask_in_blocks()
        self.device, self.batch, self._may_compile = torch.device("cpu"), CPU_BATCH, False
        wanted = "fp32" if self.encoder.dtype == torch.float32 else "auto"
        with torch.inference_mode(False):
            self.encoder.to(self.device, DTYPES[choose_precision(wanted, self.device)])
        self._harmonisers = [image.harmoniser(self.device) for image in self._images]
        self._watch = Stopwatch(self.device)

    def _fitting_batch(self) -> int:
        """How many chips a GPU takes at once, by the memory that is free."""
        encoder, inputs = self.encoder, sum(map(len, self.bands))
        tokens = encoder.config.grid**2 + 1
        streams = len(self.bands) if self.fusion == "mixup" else 1
        # float32 while harmonised (twice), between the two products, and resized; then in the weights' type, twice.
        pixel = 4 * 4 + 2 * encoder.dtype.itemsize
        # Residual, norm, query, key, value, attention, the hidden layer before and after; features in float32, twice.
        token = encoder.width * (14 * encoder.dtype.itemsize * streams + 2 * 4 * self.width // encoder.width)
        chip = inputs * self._side**2 * pixel + tokens * token
        return max(1, min(GPU_BATCH, int(_BATCH_SHARE * free_bytes(self.device) / chip)))

    def _ask_in_blocks(self) -> None:
        def stop_when_cancelled(*_: object) -> None:
            if self._cancelled():
                raise CancelledError("Cancelled; nothing was written.")

        self._hooks = [block.register_forward_pre_hook(stop_when_cancelled) for block in self.encoder.blocks]

    def _ask_no_more(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []


def _tensors(arrays: Sequence[np.ndarray]) -> Tensors:
    """The arrays as tensors that share their memory; PyTorch has no read-only ones, so such an array is copied."""
    return [torch.from_numpy(np.require(array, None, "W")) for array in arrays]
