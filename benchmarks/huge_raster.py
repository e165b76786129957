"""Does a raster of 100,000 × 100,000 px start, tell its progress, and stop when asked?

    python benchmarks/huge_raster.py

A VRT of that size and 4 bands, whose first 2,000 × 2,000 px lie in a file and the rest is empty, embedded by a worker
as QGIS starts it: the seconds to the first tile, those from a cancel to the worker's answer, and the peak of memory.
Ends with an error where the worker answers anything else, or leaves anything behind.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.comparison import Figure, Found, benchmark  # noqa: E402
from benchmarks.made_scene import BANDS, CRS, TRANSFORM, write_scene  # noqa: E402
from benchmarks.worker_client import WorkerClient  # noqa: E402
from engine.jobs.embed import EmbedJob  # noqa: E402
from engine.model.checkpoints import save_checkpoint  # noqa: E402
from engine.model.config import DecoderConfig, ModelConfig  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from engine.protocol import ErrorReply  # noqa: E402

SIDE, FILLED, BAND_COUNT, CHIP = 100_000, 2_000, 4, 112
#: Narrow, and written as int8: the embedding of the whole would fit on a usual disk, which is asked for beforehand.
NARROW = ModelConfig(24, 2, 2, decoder=DecoderConfig(16, 1, 2))
STRIPS_BYTES = 5 * CHIP * SIDE * (2 * BAND_COUNT + 1)
#: A cancel is honoured within a tile, or within the strip that is being read.
START_S, STOP_S, BESIDES_STRIPS_BYTES = 20.0, 2.0, 2e9


@dataclass(frozen=True)
class Attempt:
    """What was seen of a run that was cancelled after its first tiles; ``left`` names files that it left behind."""

    start_s: float
    fraction: float
    seconds_left: float | None
    stop_s: float
    peak_bytes: int
    answer: object
    left: list[str]


def main() -> None:
    """Measure, print, and write the record."""
    benchmark("huge-raster", "A raster of 100,000 × 100,000 px", __doc__, measure, rounds=1)


def measure(rounds: int) -> Found:
    """The slowest of ``rounds`` attempts."""
    attempts = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            attempts.append(start_and_cancel(Path(folder), SIDE))
    for each in attempts:
        if not (isinstance(each.answer, ErrorReply) and each.answer.code == "cancelled") or each.left:
            raise SystemExit(f"not cancelled cleanly: {each.answer}, left {each.left}")
        if not 0 < each.fraction < 1:
            raise SystemExit(f"the progress is {each.fraction}")
    besides = max(each.peak_bytes for each in attempts) - STRIPS_BYTES
    return [
        Figure("start to the first tile", max(each.start_s for each in attempts), "s", at_most=START_S),
        Figure("cancel to the answer", max(each.stop_s for each in attempts), "s", at_most=STOP_S),
        Figure("peak without strips", besides / 1e9, "GB", at_most=BESIDES_STRIPS_BYTES / 1e9),
        Figure("the strips", STRIPS_BYTES / 1e9, "GB"),
    ]


def start_and_cancel(folder: Path, side: int) -> Attempt:
    """Embeds a sparse raster of ``side`` × ``side`` px until its first tiles are done, then cancels."""
    source, weights = write_sparse(folder, side), folder / "model.safetensors"
    save_checkpoint(random_autoencoder(NARROW, 0), weights)
    target = folder / "out"
    target.mkdir()
    job = EmbedJob(
        (str(source),), output=str(target / "out.tif"), dtype="int8", model=str(weights), chip=CHIP, device="cpu"
    )
    with WorkerClient(folder / "engine.log") as worker:
        asked = time.perf_counter()
        number = worker.request("embed", job.to_dict())
        first = worker.until_tile()
        started = time.perf_counter()
        worker.cancel(number)
        answer = worker.answer()
        stopped = time.perf_counter()
        peak = worker.peak_bytes()
    left = [path.name for path in target.iterdir()]
    return Attempt(started - asked, first.fraction, first.seconds_left, stopped - started, peak, answer, left)


def write_sparse(folder: Path, side: int) -> Path:
    """A VRT of ``side`` × ``side`` px whose upper left corner lies in a file; the rest is nodata."""
    filled = min(FILLED, side)
    file = write_scene(folder, filled, filled, BAND_COUNT)
    window = f'xOff="0" yOff="0" xSize="{filled}" ySize="{filled}"'
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{number}"><Description>{BANDS[number - 1]}</Description>'
        f'<NoDataValue>0</NoDataValue><SimpleSource><SourceFilename relativeToVRT="1">{file.name}</SourceFilename>'
        f"<SourceBand>{number}</SourceBand><SrcRect {window}/><DstRect {window}/></SimpleSource></VRTRasterBand>"
        for number in range(1, BAND_COUNT + 1)
    )
    place = ", ".join(str(value) for value in TRANSFORM.to_gdal())
    path = file.with_suffix(".vrt")
    path.write_text(
        f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}"><SRS>{CRS}</SRS>'
        f"<GeoTransform>{place}</GeoTransform>{bands}</VRTDataset>"
    )
    return path


if __name__ == "__main__":
    main()
