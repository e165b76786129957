"""The fixed 2-D sine-cosine position encoding, for any grid of tokens (METHOD, section 2)."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from engine.errors import CheckpointError
from engine.model.cache import WeightCache

#: A stored table closer than this to the computed one is the computed one, rounded.
TOLERANCE = 1e-4


def _encode(positions: torch.Tensor, width: int) -> torch.Tensor:
    """(n,) positions → (n, width): sines, then cosines, of the positions times width/2 frequencies."""
    frequencies = 10000.0 ** (-torch.arange(width // 2, dtype=torch.float64) / (width / 2))
    angles = positions[:, None] * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def sincos_table(width: int, rows: int, cols: int) -> torch.Tensor:
    """The encoding of a grid of ``rows`` × ``cols`` tokens: (1 + rows·cols, width) float32, row 0 (CLS) zero.

    The first half of a row encodes x (the column), the second y (the row). ValueError
    when ``width`` is not a multiple of 4.
    """
    if width % 4:
        raise ValueError(f"a sine-cosine encoding needs a width that is a multiple of 4, not {width}")
    columns = torch.arange(cols, dtype=torch.float64).repeat(rows)
    lines = torch.arange(rows, dtype=torch.float64).repeat_interleave(cols)
    tokens = torch.cat([_encode(columns, width // 2), _encode(lines, width // 2)], dim=1)
    return torch.cat([torch.zeros(1, width, dtype=torch.float64), tokens]).float()


def grid_side(tokens: int) -> int:
    """The side of the square grid that ``tokens`` rows of a stored table (CLS included) stand for.

    CheckpointError when they are not one more than a square.
    """
    side = math.isqrt(max(tokens - 1, 0))
    if side == 0 or side * side != tokens - 1:
        raise CheckpointError(
            f"The position encoding has {tokens} rows, which is not a square grid and one.",
            "The file is not a SMARTIES model.",
        )
    return side


class PositionEncoding:
    """Serves a stored table (1, 1 + n, width) for any grid.

    At its own size the stored table is used as it is. For another size it is computed
    anew when the stored one is the sine-cosine table, and resampled bicubically when
    it is some other (learnt) one.
    """

    def __init__(self) -> None:
        self._cache: WeightCache[torch.Tensor] = WeightCache()

    def __call__(self, stored: torch.Tensor, rows: int, cols: int) -> torch.Tensor:
        """(1, 1 + rows·cols, width), in the type and on the device of ``stored``."""
        side = grid_side(stored.shape[1])
        if (rows, cols) == (side, side):
            return stored
        return self._cache.get((rows, cols), [stored], lambda: self._make(stored, side, rows, cols))

    @staticmethod
    def _make(stored: torch.Tensor, side: int, rows: int, cols: int) -> torch.Tensor:
        # Inference tensors could not take part in a later training step.
        with torch.inference_mode(False), torch.no_grad():
            width = stored.shape[2]
            table = stored[0].detach().float().cpu()
            # Values up to 1, in half precision, are off by up to half its spacing there.
            tolerance = max(TOLERANCE, torch.finfo(stored.dtype).eps)
            if width % 4 == 0 and (table - sincos_table(width, side, side)).abs().max() <= tolerance:
                resized = sincos_table(width, rows, cols)
            else:
                grid = table[1:].T.reshape(1, width, side, side)
                grid = functional.interpolate(grid, (rows, cols), mode="bicubic", align_corners=False)
                resized = torch.cat([table[:1], grid.flatten(2)[0].T])
            return resized[None].to(device=stored.device, dtype=stored.dtype)
