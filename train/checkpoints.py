"""Checkpoints of a run: whole or absent, written beside the training, and enough to go on as if nothing had happened.

A checkpoint is one safetensors file, ``checkpoint-STEP.safetensors``: weights under ``model.``, the moments of AdamW
under ``exp_avg.`` and ``exp_avg_sq.``, the rest as JSON in the header. Random numbers need no state of their own:
every draw follows from the seed and the number of its part (see ``train.data.augment.Draws``).
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from engine.errors import CheckpointError, OutputError
from engine.model.safetensors_file import write_safetensors
from train.distributed import whole

_NAME = re.compile(r"checkpoint-(\d{8})\.safetensors")
_PARTIAL = ".checkpoint-*.part"
#: The last ones stay: should the newest be lost with its disk block, the one before is there.
KEPT = 2


@dataclass(frozen=True)
class Progressed:
    """Where a run stands: ``step`` steps done, the sampler's state behind them, the recipe and the data's digests."""

    step: int
    sampler: dict[str, object]
    recipe: dict[str, Any]
    data: tuple[str, ...]


class Saver:
    """Writes checkpoints into ``folder`` in a thread, one at a time; as a context manager it ends with the last.

    A failed write (a full disk) leaves the checkpoints before it as they were and is told on stderr: the run goes
    on, for room may be made. OutputError at the end if the last one could not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread: threading.Thread | None = None
        self._failure: OutputError | None = None

    def __enter__(self) -> Saver:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.wait()
        if kind is None and self._failure is not None:
            raise self._failure

    def save(self, tensors: Mapping[str, torch.Tensor], progressed: Progressed) -> None:
        """Copy the ``tensors`` now and write them in the background, after the one before is done."""
        self.wait()
        self._failure = None
        copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        self._thread = threading.Thread(target=self._write, args=(copies, progressed), name="checkpoint")
        self._thread.start()

    def wait(self) -> None:
        """Until nothing is being written."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _write(self, tensors: dict[str, torch.Tensor], progressed: Progressed) -> None:
        path = checkpoint_path(self._folder, progressed.step)
        try:
            write_safetensors(tensors, path, {"run": json.dumps(asdict(progressed))})
        except OutputError as error:
            self._failure = OutputError(
                f"The checkpoint of step {progressed.step} is not kept: {error.message}",
                "Earlier checkpoints are whole. Make room, or choose another folder.",
            )
            print(f"Warning: {self._failure}", file=sys.stderr, flush=True)
            return
        # Those of later steps are not this run's to remove: it went back behind them because they are damaged.
        written = [file for file in find_checkpoints(self._folder) if file.name <= path.name]
        for old in written[:-KEPT]:
            with contextlib.suppress(OSError):
                old.unlink()


def find_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, oldest first."""
    return sorted(path for path in folder.glob("checkpoint-*.safetensors") if _NAME.fullmatch(path.name))


def sweep(folder: Path) -> None:
    """Remove from ``folder`` what a kill left half-written."""
    for rest in folder.glob(_PARTIAL):
        rest.unlink(missing_ok=True)


def newest(folder: Path) -> int:
    """The step of the last checkpoint in ``folder`` that can be read, 0 where there is none at all.

    One that is damaged is told of on stderr and left behind: a job that restarts by itself at night is to go on.
    CheckpointError where all of them are damaged.
    """
    found = find_checkpoints(folder)
    for path in reversed(found):
        try:
            return read_progressed(path).step
        except CheckpointError as error:
            print(f"Warning: {error}", file=sys.stderr, flush=True)
    if found:
        raise CheckpointError(
            f"None of the {len(found)} checkpoints in {folder} can be read.", "Remove them to begin anew."
        )
    return 0


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of ``step`` lies."""
    return folder / f"checkpoint-{step:08d}.safetensors"


def collect(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint, by name; those spread over ranks are gathered, so all ranks must call it."""
    tensors = {f"model.{name}": whole(value) for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq"):
            if moment in optimiser.state.get(parameter, {}):
                tensors[f"{moment}.{name}"] = whole(optimiser.state[parameter][moment])
    return tensors


def read_progressed(path: Path) -> Progressed:
    """Where the run of a checkpoint stood. CheckpointError for a file that is none."""
    try:
        with safe_open(path, "pt") as file:
            content = json.loads((file.metadata() or {})["run"])
        return Progressed(**{**content, "data": tuple(content["data"])})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged, or not a checkpoint of a pretraining run.", "An earlier one may be whole."
        ) from error


def restore(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Put a checkpoint's weights and moments into a model and its optimiser, which may be spread over ranks.

    CheckpointError where they do not fit each other.
    """
    step = read_progressed(path).step
    try:
        with safe_open(path, "pt") as file, torch.no_grad():
            names = set(file.keys())
            for name, value in model.state_dict().items():
                _fill(value, file.get_tensor(f"model.{name}"))
            for name, parameter in model.named_parameters():
                if f"exp_avg.{name}" in names:
                    state: dict[str, torch.Tensor] = {"step": torch.tensor(float(step), device=parameter.device)}
                    for moment in ("exp_avg", "exp_avg_sq"):
                        state[moment] = torch.zeros_like(parameter)
                        _fill(state[moment], file.get_tensor(f"{moment}.{name}"))
                    optimiser.state[parameter] = state
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not fit this model: {error}.", "Use the recipe it was made with."
        ) from error


def _fill(target: torch.Tensor, value: torch.Tensor) -> None:
    if hasattr(target, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor

        value = distribute_tensor(value.to(target.device), target.device_mesh, target.placements)  # type: ignore[attr-defined]
    target.copy_(value)
