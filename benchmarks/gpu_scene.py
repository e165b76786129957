"""A whole scene on a GPU: reader, device and writer, each alone and all together."""

from __future__ import annotations

import functools
import gc
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from affine import Affine

from benchmarks.gpu_encoder import prepared
from benchmarks.gpu_record import Record
from benchmarks.gpu_setting import Setting
from engine.raster.blend import StripBlender
from engine.raster.reader import block_cache
from engine.raster.side_by_side import SideBySideReader
from engine.raster.stored_values import int8_scales
from engine.raster.strips import Strip, StripReader
from engine.raster.tiles import TilePlan, plan_tiles
from engine.raster.writers import RasterWriter
from engine.tasks import embed
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage
from engine.tasks.tile_stream import feature_rows

#: What is written: one vector per chip, and one per token in the smallest type.
OUTPUTS = (("chips", "float32"), ("tokens", "int8"))
#: Tokens along a side of a model input.
TOKENS = 14
#: Runs of a whole; the first one warms up. A part alone is run as often.
RUNS = 3
REMARK = (
    "Reader alone: strips as they come, nothing done with them. Device alone: strips that wait in main memory, copied"
    " up, harmonised, resized, encoded, blended, and rows back in main memory. Writer alone: rows that wait in main"
    " memory, to a closed, checked file with overviews. The whole has besides what comes before the first tile"
    " (opening, radiometry, scales of int8) and after the last (components). A raster of one vector per token is"
    " 1,373² × 768 values: 5.8 GB as float32 on the way to the writer, 1.4 GB as int8."
)


def scene(setting: Setting, record: Record) -> None:
    """Adds the times of the parts and of the whole, for every model and output."""
    cases: list[dict[str, Any]] = []
    for name in setting.models:
        for level, dtype in OUTPUTS:
            case: dict[str, Any] = {"model": name, "level": level, "dtype": dtype}
            cases.append(case)
            setup, images = prepared(setting, name)
            plan = plan_tiles(setup.grid.height, setup.grid.width, setup.chip, TOKENS, 0.0, level)
            record.add("scene", {
                "side": setup.grid.height,
                "bytes": setting.scene.stat().st_size,
                "tiles": plan.tile_count,
                "remark": REMARK,
                "cases": cases,
            })  # fmt: skip
            _measure(setting, record, case, setup, images, plan)
            gc.collect()


def _measure(
    setting: Setting,
    record: Record,
    case: dict[str, Any],
    setup: EmbedSetup,
    images: list[PreparedImage],
    plan: TilePlan,
) -> None:
    """The parts and the whole of one case; what would not end in time is left out, and the case says so."""

    def enough(seconds: float) -> bool:
        if setting.left < seconds:
            case["left_out"] = "left out: no time left"
        record.add("scene", {})
        return setting.left >= seconds

    if not enough(20):
        return
    strips: list[Strip] = []
    case["reader_s"] = min(_read(setup, images, plan, strips) for _ in range(RUNS))
    if not enough(4 * case["reader_s"] + 20):
        return
    rows: list[tuple[int, np.ndarray]] = []
    times = [_on_device(setup, images, plan, strips, rows) for _ in range(RUNS)]
    case["first_device_s"], case["device_s"] = times[0], min(times[1:])
    strips.clear()
    gc.collect()
    if not enough(6 * case["device_s"] + 20):
        return
    case["writer_s"] = _write(setting, case["dtype"], plan, rows)
    rows.clear()
    gc.collect()
    expected = max(case["reader_s"], case["device_s"], case["writer_s"]) + 10
    runs: list[float] = []
    while len(runs) < RUNS and enough(2 * expected):
        output = setting.folder / "embedding.tif"
        job = setting.job(
            case["model"], output=str(output), overwrite=True, device=str(setting.device), level=plan.level,
            dtype=case["dtype"], precision="bf16" if setting.bf16 else "fp32",
        )  # fmt: skip
        result = embed.run(job)
        runs.append(result.seconds)
        case["output_bytes"], case["notes"] = output.stat().st_size, list(result.notes)
        output.unlink()
        expected = result.seconds
    if runs:
        case["first_whole_s"], case["whole_s"] = runs[0], min(runs[1:] or runs)
    record.add("scene", {})


def _read(setup: EmbedSetup, images: list[PreparedImage], plan: TilePlan, strips: list[Strip]) -> float:
    """Seconds to read all strips; they are kept."""
    strips.clear()
    begun = time.perf_counter()
    with ExitStack() as stack:
        readers = [
            stack.enter_context(SideBySideReader(functools.partial(image.detected.reader, setup.grid), plan.width))
            for image in images
        ]
        stack.enter_context(block_cache([reader.first for reader in readers]))
        strips.extend(stack.enter_context(StripReader([reader.read for reader in readers], plan)))
    return time.perf_counter() - begun


def _on_device(
    setup: EmbedSetup,
    images: list[PreparedImage],
    plan: TilePlan,
    strips: list[Strip],
    rows: list[tuple[int, np.ndarray]],
) -> float:
    """Seconds from strips to rows in main memory, the model loaded; the rows are kept."""
    rows.clear()
    model = setup.load_encoder()
    with FeatureExtractor(model, images, "stack", setup.device, None, lambda: False) as extractor:
        blender = StripBlender(plan, extractor.width, device=extractor.device)
        if setup.device.type == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        for row, values in feature_rows(strips, plan, extractor, blender, lambda _: None, lambda: False):
            # A copy per strip would be the benchmark's own work: all but a few rows are one and the same.
            rows.append((row, values if not rows or values.shape != rows[0][1].shape else rows[0][1]))
        return time.perf_counter() - begun


def _write(setting: Setting, dtype: str, plan: TilePlan, rows: list[tuple[int, np.ndarray]]) -> float:
    """Seconds to write these rows to a whole file."""
    dims = rows[0][1].shape[0]
    output: Path = setting.folder / "written.tif"
    scales = int8_scales(rows[0][1]) if dtype == "int8" else None
    begun = time.perf_counter()
    with RasterWriter(
        output, plan.rows, plan.cols, dims, plan.transform(Affine.scale(10, -10)), None, dtype,
        band_names=[f"feature {number + 1}" for number in range(dims)], tags={}, scales=scales, overwrite=True,
    ) as writer:  # fmt: skip
        for row, values in rows:
            writer.write(row, values)
    seconds = time.perf_counter() - begun
    output.unlink()
    return seconds
