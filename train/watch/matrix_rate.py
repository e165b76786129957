"""How many floating-point operations the device makes in a second: what the pace of a run is measured against."""

from __future__ import annotations

import time

import torch

#: How long a measurement may take, in seconds.
_BUDGET_S = 1.0
#: Sides of the square matrices: large enough to fill the device, and fit in its memory beside any model.
_CPU_SIDE, _GPU_SIDE = 1024, 8192
#: Products on a GPU between two looks at the clock: launching them must not count.
_GPU_PRODUCTS = 4


def measured_rate(device: torch.device, bf16: bool, budget_s: float = _BUDGET_S) -> float:
    """The best rate, in operations per second, of products of matrices in the precision of the run.

    The best of all that fit into ``budget_s``, one at least: other programs only ever hold a product up. No random
    state is touched.
    """
    cuda = device.type == "cuda"
    side, products = (_GPU_SIDE, _GPU_PRODUCTS) if cuda else (_CPU_SIDE, 1)
    # Zeros would be faster than numbers on a GPU, whose clock follows the power they take.
    numbers = torch.Generator(device).manual_seed(0)
    matrix = torch.rand(side, side, generator=numbers, device=device).to(torch.bfloat16 if bf16 else torch.float32)
    result = matrix @ matrix
    best, begun = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - begun < budget_s:
        if cuda:
            torch.cuda.synchronize(device)
        started = time.perf_counter()
        for _ in range(products):
            torch.mm(matrix, matrix, out=result)
        if cuda:
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - started)
    return products * 2 * side**3 / best
