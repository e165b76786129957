"""The job of embedding images."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import JobError
from ..options import DTYPES, FUSIONS, LEVELS, MAX_CHIP_PX, MAX_OVERLAP, PRECISIONS
from .image import ImageJob


@dataclass(frozen=True)
class EmbedJob(ImageJob):
    """What to embed and how; see ``ImageJob`` for the images.

    ``chip``: source pixels that fill one model input (None: 112 for imagery of 5 m and
    coarser, 224 for finer). ``overlap``: share of a chip that neighbours repeat.
    ``level``: "tokens" (one vector per token) or "chips" (one per chip). ``min_valid``:
    least share of valid pixels for a token to have data. ``batch``: chips per pass
    (None: by device). ``picture``: a second GeoTIFF to write, the embedding's three principal
    components as red, green and blue; empty for none.
    """

    output: str = ""
    model: str = "smarties-tiny"
    chip: int | None = None
    overlap: float = 0.25
    fusion: str = "stack"
    dtype: str = "float32"
    level: str = "tokens"
    min_valid: float = 0.5
    device: str = "auto"
    precision: str = "auto"
    batch: int | None = None
    overwrite: bool = False
    picture: str = ""

    def check(self) -> None:
        """As ``ImageJob.check``, and the settings of the embedding itself."""
        super().check()
        if self.chip is not None and not 1 <= self.chip <= MAX_CHIP_PX:
            raise JobError(
                f"A chip of {self.chip} px is impossible: it is between 1 and {MAX_CHIP_PX}.",
                "Use 112 for 10 m imagery, 224 for sub-metre.",
            )
        if not 0 <= self.overlap <= MAX_OVERLAP:
            raise JobError(
                f"An overlap of {self.overlap:g} is impossible.", f"Use a share between 0 and {MAX_OVERLAP}."
            )
        if not 0 <= self.min_valid <= 1:
            raise JobError(f"A valid share of {self.min_valid:g} is impossible.", "Use a share between 0 and 1.")
        if self.batch is not None and self.batch < 1:
            raise JobError(f"A batch of {self.batch} is impossible.", "Use 1 or more chips.")
        if self.picture and self.output and os.path.realpath(self.picture) == os.path.realpath(self.output):
            raise JobError("The picture and the embedding have the same name.", "Choose another name for the picture.")
        choices = (
            ("dtype", self.dtype, DTYPES),
            ("level", self.level, LEVELS),
            ("fusion", self.fusion, FUSIONS),
            ("precision", self.precision, PRECISIONS),
        )
        for name, value, known in choices:
            if value not in known:
                raise JobError(f"The {name} '{value}' is not known.", f"Use one of {', '.join(known)}.")
