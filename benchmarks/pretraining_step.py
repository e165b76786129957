"""How fast is a pretraining step? Ours beside a plain implementation of the method (plain_pretraining.py).

    OMP_NUM_THREADS=1 python benchmarks/pretraining_step.py [--cases vit-ti:32,vit-b:4] [--rounds 3]

A step is forward, backward and AdamW on harmonised pairs at 224 px: Sentinel-2 with Sentinel-1, and RGB with
Sentinel-2. Both ways begin with the same weights, images and masks, and must agree in the loss and in every gradient
before anything is timed. Measured in turn, A B B A, in one process and in the same precision:

- plain: every image fills twelve slots with its bands; every slot of every token is projected by itself, one stream
  goes after the other, all tokens are predicted in all slots, AdamW is what torch makes by default;
- ours: train/step.py, the augmentation left out, with the optimiser of train/optimiser.py;
- both in bfloat16 where the device has it, on a GPU ours compiled too.

Prints a table and writes JSON and Markdown to benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.machine import machine  # noqa: E402
from benchmarks.plain_pretraining import PlainAutoEncoder, plain_optimiser  # noqa: E402
from engine.model.autoencoder import TokenMasks  # noqa: E402
from engine.model.config import CONFIGS  # noqa: E402
from engine.model.devices import choose_device, choose_precision, describe_device  # noqa: E402
from engine.model.initialise import random_autoencoder  # noqa: E402
from train.data.augment import Augment, Draws  # noqa: E402
from train.data.shards import Side  # noqa: E402
from train.data.sides import catalogue_side  # noqa: E402
from train.optimiser import make_optimiser  # noqa: E402
from train.recipe import Recipe, Source  # noqa: E402
from train.step import PretrainingStep, part_loss  # noqa: E402
from train.watch.flops import record_flops  # noqa: E402
from train.watch.matrix_rate import measured_rate  # noqa: E402

SIZE = 224
CASES = "vit-ti:32,vit-b:4"
ROUNDS = 3
#: Losses and gradients of both ways differ by no more than this share: of the loss, of a tensor's largest gradient.
AGREE = 1e-4
TARGETS = {"cpu": 1.7, "cuda": 2.5}

S2 = ("sentinel-2-l2a", ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"))
S1, RGB = ("sentinel-1-grd", ("VV", "VH")), ("maxar-rgb", ("red", "green", "blue"))
PAIRS = {"S2 with S1": (S2, S1), "RGB with S2": (RGB, S2)}


class Ways:
    """Both ways of a step of ``model`` on ``batch`` pairs: same weights, images, masks and settings."""

    def __init__(self, model: str, batch: int, pair: str, device: torch.device) -> None:
        config = CONFIGS[model]
        self.sides: list[Side] = [catalogue_side(sensor, names, "uint16", SIZE) for sensor, names in PAIRS[pair]]
        tokens = (SIZE // config.patch) ** 2
        numbers = torch.Generator().manual_seed(0)
        self.device = device
        self.images = [torch.randn(batch, *side.shape, generator=numbers).to(device) for side in self.sides]
        take, hide = (torch.rand(batch, tokens, generator=numbers).to(device) for _ in range(2))
        nothing = torch.zeros(batch, 3, device=device)
        self.draws = Draws(nothing, nothing, take, hide)
        self.flops = batch * record_flops(config, tokens, [len(side.bands) for side in self.sides], "paper")
        masks = TokenMasks.drawn(take, hide)
        self.take_a = masks.take_a
        self.masked = torch.zeros_like(masks.take_a).scatter(1, masks.hidden, True)
        recipe = Recipe(model=model, batch=batch, parts=1, data=(Source("none"),))
        self.ours = random_autoencoder(config, 0).to(device).train()
        self.plain = PlainAutoEncoder(config).to(device)
        self.plain.load_state_dict(self.ours.state_dict())
        self.step = PretrainingStep(self.ours, recipe.norm_pix, recipe.mixup)
        self.compiled = PretrainingStep(self.ours, recipe.norm_pix, recipe.mixup)
        self.compiled.compile()
        self.optimiser = make_optimiser(self.ours, recipe)
        self.plain_optimiser = plain_optimiser(self.plain, recipe.peak_lr, recipe.weight_decay)

    def our_loss(self, bf16: bool, compiled: bool = False) -> torch.Tensor:
        """That of train/step.py; the images are what the augmentation would have made."""

        def made(images: Sequence[torch.Tensor], draws: Draws) -> Sequence[torch.Tensor]:
            return images

        step = self.compiled if compiled else self.step
        return part_loss(step, cast(Augment, made), self.sides, self.images, self.draws, self.device, bf16)

    def plain_loss(self, bf16: bool) -> torch.Tensor:
        """That of the plain implementation."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            loss: torch.Tensor = self.plain(
                self.images[0], self.sides[0].bands, self.images[1], self.sides[1].bands, self.take_a, self.masked
            )
            return loss

    def take_step(self, plain: bool, bf16: bool, compiled: bool = False) -> None:
        """Forward, backward, AdamW."""
        loss = self.plain_loss(bf16) if plain else self.our_loss(bf16, compiled)
        loss.backward()
        optimiser = self.plain_optimiser if plain else self.optimiser
        optimiser.step()
        optimiser.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def differences(self) -> tuple[float, float]:
        """Of the losses, and the largest of a gradient as a share of its tensor's largest, in float32."""
        ours, plain = self.our_loss(False), self.plain_loss(False)
        ours.backward()
        plain.backward()
        wanted = {name: parameter.grad for name, parameter in self.plain.named_parameters()}
        largest = 0.0
        for name, parameter in self.ours.named_parameters():
            reference = wanted[name]
            if reference is not None:
                assert parameter.grad is not None
                largest = max(largest, float((parameter.grad - reference).abs().max() / reference.abs().max()))
        for model in (self.ours, self.plain):
            model.zero_grad()
        return abs(float(ours.detach() / plain.detach()) - 1), largest


