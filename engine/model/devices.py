"""Which device and which precision to compute in, and how to say so."""

from __future__ import annotations

import torch

from engine.errors import DeviceError
from engine.log import LOGGER
from engine.options import DEVICES, PRECISIONS

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def choose_device(device: str = "auto") -> torch.device:
    """The device asked for; "auto" is a CUDA GPU that works, else the CPU. "cuda:1" names one of several.

    DeviceError when the device is unknown or does not work.
    """
    if device == "auto":
        if not torch.cuda.is_available():
            return torch.device("cpu")
        trouble = _cuda_trouble(torch.device("cuda"))
        if trouble:
            LOGGER.warning("the GPU does not work, the CPU is used: %s", trouble)
        return torch.device("cpu" if trouble else "cuda")
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and (kind == "cpu" or not number.isdecimal())):
        raise DeviceError(f"There is no device “{device}”.", f"Choose one of {', '.join(DEVICES)}.")
    chosen = torch.device(device)
    if kind == "cuda":
        if not torch.cuda.is_available():
            build = "is built for CPUs" if torch.version.cuda is None else "finds no CUDA GPU"
            raise DeviceError(f"CUDA was asked for, but this PyTorch {build}.", "Choose the device auto or cpu.")
        if number and int(number) >= torch.cuda.device_count():
            raise DeviceError(
                f"There is no GPU {number}: this machine has {torch.cuda.device_count()}.", "Numbers start at 0."
            )
        trouble = _cuda_trouble(chosen)
        if trouble:
            raise DeviceError(f"The GPU does not work: {trouble}.", "Update its driver, or choose the device cpu.")
    return chosen


def choose_precision(precision: str, device: torch.device) -> str:
    """ "fp32" or "bf16": what was asked for, or for "auto" the faster one on ``device``.

    On a CPU bfloat16 pays only with AMX or AVX512-BF16 (without them it takes five times
    as long as float32), and is refused without. DeviceError when ``device`` does not
    offer the precision.
    """
    if precision not in PRECISIONS:
        raise DeviceError(f"There is no precision “{precision}”.", f"Choose one of {', '.join(PRECISIONS)}.")
    offered = torch.cuda.is_bf16_supported(False) if device.type == "cuda" else _cpu_has_bf16()
    if precision == "auto":
        return "bf16" if offered else "fp32"
    if precision == "bf16" and not offered:
        raise DeviceError(
            f"bf16 was asked for, but {_device_name(device)} does not compute in it.",
            "Choose the precision auto or fp32.",
        )
    return precision


def free_bytes(device: torch.device) -> int:
    """The memory of a CUDA GPU that can still be taken: what is free, and what PyTorch holds without using it."""
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory did not suffice: PyTorch's own, or a library's beside it."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = ("out of memory", "ALLOC_FAILED", "allocate memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def describe_device(device: torch.device, precision: str) -> str:
    """For people: "CPU (2 cores, AVX512), fp32" or "NVIDIA H200 (140 GB), bf16"."""
    return f"{_device_name(device)}, {precision}"


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name} ({properties.total_memory / 2**30:.0f} GiB)"
    cores = torch.get_num_threads()
    capability = torch.backends.cpu.get_cpu_capability()
    features = [
        name for name in (capability if capability != "DEFAULT" else "", "bf16" if _cpu_has_bf16() else "") if name
    ]
    return f"CPU ({', '.join([f'{cores} core' + 's' * (cores != 1), *features])})"


def _cpu_has_bf16() -> bool:
    # Private in torch 2.13, and absent in some builds: a question that cannot be asked is a no.
    questions = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, question, lambda: False)() for question in questions)


def _cuda_trouble(device: torch.device) -> str:
    """Why a first kernel fails on ``device``; empty when it does not. A build may lack kernels for an old GPU."""
    try:
        ones = torch.ones(8, 8, device=device)
        return "" if float((ones @ ones).sum()) == 512.0 else "it computes wrong results"
    except RuntimeError as error:
        return str(error).splitlines()[0].rstrip(".")
