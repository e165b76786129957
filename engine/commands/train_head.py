"""``smarties train-head``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display
from engine.options import HEADS


@click.command("train-head", short_help="Learn classes from labelled places.")
@feature_options
@click.option(
    "--labels",
    multiple=True,
    required=True,
    metavar="FILE[|LAYER]",
    help="Labelled polygons, lines or points, or a raster of classes; repeat it for one per scene.",
)
@click.option("--class-field", default="", metavar="FIELD", help="Field of the class. Default: the only one it can be.")
@click.option("--ignore", multiple=True, metavar="CLASS", help="A class to leave out; repeat it for several.")
@click.option("--class-name", "class_names", multiple=True, metavar="VALUE=NAME", help="What to call a class.")
@click.option("--class-colour", "class_colours", multiple=True, metavar="VALUE=#rrggbb", help="The colour of a class.")
@click.option(
    "--kind",
    type=click.Choice(HEADS),
    default=HEADS[0],
    show_default=True,
    help="linear: logistic regression. knn: votes of the most similar places. conv: a 1×1 convolution."
    " upernet: a decoder that sees shapes; slow, needs many labels.",
)
@click.option(
    "--balance/--no-balance",
    default=True,
    show_default=True,
    help="Let every class count alike, or as often as it is labelled.",
)
@click.option(
    "--folds",
    type=int,
    default=5,
    show_default=True,
    metavar="N",
    help="Parts of the cross-validation, each of whole polygons or blocks; 0 measures nothing.",
)
@click.option(
    "--block-px",
    type=int,
    metavar="N",
    help="Side in pixels of the blocks that points and the pixels of a raster are grouped by. Default: a chip.",
)
@click.option("--epochs", type=int, metavar="N", help="Passes over the labels of conv, upernet and --learn-bands.")
@click.option("--learn-bands", is_flag=True, help="First learn projections for bands the model has none for.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N")
@click.option("--out", "output", default="", metavar="HEAD.safetensors", help="The head to write, and HEAD.json.")
@click.option("--report", default="", metavar="REPORT.html", help="Also write a page about its accuracy.")
@overwrite_option
@json_option
def train_head(as_json: bool, **settings: Any) -> None:
    """Learn classes from images and labelled places, and measure how well.

    FILE... are the images of one place, or embeddings of one or several.
    """
    from engine.jobs.train_head import TrainHeadJob
    from engine.tasks.train_head import run

    with progress_display() as show:
        result = run(TrainHeadJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    for warning in result.warnings:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
