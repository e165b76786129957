"""The job of telling what changed between two dates, or looks different to two sensors."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from .features import FeatureJob


@dataclass(frozen=True)
class ChangeJob(FeatureJob):
    """Images before (``inputs``) and ``after``, or one embedding each; see ``FeatureJob``.

    ``after_sensors`` and ``after_band_tables`` are to ``after`` what ``sensors`` and ``band_tables`` are to ``inputs``.
    """

    after: tuple[str, ...] = ()
    after_sensors: tuple[str, ...] = ()
    after_band_tables: tuple[str, ...] = ()
    output: str = ""
    overwrite: bool = False

    def check(self) -> None:
        """As ``FeatureJob.check``, and that there is something to compare with."""
        super().check()
        if not self.after:
            raise JobError("Nothing to compare with was given.", "Name the images of the second date (--after).")
