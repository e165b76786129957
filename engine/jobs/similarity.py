"""The job of finding places that are alike."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from .features import FeatureJob


@dataclass(frozen=True)
class SimilarityJob(FeatureJob):
    """Images, or one embedding, and examples of what is sought; see ``FeatureJob``.

    ``like`` and ``unlike``: examples for and against, each a point "X,Y" in ``points_crs`` (None: the embedding's)
    or a vector file ("FILE" or "FILE|LAYER"). ``centred``: take the mean of the embedding off before the cosine,
    which tells more of what places differ in. ``threshold`` and ``polygons``: also write the places at or above it as a
    GeoPackage.
    """

    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    points_crs: str | None = None
    centred: bool = True
    threshold: float | None = None
    polygons: str = ""
    output: str = ""
    overwrite: bool = False

    def check(self) -> None:
        """As ``FeatureJob.check``, and the examples."""
        super().check()
        if not self.like:
            raise JobError("No example was given.", "Name a point X,Y or a vector file of what is sought (--like).")
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise JobError(f"A threshold of {self.threshold:g} is impossible.", "Use a similarity between -1 and 1.")
        if self.polygons and self.threshold is None:
            raise JobError("Polygons need a threshold.", "Give one between -1 and 1, for instance 0.8.")
