"""What there is on the machine of benchmarks/gpu.py, and whether raw integers come through unchanged."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time

import numpy as np
import rasterio
import torch

from benchmarks.gpu_record import Record
from benchmarks.gpu_setting import Setting
from engine.tasks.transfer import Download, Upload

#: What the reader sends as it is stored (engine.raster.reader).
TYPES = ("uint8", "int8", "uint16", "int16", "int32", "float32")
COPY_BYTES = 2**28


def environment(setting: Setting, record: Record) -> None:
    """Adds versions, the rates of the way to the GPU and back, and the types that arrive unchanged."""
    up, down = _rates(setting)
    found = {
        "cores": os.cpu_count(),
        "gdal": rasterio.__gdal_version__,
        "driver": _driver(),
        "cuda": torch.version.cuda,
        "memory_bytes": torch.cuda.get_device_properties(0).total_memory if setting.device.type == "cuda" else None,
        "triton": _version("triton"),
        "compiler": shutil.which(os.environ.get("CC", "gcc")) or shutil.which("cc") or shutil.which("clang"),
        "up_gb_s": up,
        "down_gb_s": down,
        "types": [name for name in TYPES if _arrives(setting, name)],
    }
    record.add("environment", found)
    if missing := set(TYPES) - set(found["types"]):
        raise RuntimeError(f"changed on the way to the GPU: {', '.join(sorted(missing))}")


def _arrives(setting: Setting, name: str) -> bool:
    """Whether a strip of this type is on the device, cut, and in float32 what it was."""
    numbers = np.random.default_rng(0)
    low, high = (-1e6, 1e6) if name == "float32" else (float(np.iinfo(name).min), float(np.iinfo(name).max))
    strip = numbers.uniform(low, high, (3, 32, 5000)).astype(name)
    upload, download = Upload(setting.device), Download()
    there = [upload(strip) for _ in range(4)]
    floats = torch.stack([each.to(torch.float32) for each in there])
    [(_, back)] = [*download.put(0, floats), *download.rest()]
    return all(np.array_equal(each, strip.astype(np.float32)) for each in back)


def _rates(setting: Setting) -> tuple[float, float]:
    """GB/s from pinned main memory to the device and back; the best of five."""
    if setting.device.type == "cpu":
        return 0.0, 0.0
    here = torch.ones(COPY_BYTES, dtype=torch.uint8, pin_memory=True)
    there = here.to(setting.device)

    def rate(target: torch.Tensor, source: torch.Tensor) -> float:
        best = float("inf")
        for _ in range(5):
            torch.cuda.synchronize()
            begun = time.perf_counter()
            target.copy_(source, non_blocking=True)
            torch.cuda.synchronize()
            best = min(best, time.perf_counter() - begun)
        return COPY_BYTES / best / 1e9

    return rate(there, here), rate(here, there)


def _driver() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    asked = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


def _version(name: str) -> str:
    if importlib.util.find_spec(name) is None:
        return ""
    return str(importlib.import_module(name).__version__)
