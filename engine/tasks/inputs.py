"""From a job's settings to images ready for the model: opened, detected, assigned, on one grid, harmonised."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine.errors import CancelledError, JobError, OutputError, SmartiesError, StatisticsError, UnknownBandError
from engine.jobs.image import SENSOR_AUTO, STATISTICS_AUTO, STATISTICS_ESTIMATE, STATISTICS_SENSOR, ImageJob
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.grid import Grid, common_grid
from engine.raster.grid_text import grid_from_text
from engine.raster.harmonise import Harmoniser
from engine.raster.histograms import BandValues
from engine.raster.image import Image
from engine.raster.radiometry import Radiometry, has_say, recognise
from engine.raster.reader import GridReader, block_cache
from engine.raster.side_by_side import read_windows
from engine.raster.sources import open_images
from engine.raster.statistics import BandStatistics, StreamingStatistics, far_off
from engine.spectrum.assign import Assignment, assign, family_of
from engine.spectrum.bands import Band
from engine.spectrum.detect import Detection, detect
from engine.spectrum.sensors import Sensor, sensor_band
from engine.spectrum.sensors import sensor_statistics as catalogue_statistics
from engine.spectrum.table import BandTable, parse_table, read_table

#: Radiometry is recognised on this many windows of this side, spread over the raster.
SAMPLE_WINDOWS = 8
SAMPLE_SIDE_PX = 256
#: Rows read at once when a whole raster is streamed for its statistics.
STREAM_ROWS = 256

#: The form of the file ``smarties stats`` writes.
STATISTICS_FORMAT = 1
#: How the source of statistics begins that were measured on a raster.
_MEASURED = "estimated from"


@dataclass(frozen=True)
class DetectedImage:
    """An opened image, what is known of its bands, and the table the user gave, if any."""

    image: Image
    detection: Detection
    table: BandTable | None

    @property
    def sensor(self) -> Sensor | None:
        """The sensor, None where nothing names it."""
        return self.detection.sensor

    @property
    def family(self) -> str:
        """The family of learnt layers that is preferred where two ranges overlap."""
        return family_of(self.detection.bands, self.sensor.family if self.sensor else None)

    @property
    def band_numbers(self) -> tuple[int, ...]:
        """0-based numbers of the bands that enter the model."""
        return tuple(number for number, band in enumerate(self.detection.bands) if band.enabled)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands that enter the model."""
        return tuple(self.detection.bands[number].name for number in self.band_numbers)

    def assign(self, job: ImageJob) -> tuple[Assignment, ...]:
        """Layers and weights of the enabled bands; errors of ``engine.spectrum.assign.assign`` name the image."""
        try:
            return assign(self.detection.bands, job.interpolation, job.allow_outside, family=self.family)
        except SmartiesError as error:
            # What detection noticed is the reason why nothing tells a band.
            reasons = self.detection.notes if isinstance(error, UnknownBandError) else ()
            raise type(error)(" ".join((f"{self.image.title}: {error.message}", *reasons)), error.hint) from error

    @property
    def evidence_numbers(self) -> tuple[int, ...]:
        """The bands whose values tell the radiometry: those that enter the model, and Sentinel-2's cirrus band."""
        return tuple(number for number, band in enumerate(self.detection.bands) if has_say(band, self.sensor))

    def reader(self, grid: Grid, bands: Sequence[int] | None = None) -> GridReader:
        """A reader of ``bands`` (default: those that enter the model) on ``grid``; a context manager."""
        nodata = self.sensor.nodata if self.sensor else None
        return GridReader(self.image, grid, self.band_numbers if bands is None else bands, sensor_nodata=nodata)


@dataclass(frozen=True)
class PreparedImage:
    """An image whose raw pixels can be turned into the model's input."""

    detected: DetectedImage
    assignments: tuple[Assignment, ...]
    radiometry: Radiometry
    statistics: BandStatistics

    def harmoniser(self, device: torch.device) -> Harmoniser:
        """The conversion of raw pixels to the model's input, on ``device``."""
        return Harmoniser(self.radiometry, self.statistics, device)

    def record(self) -> dict[str, Any]:
        """What an output tells of this image: bands with verdicts, radiometry, statistics, sensor."""
        detected = self.detected
        return {
            "name": detected.image.title,
            "sensor": detected.sensor.name if detected.sensor else None,
            "sensor_from": detected.detection.sensor_from,
            "bands": [band_record(assignment) for assignment in self.assignments],
            "radiometry": radiometry_record(self.radiometry),
            "statistics": json.loads(self.statistics.to_json()),
        }


