"""A band: its name, where it lies in the spectrum, and who said so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

#: Above this wavelength a band is radar, and its polarisation is a second key.
MICROWAVE_MIN_NM = 1e6

POLARISATIONS = ("VV", "VH", "HH", "HV")


@dataclass(frozen=True)
class Band:
    """One raster band as the model sees it.

    Wavelengths are in nm. ``layer`` is the key of a learnt layer when the sensor
    catalogue or the user names it outright. ``enabled`` false leaves the band out of
    the model's input, ``note`` says why. ``sources`` tells for each filled field where
    its value came from, for instance ``{"centre_nm": "ENVI wavelength"}``.
    """

    name: str
    centre_nm: Optional[float] = None
    min_nm: Optional[float] = None
    max_nm: Optional[float] = None
    polarisation: Optional[str] = None
    layer: Optional[str] = None
    enabled: bool = True
    note: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_radar(self) -> bool:
        """True for a band in the microwaves, or one that carries a polarisation."""
        return self.polarisation is not None or (self.centre_nm is not None and self.centre_nm > MICROWAVE_MIN_NM)
