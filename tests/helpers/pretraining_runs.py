"""Small pretraining runs: made collections, recipes, and runs of a tiny model, in this process or as a program.

As a program it is train/pretrain.py with the tiny model under the name "vit-ti".
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import numpy as np
import pytest
import torch

from engine.model.config import CONFIGS, DecoderConfig, ModelConfig
from engine.raster.statistics import BandStatistics
from train.data.shards import ShardWriter, Side
from train.data.sides import RADAR_NODATA, catalogue_side
from train.distributed import Ranks
from train.pretrain import Outcome, main, pretrain
from train.recipe import recipe_from
from train.watch.curve import read_curve

TINY = ModelConfig(24, 2, 2, decoder=DecoderConfig(16, 1, 2))
SIZE = 64
ONE = Ranks(0, 1, torch.device("cpu"))

RGB = Side(
    "picture", ("red_1", "green_1", "blue_3"), "uint8", 80, 80,
    BandStatistics(("r", "g", "b"), (0.0,) * 3, (255.0,) * 3, (0.5,) * 3, (0.25,) * 3, "made"),
)  # fmt: skip


def s2_side(size: int = 40) -> Side:
    """Four bands of Sentinel-2."""
    return catalogue_side("sentinel-2-l2a", ("B02", "B03", "B04", "B8A"), "uint16", size, nodata=0)


def s1_side(size: int = 40) -> Side:
    """Both bands of Sentinel-1, in hundredths of a decibel."""
    return catalogue_side("sentinel-1-grd", ("VV", "VH"), "int16", size, 0.01, nodata=RADAR_NODATA)


def made_image(side: Side, numbers: np.random.Generator) -> np.ndarray:
    """Smooth ground with noise, over the range of the side's statistics."""
    coarse = numbers.random((len(side.bands), 5, 5)).repeat(side.height // 5, 1).repeat(side.width // 5, 2)
    share = 0.8 * coarse + 0.2 * numbers.random(side.shape)
    p1, p99 = (np.reshape(values, (-1, 1, 1)) for values in (side.statistics.p1, side.statistics.p99))
    return ((p1 + share * (p99 - p1) - side.bias) / side.gain).round().astype(side.dtype)


def write_collection(folder: Path, sides: tuple[Side, ...], count: int, seed: int) -> Path:
    """A collection of made images."""
    numbers = np.random.default_rng(seed)
    with ShardWriter(folder, folder.name, sides, "CC0-1.0", shard_bytes=4 * sum(s.bytes for s in sides)) as writer:
        for number in range(count):
            writer.add([made_image(side, numbers) for side in sides], f"{folder.name} place {number}")
    return folder


def write_collections(folder: Path) -> Path:
    """Radar pairs, pairs of a fine picture with a coarse image, and pictures alone: "radar", "fine", "alone"."""
    write_collection(folder / "radar", (s2_side(), s1_side()), 13, 1)
    write_collection(folder / "fine", (RGB, s2_side()), 9, 2)
    write_collection(folder / "alone", (RGB,), 7, 3)
    return folder


def settings(folder: Path, **changes: object) -> dict[str, object]:
    """A recipe as a mapping: three sensors, two parts of four records per step, epochs that end inside parts."""
    return {
        "model": "vit-ti", "data_root": str(folder), "data": ["radar", "fine", "alone"], "size": SIZE, "batch": 8,
        "parts": 2, "steps": 12, "warmup_steps": 3, "base_lr": 0.05, "compile": False, "precision": "fp32", **changes,
    }  # fmt: skip


def write_recipe(path: Path, content: dict[str, object]) -> Path:
    """The TOML file of ``settings``: JSON values are TOML values, line by line."""
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in content.items()))
    return path


def run_here(content: dict[str, object], out: Path) -> Outcome:
    """A run of one rank in this process, which gets its signal handlers back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        return pretrain(recipe_from(content), out, ONE)
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


@contextmanager
def tiny_model() -> Iterator[None]:
    """In this process "vit-ti" is the tiny model, and torch uses one thread as a rank does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIGS, "vit-ti", TINY)
        yield
    torch.set_num_threads(threads)


def losses(out: Path) -> list[float]:
    """The losses of a run, step by step; the steps are 1, 2, 3…"""
    rows = read_curve(out / "curve.csv")
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["loss"] for row in rows]


def start(
    recipe: Path, out: Path, *overrides: str, log: Path, world: int = 1, launcher: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start the program: as one rank, as the parent of ``world`` ranks, or by a ``launcher``. What is said: ``log``."""
    ranks = [f"--ranks={world}"] if world > 1 else []
    command = [sys.executable, *launcher, __file__, *ranks, "--recipe", str(recipe), "--out", str(out)]
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}
    with log.open("ab") as file:
        return subprocess.Popen(
            [*command, "--device", "cpu", *overrides], env=environment, stdout=file, stderr=subprocess.STDOUT
        )


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of the ranks, the first one first."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def _fork(world: int) -> None:
    """Returns in a process for each rank; the parent ends with them. What was imported is imported once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free.getsockname()[1]), WORLD_SIZE=str(world))
    started = []
    for rank in range(world):
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
        if (child := os.fork()) == 0:
            return
        started.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started))


if __name__ == "__main__":
    CONFIGS["vit-ti"] = TINY
    if sys.argv[1].startswith("--ranks="):
        _fork(int(sys.argv.pop(1).partition("=")[2]))
    main()
