"""How many training pairs does a core read? Packed records beside the plain reader of the released code's kind.

    OMP_NUM_THREADS=1 python benchmarks/packed_reader.py [--source FOLDER] [--pairs 64]

Takes pairs of BigEarthNet-MM from FOLDER (which holds BigEarthNet-v1.0 and BigEarthNet-S1-v1.0), or writes made ones
of the same layout, packs them, and measures in turn, A B B A, on one thread with all files in the page cache:

- plain: 14 band files through rasterio (20 m and 60 m bands bilinear, as released), normalised, cropped, flipped and
  resized by scikit-image (order=3, anti_aliasing=True), one pair after the other;
- packed, read: records as native integers, ready to be sent to a device;
- packed, augmented: the same, then normalised, cropped, flipped and resized in batches, here on the CPU;
- on a machine with CUDA also with the batches on the GPU, fed by one core.

Both ways must give the same images first. Prints a table and writes JSON and Markdown to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.enums import Resampling
from skimage.transform import resize as skimage_resize

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

from pretraining_layouts import write_bigearthnet  # noqa: E402

from benchmarks.machine import machine  # noqa: E402
from train.data.augment import CROP_SCALE, Augment, Draws  # noqa: E402
from train.data.packing import pack  # noqa: E402
from train.data.readers.bigearthnet import S1_BANDS, S2_BANDS, SIDE, BigEarthNet, find_folders  # noqa: E402
from train.data.shards import Collection, Side  # noqa: E402

ROUNDS = 3
SIZE = 224
BATCH = 16
#: Images of both ways differ by no more than this share of their range, from the same stored numbers.
AGREE = 1e-4
#: Every timed run of a packed reader takes at least so long.
LEAST_S = 0.5

Images = tuple[np.ndarray, ...]


def main() -> None:
    """Measure, print, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="folder of BigEarthNet-MM; made pairs without it")
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source = arguments.source or write_bigearthnet(work / "source", arguments.pairs)
        s2, s1 = find_folders([source], "pairs")
        assert s2 is not None and s1 is not None, "pairs have both"
        reader = BigEarthNet(s2, s1, upsampling="bilinear")
        pack(reader, work / "packed", limit=arguments.pairs)
        collection = Collection(work / "packed")
        record = {
            "benchmark": "packed_reader",
            "machine": machine(),
            "data": "BigEarthNet-MM" if arguments.source else "made in its layout",
            "pairs": len(collection),
            "batch": BATCH,
            **measured(collection, s2, s1, arguments.rounds),
        }
    name = f"packed-reader-{record['machine']['date']}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    (arguments.out / f"{name}.md").write_text(page(record))
    print(page(record))


def plain_pair(
    s2: Path, s1: Path, sides: tuple[Side, ...], crop: np.ndarray, turn: np.ndarray, rounded: bool = False
) -> Images:
    """One pair the plain way: (12, 224, 224) and (2, 224, 224) float32, from its draws in [0, 1).

    ``rounded`` takes radar in the steps of the packed records instead of the files' floats.
    """
    low, high = CROP_SCALE
    side = int(np.clip(np.round(np.sqrt(np.float32(low + (high - low) * crop[0])) * SIDE), 1, SIDE))
    top, left = (int(np.floor(place * (SIDE - side + 1))) for place in crop[1:])
    images = []
    for patch, bands, packed in ((s2, S2_BANDS, sides[0]), (s1, S1_BANDS, sides[1])):
        rows = []
        for band in bands:
            with rasterio.open(patch / f"{patch.name}_{band}.tif") as dataset:
                rows.append(dataset.read(1, out_shape=(SIDE, SIDE), resampling=Resampling.bilinear))
        image = np.stack(rows).astype(np.float32)
        if rounded:
            image = (np.rint(image.astype(np.float64) / packed.gain) * packed.gain).astype(np.float32)
        p1, p99, mean, std = (np.reshape(np.float32(getattr(packed.statistics, name)), (-1, 1, 1))
                              for name in ("p1", "p99", "mean", "std"))  # fmt: skip
        image = (np.clip((image - p1) / (p99 - p1), 0, 1) - mean) / std
        image = image[:, top : top + side, left : left + side]
        if turn[0] >= 0.5:
            image = image[:, ::-1]
        if turn[1] >= 0.5:
            image = image[:, :, ::-1]
        if turn[2] >= 0.5:
            image = image.transpose(0, 2, 1)
        resized = skimage_resize(image.transpose(1, 2, 0), (SIZE, SIZE), order=3, anti_aliasing=True)
        images.append(resized.transpose(2, 0, 1).astype(np.float32))
    return tuple(images)


