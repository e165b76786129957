"""The job of segmenting without labels."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from .features import FeatureJob

MAX_CLUSTERS = 255


@dataclass(frozen=True)
class ClusterJob(FeatureJob):
    """Images, or one embedding, to divide into ``clusters`` groups of like places; see ``FeatureJob``."""

    clusters: int = 8
    seed: int = 0
    output: str = ""
    overwrite: bool = False

    def check(self) -> None:
        """As ``FeatureJob.check``, and the number of clusters."""
        super().check()
        if not 2 <= self.clusters <= MAX_CLUSTERS:
            raise JobError(f"{self.clusters} clusters are impossible.", f"Use 2 to {MAX_CLUSTERS}.")
