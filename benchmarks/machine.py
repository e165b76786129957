"""Where and on what a benchmark ran: stored with every figure."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import time
from pathlib import Path

import rasterio
import torch

import engine
from engine.model.devices import choose_precision
from train.watch.matrix_rate import measured_rate

#: Instruction sets that decide how fast numbers are multiplied, as Linux names them on x86 and on ARM.
_INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "asimd", "bf16", "sve")
#: More than any cache holds.
_COPIED_BYTES = 256 * 2**20
_COPIES = 5
#: A machine is idle while its processors are at work for no more than this share of the time.
IDLE = 0.1
_WATCH_S = 1.0

Probe = dict[str, float]


def machine() -> dict[str, object]:
    """The processor, its instruction sets, the memory, and the versions that matter, as JSON values."""
    return {
        "date": datetime.date.today().isoformat(),
        "processor": _of_processor("model name") or platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "instruction_sets": instruction_sets(),
        "precision": choose_precision("auto", torch.device("cpu")),
        "memory_gib": _memory_gib(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "smarties": engine.__version__,
        "gdal": rasterio.__gdal_version__,
        **{
            name: importlib.metadata.version(name)
            for name in ("torch", "timm", "numpy", "scikit-learn", "scikit-image", "rasterio")
        },
    }


def instruction_sets() -> list[str]:
    """Those of this processor that matter here; empty on systems other than Linux."""
    flags = (_of_processor("flags") or _of_processor("Features")).split()
    return [name for name in _INSTRUCTIONS if name in flags]


def has_bf16() -> bool:
    """Whether the engine computes in bfloat16 on this processor unless told otherwise."""
    return choose_precision("auto", torch.device("cpu")) == "bf16"


def has_amx() -> bool:
    """Whether this processor multiplies tiles of bfloat16."""
    return "amx_bf16" in instruction_sets()


def probe() -> Probe:
    """What the machine gives at this moment: operations per second in float32 and bfloat16, and bytes per second.

    bfloat16 is measured where the engine would choose it. The bandwidth is that of copying a large array, bytes
    read and bytes written together. The best of some attempts: other programs only ever hold one up.
    """
    cpu = torch.device("cpu")
    rates = {"fp32_flops": measured_rate(cpu, bf16=False)}
    if has_bf16():
        rates["bf16_flops"] = measured_rate(cpu, bf16=True)
    return {**rates, "bytes_per_second": _bandwidth()}


def take_two_cores() -> None:
    """Holds this process, and those it starts, to two cores, on Linux to two that share no execution units."""
    if hasattr(os, "sched_setaffinity"):
        chosen: dict[str, int] = {}
        for number in sorted(os.sched_getaffinity(0)):
            siblings = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
            chosen.setdefault(siblings.read_text() if siblings.is_file() else str(number), number)
        os.sched_setaffinity(0, sorted(chosen.values())[:2])
    torch.set_num_threads(min(2, os.cpu_count() or 1))


def busy_share() -> float:
    """The share of their time that this machine's processors are at work while this process waits; 0 if unknown."""
    before = _processor_times()
    time.sleep(_WATCH_S)
    idle, total = (after - then for after, then in zip(_processor_times(), before, strict=True))
    return 1 - idle / total if total > 0 else 0.0


def _processor_times() -> tuple[float, float]:
    """Time spent idle, and all time, since the system began, in ticks."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return 0.0, 0.0
    ticks = [float(value) for value in stat.read_text().splitlines()[0].split()[1:9]]
    # The fourth is idle, the fifth waits for a disk.
    return ticks[3] + ticks[4], sum(ticks)


def _bandwidth() -> float:
    source = torch.ones(_COPIED_BYTES // 4)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(_COPIES):
        started = time.perf_counter()
        target.copy_(source)
        best = min(best, time.perf_counter() - started)
    return 2 * _COPIED_BYTES / best


def _of_processor(field: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == field), "")


def _memory_gib() -> float | None:
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
