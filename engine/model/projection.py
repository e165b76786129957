"""The spectrum projection: 17 learnt layers, compiled into one patch embedding per list of bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from engine.errors import JobError
from engine.model.cache import WeightCache
from engine.spectrum.assign import Assignment, assignment_for_key
from engine.spectrum.bands import Band
from engine.spectrum.layers import C_MAX, LAYERS

#: What a list of bands is given as: keys of layers, or assignments of ``engine.spectrum``.
BandList = Sequence[str | Assignment]

#: For each band, the learnt layers it is made of and their weights.
LayerWeights = tuple[tuple[tuple[int, float], ...], ...]


class PatchEmbedding(NamedTuple):
    """An ordinary patch embedding: ``weight`` (D, C, P, P) and ``bias`` (D,) of a convolution with stride P."""

    weight: torch.Tensor
    bias: torch.Tensor


def layer_weights(bands: BandList) -> LayerWeights:
    """For each of ``bands`` its learnt layers and weights.

    JobError for an empty list; UnknownBandError for a key that names no layer.
    """
    if isinstance(bands, str) or len(bands) == 0:
        raise JobError("No bands were given.", "Name at least one band, as a list of layer keys or assignments.")
    assignments = [assignment_for_key(band) if isinstance(band, str) else band for band in bands]
    return tuple(tuple(assignment.weights) for assignment in assignments)


def mix_layers(layers: Sequence[nn.Linear], weights: LayerWeights) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The weighted sums of ``layers`` that ``weights`` ask for: per band a weight (out, in) and a bias (out,), float32.

    A band that is one layer gets that layer itself, not a copy: most are, and a training step mixes them anew.
    """

    def mix(name: str, band: tuple[tuple[int, float], ...]) -> torch.Tensor:
        parts = [(share, getattr(layers[index], name).float()) for index, share in band]
        first = parts[0][1] if parts[0][0] == 1 else parts[0][0] * parts[0][1]
        return sum((share * part for share, part in parts[1:]), start=first)

    return [mix("weight", band) for band in weights], [mix("bias", band) for band in weights]


def patchify(image: torch.Tensor, patch: int) -> torch.Tensor:
    """(B, C, H, W) → (B, N, C·P·P): patches in rows from the top left; within one, bands, then rows, then columns."""
    batch, channels, height, width = image.shape
    rows, cols = height // patch, width // patch
    tiles = image.reshape(batch, channels, rows, patch, cols, patch).permute(0, 2, 4, 1, 3, 5)
    return tiles.reshape(batch, rows * cols, channels * patch * patch)


class _BandLayer(nn.Module):
    """One learnt layer, under the name it has in the released files."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Linear(patch * patch, width)


class SpectrumProjection(nn.Module):
    """Patches of any bands → tokens (METHOD, section 2)."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.spectrum_embeds = nn.ModuleList(_BandLayer(width, patch) for _ in LAYERS)
        #: The bands that the layers after the learnt ones were made for; see ``engine.model.own_layers``.
        self.own_bands: tuple[Band, ...] = ()
        self._cache: WeightCache[PatchEmbedding] = WeightCache()

    @property
    def layers(self) -> list[nn.Linear]:
        """The learnt layers, in the order of ``engine.spectrum.layers.LAYERS``, then those of ``own_bands``."""
        return [embed.proj for embed in self.spectrum_embeds]  # type: ignore[misc]

    def append_own(self, bands: Sequence[Band], weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Add a layer for each of ``bands``: ``weight`` (n, D, P·P) and ``bias`` (n, D), in the type of the others."""
        like = self.layers[0].weight
        for own_weight, own_bias in zip(weight, bias, strict=True):
            layer = _BandLayer(like.shape[0], self.patch).to(like.device, like.dtype)
            layer.load_state_dict({"proj.weight": own_weight, "proj.bias": own_bias})
            self.spectrum_embeds.append(layer)
        self.own_bands += tuple(bands)

    def compile(self, bands: BandList) -> PatchEmbedding:  # type: ignore[override]
        """One patch embedding for this list of bands, interpolated ones folded in.

        ``weight`` is (D, C, P, P), (12 / C) times the layers of the bands side by side;
        ``bias`` is (D,), (12 / C) times the sum of theirs. They have the type and the
        device of the layers. While gradients are recorded they are part of the graph;
        otherwise they are kept until the weights change, and must not be written to.

        JobError for an empty list; UnknownBandError for a key that names no layer.
        """
        weights = layer_weights(bands)
        if torch.compiler.is_compiling() or (
            torch.is_grad_enabled() and any(p.requires_grad for p in self.parameters())
        ):
            return self._compile(weights)
        return self._cache.get(weights, self.parameters(), lambda: self._compile_frozen(weights))

    def forward(self, patches: torch.Tensor, bands: BandList) -> torch.Tensor:
        """Patches (B, N, C·P·P) of :func:`patchify` → tokens (B, N, D), without position."""
        weight, bias = self.compile(bands)
        # One matrix product; on a CPU it takes half the time of the equal convolution.
        return functional.linear(patches.to(weight.dtype), weight.flatten(1), bias)

    def train(self, mode: bool = True) -> SpectrumProjection:
        """As in torch; also drops what was compiled, so that weights written through ``.data`` are seen."""
        self._cache.clear()
        return super().train(mode)

    def _compile_frozen(self, weights: LayerWeights) -> PatchEmbedding:
        # Inference tensors could not take part in a later training step.
        with torch.inference_mode(False), torch.no_grad():
            return self._compile(weights)

    def _compile(self, weights: LayerWeights) -> PatchEmbedding:
        layers = self.layers
        scale = C_MAX / len(weights)
        scaled = tuple(tuple((index, scale * share) for index, share in band) for band in weights)
        # Summed in float32 even where the layers are kept in half precision.
        weight, bias = mix_layers(layers, scaled)
        side_by_side = torch.cat(weight, dim=1).unflatten(1, (len(weights), self.patch, self.patch))
        dtype = layers[0].weight.dtype
        return PatchEmbedding(side_by_side.to(dtype), torch.stack(bias).sum(0).to(dtype))
