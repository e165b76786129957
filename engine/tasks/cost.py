"""What an embedding will take, from its sizes and the model's measured pace: seconds, memory, bytes on disk.

The constants were fitted to runs on two CPU cores (tiny and ViT-B models, 2 to 24 bands, 4 to 25 Mpx); they are
small beside the model's share, which is measured, except where images are warped.
"""

from __future__ import annotations

import math

from engine.raster.band_files import is_resampled
from engine.raster.components import FIT_TOKENS
from engine.raster.grid import Grid
from engine.raster.tiles import TilePlan
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.inputs import SAMPLE_SIDE_PX, SAMPLE_WINDOWS, STREAM_ROWS, DetectedImage
from engine.tasks.pace import Pace

_BYTES = {"float32": 4, "float16": 2, "int8": 1}

#: Opening files, closing them, first use of a library.
_START_S = 0.4
#: Per weight that is loaded.
_LOAD_S = 20e-9
#: Per value of one band in one pixel: decoded as it stands, brought from another lattice, counted for statistics.
_READ_S, _WARP_S, _COUNT_S = 8e-9, 150e-9, 12e-9
#: Per value of the output: packed and written; read again and drawn.
_WRITE_S, _DRAW_S = 25e-9, 15e-9

#: Python with all libraries, and with CUDA's, too: the second is an assumption that no GPU has confirmed yet.
_BASE_BYTES, _CUDA_BASE_BYTES = 420 * 2**20, 2600 * 2**20
#: Strips of an image that are in memory at once: read, assembled, two waiting, in use; on the way to a GPU, two copies.
_STRIPS, _PINNED_STRIPS = 5, 2
#: Rolling sums of the output that are: being filled, handed over, two waiting, being written, and scratch.
_SUMS = 6
#: The writer's own buffer (engine.raster.writers) and what packs it.
_WRITER_BYTES = 160_000_000
#: Values in flight per token while a block runs, in units of its width: residual, query, key, value, hidden layer.
_ACTIVATIONS = 14


def output_bytes(setup: EmbedSetup, plan: TilePlan, dims: int) -> int:
    """The size of the embedding before packing, without overviews."""
    return plan.rows * plan.cols * dims * _BYTES[setup.job.dtype]


def seconds(setup: EmbedSetup, plan: TilePlan, pace: Pace) -> float:
    """How long the whole run will take, if every tile has data."""
    grid = setup.grid
    read = prepare = 0.0
    for each, known in zip(setup.detected, setup.statistics, strict=True):
        value_s = [_WARP_S if is_resampled(each.image.sources[band], grid) else _READ_S for band in each.band_numbers]
        read += grid.width * grid.height * sum(value_s)
        prepare += _sampled(grid.height) * _sampled(grid.width) * sum(value_s)
        if known is None:
            prepare += grid.width * grid.height * (sum(value_s) + _COUNT_S * len(value_s))
    values = plan.rows * plan.cols * pace.dims
    encode = plan.tile_count * pace.tile_s
    write = values * _WRITE_S
    # On a CPU reader and writer take their time from the model; beside a GPU the slowest of the three tells.
    main = encode + read + write if setup.device.type == "cpu" else max(encode, read, write)
    draw = values * _DRAW_S if setup.job.picture else 0.0
    # The measurement has read the weights from disk: from now on they come from memory.
    load = min(pace.load_s, _START_S + _LOAD_S * pace.model.parameters)
    return _START_S + load + prepare + main + draw


def memory_bytes(setup: EmbedSetup, plan: TilePlan, pace: Pace) -> int:
    """The most main memory the process will hold."""
    on_gpu = setup.device.type != "cpu"
    base = _CUDA_BASE_BYTES if on_gpu else _BASE_BYTES
    # While they are loaded, weights of four bytes lie in memory beside the file's.
    loading = 8 * pace.model.parameters
    bands = 0
    strips = statistics = 0
    for each, known in zip(setup.detected, setup.statistics, strict=True):
        pixel = _pixel_bytes(each, setup.grid)
        bands += len(each.band_numbers)
        strips += (_STRIPS + _PINNED_STRIPS * on_gpu) * plan.chip * plan.padded_width * (pixel + 1)
        if known is None:
            # The window, and masks and sorted copies of one band.
            statistics = max(statistics, STREAM_ROWS * plan.width * (3 * pixel + 16))
    batch = min(pace.batch, plan.tile_count)
    tokens = batch * (plan.tokens**2 + 1)
    width = pace.model_width
    chips = batch * bands * 4 * (2 * plan.chip**2 + 3 * (plan.tokens * pace.patch) ** 2)
    activations = 0 if on_gpu else tokens * width * _ACTIVATIONS * 4
    sums = _SUMS * plan.cells * plan.cols * pace.dims * 4
    buffer = min(_WRITER_BYTES, 128 * plan.cols * pace.dims * 4)
    sample = 2 * 4 * pace.dims * min(plan.rows * plan.cols, FIT_TOKENS, 2**25 // pace.dims)
    running = strips + chips + activations + sums + 2 * buffer + sample
    return int(base + max(loading, (0 if on_gpu else pace.weight_bytes) + max(statistics, running)))


def _sampled(side: int) -> int:
    """Pixels along a side that are looked at to recognise the radiometry."""
    return min(side, SAMPLE_WINDOWS * SAMPLE_SIDE_PX)


def _pixel_bytes(each: DetectedImage, grid: Grid) -> int:
    """Bytes of all bands of one pixel as they are read."""
    reader = each.reader(grid)
    return reader.dtype.itemsize * len(reader.bands)


def duration_text(value: float) -> str:
    """A time for people: "7 s", "3 min", "1.5 h"."""
    if value < 90:
        return f"{max(1, math.ceil(value))} s"
    if value < 5400:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def bytes_text(value: float) -> str:
    """A size for people: "0.8 GB", "12 MB"."""
    return f"{value / 1e9:.1f} GB" if value >= 1e8 else f"{value / 1e6:.1f} MB"
