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

    ``output``: a GeoTIFF (.tif, .tiff), a Zarr store (.zarr) or a GeoParquet table (.parquet). ``cog``: lay the
    GeoTIFF out for reading over a network. ``picture``: a second GeoTIFF to write, the embedding's three principal
    components as red, green and blue; empty for none. ``resume``: continue the output where a run of the same job
    stopped, and keep what is finished should this one stop, too.
    """

    output: str = ""
    dtype: str = "float32"
    cog: bool = False
    overwrite: bool = False
    resume: bool = False
    picture: str = ""

    def check(self) -> None:
        """As ``FeatureJob.check``, and the settings of the output."""
        super().check()
        if self.picture and self.output and os.path.realpath(self.picture) == os.path.realpath(self.output):
            raise JobError("The picture and the embedding have the same name.", "Choose another name for the picture.")
        if self.cog and self.output.lower().endswith((".zarr", ".parquet")):
            raise JobError(
                f"{os.path.basename(self.output)} cannot be a COG: that is a GeoTIFF.",
                "Let the output's name end in .tif, or leave the COG out.",
            )
        check_choice("dtype", self.dtype, DTYPES)
