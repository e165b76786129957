"""The matrix rate is plausible, and measuring it leaves random states as they are."""

from __future__ import annotations

import time

import torch

from engine.model.devices import choose_precision
from train.watch.matrix_rate import measured_rate


def test_it_is_measured_within_its_budget():
    cpu = torch.device("cpu")
    torch.manual_seed(3)
    state = torch.get_rng_state()
    begun = time.perf_counter()
    rate = measured_rate(cpu, False, 0.1)
    # One product more than the budget, on a machine that does other things.
    assert time.perf_counter() - begun < 30
    assert 1e8 < rate < 1e14
    if choose_precision("auto", cpu) == "bf16":
        assert measured_rate(cpu, True, 0.05) > 1e8
    assert torch.equal(torch.get_rng_state(), state)
