"""The UPerNet head: four blocks of the encoder, a feature pyramid, pixels (METHOD, section 6: PANGAEA's protocol)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Self

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from engine.errors import CheckpointError
from engine.heads.head import HeadInfo
from engine.model import _torchvision  # noqa: F401  (before anything imports timm)

# smp imports all its encoders, and with them timm.
from segmentation_models_pytorch.decoders.upernet.decoder import PSPModule, UPerNetDecoder  # isort: skip

#: The decoder's channels in the protocol, for ViT-B and wider; a narrower encoder has two for each three of its values.
CHANNELS = 512
_PER_VALUE = 2 / 3
#: Outputs of a ViT-B's twelve blocks that the protocol takes are 3, 5, 7 and 11: these shares of the depth.
_DEPTHS = (4 / 12, 6 / 12, 8 / 12, 12 / 12)
_DROPOUT = 0.1
_POOLS = (1, 2, 3, 6)


def block_numbers(depth: int) -> tuple[int, ...]:
    """The encoder's blocks that the head takes, from 0: 3, 5, 7 and 11 of twelve, the same shares of other depths."""
    return tuple(max(0, round(share * depth) - 1) for share in _DEPTHS)


def decoder_channels(width: int) -> int:
    """The decoder's channels for features of ``width`` values: 512 from ViT-B on, 128 for ViT-Ti."""
    return min(CHANNELS, max(8, round(_PER_VALUE * width / 8) * 8))


class UPerNet(nn.Module):
    """Four maps (B, D, T, T) of a plain ViT → scores (B, K, 4·T, 4·T).

    The maps are brought to 4, 2, 1 and ½ times their size, as if they came from a network with a pyramid of its own.
    """

    def __init__(self, width: int, classes: int, channels: int) -> None:
        super().__init__()
        self.four_times = nn.Sequential(
            nn.ConvTranspose2d(width, width, 2, 2),
            nn.BatchNorm2d(width),
            nn.GELU(),
            nn.ConvTranspose2d(width, width, 2, 2),
        )
        self.twice = nn.ConvTranspose2d(width, width, 2, 2)
        self.halved = nn.MaxPool2d(2, 2)
        self.decoder = UPerNetDecoder((0, 0, width, width, width, width), decoder_channels=channels)
        # Where a chip is pooled to one value, a batch norm would see one value per chip: with few chips it learns
        # nothing but them, and goes astray on others.
        self.decoder.psp = PSPModule(width, channels, _POOLS, use_norm="identity")
        self.dropout = nn.Dropout2d(_DROPOUT)
        self.classifier = nn.Conv2d(channels, classes, 1)

    def forward(self, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
        """See the class."""
        first, second, third, fourth = blocks
        levels = [self.four_times(first), self.twice(second), third, self.halved(fourth)]
        # The decoder skips two finer levels, which a ViT does not have.
        return self.classifier(self.dropout(self.decoder([first, first, *levels])))


class UPerNetHead:
    """Scores pixels of chips from four blocks of the encoder (``block_numbers`` of its depth).

    Unlike a ``TokenHead`` it looks at a whole chip at once. It is for inference: ``network`` is in evaluation mode.
    """

    KIND: ClassVar[str] = "upernet"

    def __init__(self, info: HeadInfo, network: UPerNet) -> None:
        self.info = info
        self.network = network.eval()

    @torch.inference_mode()
    def logits(self, blocks: Sequence[torch.Tensor], side: int) -> torch.Tensor:
        """Four blocks (B, D, T, T) → scores (B, K, side, side) float32 of a chip's pixels, on the head's device."""
        device = self.network.classifier.weight.device
        scores = self.network([block.to(device, torch.float32) for block in blocks])
        return to_pixels(scores, side)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What the head is, by name, as ``from_tensors`` takes it."""
        return self.network.state_dict()

    def to(self, device: torch.device) -> Self:
        """The same head, computing on ``device``."""
        self.network.to(device)
        return self

    def on_each_part(self, ask: Callable[[], None]) -> None:
        """Calls ``ask`` before every convolution: it may raise, so that a slow head stops within a chip."""
        ask_before_convolutions(self.network, ask)

    @classmethod
    def from_tensors(cls, info: HeadInfo, tensors: Mapping[str, torch.Tensor]) -> Self:
        """The head that ``tensors`` gave. Raises CheckpointError where they do not fit."""
        classifier = tensors.get("classifier.weight", torch.empty(0)).shape
        if len(classifier) != 4:
            raise CheckpointError("The upernet head lacks its classifier.", "Train it again.")
        with torch.device("meta"):
            network = UPerNet(info.dims, len(info.classes), classifier[1])
        if any(tensor.is_floating_point() and not bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise CheckpointError("The upernet head holds numbers that are not finite.", "Train it again.")
        try:
            network.load_state_dict(tensors, assign=True)
        except RuntimeError as error:
            raise CheckpointError(
                f"The upernet head does not fit features of {info.dims} values and {len(info.classes)} classes.",
                "It is damaged, or of another version of this software: train it again.",
            ) from error
        return cls(info, network)


def to_pixels(scores: torch.Tensor, side: int) -> torch.Tensor:
    """Scores (B, K, h, w) → (B, K, side, side), bilinear."""
    return nn.functional.interpolate(scores, (side, side), mode="bilinear", align_corners=False)


def ask_before_convolutions(network: nn.Module, ask: Callable[[], None]) -> list[RemovableHandle]:
    """Calls ``ask`` before every convolution of a network, until the handles are removed."""
    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))]
    return [layer.register_forward_pre_hook(lambda *_: ask()) for layer in layers]
