"""The job of segmenting images with a head."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from ..options import CONFIDENCES
from .features import ComputeJob, check_choice, check_overlap


@dataclass(frozen=True)
class SegmentJob(ComputeJob):
    """Which images (or which one embedding) to map with which head; see ``ImageJob``.

    Model, chip, fusion, level and projections are the head's; so are the statistics, unless ``statistics`` names
    others, which is refused where they differ. ``overlap``: None takes the head's. ``confidence``: a second raster, of
    ``confidence_kind`` (one of ``CONFIDENCES``); ``probabilities``: a raster of one band per class; ``polygons``:
    a GeoPackage of the class polygons; each empty for none. ``sieve_px``: patches of fewer pixels are given to
    the neighbour with the longest border, 0 for none; it acts on raster and polygons alike.
    """

    head: str = ""
    overlap: float | None = None
    output: str = ""
    confidence: str = ""
    confidence_kind: str = CONFIDENCES[0]
    probabilities: str = ""
    polygons: str = ""
    sieve_px: int = 0
    overwrite: bool = False

    def check(self) -> None:
        """As ``ComputeJob.check``, and the settings of the maps."""
        super().check()
        if not self.head:
            raise JobError("No head was given.", "Name one that 'smarties train-head' wrote.")
        if self.overlap is not None:
            check_overlap(self.overlap)
        check_choice("confidence", self.confidence_kind, CONFIDENCES)
        if self.sieve_px < 0:
            raise JobError(f"A sieve of {self.sieve_px} px is impossible.", "Use 0 for none, or a number of pixels.")
