"""What does it cost to project what the encoder does not see? A training step's projection, forward and backward.

    python benchmarks/visible_tokens.py

Eight Sentinel-2 images of 12 bands and 224 px, 75 % of whose tokens are hidden, through the spectrum projection of
ViT-B, and the gradients of its layers. Plain: all tokens are projected, one layer after the other with masks, and the
visible ones are taken. Ours: the visible ones are taken and projected by one matrix product. Both in float32.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Comparison, benchmark, difference, in_turn  # noqa: E402
from benchmarks.made_scene import SIDE  # noqa: E402
from benchmarks.plain_model import PlainEncoder, layer_numbers, patches_of  # noqa: E402
from engine.model.autoencoder import TokenMasks  # noqa: E402
from engine.model.config import CONFIGS, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.model.projection import patchify  # noqa: E402

AGREE = 1e-4
BATCH = 8


def main() -> None:
    """Measure, print, and write the record."""
    benchmark(
        "visible-tokens", "Projecting only visible tokens", __doc__,
        lambda rounds: [compare(CONFIGS["vit-b"], BATCH, rounds)],
    )  # fmt: skip


def compare(config: ModelConfig, batch: int, rounds: int) -> Comparison:
    """Both ways of projecting the visible tokens of ``batch`` images, and back."""
    ours = random_autoencoder(config, 0).train()
    plain = PlainEncoder.with_weights_of(ours).train()
    side, count = config.grid * config.patch, config.grid**2
    numbers = torch.Generator().manual_seed(0)
    image = torch.randn(batch, len(SIDE.bands), side, side, generator=numbers)
    take, hide = (torch.rand(batch, count, generator=numbers) for _ in range(2))
    visible = TokenMasks.drawn(take, hide).visible
    arriving = torch.randn(batch, visible.shape[1], config.width, generator=numbers)

    def seen(values: torch.Tensor) -> torch.Tensor:
        return values.gather(1, visible[:, :, None].expand(-1, -1, values.shape[2]))

    def projected_plainly() -> torch.Tensor:
        patches = patches_of(image, config.patch)
        return seen(plain.spectrum_projection(patches, layer_numbers(SIDE.bands, patches)))

    def projected() -> torch.Tensor:
        return ours.spectrum_projection(seen(patchify(image, config.patch)), SIDE.bands)

    def step(model: torch.nn.Module, tokens: Callable[[], torch.Tensor]) -> None:
        model.zero_grad()
        (tokens() * arriving).sum().backward()

    def gradients(model: torch.nn.Module) -> torch.Tensor:
        layers = [embed.proj.weight.grad for embed in model.spectrum_projection.spectrum_embeds]  # type: ignore[union-attr]
        return torch.stack([layer for layer in layers if layer is not None])

    ways: dict[str, Callable[[], object]] = {
        "plain, fp32": lambda: step(plain, projected_plainly),
        "ours, fp32": lambda: step(ours, projected),
    }
    difference("visible tokens", projected().detach(), projected_plainly().detach(), AGREE)
    for run in ways.values():
        run()
    share = difference("gradients", gradients(ours), gradients(plain), AGREE)
    what = f"{batch} images of {len(SIDE.bands)} bands, {visible.shape[1]} of {count} tokens, {config.width} wide"
    return Comparison(what, in_turn(ways, rounds), {"ours, fp32": share}, {"ours, fp32": 15.0})


if __name__ == "__main__":
    main()
