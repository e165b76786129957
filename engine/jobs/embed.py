"""The job of embedding images."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import JobError
from ..options import DTYPES
from .features import FeatureJob, check_choice


@dataclass(frozen=True)
class EmbedJob(FeatureJob):
    """What to embed, how (see ``FeatureJob``), and where to.

    ``picture``: a second GeoTIFF to write, the embedding's three principal
    components as red, green and blue; empty for none.
    """

    output: str = ""
    dtype: str = "float32"
    overwrite: bool = False
    picture: str = ""

    def check(self) -> None:
        """As ``FeatureJob.check``, and the settings of the output."""
        super().check()
        if self.picture and self.output and os.path.realpath(self.picture) == os.path.realpath(self.output):
            raise JobError("The picture and the embedding have the same name.", "Choose another name for the picture.")
        check_choice("dtype", self.dtype, DTYPES)