def main() -> None:
    """Measure, print, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default=CASES, help="model:batch, several with commas between")
    parser.add_argument("--pairs", default=",".join(PAIRS), help="of " + ", ".join(PAIRS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    if device.type == "cuda":
        # What torch does by default is not float32: both ways are to compute in the same.
        torch.backends.cuda.matmul.allow_tf32 = False
    bf16 = choose_precision("auto", device) == "bf16"
    rates = {"fp32": 0.0} | ({"bf16": 0.0} if bf16 else {})
    cases = []
    for case in arguments.cases.split(","):
        model, _, batch = case.partition(":")
        for pair in arguments.pairs.split(","):
            cases.append(measured(model, int(batch), pair, device, bf16, arguments.rounds))
            # After every case, the best of all: another program may be in the way for a while.
            rates = {name: max(rate, measured_rate(device, name == "bf16")) for name, rate in rates.items()}
    record = {
        "benchmark": "pretraining_step",
        "machine": machine(),
        "device": describe_device(device, "fp32 and bf16" if bf16 else "fp32"),
        "kind": device.type,
        "threads": torch.get_num_threads(),
        "size": SIZE,
        "matrix_flops_per_second": rates,
        "cases": cases,
    }
    name = f"pretraining-step-{device.type}-{record['machine']['date']}"  # type: ignore[index]
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    (arguments.out / f"{name}.md").write_text(page(record))
    print(page(record))


def measured(model: str, batch: int, pair: str, device: torch.device, bf16: bool, rounds: int) -> dict[str, Any]:
    """Seconds of a step each way, in turn, and by how much the two differ."""
    ways = Ways(model, batch, pair, device)
    loss, gradient = ways.differences()
    if max(loss, gradient) > AGREE:
        sys.exit(f"{model}, {pair}: the two differ by {loss:.1e} in the loss, {gradient:.1e} in a gradient: no timing")
    steps: dict[str, Callable[[], None]] = {
        "plain": lambda: ways.take_step(plain=True, bf16=False),
        "ours": lambda: ways.take_step(plain=False, bf16=False),
    }
    if bf16:
        steps["plain_bf16"] = lambda: ways.take_step(plain=True, bf16=True)
        steps["ours_bf16"] = lambda: ways.take_step(plain=False, bf16=True)
    if device.type == "cuda":
        steps["ours_bf16_compiled"] = lambda: ways.take_step(plain=False, bf16=True, compiled=True)
    for step in steps.values():
        step()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name in (*steps, *reversed(steps)):
            started = time.perf_counter()
            steps[name]()
            seconds[name].append(time.perf_counter() - started)
    return {
        "model": model,
        "batch": batch,
        "pair": pair,
        "flops": ways.flops,
        "difference_loss": loss,
        "difference_gradient": gradient,
        "seconds": seconds,
    }


def page(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    where, rates = record["machine"], record["matrix_flops_per_second"]
    titles = {
        "plain": "plain, fp32",
        "ours": "ours, fp32",
        "plain_bf16": "plain, bf16",
        "ours_bf16": "ours, bf16",
        "ours_bf16_compiled": "ours, bf16, compiled",
    }
    rows = []
    for case in record["cases"]:
        middle = {name: statistics.median(values) for name, values in case["seconds"].items()}
        for name, values in case["seconds"].items():
            precision = "bf16" if "bf16" in name else "fp32"
            # The plain step makes products that the method does not need: only ours is told as a share.
            plain = middle["plain_bf16" if precision == "bf16" else "plain"]
            share = f"{case['flops'] / middle[name] / rates[precision]:.0%}" if name.startswith("ours") else ""
            rows.append(
                f"| {case['model']}, {case['batch']} × {case['pair']} | {titles[name]} | {middle[name]:.3f}"
                f" ({min(values):.3f} to {max(values):.3f}) | {case['batch'] / middle[name]:.2f} |"
                f" {plain / middle[name]:.2f}× | {middle['plain'] / middle[name]:.2f}× | {share} |"
            )
    lines = "\n".join(rows)
    loss = max(case["difference_loss"] for case in record["cases"])
    gradient = max(case["difference_gradient"] for case in record["cases"])
    runs = len(record["cases"][0]["seconds"]["plain"])
    measured_rates = ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {precision}" for precision, rate in rates.items())
    return (
        f"# A pretraining step\n\n"
        f"{where['date']}, {where['processor']}, {record['device']}, {record['threads']} threads, torch"
        f" {where['torch']}; {record['size']} px, medians of {runs} steps each, in turn (A B B A). Wanted: at least"
        f" {TARGETS[record['kind']]}× the plain step in the same precision.\n\n"
        "| | | seconds per step | pairs/s | against plain, same precision | against fp32 | of the matrix rate |\n"
        f"|---|---|---|---|---|---|---|\n{lines}\n\n"
        f"Matrix rate, measured here: {measured_rates}. The two ways differ by at most {loss:.1e} in the loss and"
        f" {gradient:.1e} of the largest in a gradient.\n"
    )


if __name__ == "__main__":
    main()
