"""The unit of Sentinel-2 values: reflectance or digital numbers, with or without the +1000 offset.

Since processing baseline 04.00 (25 January 2022) products carry RADIO_ADD_OFFSET or
BOA_ADD_OFFSET = −1000: dn = 10000 · reflectance + 1000. Older products, Earth Engine's
harmonised collections and some copies elsewhere do not, and tags and names survive
re-exports that changed the values. So the values have the last word where they are clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import RadiometryError
from engine.raster.findings import Finding, figure, span
from engine.raster.histograms import BandValues
from engine.spectrum.bands import Band

QUANTIFICATION = 10000.0  # dn per unit of reflectance (QUANTIFICATION_VALUE of the products)
OFFSET = 1000.0

#: Reflectance of bright clouds reaches 1.6, of sun glint more; in digital numbers even water exceeds it.
REFLECTANCE_P99_MAX = 3.0
#: A brightest band this dark is no reflectance: the clearest water returns 0.01 in the blue.
REFLECTANCE_P99_MIN = 0.001
#: Values that end here are bytes.
BYTE_MAX = 255.0
#: No scene's median is twice as bright as a perfect diffuser.
DN_MEDIAN_MAX = 20000.0
#: Temperatures on Earth in K. No set of reflective bands lies so close together.
KELVIN_MIN, KELVIN_MAX = 200.0, 350.0

#: Cirrus (B10) sees no ground through the water vapour: 5 to 50 dn, or 1005 to 1050 with the offset.
CIRRUS_NM = (1340.0, 1410.0)
CIRRUS_WITH_OFFSET = 900.0
#: With the offset no band's 1st percentile falls this low; retrievals over shadow and water end at 870.
FLOOR_CONTRADICTS = 700.0
#: The 1st percentile of the darkest band where the offset is in the values: shadow, water, vegetation in
#: the red, anything in the blue. Below, the offset is not there; above, the values do not tell.
FLOOR_MIN, FLOOR_MAX = 850.0, 1600.0
#: The lower limit where no band beyond 1500 nm is there: haze lifts all others to 900 without the offset.
FLOOR_MIN_HAZE, HAZE_NM_MAX = 1000.0, 1500.0
#: Bare soil and sand without the offset can be as bright in the blue, but then the red is brighter by
#: more than this; the offset draws the two together.
RED_TO_BLUE_MAX = 1.9
BLUE_NM_MAX = 530.0
RED_NM = (630.0, 700.0)
#: Air alone returns so much at the top of the atmosphere (L1C), offset included, even from highlands:
#: (bands up to this centre in nm, least 1st percentile).
RAYLEIGH_FLOORS = ((470.0, 1600.0), (530.0, 1350.0), (600.0, 1200.0))


def asked_sentinel2(asked: str) -> Finding:
    """The finding where the user stated "reflectance", "dn" or "dn+1000"."""
    if asked == "reflectance":
        return Finding("Sentinel-2 reflectance, as stated", "multiplied by 10000", gain=QUANTIFICATION)
    plain = Finding("Sentinel-2 digital numbers, as stated", apply_scale=False, apply_offset=False)
    if asked == "dn":
        return plain
    return replace(
        plain,
        found="Sentinel-2 digital numbers with the +1000 offset, as stated",
        action="1000 subtracted",
        bias=-OFFSET,
    )


def find_sentinel2(
    bands: Sequence[Band],
    stored: Sequence[BandValues],
    scales: Sequence[float],
    offsets: Sequence[float],
    level: str,
    metadata: bool | None,
) -> Finding:
    """Recognise the unit of Sentinel-2 bands and say how it becomes digital numbers without the offset.

    ``stored`` are values as they lie in the file, ``scales`` and ``offsets`` the tags of the
    bands, ``level`` "l1c" or "l2a", ``metadata`` whether the product's metadata put +1000 into
    the values (None: they do not tell). A cirrus band among ``bands`` decides by itself.
    Raises RadiometryError for values that are neither reflectance nor digital numbers.
    """
    scaled = [band.converted(scale, 0.0) for band, scale in zip(stored, scales, strict=True)]
    gain = QUANTIFICATION if _is_reflectance(scaled) else 1.0
    if gain != 1.0 and all(scale == 1 for scale in scales):
        metadata = None  # they speak of digital numbers; who divided those may have subtracted the offset too
    unit = "reflectance" if gain != 1.0 else "digital numbers"
    if gain == 1.0:
        _refuse_other_units(scaled)
    numbers = [band.converted(gain, 0.0) for band in scaled]
    shifts = [gain * offset for offset in offsets]
    if any(shifts) and not all(abs(shift + OFFSET) < 1 for shift in shifts):
        return Finding(f"Sentinel-2 {unit}, with an offset tag", _joined(gain, "the tag applied"), gain=gain)
    tagged = any(shifts)
    present, reason, doubt = _has_offset(bands, numbers, level, True if tagged else metadata)
    if present:
        found = f"Sentinel-2 {unit} with the {'+0.1' if gain != 1.0 else '+1000'} offset ({reason})"
        return Finding(found, _joined(gain, "1000 subtracted"), gain=gain, bias=0.0 if tagged else -OFFSET, doubt=doubt)
    found = f"Sentinel-2 {unit} without the +1000 offset ({reason})"
    action = _joined(gain, "the offset tag is not applied" if tagged else "")
    return Finding(found, action, gain=gain, apply_offset=False, doubt=doubt)


def _joined(gain: float, step: str) -> str:
    steps = [text for text in ("multiplied by 10000" if gain != 1.0 else "", step) if text]
    return ", ".join(steps) or "used as they are"


def _is_reflectance(values: Sequence[BandValues]) -> bool:
    return REFLECTANCE_P99_MIN <= max(band.p99 for band in values) <= REFLECTANCE_P99_MAX and all(
        band.p50 > -0.2 for band in values
    )


def _refuse_other_units(values: Sequence[BandValues]) -> None:
    """Raise RadiometryError where ``values`` cannot be Sentinel-2 digital numbers."""
    looks = ""
    if all(band.p50 < 0 for band in values):
        looks = "This looks like radar backscatter in dB"
    elif max(band.maximum for band in values) <= BYTE_MAX:
        looks = "This looks like an 8-bit picture or percent"
        if max(band.p99 for band in values) < REFLECTANCE_P99_MIN:
            looks = "These are almost zero throughout"
    elif all(KELVIN_MIN <= band.p1 and band.p99 <= KELVIN_MAX for band in values):
        looks = "This looks like temperature in K"
    elif max(band.p50 for band in values) > DN_MEDIAN_MAX:
        looks = "This is brighter than any scene"
    if looks:
        raise RadiometryError(
            f"Sentinel-2 holds reflectance (0–1) or digital numbers (0–10000), but here {span(values)}. {looks}.",
            "Name the right sensor (--sensor), take the product's original bands, or state the unit in the band table "
            '("radiometry": "reflectance", "dn" or "dn+1000"); --statistics estimate accepts any unit.',
        )


def _has_offset(
    bands: Sequence[Band], numbers: Sequence[BandValues], level: str, metadata: bool | None
) -> tuple[bool, str, str]:
    """Whether +1000 is in ``numbers``, why, and a sentence of doubt or none."""
    centred = list(zip((band.centre_nm for band in bands), numbers, strict=True))
    ground = []
    for centre, band in centred:
        if centre is not None and CIRRUS_NM[0] <= centre <= CIRRUS_NM[1]:
            return band.p1 >= CIRRUS_WITH_OFFSET, f"the cirrus band lies at {figure(band.p50)}", ""
        ground.append(band)
    floor = min(band.p1 for band in ground)
    dark = f"the darkest band begins at {figure(floor)}"
    if metadata is not None:
        if metadata and floor < FLOOR_CONTRADICTS:
            return False, f"the metadata speak of it, but {dark}", ""
        return metadata, "by its metadata", ""
    if floor < FLOOR_MIN:
        return False, dark, ""
    through_haze = any(centre is not None and centre > HAZE_NM_MAX for centre, _ in centred)
    least = FLOOR_MIN if through_haze else FLOOR_MIN_HAZE
    if least <= floor <= FLOOR_MAX and _colours_fit_offset(centred, level):
        return True, dark, ""
    return (
        False,
        f"{dark}, which leaves it open",
        "Neither metadata nor values tell whether these Sentinel-2 values carry the +1000 offset of processing "
        'baseline 04.00; none is assumed. If they do, state "radiometry": "dn+1000" in the band table.',
    )


def _colours_fit_offset(centred: Sequence[tuple[float | None, BandValues]], level: str) -> bool:
    """True where blue and red are there and their brightness speaks for the offset."""
    known = [(centre, band) for centre, band in centred if centre is not None]
    blues = [(centre, band.p50) for centre, band in known if centre <= BLUE_NM_MAX]
    reds = [band.p50 for centre, band in known if RED_NM[0] <= centre <= RED_NM[1]]
    if not blues or not reds or reds[0] > RED_TO_BLUE_MAX * max(blues)[1]:
        return False
    if level != "l1c":
        return True
    return all(
        band.p1 >= next((least for limit, least in RAYLEIGH_FLOORS if centre <= limit), 0.0) for centre, band in known
    )
