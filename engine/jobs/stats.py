"""The job of measuring the statistics of images."""

from __future__ import annotations

from dataclasses import dataclass

from .image import ImageJob


@dataclass(frozen=True)
class StatsJob(ImageJob):
    """Which images to measure (see ``ImageJob``; ``statistics`` plays no part) and the JSON file to write."""

    output: str = ""
    overwrite: bool = False
