"""The unit of radar backscatter from its values: dB, linear power, dB in scaled integers; all else is refused."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import RadiometryError
from engine.raster.findings import Finding, figure, span
from engine.raster.histograms import BandValues

# Medians of calibrated C-band scenes lie between −35 dB (calm water, VH) and 0 dB (towns, VV);
# the limits leave room for deserts, ice and noise floors.
DB_MEDIAN_MIN = -45.0
DB_MEDIAN_MAX = 5.0
#: No percentile of backscatter in dB lies beyond these: noise floors at −60, ships and towers at 30.
DB_P1_MIN = -80.0
DB_P99_MAX = 40.0
#: The median of linear power: 1 is 0 dB, which only towns exceed, and not by half their pixels.
LINEAR_MEDIAN_MAX = 2.0
#: The 99th percentile of linear power: 50 is 17 dB.
LINEAR_P99_MAX = 50.0
#: Multipliers under which dB travel as integers. Their ranges of medians do not overlap.
DB_FACTORS = (100.0, 10000.0)
#: The median of dB in scaled integers lies in −40…−1.5 dB: narrower than for plain dB, so that factors stay apart.
SCALED_MEDIAN_MIN = -40.0
SCALED_MEDIAN_MAX = -1.5
#: Below this median, non-negative values that are no linear power are no amplitudes either (an uncalibrated
#: amplitude has a median of tens to hundreds).
AMPLITUDE_MEDIAN_MIN = 5.0

_TITLES = {
    "db": "backscatter in dB",
    "linear": "backscatter as linear power",
    "db×100": "backscatter in dB × 100",
    "db×10000": "backscatter in dB × 10000",
    "amplitude": "uncalibrated amplitudes",
    "unknown": "no backscatter",
}
_CALIBRATE = (
    "Calibrate the product to sigma nought or gamma nought (SNAP: Radiometric › Calibrate), then convert it to dB"
)
_STATE = 'or state the unit in the band table ("radiometry": "db" or "linear")'


def unit_of(values: BandValues) -> str:
    """The unit of one radar band: "db", "linear", "db×100", "db×10000", "amplitude" or "unknown"."""
    if DB_MEDIAN_MIN <= values.p50 <= DB_MEDIAN_MAX and DB_P1_MIN <= values.p1 < 0 and values.p99 <= DB_P99_MAX:
        return "db"
    if values.p1 >= 0:
        if 0 < values.p50 <= LINEAR_MEDIAN_MAX and values.p99 <= LINEAR_P99_MAX:
            return "linear"
        return "amplitude" if values.p50 >= AMPLITUDE_MEDIAN_MIN else "unknown"
    for factor in DB_FACTORS:
        if SCALED_MEDIAN_MIN <= values.p50 / factor <= SCALED_MEDIAN_MAX and values.p99 / factor <= DB_P99_MAX:
            return f"db×{factor:.0f}"
    return "unknown"


def asked_backscatter(asked: str) -> Finding:
    """The finding where the user stated "db" or "linear"."""
    if asked == "db":
        return Finding("backscatter in dB, as stated")
    return Finding("backscatter as linear power, as stated", "converted to dB", log10=True)


def find_backscatter(
    names: Sequence[str], polarisations: Sequence[str | None], values: Sequence[BandValues], estimate: bool
) -> Finding:
    """Recognise the unit of radar bands from their values with scale tags applied.

    With ``estimate`` the statistics come from the raster itself, so that amplitudes serve too
    (their logarithm is taken: the calibration constant drops out), and unknown units as they are.
    Raises RadiometryError for bands of different units and for values that are no backscatter.
    """
    units = [unit_of(band) for band in values]
    if len(set(units)) > 1:
        listed = ", ".join(
            f"{name} is {_TITLES[unit]} (median {figure(band.p50)})"
            for name, unit, band in zip(names, units, values, strict=True)
        )
        raise RadiometryError(
            f"The radar bands are not in one unit: {listed}.", "Convert all of them to dB before stacking them."
        )
    unit = units[0]
    if unit == "db":
        return Finding("backscatter in dB")
    if unit.startswith("db×"):
        factor = float(unit.removeprefix("db×"))
        return Finding(_TITLES[unit], f"divided by {factor:.0f}", gain=1 / factor)
    if unit == "linear" and not _cross_above_co(polarisations, values):
        return Finding(_TITLES[unit], "converted to dB", log10=True)
    if estimate and unit == "amplitude":
        return Finding(_TITLES[unit], "the logarithm is taken; statistics come from the raster itself", log10=True)
    if estimate:
        return Finding("values of an unknown unit", "used as they are; statistics come from the raster itself")
    if unit == "linear":
        raise RadiometryError(
            f"The bands {', '.join(names)} hold 0–1 values in which VH exceeds VV, which backscatter does not: "
            f"{span(values)}. They look like reflectance, or like VV and VH swapped.",
            f"Check the order of the bands and the sensor (--sensor), {_STATE}.",
        )
    if unit == "amplitude":
        raise RadiometryError(
            f"The radar bands {', '.join(names)} hold uncalibrated digital numbers, not backscatter: {span(values)}.",
            f"{_CALIBRATE}, or use --statistics estimate.",
        )
    raise RadiometryError(
        f"The values of the radar bands {', '.join(names)} are no backscatter in dB or linear power: {span(values)}.",
        f"{_CALIBRATE}, {_STATE}.",
    )


def _cross_above_co(polarisations: Sequence[str | None], values: Sequence[BandValues]) -> bool:
    """True where the median of VH exceeds that of VV: land and water return 3 to 15 dB less of VH."""
    medians = {key: band.p50 for key, band in zip(polarisations, values, strict=True) if key is not None}
    return "VV" in medians and "VH" in medians and medians["VH"] > medians["VV"]
