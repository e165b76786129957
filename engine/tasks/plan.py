"""What an embedding will be and what it will take, told before it is run: no pixel of the images is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.jobs.embed import EmbedJob
from engine.memory import keep_memory_level
from engine.model.devices import describe_device
from engine.progress import CancelCallback, ProgressCallback
from engine.raster.crs import crs_label
from engine.raster.grid import Grid, metres_text, reference_number
from engine.tasks.cost import bytes_text, duration_text, memory_bytes, output_bytes, seconds
from engine.tasks.embed_setup import EmbedSetup, set_up
from engine.tasks.inputs import DetectedImage
from engine.tasks.pace import Pace, pace_of
from engine.tasks.provenance import band_notes, model_notes


def run(job: EmbedJob, cancelled: CancelCallback | None = None) -> dict[str, Any]:
    """The plan of a job as JSON values; the job's output may be empty.

    ``images`` tells how each comes onto the ``grid``, ``seconds`` and ``memory_bytes`` are
    estimates, ``output_bytes`` is before packing. Raises the SmartiesError that the run
    would raise for images, bands, grid, fusion, statistics, outputs and model; what only
    pixel values tell is left to the run.
    """
    keep_memory_level()
    setup = set_up(job)
    pace = pace_of(setup, cancelled or (lambda: False))
    tiles = setup.tiles(pace.tokens)
    grid = setup.grid
    return {
        "images": _images(setup),
        "grid": {
            "text": grid.describe(),
            "width": grid.width,
            "height": grid.height,
            "gsd_m": grid.gsd_m,
            "crs": crs_label(grid.crs),
        },
        "rows": tiles.rows,
        "cols": tiles.cols,
        "dims": pace.dims,
        "tiles": tiles.tile_count,
        "chip": setup.chip,
        "output_bytes": output_bytes(setup, tiles, pace.dims),
        "seconds": seconds(setup, tiles, pace),
        "memory_bytes": memory_bytes(setup, tiles, pace),
        "device": str(setup.device),
        "device_name": describe_device(setup.device, setup.precision),
        "precision": setup.precision,
        "model": pace.model.title,
        "notes": [note for note in (*_notes(setup, pace), tiles.note) if note],
    }


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``EmbedJob``."""
    return run(EmbedJob.from_dict(params), cancelled)


def report(plan: dict[str, Any]) -> str:
    """``run``'s result as text for a terminal."""
    lines = [image["text"] for image in plan["images"]]
    lines += [
        f"Grid: {plan['grid']['text']}",
        f"Output: {plan['cols']} × {plan['rows']} cells of {plan['dims']} values, {bytes_text(plan['output_bytes'])}"
        f" before packing, from {plan['tiles']} tiles of {plan['chip']} px",
        f"About {duration_text(plan['seconds'])} and {bytes_text(plan['memory_bytes'])} of memory"
        f" on {plan['device_name']}",
        f"Model: {plan['model']}",
    ]
    return "\n".join(lines)


def _images(setup: EmbedSetup) -> list[dict[str, Any]]:
    images = [each.image for each in setup.detected]
    asked = setup.job.reference
    base = images[reference_number(images, None if asked is None else asked - 1)]
    own_lattice = setup.grid.offset_in(base.grid) is not None
    target = f"grid of {base.title}" if own_lattice else _short(setup.grid)
    return [
        {
            "name": each.image.title,
            "text": _way(each, setup.grid, each.image is base and own_lattice, target),
            "is_reference": each.image is base and own_lattice,
        }
        for each in setup.detected
    ]


def _way(each: DetectedImage, grid: Grid, is_reference: bool, target: str) -> str:
    own = each.image.grid
    start = f"{each.image.title}: {_short(own)}"
    if is_reference:
        return f"{start}, reference grid"
    if grid.offset_in(own) is not None:
        return f"{start}, on the {target}"
    return f"{start} → {target}"


def _short(grid: Grid) -> str:
    gsd = grid.gsd_m
    return "no georeference" if gsd is None else f"{metres_text(gsd)} {crs_label(grid.crs)}"


def _notes(setup: EmbedSetup, pace: Pace) -> Iterator[str]:
    yield from model_notes(pace.model)
    for each, assignments in zip(setup.detected, setup.assignments, strict=True):
        yield from (f"{each.image.title}: {note}" for note in each.detection.notes)
        yield from band_notes(each, assignments, setup.own_bands)
