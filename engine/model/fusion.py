"""Features of several sensors that look at the same ground (METHOD, section 6).

``stack``   all bands enter as one image: one pass, D values per token.
``concat``  each sensor alone, features side by side: one pass per sensor, n·D values.
``mixup``   tokens of two sensors swapped by a mask M, both mixtures encoded, features
            side by side: two passes, 2·D values (best in the paper's table 8).

The paper draws M at random and concatenates one vector per image. A map needs the
same result on every run and no pattern of M in it, so M is a checkerboard and, for
token maps only, every token is put back after encoding to the half of the sensor
it came from. The CLS vectors are concatenated as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.errors import JobError
from engine.model.encoder import BandList, Encoder, Features
from engine.options import FUSIONS


def fused_width(width: int, fusion: str, images: int) -> int:
    """Values per token that ``fused_features`` gives for ``images`` sensors and an encoder of ``width``."""
    return width if fusion == "stack" or images == 1 else width * images


def check_fusion(fusion: str, images: int) -> None:
    """Raises JobError when ``fusion`` is not known or does not go with this number of images."""
    if fusion not in FUSIONS:
        raise JobError(f"Fusion '{fusion}' is not known.", f"Use one of {', '.join(FUSIONS)}.")
    if fusion == "mixup" and images != 2:
        raise JobError(
            f"Mixup fusion swaps tokens between two images; {images} {'was' if images == 1 else 'were'} given.",
            "Give exactly two images, or use --fusion stack or concat.",
        )


def checkerboard(rows: int, cols: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """The deterministic mixup mask M, (rows, cols) bool: True keeps a token in the stream of its own sensor."""
    row, col = torch.arange(rows, device=device)[:, None], torch.arange(cols, device=device)[None, :]
    return (row + col) % 2 == 0


def fused_features(
    encoder: Encoder, images: Sequence[torch.Tensor], bands: Sequence[BandList], fusion: str
) -> Features:
    """Features of ``images``, one harmonised tensor (B, C_i, H, W) per sensor, all of one size.

    Returns ``cls`` (B, D') and ``tokens`` (B, D', H/P, W/P) after the final norm, with
    D' = ``fused_width(D, fusion, len(images))``. Raises JobError as ``check_fusion`` does.
    """
    if len(images) == 1:
        return encoder.features(images[0], bands[0])
    check_fusion(fusion, len(images))
    if fusion == "stack":
        return encoder.features(torch.cat(list(images), dim=1), [band for image in bands for band in image])
    if fusion == "concat":
        parts = [encoder.features(image, names) for image, names in zip(images, bands, strict=True)]
        return Features(
            cls=torch.cat([part.cls for part in parts], dim=1), tokens=torch.cat([part.tokens for part in parts], dim=1)
        )
    rows, cols = images[0].shape[-2] // encoder.patch, images[0].shape[-1] // encoder.patch
    return mixup_features(encoder, images, bands, checkerboard(rows, cols, encoder.device)[None])


def fused_blocks(
    encoder: Encoder, images: Sequence[torch.Tensor], bands: Sequence[BandList], fusion: str, blocks: Sequence[int]
) -> list[torch.Tensor]:
    """Outputs (B, D', H/P, W/P) of these ``blocks`` of the encoder, before any final norm, as ``fused_features``.

    Raises JobError for mixup, in whose inner blocks the tokens of two sensors are mixed.
    """
    check_no_mixup(fusion, len(images))
    if fusion == "stack" or len(images) == 1:
        stacked = torch.cat(list(images), dim=1) if len(images) > 1 else images[0]
        found = encoder.features(stacked, [band for image in bands for band in image], blocks=blocks).blocks
        return [found[number] for number in blocks]
    parts = [encoder.features(image, names, blocks=blocks).blocks for image, names in zip(images, bands, strict=True)]
    return [torch.cat([part[number] for part in parts], dim=1) for number in blocks]


def check_no_mixup(fusion: str, images: int) -> None:
    """Raises JobError for several images fused by mixup: what needs the encoder's inner blocks cannot use it."""
    if fusion == "mixup" and images > 1:
        raise JobError(
            "A UPerNet head looks into the encoder's blocks, where mixup fusion has the tokens of two sensors mixed.",
            "Use --fusion stack or concat, or a linear, knn or conv head.",
        )


def mixup_features(
    encoder: Encoder, images: Sequence[torch.Tensor], bands: Sequence[BandList], own: torch.Tensor
) -> Features:
    """Mixup of two sensors' images (B, C_i, H, W) by a mask ``own``, True where a token stays in its sensor's stream.

    ``own`` is (1, rows, cols) bool, the same for all samples, or (B, rows, cols). Returns as ``fused_features``.
    """
    tokens_a, tokens_b = (encoder.project(image, names) for image, names in zip(images, bands, strict=True))
    flat = own.flatten(1)[:, :, None]
    # Equations 1 and 2 of the paper; both mixtures go through the encoder as one batch.
    mixed = torch.cat([torch.where(flat, tokens_a, tokens_b), torch.where(flat, tokens_b, tokens_a)])
    encoded = encoder.encode(mixed, (own.shape[1], own.shape[2]))
    (cls_a, cls_b), (map_a, map_b) = encoded.cls.chunk(2), encoded.tokens.chunk(2)
    place = own[:, None]
    return Features(
        cls=torch.cat([cls_a, cls_b], dim=1),
        tokens=torch.cat([torch.where(place, map_a, map_b), torch.where(place, map_b, map_a)], dim=1),
    )
