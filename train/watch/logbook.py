"""What the first rank writes down of a run: curves, TensorBoard, the progress line, pictures, the probe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from engine.errors import SmartiesError
from engine.model.autoencoder import AutoEncoder
from train.run import Run
from train.watch.curve import Curve, read_curve
from train.watch.flops import record_flops
from train.watch.matrix_rate import measured_rate
from train.watch.pictures import Pictures, save_picture
from train.watch.probe import Probe
from train.watch.progress_line import Figures, Pace, ProgressLine, Smoothed
from train.watch.tensorboard import TensorBoard

PROBE_COLUMNS = ("step", "knn_accuracy")


class Logbook:
    """Writes into ``out``: curve.csv, probe.csv, pictures/STEP/COLLECTION.png and the folder tensorboard.

    Collections are called by their paths in the recipe. Begins with a measurement of the device's matrix
    rate, which takes a second.
    """

    def __init__(self, run: Run, out: Path) -> None:
        self._run, self._out = run, out
        recipe = run.recipe
        self._line = ProgressLine(out)
        self._curve = Curve(out / "curve.csv", run.done)
        self._probes = Curve(out / "probe.csv", run.done, PROBE_COLUMNS) if recipe.probe else None
        # Of a run that goes on.
        earlier = read_curve(out / "probe.csv") if recipe.probe else []
        self._probed = earlier[-1]["knn_accuracy"] if earlier else None
        self._board = TensorBoard(out / "tensorboard", run.done)
        self._pictures = Pictures(recipe, run.collections, run.ranks.device, run.bf16)
        self._names = [source.path for source in recipe.data]
        self._peak = _peak(run.ranks.device, run.bf16)
        self._loss, self._pace, self._rate = Smoothed(), Pace(), 0.0
        self._losses: defaultdict[str, Smoothed] = defaultdict(Smoothed)
        share = recipe.part_size / run.ranks.world
        self._flops = [
            share * record_flops(run.model.config, recipe.tokens, [len(s.bands) for s in c.sides], recipe.mixup)
            for c in run.collections
        ]

    def close(self) -> None:
        """End the files and the line."""
        self._line.close()
        self._curve.close()
        if self._probes is not None:
            self._probes.close()
        self._board.close()

    def stepped(
        self, loss: float, parts: Sequence[tuple[int, float]], rate: float, gradient_norm: float, seconds: float
    ) -> None:
        """Note a step, as ``Watch.stepped`` has it."""
        run = self._run
        pairs_per_s = run.recipe.batch / seconds
        self._curve.add(run.done, loss, rate, gradient_norm, pairs_per_s)
        self._loss.add(loss)
        self._rate = rate
        self._pace.add(seconds, sum(self._flops[number] for number, _ in parts))
        for number, value in parts:
            self._losses[self._names[number]].add(value)
        scalars = {"loss": loss, "learning rate": rate, "gradient norm": gradient_norm, "pairs per second": pairs_per_s}
        scalars["share of the matrix rate"] = self._pace.flops_per_s / self._peak
        scalars |= {f"loss of/{self._names[number]}": value for number, value in parts}
        self._board.add(run.done, scalars)
        self._line.show(self._figures, now=run.done == run.steps)

    def look_at_pictures(self, model: AutoEncoder) -> None:
        """Draw the contact sheets; what hinders that is told in a line, and the run goes on."""
        run = self._run
        title = f"{run.recipe.model} · step {run.done:,} of {run.steps:,} · seen at {run.recipe.size} px"
        folder = self._out / "pictures" / f"{run.done:08d}"
        try:
            for name, sheet in zip(self._names, self._pictures.sheets(model, title), strict=True):
                save_picture(sheet, folder / f"{_as_file(name)}.png")
                self._board.add_image(run.done, f"pictures/{name}", sheet)
        except (OSError, SmartiesError, torch.OutOfMemoryError) as error:
            self._line.say(f"Warning: there are no pictures of step {run.done}: {error}")

    def look_at_probe(self, model: AutoEncoder, probe: Probe) -> None:
        """Measure the kNN accuracy; what hinders that is told in a line, and the run goes on."""
        step = self._run.done
        try:
            self._probed = probe.accuracy(model)
        except (OSError, SmartiesError, torch.OutOfMemoryError) as error:
            self._line.say(f"Warning: the probe of step {step} failed: {error}")
            return
        if self._probes is not None:
            self._probes.add(step, self._probed)
        self._board.add(step, {"kNN accuracy": self._probed})
        self._line.say(f"step {step:,}: kNN accuracy {self._probed:.1%} of {probe.queries:,} images")

    def _figures(self) -> Figures:
        run = self._run
        return Figures(
            done=run.done,
            steps=run.steps,
            loss=self._loss.value,
            by_collection={name: smoothed.value for name, smoothed in self._losses.items()},
            rate=self._rate,
            pairs_per_s=run.recipe.batch / self._pace.seconds,
            share=self._pace.flops_per_s / self._peak,
            peak_flops_per_s=self._peak,
            seconds_left=(run.steps - run.done) * self._pace.seconds,
            probe=self._probed,
        )


@cache
def _peak(device: torch.device, bf16: bool) -> float:
    """The device's matrix rate, measured once in a process."""
    return measured_rate(device, bf16)


def _as_file(name: str) -> str:
    """The path of a collection as the name of a file."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
