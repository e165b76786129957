"""Segment images with a head: classes on the grid of the images, how sure they are, and polygons."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import CancelledError
from engine.heads.files import load_head
from engine.heads.head import HeadInfo, TokenHead
from engine.jobs.segment import SegmentJob
from engine.memory import keep_memory_level
from engine.model.devices import choose_device, choose_precision, describe_device
from engine.model.digest import file_sha256
from engine.progress import CancelCallback, ProgressCallback, ProgressMeter
from engine.raster.feature_raster import FeatureRaster
from engine.raster.grid import Grid
from engine.raster.outputs import Outputs
from engine.tasks.feature_source import refuse_to_overwrite
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import prepare_images
from engine.tasks.map_tags import map_tags
from engine.tasks.provenance import notes_of
from engine.tasks.segment_cells import Take, map_cells, map_pixels, validity
from engine.tasks.segment_finish import sieve, write_class_polygons
from engine.tasks.segment_maps import ClassRaster, MapFiles, Maps, NumberRaster
from engine.tasks.segment_source import check_model, check_units, features_to_map, images_to_map
from engine.tasks.segment_tiles import map_tiles, pixel_plan

if TYPE_CHECKING:
    from engine.heads.upernet import UPerNetHead

#: Shares of the progress bar: the embedding, where it has to be made; the maps; the sieve; the polygons.
_EMBEDDED, _MAPPED, _SIEVED = 0.6, 0.9, 0.95
#: Units of areas for people, with their square metres: the largest that the largest class fills.
_AREA_UNITS = (("km²", 1e6), ("ha", 1e4))


@dataclass(frozen=True)
class SegmentResult:
    """What was written: the class raster, and the other maps where they were asked for, else empty.

    ``classes``: of each class "value", "name", "colour", "pixels" and "area_m2" (None without a CRS), in the order of
    the head. ``rows`` and ``cols`` are those of the rasters.
    """

    output: str
    confidence: str
    probabilities: str
    polygons: str
    classes: tuple[dict[str, Any], ...]
    rows: int
    cols: int
    seconds: float
    device: str
    notes: tuple[str, ...]

    def summary(self) -> str:
        """For a terminal: what was written, and a line for each class that the map has."""
        total = sum(each["pixels"] for each in self.classes)
        lines = [f"Wrote {self.output}: {self.cols} × {self.rows} px, {total / (self.cols * self.rows):.0%} with data."]
        shown = sorted((each for each in self.classes if each["pixels"]), key=lambda each: -each["pixels"])
        width = min(40, max((len(each["name"]) for each in shown), default=0))
        known = [each["area_m2"] for each in shown if each["area_m2"] is not None]
        unit, size = next(
            (known_unit for known_unit in _AREA_UNITS if known and known_unit[1] <= max(known)), ("m²", 1)
        )
        for each in shown:
            area = f"  {each['area_m2'] / size:>10,.2f} {unit}" if known else ""
            lines.append(f"  {each['name']:<{width}}  {each['pixels'] / total:6.1%}{area}")
        others = (
            ("Confidence", self.confidence),
            ("Probabilities", self.probabilities),
            ("Polygons", self.polygons),
        )
        lines += [f"{what}: {path}" for what, path in others if path]
        return "\n".join([*lines, f"Took {self.seconds:.1f} s on {self.device}."])


@dataclass(frozen=True)
class _Mapping:
    """How probabilities come about: on which grid, by which model, where, and ``run(take, progress)`` makes them."""

    grid: Grid
    model: Mapping[str, Any]
    titles: str
    device: str
    notes: tuple[str, ...]
    run: Callable[[Take, ProgressCallback], None]


def run(
    job: SegmentJob, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None
) -> SegmentResult:
    """Runs the job and returns what was written.

    No output takes its name until all are whole. Raises a SmartiesError that says what to do: CheckpointError for a
    head of another model, other bands or other statistics; CancelledError when ``cancelled`` said so.
    """
    started = time.monotonic()
    keep_memory_level()
    stopped = cancelled or (lambda: False)
    meter = ProgressMeter(progress)
    job.check()
    meter.update(0, "Reading the head")
    head = load_head(job.head)
    info = head.info
    with Outputs(job.overwrite) as outputs:
        files = MapFiles.of(job, outputs)
        refuse_to_overwrite((job.output, job.confidence, job.probabilities, job.polygons), (*job.inputs, job.head))
        targets = [Path(name) for name in (job.output, job.confidence, job.probabilities) if name]
        if isinstance(head, TokenHead):
            mapping = _of_tokens(job, head, targets, meter, stopped)
        else:
            mapping = _of_blocks(job, head, targets, meter, stopped)
        what = f"Classes of {mapping.titles} by {Path(job.head).stem}"
        tags = map_tags("segment", job, what, mapping.model) | {"SMARTIES_HEAD": _head_record(job, info)}
        classes = _map(job, info, files, tags, mapping, meter, stopped)
        meter.update(1, "Done")
    return SegmentResult(
        output=job.output,
        confidence=job.confidence,
        probabilities=job.probabilities,
        polygons=job.polygons,
        classes=classes,
        rows=mapping.grid.height,
        cols=mapping.grid.width,
        seconds=time.monotonic() - started,
        device=mapping.device,
        notes=mapping.notes,
    )


def call(params: dict[str, Any], progress: ProgressCallback, cancelled: CancelCallback) -> dict[str, Any]:
    """``run`` for the worker: params are the fields of ``SegmentJob``."""
    return dataclasses.asdict(run(SegmentJob.from_dict(params), progress, cancelled))


def _of_tokens(
    job: SegmentJob, head: TokenHead, targets: list[Path], meter: ProgressMeter, cancelled: CancelCallback
) -> _Mapping:
    """Maps by way of an embedding, made first where there is none."""
    mapped = features_to_map(job, head.info, targets, meter.part(0, _EMBEDDED), cancelled)
    device = choose_device(job.device)
    placed = head.to(device)
    path, setup = mapped.source.path, mapped.setup
    with FeatureRaster(path) as raster:
        record = raster.record
        by_cell = record.level == "chips"
        grid = raster.grid if by_cell else raster.source_grid

    def make(take: Take, progress: ProgressCallback) -> None:
        with FeatureRaster(path) as raster:
            if by_cell:
                map_cells(raster, placed, device, take, progress, cancelled)
                return
            # The embedding knows data by the cell; the images know them by the pixel.
            with nullcontext() if setup is None else validity(setup.detected, grid) as valid:
                map_pixels(raster, placed, device, valid, take, progress, cancelled)

    # The head takes a moment; where the model ran is what a user asks about.
    described = mapped.source.device or describe_device(device, "fp32")
    return _Mapping(grid, record.model, record.title, described, mapped.source.notes, make)


def _of_blocks(
    job: SegmentJob, head: UPerNetHead, targets: list[Path], meter: ProgressMeter, cancelled: CancelCallback
) -> _Mapping:
    """Maps straight from images, whose blocks no embedding holds."""
    # It takes long to import, and was for the head itself.
    from engine.heads.upernet import block_numbers

    info = head.info
    setup = images_to_map(job, info, targets, meter.part(0, 0.02), cancelled)
    check_model(setup.job.model, info)
    encoder = setup.load_encoder()
    images = prepare_images(
        setup.job, setup.detected, setup.assignments, setup.statistics, setup.grid, meter.part(0.02, 0.1), cancelled
    )
    check_units(info, [image.record() for image in images])
    plan = pixel_plan(setup.tiles(encoder.config.grid))
    device = choose_device(job.device)
    placed = head.to(device)
    blocks = block_numbers(encoder.depth)

    def stop_when_cancelled() -> None:
        if cancelled():
            raise CancelledError("Cancelled; nothing was written.")

    def make(take: Take, progress: ProgressCallback) -> None:
        placed.on_each_part(stop_when_cancelled)
        with FeatureExtractor(encoder, images, setup.job.fusion, setup.device, setup.job.batch, cancelled) as extractor:
            map_tiles(images, setup.grid, plan, extractor, placed, blocks, take, progress, cancelled)

    model = {"name": encoder.info.name, "title": encoder.info.title, "sha256": encoder.info.sha256,
             "random": encoder.info.random, "projections": encoder.info.projections}  # fmt: skip
    titles = " + ".join(each.image.title for each in setup.detected)
    described = describe_device(device, choose_precision(job.precision, device))
    notes = tuple(note for note in notes_of(images, encoder.info, setup.own_bands) if note)
    return _Mapping(setup.grid, model, titles, described, notes, make)


def _map(
    job: SegmentJob,
    info: HeadInfo,
    files: MapFiles,
    tags: Mapping[str, str],
    mapping: _Mapping,
    meter: ProgressMeter,
    cancelled: CancelCallback,
) -> tuple[dict[str, Any], ...]:
    """Writes all outputs; gives what each class covers."""
    grid = mapping.grid
    sieved = job.sieve_px > 1
    report = meter.part(_EMBEDDED, _MAPPED if sieved or job.polygons else 1)
    with ClassRaster(files.classes, grid, info, tags) as raster:
        # Beside the output and under its hidden name, so that whatever ends the run removes it, too.
        unsieved = Path(f"{files.classes}.unsieved.tif")
        with NumberRaster(unsieved, grid) if sieved else nullcontext(raster) as numbers:
            with Maps(numbers, files, grid, info, job.confidence_kind, tags) as maps:
                mapping.run(maps.take, report)
        if sieved:
            sieve(unsieved, raster, grid, job.sieve_px, meter.part(_MAPPED, _SIEVED), cancelled)
    if files.polygons is not None:
        write_class_polygons(files.classes, files.polygons, grid, info, meter.part(_SIEVED, 1), cancelled)
    areas = [None] * len(info.classes) if raster.areas is None else raster.areas.tolist()
    return tuple(
        {"value": each.value, "name": each.name, "colour": each.colour, "pixels": int(pixels), "area_m2": area}
        for each, pixels, area in zip(info.classes, raster.pixels, areas, strict=True)
    )


def _head_record(job: SegmentJob, info: HeadInfo) -> str:
    """What a map tells of its head, as JSON."""
    head = Path(job.head).with_suffix(".safetensors")
    return json.dumps(
        {"name": head.name, "sha256": file_sha256(head), "kind": info.kind, "created": info.created}, ensure_ascii=False
    )