def radiometry_record(radiometry: Radiometry) -> dict[str, str]:
    """What the values were found to be, what was done, and what the user should check, as JSON values."""
    return {"found": radiometry.found, "action": radiometry.action, "doubt": radiometry.doubt}


def band_record(assignment: Assignment) -> dict[str, Any]:
    """One band of an output's provenance, as JSON values."""
    band = assignment.band
    return {"name": band.name, "centre_nm": band.centre_nm, "min_nm": band.min_nm, "max_nm": band.max_nm,
            "polarisation": band.polarisation, "sources": dict(band.sources), **assignment.to_dict()}  # fmt: skip


def detect_inputs(job: ImageJob) -> list[DetectedImage]:
    """Opens the job's inputs and detects their bands; no pixel is read.

    Raises SourceError, BandTableError, UnknownSensorError, or JobError when the
    number of sensors or tables fits neither one nor the number of images.
    """
    images = _told_apart(open_images(job.inputs))
    sensors = _per_image("sensor", job.sensors, len(images))
    tables = _per_image("band table", job.band_tables, len(images))
    detected = []
    for image, sensor, table_source in zip(images, sensors, tables, strict=True):
        table = _table(table_source) if table_source else None
        detection = detect(image.metadata, None if sensor in (None, SENSOR_AUTO) else sensor, table)
        used = [number for number, band in enumerate(detection.bands) if band.enabled]
        # A band that is left out, such as the panchromatic one, must not set the pixel size.
        detected.append(DetectedImage(image.gridded_by(used) if used else image, detection, table))
    return detected


def refuse_to_overwrite_inputs(output: Path, detected: Sequence[DetectedImage]) -> None:
    """Raises OutputError when ``output`` is one of the files that are read."""
    target = output.resolve()
    for each in detected:
        if any(Path(path).resolve() == target for path in each.image.paths):
            raise OutputError(f"{output} is one of the images to read.", "Choose another name for the output.")


def grid_of(job: ImageJob, detected: Sequence[DetectedImage]) -> Grid:
    """The grid all images of the job are read on. Raises GridError, or JobError for a reference that is no image."""
    if job.reference is not None and not 1 <= job.reference <= len(detected):
        raise JobError(
            f"Image {job.reference} cannot be the reference: there is no such image among {len(detected)}.",
            "Images are counted from 1, in the order they are given.",
        )
    reference = None if job.reference is None else job.reference - 1
    images = [each.image for each in detected]
    if job.grid_like:
        if reference is not None:
            raise JobError("The grid cannot be that of an image and of another raster.", "Give one of both.")
        if job.grid_like.lstrip().startswith("{"):
            return grid_from_text(job.grid_like)
        images += open_images((job.grid_like,))[:1]
        reference = len(images) - 1
    return common_grid(images, reference, job.extent, job.crs, job.resolution, job.extent_crs)


def prepare_images(
    job: ImageJob,
    detected: Sequence[DetectedImage],
    assignments: Sequence[tuple[Assignment, ...]],
    known: Sequence[BandStatistics | None],
    grid: Grid,
    progress: ProgressCallback,
    cancelled: CancelCallback,
) -> list[PreparedImage]:
    """Recognises the radiometry and settles the statistics of every image, reading its pixels on ``grid``.

    ``assignments`` and ``known`` (of ``known_statistics``) are those of ``detected``, made
    before any pixel is read. Raises RadiometryError and StatisticsError, naming the image.
    """
    prepared = []
    for number, (each, assigned, statistics) in enumerate(zip(detected, assignments, known, strict=True)):

        def share(event: Progress, number: int = number) -> None:
            progress(Progress((number + event.fraction) / len(detected), event.message))

        # They are in the unit of the values they were measured on, whatever that is.
        measured = statistics is not None and statistics.source.startswith(_MEASURED)
        estimated = job.statistics == STATISTICS_ESTIMATE or measured
        values = sample(each, grid, cancelled)
        radiometry = radiometry_of(each, values, estimated).select(each.band_numbers)
        if statistics is None:
            statistics = estimate(each, grid, radiometry, share, cancelled)
        elif measured:
            far = far_off(statistics, radiometry, [values[band] for band in each.band_numbers])
            radiometry = replace(radiometry, doubt=" ".join(filter(None, (radiometry.doubt, far))))
        prepared.append(PreparedImage(each, assigned, radiometry, statistics))
    return prepared


