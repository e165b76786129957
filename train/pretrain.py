"""Pretraining of SMARTIES models. The same file on one CPU and on many nodes:

one CPU or GPU   python train/pretrain.py --recipe train/recipes/tiny.toml --out runs/tiny data_root=packed
one node         torchrun --standalone --nproc-per-node gpu --max-restarts 3 train/pretrain.py --recipe … --out …
many nodes       torchrun --nnodes 4 --nproc-per-node gpu --rdzv-backend c10d --rdzv-endpoint HOST:29500 \
                     --rdzv-id smarties --max-restarts 3 train/pretrain.py --recipe … --out …
SLURM            sbatch train/pretrain.sbatch --recipe … --out …     (saves and requeues itself when preempted)
what would run   python train/pretrain.py --recipe … --out … --dry-run

Started again with the same folder it goes on from the last checkpoint, with the losses of an unbroken run.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # the root: run as a file, Python puts train/ there

import math
import os
import signal
import subprocess
import time
import traceback
from dataclasses import dataclass
from enum import Enum

import click
import torch
from torch import distributed

from engine.errors import JobError, OutputError, SmartiesError
from train.checkpoints import Saver, collect, sweep
from train.data.loader import LoadedPart, Loader
from train.distributed import Ranks, join
from train.plan import describe_plan
from train.recipe import Recipe, read_recipe
from train.run import Run
from train.watch.watch import Watch


class Outcome(Enum):
    """How a run ended: at its last step, because a signal asked for it, or because the job must make room."""

    DONE = "done"
    STOPPED = "stopped"
    PREEMPTED = "preempted"


def pretrain(recipe: Recipe, out: Path, ranks: Ranks) -> Outcome:
    """Run ``recipe`` to its end, or until a signal asks to stop. All results are in ``out``.

    OutputError where it cannot be written, JobError where a loss or a gradient is no number; other errors as ``Run``.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if ranks.first:
            sweep(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.", "Choose another folder.") from error
    run = Run(recipe, out, ranks)
    asked = _listen()
    pinned = ranks.device.type == "cuda"
    with (
        Saver(out) as saver,
        Watch(run, out) as watch,
        Loader(run.collections, run.sampler, ranks.rank, ranks.world, recipe.tokens, pinned) as loader,
    ):
        parts, saved, stop, room = iter(loader), time.monotonic(), 0.0, 0.0
        while run.done < run.steps and not stop:
            begun = time.monotonic()
            learnt: list[LoadedPart] = []
            losses: list[torch.Tensor] = []
            for number in range(recipe.parts):
                loaded = next(parts)
                losses.append(run.forward_backward(loaded, last=number == recipe.parts - 1))
                learnt.append(loaded)
            rate = run.rate

            # What all ranks must agree on goes round in one message: the losses, and what is due.
            overdue = begun - saved > 60 * recipe.checkpoint_minutes
            due = torch.tensor([asked.stop, asked.room, overdue, watch.due], dtype=torch.float32, device=ranks.device)
            told = torch.cat([torch.stack(losses).float(), run.gradient_norm().float().view(1), due])
            *means, norm, stop, room, save, look = ranks.mean(told).tolist()
            loss = sum(means) / len(means)
            if not math.isfinite(loss):
                raise _not_a_number(run, learnt, means, out)
            if not math.isfinite(norm):
                # Before it reaches the weights, so that what is saved stays sound.
                raise _not_a_number(run, learnt, None, out)

            run.update()
            watch.stepped(loss, [(part.part.collection, mean) for part, mean in zip(learnt, means, strict=True)],
                          rate, norm, time.monotonic() - begun)  # fmt: skip
            if save or stop or run.done == run.steps:
                tensors = collect(run.model, run.optimiser)
                if ranks.first:
                    saver.save(tensors, run.progressed(learnt[-1].after))
                saved = time.monotonic()
            if look or run.done == run.steps:
                watch.look()
    if run.done >= run.steps:
        return Outcome.DONE
    return Outcome.PREEMPTED if room else Outcome.STOPPED


@dataclass
class _Asked:
    """What a signal asked for: to ``stop``, and that to make ``room`` for others."""

    stop: bool = False
    room: bool = False


def _listen() -> _Asked:
    """SIGTERM, SIGINT and SIGUSR1 (SLURM's warning before it preempts) end the run behind the step it is in."""
    asked = _Asked()

    def note(number: int, frame: object) -> None:
        asked.stop = True
        asked.room = asked.room or number == signal.SIGUSR1

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, note)
    return asked


