"""What the stages of benchmarks/gpu.py share: device, sizes, the models' files and the scene, made once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
import torch
from rasterio.transform import from_origin
from rasterio.windows import Window

from engine.jobs.embed import EmbedJob
from engine.model.checkpoints import save_checkpoint
from engine.model.config import CONFIGS, DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder

#: A Sentinel-2 tile at 10 m, and the size of the small run.
SIDE_PX, SMOKE_SIDE_PX = 10_980, 448
BANDS = 12
#: Named as a product, so that its bands are known; of a processing baseline before the offset of +1000.
SCENE = "S2A_MSIL2A_20200101T000000_N0214_R001_T31TFJ_20200101T000000.tif"
#: Roughly the mean reflectance of land in each band, times 10,000.
LEVELS = (400, 450, 700, 650, 1100, 2200, 2600, 2700, 2800, 2900, 2100, 1300)
#: The scene is made of repetitions of a piece of this side; no block of 512 px repeats within a row of it.
PIECE_PX = 1_098
BATCHES, SMOKE_BATCHES = (1, 8, 32, 64, 99, 128, 256), (1, 4)
#: Compiled code is for one size, as in a run: each takes its time.
COMPILED_BATCHES = (128, 256)


@dataclass(frozen=True)
class Setting:
    """Where it runs and how large; ``folder`` is temporary, ``deadline`` is a ``time.monotonic()``."""

    folder: Path
    models: tuple[str, ...]
    smoke: bool
    deadline: float
    device: torch.device

    @staticmethod
    def of(folder: Path, models: list[str], smoke: bool, deadline: float) -> Setting:
        """The setting on this machine. SystemExit without a GPU, unless the run is a small one."""
        if not torch.cuda.is_available() and not smoke:
            raise SystemExit("PyTorch finds no CUDA GPU: nothing to measure (--smoke runs it on a processor).")
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return Setting(folder, ("vit-ti",) if smoke else tuple(models), smoke, deadline, device)

    @property
    def left(self) -> float:
        """Seconds until no part may be begun."""
        return self.deadline - time.monotonic()

    @property
    def batches(self) -> tuple[int, ...]:
        """The sizes of batches to measure."""
        return SMOKE_BATCHES if self.smoke else BATCHES

    @property
    def compiled_batches(self) -> tuple[int, ...]:
        """The sizes of batches to measure compiled; none where the run is small."""
        return () if self.smoke else COMPILED_BATCHES

    @property
    def bf16(self) -> bool:
        """Whether the model's weights are bfloat16."""
        return self.device.type == "cuda"

    def model(self, name: str) -> Path:
        """A file of a model of these sizes with random weights: they take as long as learnt ones."""
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            # A small decoder: nothing here decodes, and drawing its weights takes time.
            config = CONFIGS[name]
            small = ModelConfig(config.width, config.depth, config.num_heads, decoder=DecoderConfig(16, 1, 2))
            save_checkpoint(random_autoencoder(small, 0, name), path)
        return path

    def job(self, model: str, **settings: object) -> EmbedJob:
        """The job of embedding the scene: chips of 112 px that touch."""
        defaults = {"inputs": (str(self.scene),), "model": str(self.model(model)), "overlap": 0.0}
        return EmbedJob(**defaults | settings)  # type: ignore[arg-type]

    @cached_property
    def scene(self) -> Path:
        """The scene, a COG of uint16 packed with ZSTD, in the page cache: written, then read once."""
        path, raw = self.folder / SCENE, self.folder / "raw.tif"
        side = SMOKE_SIDE_PX if self.smoke else SIDE_PX
        piece = _piece(min(side, PIECE_PX))
        kind = {"driver": "GTiff", "width": side, "height": side, "count": BANDS, "dtype": "uint16", "nodata": 0}
        place = {"crs": "EPSG:32631", "transform": from_origin(600_000, 5_000_000, 10, 10)}
        tiling = {"tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "pixel", "bigtiff": "YES"}
        with rasterio.Env(GDAL_CACHEMAX=2**30), rasterio.open(raw, "w", **kind, **place, **tiling) as target:
            for row in range(0, side, 512):
                height = min(512, side - row)
                rows = np.take(piece, np.arange(row, row + height), axis=1, mode="wrap")
                target.write(np.take(rows, np.arange(side), axis=2, mode="wrap"), window=Window(0, row, side, height))
        rasterio.shutil.copy(
            raw, path, driver="COG", COMPRESS="ZSTD", LEVEL=1, PREDICTOR="YES", BLOCKSIZE=512, NUM_THREADS="ALL_CPUS",
            OVERVIEWS="NONE", BIGTIFF="YES",
        )  # fmt: skip
        raw.unlink()
        with path.open("rb") as file:
            while file.read(2**26):
                pass
        return path


def _piece(side: int) -> np.ndarray:
    """Reflectances (BANDS, side, side) uint16: fields of a few sizes, and noise of four bits, as sensors have."""
    numbers = np.random.default_rng(0)
    land = np.zeros((side, side), np.float32)
    for cell in (6, 18, 54):
        coarse = numbers.normal(size=(-(-side // cell), -(-side // cell))).astype(np.float32)
        land += np.kron(coarse, np.ones((cell, cell), np.float32))[:side, :side]
    values = np.empty((BANDS, side, side), np.uint16)
    for band, level in enumerate(LEVELS):
        noise = numbers.integers(-8, 8, land.shape)
        values[band] = np.clip(level * (1 + 0.2 * land) + noise, 1, 16_000).astype(np.uint16)
    return values