def known_statistics(job: ImageJob, detected: Sequence[DetectedImage]) -> list[BandStatistics | None]:
    """The statistics of every image that are known without reading it; None where they are to be estimated.

    Raises StatisticsError: a file that does not fit, or a sensor of which the catalogue has none.
    """
    if job.statistics == STATISTICS_ESTIMATE:
        return [None] * len(detected)
    if job.statistics not in (STATISTICS_AUTO, STATISTICS_SENSOR):
        return [*_given_statistics(job.statistics, detected)]
    known = [sensor_statistics(each) for each in detected]
    for each, statistics in zip(detected, known, strict=True):
        if statistics is None and job.statistics == STATISTICS_SENSOR:
            named = each.sensor.title if each.sensor else "an unnamed sensor"
            raise StatisticsError(
                f"{each.image.title}: the catalogue has no statistics of {named}.", "Use --statistics estimate."
            )
    return known


def radiometry_of(each: DetectedImage, values: Sequence[BandValues | None], estimated: bool) -> Radiometry:
    """What the raw values of all bands of an image are; RadiometryError names the image.

    ``estimated``: the statistics come from the raster itself, so that an unknown unit does no harm.
    """
    image = each.image
    asked = each.table.radiometry if each.table else None
    try:
        return recognise(values, each.detection, image.scales, image.offsets, asked, estimated)
    except SmartiesError as error:
        raise type(error)(f"{image.title}: {error.message}", error.hint) from error


def sample(each: DetectedImage, grid: Grid, cancelled: CancelCallback) -> list[BandValues | None]:
    """The values of every band in brief, None for bands that have no say.

    Read from windows spread over the grid: all of a small raster, at most 64 windows of a large one.
    """
    rows, cols = (_spread(size) for size in (grid.height, grid.width))
    windows = [(row, min(row + SAMPLE_SIDE_PX, grid.height), col, min(col + SAMPLE_SIDE_PX, grid.width))
               for row in rows for col in cols]  # fmt: skip
    values: list[BandValues | None] = [None] * len(each.detection.bands)
    counted = _count(each, grid, each.evidence_numbers, windows, None, lambda _: None, cancelled)
    for number, brief in zip(each.evidence_numbers, counted.values(), strict=True):
        values[number] = brief
    return values


def estimate(
    each: DetectedImage, grid: Grid, radiometry: Radiometry, progress: ProgressCallback, cancelled: CancelCallback
) -> BandStatistics:
    """The image's own statistics over the whole grid, in one streaming pass."""
    windows = [(row, min(row + STREAM_ROWS, grid.height), 0, grid.width) for row in range(0, grid.height, STREAM_ROWS)]

    def report(done: int) -> None:
        progress(Progress(done / len(windows), f"Statistics of {each.image.title}"))

    # One reader alone: neighbouring windows share blocks.
    counted = _count(each, grid, each.band_numbers, windows, 1, report, cancelled)
    return counted.result(each.band_names, f"{_MEASURED} {each.image.title}", radiometry)


def sensor_statistics(each: DetectedImage) -> BandStatistics | None:
    """The catalogue's statistics for the enabled bands, None unless it has them for every one."""
    sensor = each.sensor
    if sensor is None:
        return None
    bands = [each.detection.bands[number] for number in each.band_numbers]
    known = catalogue_statistics(sensor, [_catalogue_name(sensor, band) for band in bands])
    if known is None:
        return None
    source = f"pretraining statistics of {sensor.title}"
    return BandStatistics(each.band_names, known.p1, known.p99, known.mean, known.std, source)


