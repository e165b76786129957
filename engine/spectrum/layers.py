"""The 17 learnt projection layers and the wavelengths they were learnt for.

The ranges are those of the released SMARTIES configuration (METHOD, section 1);
for Sentinel-2 they are the supports of the spectral response, wider than the
FWHM. A layer's index is its position in the released checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

#: The number of bands by which the mean over bands is scaled up (paper, section 3.1).
C_MAX = 12


@dataclass(frozen=True)
class Layer:
    """One learnt range: ``index`` in the checkpoints, ``key``, limits in nm, and the band it was learnt from."""

    index: int
    key: str
    min_nm: float
    max_nm: float
    sensor: str
    sensor_band: str
    polarisation: Optional[str] = None

    @property
    def centre_nm(self) -> float:
        """The middle of the range in nm, from which interpolation weights are taken."""
        return (self.min_nm + self.max_nm) / 2


LAYERS: Tuple[Layer, ...] = (
    Layer(0, "aerosol", 422, 463, "Sentinel-2", "B01"),
    Layer(1, "blue_1", 427, 558, "Sentinel-2", "B02"),
    Layer(2, "blue_3", 430, 545, "RGB", "Blue"),
    Layer(3, "green_1", 466, 620, "RGB", "Green"),
    Layer(4, "green_2", 524, 595, "Sentinel-2", "B03"),
    Layer(5, "red_1", 590, 710, "RGB", "Red"),
    Layer(6, "red_2", 634, 696, "Sentinel-2", "B04"),
    Layer(7, "red_edge_1", 689, 719, "Sentinel-2", "B05"),
    Layer(8, "red_edge_2", 726, 755, "Sentinel-2", "B06"),
    Layer(9, "near_infrared_1", 728, 938, "Sentinel-2", "B08"),
    Layer(10, "near_infrared_2", 761, 802, "Sentinel-2", "B07"),
    Layer(11, "near_infrared_3", 843, 886, "Sentinel-2", "B8A"),
    Layer(12, "short_wave_infrared_1", 923, 964, "Sentinel-2", "B09"),
    Layer(13, "short_wave_infrared_3", 1516, 1704, "Sentinel-2", "B11"),
    Layer(14, "short_wave_infrared_4", 2002, 2376, "Sentinel-2", "B12"),
    Layer(15, "microwave_1", 5.5e7, 5.6e7, "Sentinel-1", "VV", "VV"),
    Layer(16, "microwave_2", 5.5e7, 5.6e7, "Sentinel-1", "VH", "VH"),
)

LAYER_BY_KEY: Mapping[str, Layer] = {layer.key: layer for layer in LAYERS}


@dataclass(frozen=True)
class DerivedRange:
    """A range the released configuration names without parameters of its own: it is made of two layers."""

    key: str
    min_nm: float
    max_nm: float
    neighbours: Tuple[int, int]
    sensor_band: str

    @property
    def centre_nm(self) -> float:
        """The middle of the range in nm."""
        return (self.min_nm + self.max_nm) / 2


DERIVED_RANGES: Tuple[DerivedRange, ...] = (
    DerivedRange("thermal_infrared_1", 10600, 11190, (14, 15), "Landsat-8 B10"),
    DerivedRange("blue_2", 452, 512, (0, 1), "Landsat-8 B2"),
)

DERIVED_BY_KEY: Mapping[str, DerivedRange] = {derived.key: derived for derived in DERIVED_RANGES}

#: The limits of the spectrum; nothing is extrapolated beyond them (METHOD, section 3).
SPECTRUM_MIN_NM = 422.0
SPECTRUM_MAX_NM = 5.6e7
