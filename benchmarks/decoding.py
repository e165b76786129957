"""How often is a block decoded? Strips read ahead of the model, beside one read per tile.

    python benchmarks/decoding.py

An image as wide as a Sentinel-2 scene (10,980 px), 12 bands, in the layouts that GeoTIFFs have, read for tiles of
112 px with an overlap of a half. What is decoded is told by what the process reads: a block's packed bytes come from
the file once for every time it is decoded. Plain: one read per tile, with a block cache of the same size. Then a whole
embedding of the image, which looks at up to 64 windows for the radiometry before it begins with the tiles.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks import plain  # noqa: E402
from benchmarks.comparison import Comparison, Figure, Found, benchmark, in_turn  # noqa: E402
from benchmarks.made_scene import write_scene  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import DecoderConfig, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.raster.reader import GridReader, block_cache  # noqa: E402
from engine.raster.sources import open_images  # noqa: E402
from engine.raster.strips import StripReader  # noqa: E402
from engine.raster.tiles import TilePlan, plan_tiles  # noqa: E402
from engine.tasks import embed, inputs  # noqa: E402

HEIGHT, WIDTH, CHIP, TOKENS, OVERLAP = 1024, 10_980, 112, 14, 0.5
AT_MOST = 1.05
LAYOUTS: dict[str, dict[str, Any]] = {
    "blocks of 256 px, bands together": {"interleave": "pixel"},
    "blocks of 512 px, bands apart": {"interleave": "band", "blockxsize": 512, "blockysize": 512},
    "rows, bands together": {"interleave": "pixel", "tiled": False, "blockxsize": WIDTH, "blockysize": 1},
}
#: A model that takes no time beside the reading.
TINY = ModelConfig(24, 1, 2, decoder=DecoderConfig(16, 1, 2))

Size = tuple[int, int]


def main() -> None:
    """Measure, print, and write the record."""

    def measure(rounds: int) -> Found:
        found = [each for name, options in LAYOUTS.items() for each in compare(name, options, (HEIGHT, WIDTH), rounds)]
        return [*found, *whole_run((HEIGHT, WIDTH))]

    benchmark("decoding", "Each block decoded once", __doc__, measure, rounds=1)


def compare(name: str, options: dict[str, Any], size: Size, rounds: int) -> Found:
    """Both ways of reading an image in one layout: bytes and seconds."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        source = write_scene(Path(folder), *size, **options)
        image = open_images((str(source),))[0]
        plan = plan_tiles(*size, CHIP, TOKENS, OVERLAP)
        reader = stack.enter_context(GridReader(image, image.grid, range(image.band_count)))
        stack.enter_context(block_cache([reader]))
        for ours, (_, _, values) in zip(our_tiles(reader, plan), plain_tiles(source, plan, reader), strict=True):
            if not np.array_equal(ours, values):
                raise SystemExit(f"{name}: a tile differs")
        ways: dict[str, Callable[[], object]] = {
            "plain, one read per tile": lambda: consume(plain_tiles(source, plan, reader)),
            "ours, strips": lambda: consume(our_tiles(reader, plan)),
        }
        file_bytes = source.stat().st_size
        shares = {way: bytes_read_by(run) / file_bytes for way, run in ways.items()}
        what = f"{name}: {plan.tile_count} tiles"
        return [
            Comparison(what, in_turn(ways, rounds), {"ours, strips": 0.0}),
            Figure(f"{what}, plain", shares["plain, one read per tile"], "times the file is decoded"),
            Figure(f"{what}, ours", shares["ours, strips"], "times the file is decoded", at_most=AT_MOST),
        ]


def whole_run(size: Size) -> Found:
    """What an embedding from beginning to end reads of its image, and what its look at the radiometry reads of it."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["SMARTIES_LOG"] = str(folder / "engine.log")
        source, weights = write_scene(folder, *size, interleave="pixel"), folder / "model.safetensors"
        save_checkpoint(random_autoencoder(TINY, 0), weights)
        job = EmbedJob(
            inputs=(str(source),), output=str(folder / "out.tif"), overwrite=True, model=str(weights), chip=CHIP,
            overlap=OVERLAP, statistics="sensor", device="cpu",
        )  # fmt: skip
        # The first loads libraries, which are read too.
        embed.run(job)
        detected = inputs.detect_inputs(job)
        grid = inputs.grid_of(job, detected)
        looked = bytes_read_by(lambda: inputs.sample(detected[0], grid, lambda: False))
        run = bytes_read_by(lambda: embed.run(job))
        file_bytes = source.stat().st_size
        return [
            Figure("a look at the radiometry", looked / file_bytes, "times the file is decoded"),
            Figure("a whole embedding, the look and what is read of its output included", run / file_bytes, "times"),
        ]


def our_tiles(reader: GridReader, plan: TilePlan) -> Iterator[np.ndarray]:
    """The values (C, chip, chip) of every tile inside the image, from top to bottom, left to right."""
    with StripReader([reader.read], plan) as strips:
        for strip in strips:
            for tile in plan.tiles(strip.row):
                if _inside(plan, tile.y, tile.x):
                    yield strip.cut(tile)[0][0]


def plain_tiles(source: Path, plan: TilePlan, reader: GridReader) -> Iterator[tuple[int, int, np.ndarray]]:
    """The same by one read per tile, with a block cache as large as that of ``reader``."""
    rows = [y for y in plan.row_starts if _inside(plan, y, 0)]
    cols = [x for x in plan.col_starts if _inside(plan, 0, x)]
    with rasterio.Env(GDAL_CACHEMAX=reader.cache_bytes):
        yield from plain.read_tiles(source, (rows, cols), plan.chip)


def consume(tiles: Iterator[object]) -> None:
    """Goes through all of them."""
    for _ in tiles:
        pass


def bytes_read_by(run: Callable[[], object]) -> int:
    """What this process reads from files while ``run`` does, from the page cache or not (Linux only)."""
    before = _bytes_read()
    run()
    return _bytes_read() - before


def _bytes_read() -> int:
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


def _inside(plan: TilePlan, y: int, x: int) -> bool:
    return y + plan.chip <= plan.height and x + plan.chip <= plan.width


if __name__ == "__main__":
    main()
