"""The ranks of a run: one process, torchrun, or one SLURM task per rank."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from engine.errors import DeviceError

#: A rank that is silent for so long counts as lost; compiling on the others may take minutes.
TIMEOUT_MINUTES = 15
_TIMEOUT = timedelta(minutes=TIMEOUT_MINUTES)


@dataclass(frozen=True)
class Ranks:
    """This process's ``rank`` among ``world``, and its ``device``."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """True on the rank that writes."""
        return self.rank == 0

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean of ``values`` over all ranks, on every rank."""
        if self.world == 1:
            return values
        total = values.clone()
        distributed.all_reduce(total)
        return total / self.world

    def any(self, flag: bool) -> bool:
        """True on every rank if it is on one."""
        if self.world == 1:
            return flag
        votes = torch.tensor([float(flag)], device=self.device)
        distributed.all_reduce(votes)
        return bool(votes.item())

    def of_first(self, number: int) -> int:
        """The ``number`` that the first rank gave, on every rank."""
        if self.world == 1:
            return number
        told = torch.tensor([number], device=self.device)
        distributed.broadcast(told, 0)
        return int(told.item())

    def leave(self) -> None:
        """End the group."""
        if self.world > 1:
            distributed.destroy_process_group()


def join(device: str) -> Ranks:
    """The rank that torchrun, SLURM, or nobody gave this process; joins the group of more than one.

    ``device`` is "auto", "cpu" or "cuda". DeviceError where CUDA is asked for and absent.
    """
    # A shell in an allocation knows the number of tasks, but is none of them.
    slurm = "RANK" not in os.environ and "SLURM_PROCID" in os.environ and int(os.environ.get("SLURM_NTASKS", "1")) > 1
    names = ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID") if slurm else ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    rank, world, local = (int(os.environ.get(name, default)) for name, default in zip(names, "010", strict=True))
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise DeviceError("CUDA was asked for, but torch sees no GPU.", "Use --device cpu, or check nvidia-smi.")
    chosen = (
        torch.device("cuda", local % torch.cuda.device_count()) if cuda and device != "cpu" else torch.device("cpu")
    )
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if world > 1:
        if slurm:
            # The sbatch file sets MASTER_ADDR and MASTER_PORT; torch reads the rest from here.
            os.environ.update(RANK=str(rank), WORLD_SIZE=str(world))
        backend = "nccl" if chosen.type == "cuda" else "gloo"
        device_id = chosen if chosen.type == "cuda" else None
        if _by_torchrun():
            store = _store_of_this_start(rank, world)
            distributed.init_process_group(backend, None, _TIMEOUT, world, rank, store, device_id=device_id)
        else:
            distributed.init_process_group(backend, timeout=_TIMEOUT, device_id=device_id)
    return Ranks(rank, world, chosen)


def _by_torchrun() -> bool:
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"


def _store_of_this_start(rank: int, world: int) -> distributed.Store:
    """The store that torchrun keeps, with keys of this start of the ranks alone.

    torchrun (2.13) has one store for a run and all its restarts: the addresses of ranks that were killed are still in
    it, and who reads them before they are overwritten fails to connect. So the ranks of a start find each other
    first. Rank 0 gives the start a name and sends every rank its own word back; a name that nobody answers for is
    that of an earlier start.
    """
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = distributed.TCPStore(address, port, world, is_master=False, timeout=_TIMEOUT, wait_for_workers=False)
    word = uuid.uuid4().hex
    if rank == 0:
        name = word
        store.set("start", name)
        for other in range(1, world):
            store.set(f"{name}/answer/{other}", store.get(f"{name}/word/{other}").decode())
    else:
        name = _answered(store, rank, word)
    return distributed.PrefixStore(name, store)


def _answered(store: distributed.Store, rank: int, word: str) -> str:
    """The name of the start whose rank 0 has answered this rank's ``word``."""
    deadline = time.monotonic() + _TIMEOUT.total_seconds()
    while time.monotonic() < deadline:
        name = store.get("start").decode()
        store.set(f"{name}/word/{rank}", word)
        answer = f"{name}/answer/{rank}"
        while store.get("start").decode() == name and time.monotonic() < deadline:
            if store.check([answer]) and store.get(answer).decode() == word:
                return name
            time.sleep(0.05)
    raise RuntimeError(f"rank 0 was not found within {TIMEOUT_MINUTES} minutes")


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that may be spread over the ranks, gathered on each: all must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