def measured(collection: Collection, s2: Path, s1: Path, rounds: int) -> dict[str, Any]:
    """Pairs per second of every way, in turn, and by how much the images differ."""
    count = len(collection)
    draws = Draws.of_part(0, 0, count, (SIZE // 16) ** 2)
    names = [origin.split(" & ") for origin in collection.origins(range(count))]
    crop, turn = draws.crop.numpy(), draws.turn.numpy()

    def plain(number: int, rounded: bool = False) -> Images:
        a, b = names[number]
        return plain_pair(s2 / a, s1 / b, collection.sides, crop[number], turn[number], rounded)

    def all_plain() -> None:
        for number in range(count):
            plain(number)

    def read(start: int) -> tuple[torch.Tensor, ...]:
        images = collection.read(range(start, min(start + BATCH, count)))
        return tuple(torch.from_numpy(image) for image in images)

    def all_read() -> None:
        for start in range(0, count, BATCH):
            read(start)

    def all_augmented(device: torch.device) -> Callable[[], None]:
        augment = Augment(collection.sides, SIZE, device)

        def run() -> None:
            for start in range(0, count, BATCH):
                augment(read(start), draws.rows(start, start + BATCH))
            if device.type == "cuda":
                torch.cuda.synchronize(device)

        return run

    cpu = Augment(collection.sides, SIZE, torch.device("cpu"))
    ways = {"plain": all_plain, "read": all_read, "augmented": all_augmented(torch.device("cpu"))}
    if torch.cuda.is_available():
        ways["augmented_gpu"] = all_augmented(torch.device("cuda"))

    def ours(start: int) -> tuple[torch.Tensor, ...]:
        return cpu(read(start), draws.rows(start, start + BATCH))

    differences = largest_differences(collection, lambda number: plain(number, True), ours)
    if max(differences.values()) > AGREE:
        sys.exit(f"the two ways differ by {differences} of the range: no timing")
    by_rounding = largest_differences(collection, plain, ours)
    for name, run in ways.items():
        if name != "plain":  # it is warm from the comparison
            run()
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in (*ways, *reversed(ways)):
            rates[name].append(count * rate_of(ways[name], 0.0 if name == "plain" else LEAST_S))
    return {
        "largest_differences": differences,
        "largest_differences_with_rounding": by_rounding,
        "pairs_per_second": rates,
    }


def largest_differences(
    collection: Collection, plain: Callable[[int], Images], ours: Callable[[int], tuple[torch.Tensor, ...]]
) -> dict[str, float]:
    """Per sensor the largest difference of both ways, as a share of the image's range."""
    found = dict.fromkeys((side.sensor for side in collection.sides), 0.0)
    for start in range(0, len(collection), BATCH):
        batches = ours(start)
        for number in range(start, min(start + BATCH, len(collection))):
            for side, image, batch in zip(collection.sides, plain(number), batches, strict=True):
                difference = float(np.abs(image - batch[number - start].numpy()).max() / np.ptp(image))
                found[side.sensor] = max(found[side.sensor], difference)
    return found


def rate_of(run: Callable[[], None], least_s: float) -> float:
    """Runs per second, over as many as take ``least_s``."""
    started, runs = time.perf_counter(), 0
    while True:
        run()
        runs += 1
        seconds = time.perf_counter() - started
        if seconds >= least_s:
            return runs / seconds


def page(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    where, rates = record["machine"], record["pairs_per_second"]
    titles = {
        "plain": "plain: rasterio per band file, scikit-image",
        "read": "packed: read",
        "augmented": "packed: read, normalised, cropped, flipped, resized on the same core",
        "augmented_gpu": f"packed: read by one core, the rest on {where['gpu']}",
    }
    middle = {name: statistics.median(values) for name, values in rates.items()}
    rows = "\n".join(
        f"| {titles[name]} | {figure(middle[name])} ({figure(min(values))} to {figure(max(values))}) |"
        f" {figure(middle[name] / middle['plain'])}× |"
        for name, values in rates.items()
    )
    largest, rounding = (
        max(record["largest_differences"].values()),
        max(record["largest_differences_with_rounding"].values()),
    )
    return (
        f"# Training pairs per second and core\n\n"
        f"{where['date']}, {where['processor']}, {where['cores']} cores, {where['instruction_set']}, one thread."
        f" {record['pairs']} pairs of 12 + 2 bands, {SIDE} px to {SIZE} px, {record['data']}, in the page cache;"
        f" medians of {len(rates['plain'])} runs each, in turn (A B B A).\n\n"
        f"| | pairs/s | |\n|---|---|---|\n{rows}\n\n"
        f"Largest difference of the images from the same stored numbers, as a share of their range: {largest:.1e};"
        f" with the rounding of radar in packed records: {rounding:.1e}.\n"
    )


def figure(value: float) -> str:
    """A number with one digit after the point where it is small."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    main()
