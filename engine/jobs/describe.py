"""The job of telling what is known of images."""

from __future__ import annotations

from dataclasses import dataclass

from .image import ImageJob


@dataclass(frozen=True)
class DescribeJob(ImageJob):
    """Which images to describe; see ``ImageJob``."""
