"""Tell what is known of images before anything is run: bands, wavelengths, where from, layers, radiometry, grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import SmartiesError
from engine.jobs.describe import DescribeJob
from engine.jobs.image import STATISTICS_ESTIMATE
from engine.progress import CancelCallback, ProgressCallback
from engine.spectrum.assign import verdict_of
from engine.spectrum.bands import Band
from engine.spectrum.sensors import load_sensor, sensor_names
from engine.spectrum.units import wavelength_text
from engine.tasks.inputs import (
    DetectedImage,
    detect_inputs,
    grid_of,
    radiometry_of,
    radiometry_record,
    sample,
    sensor_statistics,
)


def run(job: DescribeJob, cancelled: CancelCallback | None = None) -> dict[str, Any]:
    """Describes every image as JSON values: ``{"images": [...], "grid": {...}}``.

    A band that cannot be run is described with its reason, not refused; an input that
    cannot be opened raises SourceError. Images that share no grid have ``grid.error``.
    """
    stopped = cancelled or (lambda: False)
    job.check()
    detected = detect_inputs(job)
    described: dict[str, Any] = {"images": [_image(each, job, stopped) for each in detected]}
    try:
        grid = grid_of(job, detected)
        described["grid"] = {"text": grid.describe(), "width": grid.width, "height": grid.height, "gsd_m": grid.gsd_m}
    except SmartiesError as error:
        described["grid"] = {"error": str(error)}
    return described


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``DescribeJob``."""
    return run(DescribeJob.from_dict(params), cancelled)


def _image(each: DetectedImage, job: DescribeJob, cancelled: CancelCallback) -> dict[str, Any]:
    image, detection = each.image, each.detection
    record: dict[str, Any] = {
        "name": image.title,
        "paths": [str(path) for path in image.paths],
        "sensor": {"name": each.sensor.name, "title": each.sensor.title} if each.sensor else None,
        "sensor_from": detection.sensor_from,
        "grid": image.grid.describe(),
        "dtype": ", ".join(dict.fromkeys(image.dtypes)),
        "notes": [*image.notes, *detection.notes],
        "bands": [
            _band(number, band, job.interpolation, each.family) for number, band in enumerate(detection.bands, 1)
        ],
    }
    try:
        values = sample(each, image.grid, cancelled) if each.evidence_numbers else [None] * len(detection.bands)
        for band, value in zip(record["bands"], values, strict=True):
            if value is not None:
                band["values"] = {"p1": value.p1, "p50": value.p50, "p99": value.p99}
        radiometry = radiometry_of(each, values, job.statistics == STATISTICS_ESTIMATE)
        record["radiometry"] = radiometry_record(radiometry)
    except SmartiesError as error:
        record["radiometry"] = {"error": str(error)}
    known = sensor_statistics(each)
    record["statistics"] = known.source if known else "none known; estimated from the raster"
    return record


def _band(number: int, band: Band, mode: str, family: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": number, "name": band.name, "enabled": band.enabled, "note": band.note,
        "centre_nm": band.centre_nm, "min_nm": band.min_nm, "max_nm": band.max_nm,
        "polarisation": band.polarisation, "sources": dict(band.sources),
    }  # fmt: skip
    try:
        record |= verdict_of(band, mode, family=family).to_dict()
    except SmartiesError as error:
        record |= {"verdict": "unknown" if band.enabled else "off", "problem": str(error)}
    return record


def report(described: dict[str, Any]) -> str:
    """``run``'s result as text for a terminal."""
    return "\n\n".join([*(_report_image(image) for image in described["images"]), _report_grid(described["grid"])])


def _report_grid(grid: dict[str, Any]) -> str:
    return f"Common grid: {grid.get('text') or 'none. ' + grid['error']}"


def _report_image(image: dict[str, Any]) -> str:
    sensor = f"{image['sensor']['title']} (from {image['sensor_from']})" if image["sensor"] else "not known"
    lines = [
        image["name"],
        f"  Sensor      {sensor}",
        f"  Grid        {image['grid']}, {image['dtype']}",
        f"  Radiometry  {_report_radiometry(image['radiometry'])}",
        f"  Statistics  {image['statistics']}",
        *(f"  Note        {note}" for note in image["notes"]),
        "",
    ]
    head = ("#", "Band", "Centre", "Range", "Layer", "Verdict", "Overlap", "p1 … p99", "Source")
    lines += columns([head, *(_report_band(band) for band in image["bands"])])
    problems = dict.fromkeys(band["problem"] for band in image["bands"] if band.get("problem") and band["enabled"])
    lines += [f"  {problem}" for problem in problems]
    return "\n".join(lines)


def _report_radiometry(radiometry: dict[str, str]) -> str:
    if "error" in radiometry:
        return f"refused: {radiometry['error']}"
    return "; ".join(part for part in (radiometry["found"], radiometry["action"], radiometry["doubt"]) if part)


def _report_band(band: dict[str, Any]) -> tuple[str, ...]:
    values = band.get("values")
    sources = list(dict.fromkeys(band["sources"].values()))
    return (
        str(band["number"]),
        band["name"] + (f" ({band['polarisation']})" if band["polarisation"] not in (None, band["name"]) else ""),
        wavelength_text(band["centre_nm"]) if band["centre_nm"] is not None else "?",
        _range_text(band["min_nm"], band["max_nm"]),
        band.get("layers", ""),
        band["verdict"] if band["enabled"] else "off",
        f"{band['overlap']:.0%}" if "overlap" in band else "",
        f"{values['p1']:.5g} … {values['p99']:.5g}" if values else "",
        "; ".join(sources) if band["enabled"] else band["note"],
    )


def _range_text(min_nm: float | None, max_nm: float | None) -> str:
    if min_nm is None or max_nm is None or max_nm > 1e6:
        return ""
    if max_nm >= 3000:
        return f"{min_nm / 1000:.5g}–{max_nm / 1000:.5g}"
    return f"{min_nm:.5g}–{max_nm:.5g}"


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of texts as aligned lines; the last column runs free."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def sensor_listing() -> list[dict[str, Any]]:
    """Every sensor of the catalogue: name, title, bands, GSD, and whether its statistics are known."""
    sensors = [load_sensor(name) for name in sensor_names()]
    return [
        {
            "name": sensor.name,
            "title": sensor.title,
            "bands": [band.name for band in sensor.bands],
            "gsd_m": sensor.gsd_m,
            "statistics": sensor.statistics is not None,
        }
        for sensor in sensors
    ]


def report_sensors(known: list[dict[str, Any]]) -> str:
    """``sensor_listing`` as a table for people."""
    rows = [("Name", "Sensor", "GSD", "Statistics", "Bands")]
    for sensor in known:
        statistics = "pretraining" if sensor["statistics"] else "estimated"
        bands = ", ".join(sensor["bands"]) or "by the wavelengths in the file"
        rows.append((sensor["name"], sensor["title"], f"{sensor['gsd_m']:g} m", statistics, bands))
    return "\n".join(columns(rows))
