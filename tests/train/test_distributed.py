"""Which rank a process is."""

from __future__ import annotations

import pytest
import torch

from engine.errors import DeviceError
from train.distributed import Ranks, join

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_one_process_is_the_first_rank(monkeypatch):
    alone = Ranks(0, 1, torch.device("cpu"))
    assert join("cpu") == alone
    # A shell within a SLURM allocation of one task.
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_NTASKS", "1")
    assert join("cpu") == alone
    # One in an allocation of eight, outside of srun.
    monkeypatch.delenv("SLURM_PROCID")
    monkeypatch.setenv("SLURM_NTASKS", "8")
    assert join("cpu") == alone
    assert alone.first
    assert (alone.of_first(7), alone.any(True)) == (7, True)
    assert alone.mean(torch.tensor([2.0])).item() == 2.0
    alone.leave()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_absent_is_an_error():
    with pytest.raises(DeviceError, match="sees no GPU"):
        join("cuda")