def _not_a_number(run: Run, learnt: list[LoadedPart], losses: list[float] | None, out: Path) -> JobError:
    """The error for a part's loss, or with None a gradient, that is no number; the records behind it are listed."""
    what = "gradient" if losses is None else "loss"
    lines = []
    for number, loaded in enumerate(learnt):
        if losses is not None and math.isfinite(losses[number]):
            continue
        collection, share = run.collections[loaded.part.collection], len(loaded.images[0])
        records = loaded.part.records[run.ranks.rank * share : (run.ranks.rank + 1) * share]
        origins = zip(records, collection.origins(records), strict=True)
        lines += [f"{collection.name} record {record}: {origin}" for record, origin in origins]
    path = out / f"not-a-number-rank-{run.ranks.rank}.txt"
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        where = f"{path} lists them all."
    except OSError as error:
        where = f"{path} cannot be written: {error.strerror or error}."
    return JobError(
        f"The {what} of step {run.done + 1} is no number. The {len(lines)} records behind it on rank {run.ranks.rank}"
        f" begin with {lines[0]}.",
        f"{where} Look at these images, or lower base_lr; the last checkpoint is sound.",
    )


@click.command()
@click.option("--recipe", "recipe_path", type=click.Path(path_type=Path), required=True, help="TOML file of the run.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the run; goes on where it stopped."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--dry-run", is_flag=True, help="Print the plan, the parameters, the memory and the steps; train nothing."
)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]…")
def main(recipe_path: Path, out: Path, device: str, dry_run: bool, overrides: tuple[str, ...]) -> None:
    """Pretrain a model. KEY=VALUE changes a setting of the recipe, such as batch=512."""
    ranks: Ranks | None = None
    try:
        recipe = read_recipe(recipe_path, overrides)
        ranks = join(device)
        if dry_run:
            if ranks.first:
                click.echo(describe_plan(recipe, ranks))
            return
        outcome = pretrain(recipe, out, ranks)
        if outcome is not Outcome.DONE and ranks.first:
            click.echo(f"Stopped as asked; the same command goes on from the checkpoint in {out}.")
        if outcome is Outcome.PREEMPTED and ranks.first:
            _requeue()
        ranks.leave()
    except SmartiesError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except RuntimeError as error:
        if ranks is None or ranks.world == 1:
            raise
        # A rank that dies closes its connections: the others are told by the first exchange that fails.
        if not _is_lost_contact(error):
            traceback.print_exc()
        click.echo(
            f"Error: Rank {ranks.rank} of {ranks.world} ends: it lost contact with another rank, or failed itself.\n"
            f"Under torchrun --max-restarts the run goes on from the last checkpoint. ({str(error).splitlines()[0]})",
            err=True,
        )
        os._exit(1)


def _is_lost_contact(error: RuntimeError) -> bool:
    return isinstance(error, distributed.DistError) or "gloo" in str(error)


def _requeue() -> None:
    """Under SLURM, put the job back into the queue."""
    if job := os.environ.get("SLURM_JOB_ID"):
        try:
            subprocess.run(["scontrol", "requeue", job], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            click.echo(f"Warning: job {job} is not back in the queue ({error}). Submit it again.", err=True)


if __name__ == "__main__":
    main()
