"""The job of predicting bands a sensor lacks, and of finding what the model did not expect."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from .features import ComputeJob, check_chip, check_overlap


@dataclass(frozen=True)
class ReconstructJob(ComputeJob):
    """Images, and what the decoder is to make of them; see ``ImageJob``.

    ``targets``: bands to predict, "SENSOR:BAND" (sentinel-2-l2a:B08) or the key of a learnt layer
    (near_infrared_1). ``output``: the raster of these bands on the images' grid. ``anomaly``: a raster of the
    masked reconstruction error per token. One of both may be empty. ``hidden_share``: part of the tokens that is hidden
    in each pass; every token is hidden equally often. ``norm_pix``: the model was trained on normalised patches, as
    the released ones are. ``chip`` and ``overlap`` as in ``FeatureJob``.
    """

    model: str = "smarties-tiny"
    chip: int | None = None
    overlap: float = 0.25
    targets: tuple[str, ...] = ()
    output: str = ""
    anomaly: str = ""
    hidden_share: float = 0.75
    norm_pix: bool = True
    seed: int = 0
    overwrite: bool = False

    def check(self) -> None:
        """As ``ComputeJob.check``, and the settings of the reconstruction."""
        super().check()
        check_chip(self.chip)
        check_overlap(self.overlap)
        if not 0 < self.hidden_share < 1:
            raise JobError(f"Hiding a share of {self.hidden_share:g} is impossible.", "Use a share between 0 and 1.")
        if bool(self.targets) != bool(self.output):
            raise JobError(
                "Bands to predict and the raster to write them to belong together.",
                "Give both, or neither (then name a raster for the anomaly).",
            )
        if not self.output and not self.anomaly:
            raise JobError("Nothing to write was named.", "Name a raster for the predicted bands, or for the anomaly.")
