"""Compares a model's features with features that need no model, on one dataset of scenes.

    python train/compare.py uc-merced FOLDER --model FILE

The model (CLS and mean of tokens), encoders of its size with random weights, channel means, pixel statistics and
colour histograms, each by 20 nearest neighbours, by the published linear probe and by logistic regression to
convergence. Writes compare-DATASET-MODEL.md (and .json) into the folder --out.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    # The repository's root: run as a file, Python puts train/ there.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from engine.errors import JobError
from engine.options import DEVICES
from train.evaluation.command import help_text, run_command
from train.evaluation.options import model_option, open_chosen, seed_option, workers_option


@click.command("compare", help=help_text(__doc__))
@click.argument("dataset")
@click.argument("root", type=click.Path(path_type=Path))
@model_option
@click.option("--modality", "modalities", multiple=True, metavar="NAME", help="Default: all, stacked.")
@click.option(
    "--random-seeds", type=click.IntRange(1), default=1, show_default=True, help="How many random encoders to average."
)
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True)
@seed_option
@workers_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("evaluation"), show_default=True, metavar="FOLDER")
def command(
    dataset: str,
    root: Path,
    model: str,
    modalities: Sequence[str],
    random_seeds: int,
    device: str,
    seed: int,
    workers: int,
    out: Path,
) -> None:
    """See the module."""
    import torch

    from engine.model import load_encoder
    from engine.model.devices import choose_device
    from train.evaluation.comparison import compare, margins, markdown
    from train.evaluation.features import FeatureSettings
    from train.evaluation.output import write_result
    from train.evaluation.reading import SampleReader
    from train.evaluation.splits import split_hash

    opened = open_chosen(dataset, root, modalities)
    if opened.task != "single-label":
        raise JobError(f"{opened.name} does not have one class per image.", "Use evaluate.py for this dataset.")
    encoder = load_encoder(model, str(choose_device(device)))
    rows = compare(encoder, SampleReader(opened, workers), FeatureSettings(), range(1, random_seeds + 1), seed)
    train, test = opened.ids("train"), opened.ids("test")
    info = encoder.info
    about = {
        "title": f"{info.title} on {opened.name}",
        "Model": f"{info.name}, SHA-256 {info.sha256}",
        "Training": f"{len(train)} images, SHA-256 of the sorted ids {split_hash(train)}",
        "Test": f"{len(test)} images, {split_hash(test)}",
        "Statistics": opened.statistics_source,
        "Made": f"{datetime.now(UTC).date().isoformat()}, torch {torch.__version__}, seed {seed}",
    }
    page = markdown(rows, about)
    name = f"compare-{opened.name}-{info.name}"
    write_result(out, name, {"about": about, "rows": [asdict(row) for row in rows], "margins": margins(rows)}, page)
    click.echo(page)
    click.echo(f"Wrote {out / name}.md")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with 0, or 2 for an error a user can act on."""
    run_command(command, arguments, "compare.py")


if __name__ == "__main__":
    main()
