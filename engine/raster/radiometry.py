"""What unit a raster's values are in, and how they become the unit of the sensor's statistics.

Recognised from the values' percentiles, the metadata and what the user stated; refused with
one sentence where the values are not of the sensor. Wrong or double scaling is the most
frequent silent fault of such software.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.errors import RadiometryError
from engine.raster.backscatter import asked_backscatter, find_backscatter
from engine.raster.findings import Finding, figure, span
from engine.raster.histograms import BandValues
from engine.raster.sentinel2 import BYTE_MAX, CIRRUS_NM, OFFSET, asked_sentinel2, find_sentinel2
from engine.spectrum.bands import Band
from engine.spectrum.detect import Detection
from engine.spectrum.sensors import Sensor
from engine.spectrum.table import RADIOMETRIES

_RADAR_ASKED = ("db", "linear")
#: Values that end here, and not at 255, are an 8-bit picture divided by 255 (resampling overshoots a little).
UNIT_PICTURE_MAX = 1.05


@dataclass(frozen=True)
class Radiometry:
    """How the stored values of C bands become the unit of their statistics.

    value = gain·raw + bias, then 10·log10(value) where ``log10``; a value ≤ 0 has no logarithm.
    ``found`` says what the values were recognised as, ``action`` what is done to them, and
    ``doubt``, where not empty, what a user should check.
    """

    gain: tuple[float, ...]
    bias: tuple[float, ...]
    log10: tuple[bool, ...]
    found: str
    action: str
    doubt: str = ""

    def select(self, bands: Sequence[int]) -> Radiometry:
        """The same for ``bands`` (numbers from 0) only, in that order."""
        return replace(
            self,
            gain=tuple(self.gain[band] for band in bands),
            bias=tuple(self.bias[band] for band in bands),
            log10=tuple(self.log10[band] for band in bands),
        )


def has_say(band: Band, sensor: Sensor | None) -> bool:
    """True for a band whose values `recognise` looks at: one in use, or a disabled cirrus band of Sentinel-2."""
    if band.enabled:
        return True
    centre = band.centre_nm
    return _is_sentinel2(sensor) and centre is not None and CIRRUS_NM[0] <= centre <= CIRRUS_NM[1]


def _is_sentinel2(sensor: Sensor | None) -> bool:
    return sensor is not None and sensor.name.startswith("sentinel-2")


def recognise(
    values: Sequence[BandValues | None],
    detection: Detection,
    scales: Sequence[float],
    offsets: Sequence[float],
    asked: str | None = None,
    estimate: bool = False,
) -> Radiometry:
    """Recognise the unit of a raster's values.

    All sequences have one entry per raster band: ``values`` of the stored numbers of valid pixels
    (None for a band that was not sampled), ``detection.bands``, and the ``scales`` and
    ``offsets`` of the tags. Disabled bands stay as they are and have no say, but for Sentinel-2's
    cirrus band, which tells whether the +1000 offset is in the values. ``asked``
    is the unit the user states ("reflectance", "dn", "dn+1000", "db", "linear", "8bit").
    With ``estimate`` the statistics come from the raster itself, so that an unknown unit does no
    harm. Raises RadiometryError for values that are not of the sensor and for impossible tags.
    """
    count = len(detection.bands)
    if not len(values) == len(scales) == len(offsets) == count:
        raise ValueError(f"{len(values)} values, {len(scales)} scales and {len(offsets)} offsets for {count} bands")
    for band, scale, offset in zip(detection.bands, scales, offsets, strict=True):
        if not (math.isfinite(scale) and math.isfinite(offset) and scale > 0):
            raise RadiometryError(
                f"Band {band.name} is tagged with scale {scale:g} and offset {offset:g}, which cannot be applied: "
                "a scale is above 0.",
                "Correct the scale and offset tags of the file.",
            )
    if asked is not None and asked not in RADIOMETRIES:
        raise RadiometryError(f"The radiometry {asked!r} is not known.", f"Use one of: {', '.join(RADIOMETRIES)}.")
    group = _Group(detection, values, scales, offsets, asked, estimate)
    used = [index for index, band in enumerate(detection.bands) if band.enabled]
    radar = [index for index in used if detection.bands[index].is_radar]
    optical = [index for index in used if index not in radar]
    if not used:
        raise RadiometryError("No band of this raster is in use.", "Enable at least one in the band table.")
    if asked is not None and not (radar if asked in _RADAR_ASKED else optical):
        raise RadiometryError(
            f"The radiometry {asked!r} does not fit {'radar' if radar else 'optical'} bands.",
            "Correct the radiometry in the band table.",
        )
    findings = []
    if optical:
        findings.append((optical, group.find_optical(optical)))
    if radar:
        findings.append((radar, group.find_radar(radar)))
    return _combined(count, findings, scales, offsets)


def _combined(
    count: int, findings: Sequence[tuple[list[int], Finding]], scales: Sequence[float], offsets: Sequence[float]
) -> Radiometry:
    gain, bias, log10 = [1.0] * count, [0.0] * count, [False] * count
    for members, finding in findings:
        for index in members:
            scale = scales[index] if finding.apply_scale else 1.0
            offset = offsets[index] if finding.apply_offset else 0.0
            gain[index] = finding.gain * scale
            bias[index] = finding.gain * offset + finding.bias
            log10[index] = finding.log10
    found, action, doubt = (
        "; ".join(text for text in texts if text)
        for texts in zip(*((finding.found, finding.action, finding.doubt) for _, finding in findings), strict=True)
    )
    return Radiometry(tuple(gain), tuple(bias), tuple(log10), found, action, doubt)


@dataclass(frozen=True)
class _Group:
    """The bands of one raster, from which those of one kind are taken."""

    detection: Detection
    values: Sequence[BandValues | None]
    scales: Sequence[float]
    offsets: Sequence[float]
    asked: str | None
    estimate: bool

    def find_radar(self, members: Sequence[int]) -> Finding:
        """The finding for the radar bands ``members``."""
        if self.asked is not None and self.asked in _RADAR_ASKED:
            return asked_backscatter(self.asked)
        evidence = self._evidence(members)
        bands = [self.detection.bands[index] for index in evidence]
        names, polarisations = [band.name for band in bands], [band.polarisation for band in bands]
        return find_backscatter(names, polarisations, self._tagged(evidence), self.estimate)

    def find_optical(self, members: Sequence[int]) -> Finding:
        """The finding for the other bands ``members``."""
        asked = None if self.asked in _RADAR_ASKED else self.asked
        sensor = self.detection.sensor
        if sensor is not None and _is_sentinel2(sensor):
            return self._sentinel2(members, sensor, asked)
        if sensor is not None and sensor.statistics is not None and sensor.unit == "8bit":
            return self._eight_bit(members, sensor, asked)
        return self._as_stored(members, sensor, asked)

    def _sentinel2(self, members: Sequence[int], sensor: Sensor, asked: str | None) -> Finding:
        if asked == "8bit":
            raise _unfit(asked, sensor)
        if asked is not None:
            return asked_sentinel2(asked)
        cirrus = [
            index for index, band in enumerate(self.detection.bands) if not band.enabled and has_say(band, sensor)
        ]
        evidence = self._evidence([*members, *cirrus])
        try:
            return find_sentinel2(
                [self.detection.bands[index] for index in evidence],
                [self._of(index) for index in evidence],
                [self.scales[index] for index in evidence],
                [self.offsets[index] for index in evidence],
                level=sensor.name.rpartition("-")[2],
                metadata=self.detection.sentinel2_offset,
            )
        except RadiometryError:
            if self.estimate:
                return Finding("values of an unknown unit", "used as they are; statistics come from the raster itself")
            raise

    def _as_stored(self, members: Sequence[int], sensor: Sensor | None, asked: str | None) -> Finding:
        """Bands without catalogue statistics: the unit does not matter, tags are applied."""
        if asked == "dn":
            return Finding("digital numbers, as stated", apply_scale=False, apply_offset=False)
        if asked == "dn+1000":
            found = "digital numbers with a +1000 offset, as stated"
            return Finding(found, "1000 subtracted", bias=-OFFSET, apply_scale=False, apply_offset=False)
        tagged = any(self.scales[index] != 1 or self.offsets[index] != 0 for index in members)
        name = sensor.title if sensor is not None else "an unnamed sensor"
        return Finding(f"values of {name}", "scale and offset tags applied" if tagged else "used as they are")

    def _eight_bit(self, members: Sequence[int], sensor: Sensor, asked: str | None) -> Finding:
        """Pictures: bytes, or bytes divided by 255."""
        if asked in ("8bit", "dn"):
            return Finding("8-bit values, as stated")
        if asked == "reflectance":
            return Finding("values of 0–1, as stated", "multiplied by 255", gain=BYTE_MAX)
        if asked is not None:
            raise _unfit(asked, sensor)
        values = self._tagged(self._evidence(members))
        lowest, highest = min(band.p1 for band in values), max(band.maximum for band in values)
        if lowest >= 0 and highest <= UNIT_PICTURE_MAX and not _whole_numbers(values):
            return Finding("a picture of values 0–1", "multiplied by 255", gain=BYTE_MAX)
        if lowest >= 0 and highest <= BYTE_MAX:
            return Finding("8-bit values")
        if self.estimate:
            return Finding("values of an unknown unit", "used as they are; statistics come from the raster itself")
        raise RadiometryError(
            f"The statistics of {sensor.title} are of 8-bit values (0–255), but here {span(values)}, "
            f"the largest {figure(highest)}.",
            "Use --statistics estimate, or stretch the image to 8 bit.",
        )

    def _evidence(self, members: Sequence[int]) -> list[int]:
        """Those of ``members`` that were sampled and hold valid pixels; RadiometryError where none does."""
        evidence = [index for index in members if (sample := self.values[index]) is not None and sample.count > 0]
        if not evidence:
            raise RadiometryError(
                "The samples of this raster hold no valid pixel, so the unit of its values cannot be told.",
                'Choose an extent that holds data, or state the unit in the band table ("radiometry").',
            )
        return evidence

    def _of(self, index: int) -> BandValues:
        sample = self.values[index]
        if sample is None:
            raise ValueError(f"band {index} was not sampled")
        return sample

    def _tagged(self, members: Sequence[int]) -> list[BandValues]:
        return [self._of(index).converted(self.scales[index], self.offsets[index]) for index in members]


def _whole_numbers(values: Sequence[BandValues]) -> bool:
    """True where all percentiles are whole: an almost black picture of bytes, not one of 0–1."""
    return all(float(value).is_integer() for band in values for value in (band.minimum, band.p1, band.p50, band.p99))


def _unfit(asked: str, sensor: Sensor) -> RadiometryError:
    return RadiometryError(
        f"The radiometry {asked!r} does not fit {sensor.title}.", "Correct the radiometry in the band table."
    )
