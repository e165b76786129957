"""The settings that every task shares that looks at images through the model."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from ..options import FUSIONS, LEVELS, MAX_CHIP_PX, MAX_OVERLAP, PRECISIONS
from .image import ImageJob


@dataclass(frozen=True)
class ComputeJob(ImageJob):
    """Where and how precisely to compute. ``batch``: chips per pass (None: by device)."""

    device: str = "auto"
    precision: str = "auto"
    batch: int | None = None

    def check(self) -> None:
        """As ``ImageJob.check``, and the settings of computing."""
        super().check()
        if self.batch is not None and self.batch < 1:
            raise JobError(f"A batch of {self.batch} is impossible.", "Use 1 or more chips.")
        check_choice("precision", self.precision, PRECISIONS)


@dataclass(frozen=True)
class FeatureJob(ComputeJob):
    """What features to make of the images; see ``ImageJob`` for the images.

    ``inputs`` may be embeddings that were made before (or their pictures) in place of images, for the tasks that
    work on embeddings: then nothing below is looked at.

    ``chip``: source pixels that fill one model input (None: 112 for imagery of 5 m and
    coarser, 224 for finer). ``overlap``: share of a chip that neighbours repeat.
    ``level``: "tokens" (one vector per token) or "chips" (one per chip). ``min_valid``:
    least share of valid pixels for a token to have data. ``projections``: a file of projections learnt for bands
    of one's own (``smarties train-head --learn-bands``); empty for none.
    """

    model: str = "smarties-tiny"
    chip: int | None = None
    overlap: float = 0.25
    fusion: str = "stack"
    level: str = "tokens"
    min_valid: float = 0.5
    projections: str = ""

    def check(self) -> None:
        """As ``ComputeJob.check``, and the settings of the features."""
        super().check()
        check_chip(self.chip)
        check_overlap(self.overlap)
        if not 0 <= self.min_valid <= 1:
            raise JobError(f"A valid share of {self.min_valid:g} is impossible.", "Use a share between 0 and 1.")
        check_choice("level", self.level, LEVELS)
        check_choice("fusion", self.fusion, FUSIONS)


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raises JobError unless ``value`` is one of ``known``."""
    if value not in known:
        raise JobError(f"The {name} '{value}' is not known.", f"Use one of {', '.join(known)}.")


def check_chip(chip: int | None) -> None:
    """Raises JobError for a chip of an impossible size."""
    if chip is not None and not 1 <= chip <= MAX_CHIP_PX:
        raise JobError(
            f"A chip of {chip} px is impossible: it is between 1 and {MAX_CHIP_PX}.",
            "Use 112 for 10 m imagery, 224 for sub-metre.",
        )


def check_overlap(overlap: float) -> None:
    """Raises JobError for an impossible overlap."""
    if not 0 <= overlap <= MAX_OVERLAP:
        raise JobError(f"An overlap of {overlap:g} is impossible.", f"Use a share between 0 and {MAX_OVERLAP}.")
