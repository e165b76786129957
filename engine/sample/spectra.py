"""What the simulated ground looks like to a sensor: reflectance curves, temperatures and backscatter of materials.

The curves are built from the absorptions that shape real ones (chlorophyll, leaf water,
soil iron and clay, cellulose) and tuned by hand to levels usual in spectral libraries
for a summer's day in the middle latitudes. They are plausible, not measured.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

#: The wavelengths in nm at which the curves are given.
WAVELENGTHS: Curve = np.arange(400.0, 2501.0, 2.0)


def _bell(centre: float, width: float) -> Curve:
    """1 at ``centre``, falling like a Gaussian of deviation ``width`` (nm)."""
    return np.exp(-0.5 * ((WAVELENGTHS - centre) / width) ** 2)


def _step(centre: float, width: float) -> Curve:
    """From 0 to 1 around ``centre``, over some multiples of ``width`` (nm)."""
    return 1 / (1 + np.exp(-(WAVELENGTHS - centre) / width))


def _line(*points: tuple[float, float]) -> Curve:
    """Straight pieces through (nm, reflectance)."""
    return np.interp(WAVELENGTHS, [nm for nm, _ in points], [value for _, value in points])


#: Absorption of liquid water, up to a factor: the bands at 970, 1200, 1450 and 1940 nm and the rise beyond 2.3 µm.
_LIQUID_WATER = (
    0.06 * _bell(975, 25)
    + 0.13 * _bell(1195, 45)
    + 1.1 * _bell(1450, 55)
    + 1.7 * _bell(1940, 60)
    + 0.75 * _step(1350, 30)
    + 0.75 * _step(1850, 30)
    + 0.9 * _step(2480, 60)
)


def _leaves(plateau: float, green: float, red: float, water: float, edge_nm: float = 716) -> Curve:
    """A green canopy: near-infrared ``plateau``, ``green`` peak and ``red`` floor, and how much leaf ``water``."""
    visible = red + (green - red) * _bell(552, 32) + 0.25 * (green - red) * _bell(610, 30)
    shoulder = plateau * (0.93 + 0.07 * _step(775, 18))
    return (visible + (shoulder - visible) * _step(edge_nm, 11.5)) * np.exp(-water * _LIQUID_WATER)


def _soil(level: float, moisture: float) -> Curve:
    """Loam: rising with the wavelength, iron at 490 and 880 nm, clay at 2205 nm; ``level`` at 1650 nm."""
    # fmt: off
    rise = _line(
        (400, 0.17), (500, 0.27), (560, 0.34), (600, 0.40), (670, 0.46), (800, 0.58), (1000, 0.73), (1300, 0.91),
        (1650, 1), (2500, 0.95),
    )
    # fmt: on
    iron = 1 - 0.08 * _bell(880, 70) - 0.05 * _bell(490, 40)
    clay = 1 - 0.10 * _bell(2205, 25) - 0.12 * _step(2350, 50)
    return level * rise * iron * clay * np.exp(-moisture * _LIQUID_WATER)


def _straw() -> Curve:
    """Ripe corn and stubble: no chlorophyll left, cellulose and lignin at 2100 and 2300 nm."""
    # fmt: off
    rise = _line(
        (400, 0.055), (500, 0.10), (560, 0.148), (600, 0.165), (670, 0.195), (850, 0.29), (1300, 0.38), (1650, 0.37),
        (2500, 0.25),
    )
    # fmt: on
    return rise * (1 - 0.10 * _bell(2100, 45) - 0.08 * _bell(2300, 40)) * np.exp(-0.05 * _LIQUID_WATER)


@dataclass(frozen=True)
class Material:
    """One surface: reflectance (0 to 1) at WAVELENGTHS, temperature in K, mean sigma0 in dB (VV, VH)."""

    name: str
    reflectance: Curve
    temperature_k: float
    vv_db: float
    vh_db: float


# fmt: off
MATERIALS: tuple[Material, ...] = (
    Material("dark soil", _soil(0.24, 0.15), 308.0, -12.5, -20.5),
    Material("light soil", _soil(0.36, 0.05), 311.0, -13.5, -22.0),
    Material("bright crop", _leaves(0.50, 0.085, 0.030, 0.85), 297.5, -11.0, -16.5),
    Material("dark crop", _leaves(0.42, 0.060, 0.024, 1.0, 719), 296.5, -12.5, -19.5),
    Material("straw", _straw(), 306.0, -14.0, -21.5),
    Material("grass", _leaves(0.37, 0.085, 0.045, 0.7, 714), 299.5, -12.5, -19.0),
    Material("broadleaf trees", _leaves(0.45, 0.052, 0.020, 0.95, 717), 294.5, -8.5, -13.6),
    Material("conifers", _leaves(0.27, 0.036, 0.018, 1.05, 714), 294.0, -9.2, -14.4),
    Material(
        "lake",
        _line((400, 0.030), (490, 0.034), (560, 0.030), (620, 0.014), (700, 0.008), (800, 0.004), (2500, 0.002)),
        293.0, -19.5, -27.5,
    ),
    Material(
        "river",
        _line(
            (400, 0.035), (490, 0.047), (560, 0.064), (620, 0.048), (700, 0.030), (800, 0.014), (1000, 0.005),
            (2500, 0.003),
        ),
        292.0, -18.5, -26.5,
    ),
    Material(
        "asphalt",
        _line((400, 0.07), (700, 0.105), (1000, 0.125), (1700, 0.155), (2500, 0.14)),
        313.0, -16.5, -24.0,
    ),
    Material(
        "paving",
        _line((400, 0.13), (550, 0.185), (700, 0.22), (1000, 0.26), (1700, 0.31), (2500, 0.25)),
        310.0, -11.0, -19.0,
    ),
    Material(
        "tiled roof",
        _line(
            (400, 0.055), (500, 0.07), (560, 0.10), (620, 0.17), (750, 0.23), (900, 0.23), (1300, 0.32), (1700, 0.36),
            (2500, 0.33),
        ),
        312.0, -2.0, -9.0,
    ),
    Material(
        "dark roof",
        _line((400, 0.07), (700, 0.085), (1000, 0.10), (1700, 0.13), (2500, 0.13)),
        315.0, -2.0, -9.0,
    ),
    Material(
        "light roof",
        _line((400, 0.22), (500, 0.29), (700, 0.33), (1000, 0.33), (1700, 0.29), (2500, 0.21)),
        307.0, 1.0, -6.5,
    ),
)
# fmt: on

INDEX = {material.name: index for index, material in enumerate(MATERIALS)}


@functools.cache
def band_reflectance(min_nm: float, max_nm: float) -> Curve:
    """Mean reflectance of every material between two wavelengths inside 400–2500 nm: (materials,).

    ValueError when the range holds none of WAVELENGTHS.
    """
    inside = (WAVELENGTHS >= min_nm) & (WAVELENGTHS <= max_nm)
    if not inside.any():
        raise ValueError(f"no reflectance between {min_nm} and {max_nm} nm")
    return np.array([material.reflectance[inside].mean() for material in MATERIALS])


def temperatures() -> Curve:
    """Surface temperature of every material in K."""
    return np.array([material.temperature_k for material in MATERIALS])


def backscatter(polarisation: str) -> Curve:
    """Mean sigma0 of every material as linear power, for "VV" or "VH"."""
    decibels = [material.vv_db if polarisation == "VV" else material.vh_db for material in MATERIALS]
    return 10 ** (np.array(decibels) / 10)
