"""Options that the commands of this folder share. Nothing heavy is imported before one is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.options import DEVICES, FUSIONS, PRECISIONS
from train.evaluation.names import POOLINGS, RESIZES

if TYPE_CHECKING:
    from train.evaluation.dataset import EvaluationDataset
    from train.evaluation.protocols import Evaluation

Command = Callable[..., Any]

model_option = click.option(
    "--model", default="smarties-tiny", show_default=True, metavar="NAME|FILE", help="A model's name, or its file."
)
workers_option = click.option(
    "--workers", type=click.IntRange(0), default=0, show_default=True, help="Processes that read ahead."
)
seed_option = click.option("--seed", type=int, default=0, show_default=True)


def evaluation_options(command: Command) -> Command:
    """DATASET, ROOT, and the options of ``build_evaluation``."""
    options = [
        click.argument("dataset"),
        click.argument("root", type=click.Path(path_type=Path)),
        model_option,
        click.option("--modality", "modalities", multiple=True, metavar="NAME", help="s1, s2, …: default all."),
        click.option(
            "--fusion",
            type=click.Choice(FUSIONS),
            default="stack",
            show_default=True,
            help="Several modalities: all bands as one image, features side by side, or tokens of two swapped.",
        ),
        click.option(
            "--mixup-draws",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            help="Random masks of mixup fusion to average over; 0 is the checkerboard.",
        ),
        click.option(
            "--train-share",
            "share",
            type=float,
            default=1.0,
            show_default=True,
            help="Of the training split: 0.01, 0.1.",
        ),
        click.option("--split-file", type=click.Path(path_type=Path), help="Splits of your own, as the dataset takes."),
        click.option("--resize", type=click.Choice(RESIZES), default=RESIZES[0], show_default=True),
        click.option("--pooling", type=click.Choice(POOLINGS), default=POOLINGS[0], show_default=True),
        click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True),
        click.option("--precision", type=click.Choice(PRECISIONS), default="fp32", show_default=True),
        click.option("--batch", type=click.IntRange(1), help="Samples per frozen pass. Default: by device."),
        click.option("--epochs", type=click.IntRange(1), help="Default: the protocol's."),
        seed_option,
        workers_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def open_chosen(name: str, root: Path, modalities: Sequence[str], split_file: Path | None = None) -> EvaluationDataset:
    """A dataset of the registry with the modalities asked for, all without. Raises what opening it raises."""
    from train.evaluation.datasets.registry import open_dataset
    from train.evaluation.reading import ChosenModalities

    dataset = open_dataset(name, root, split_file)
    return ChosenModalities(dataset, modalities) if modalities else dataset


def build_evaluation(
    dataset: str,
    root: Path,
    model: str,
    modalities: Sequence[str],
    fusion: str,
    mixup_draws: int,
    share: float,
    split_file: Path | None,
    resize: str,
    pooling: str,
    device: str,
    precision: str,
    batch: int | None,
    epochs: int | None,
    seed: int,
    workers: int,
) -> Evaluation:
    """The evaluation that the options of ``evaluation_options`` ask for. Raises SmartiesErrors."""
    from engine.model import load_encoder
    from engine.model.devices import choose_device, choose_precision
    from train.evaluation.features import FeatureSettings
    from train.evaluation.protocols import Evaluation, EvaluationSettings

    opened = open_chosen(dataset, root, modalities, split_file)
    where = choose_device(device)
    chosen_precision = choose_precision(precision, where)
    encoder = load_encoder(model, str(where))
    features = FeatureSettings(fusion, mixup_draws, resize, batch, seed, chosen_precision)
    return Evaluation(encoder, opened, EvaluationSettings(features, pooling, share, epochs, seed, workers))
