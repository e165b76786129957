"""Where and on what a benchmark ran: stored with every figure."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

import torch

import engine


def machine() -> dict[str, object]:
    """The processor, its instruction sets, the memory, and the versions that matter, as JSON values."""
    return {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "smarties": engine.__version__,
        **{name: importlib.metadata.version(name) for name in ("torch", "timm", "numpy", "scikit-learn", "rasterio")},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor()