def read_statistics(path: Path) -> list[BandStatistics]:
    """The statistics of every image in a file of ``smarties stats``. Raises StatisticsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StatisticsError(
            f"The statistics file {path} cannot be read ({error.strerror}).",
            "Give sensor, estimate, or a file written by 'smarties stats'.",
        ) from error
    except UnicodeDecodeError as error:
        raise _no_statistics(path.name) from error
    return _parsed_statistics(text, path.name)


def statistics_text(statistics: Sequence[Mapping[str, Any]]) -> str:
    """What ``ImageJob.statistics`` may be: the statistics themselves, per image as ``PreparedImage.record`` has."""
    content = {"smarties_statistics": STATISTICS_FORMAT, "images": [dict(each) for each in statistics]}
    return json.dumps(content, ensure_ascii=False)


def _parsed_statistics(text: str, name: str) -> list[BandStatistics]:
    try:
        content = json.loads(text)
        if content["smarties_statistics"] != STATISTICS_FORMAT:
            raise ValueError(f"format {content['smarties_statistics']}")
        return [BandStatistics.from_json(json.dumps(each)) for each in content["images"]]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_statistics(name) from error


def _no_statistics(name: str) -> StatisticsError:
    return StatisticsError(f"{name} is not a statistics file.", "Make one with 'smarties stats FILE --out STATS.json'.")


def _given_statistics(source: str, detected: Sequence[DetectedImage]) -> list[BandStatistics]:
    is_text = source.lstrip().startswith("{")
    given = _parsed_statistics(source, "The text given") if is_text else read_statistics(Path(source))
    if len(given) != len(detected):
        raise StatisticsError(
            f"The statistics given are of {len(given)} image(s), the job has {len(detected)}.",
            "Give the same images as to 'smarties stats', in the same order.",
        )
    return [each.select(image.band_names) for each, image in zip(given, detected, strict=True)]


def _count(
    each: DetectedImage,
    grid: Grid,
    bands: Sequence[int],
    windows: Sequence[tuple[int, int, int, int]],
    threads: int | None,
    report: Callable[[int], None],
    cancelled: CancelCallback,
) -> StreamingStatistics:
    make = partial(each.reader, grid, bands)
    with make() as first, block_cache([first]), closing(read_windows(make, windows, threads)) as parts:
        counted = StreamingStatistics(len(bands), first.dtype)
        for done, (values, valid) in enumerate(parts, start=1):
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            counted.update(values, valid)
            report(done)
    return counted


def _spread(size: int) -> list[int]:
    """Starts of windows along one side: touching for a short side, ``SAMPLE_WINDOWS`` evenly spread for a long one."""
    if size <= SAMPLE_WINDOWS * SAMPLE_SIDE_PX:
        return list(range(0, size, SAMPLE_SIDE_PX))
    step = (size - SAMPLE_SIDE_PX) / (SAMPLE_WINDOWS - 1)
    return [int(step * number) for number in range(SAMPLE_WINDOWS)]


def _catalogue_name(sensor: Sensor, band: Band) -> str:
    """The sensor's own name of a band; a band the user's table renames is found by the layer learnt from it."""
    if sensor_band(sensor, band.name) is None and band.layer is not None:
        return next((known.name for known in sensor.bands if known.layer == band.layer), band.name)
    return band.name


def _told_apart(images: list[Image]) -> list[Image]:
    """Images of one name, such as one scene of two sensors in two folders, get their folder's name in front."""
    names = [image.name for image in images]
    return [
        replace(image, name=f"{image.paths[0].parent.name}/{image.name}") if names.count(image.name) > 1 else image
        for image in images
    ]


def _per_image(what: str, given: Sequence[str], images: int) -> list[str | None]:
    """One value per image: none, the same for all, or as many as images."""
    if not given:
        return [None] * images
    if len(given) == 1:
        return [given[0]] * images
    if len(given) != images:
        raise JobError(
            f"{len(given)} {what}s were given for {images} image(s).",
            f"Give one {what} per image, in the order of the images ('auto' or an empty text leaves one out).",
        )
    return list(given)


def _table(source: str) -> BandTable:
    """A band table from a path, or from JSON text as the QGIS panel sends it."""
    if source.lstrip().startswith(("{", "[")):
        return parse_table(source)
    return read_table(Path(source))
