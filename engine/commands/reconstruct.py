"""``smarties reconstruct``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import (
    chip_option,
    compute_options,
    json_option,
    model_option,
    overlap_option,
    overwrite_option,
)
from engine.commands.progress_display import progress_display


@click.command(short_help="Predict bands that images lack, and map what the model did not expect.")
@compute_options
@model_option
@chip_option
@overlap_option
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="SENSOR:BAND|LAYER",
    help="Band to predict, as sentinel-2-l2a:B08 or near_infrared_1; may be repeated.",
)
@click.option("--out", "output", default="", metavar="OUT.tif", help="The raster of the predicted bands.")
@click.option("--anomaly", default="", metavar="OUT.tif", help="The raster of the reconstruction error per token.")
@click.option(
    "--hidden-share",
    type=float,
    default=0.75,
    show_default=True,
    metavar="SHARE",
    help="Part of the tokens that each pass hides; every token is hidden equally often.",
)
@click.option(
    "--norm-pix/--no-norm-pix",
    default=True,
    show_default=True,
    help="The model was trained on normalised patches, as the released ones are.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed hides the tokens in another order.")
@overwrite_option
@json_option
def reconstruct(as_json: bool, **settings: Any) -> None:
    """Predict bands that images lack from those they have, and map where the model is wrong about what it sees.

    Needs a model with a decoder.
    """
    from engine.jobs.reconstruct import ReconstructJob
    from engine.tasks.reconstruct import run

    with progress_display() as show:
        result = run(ReconstructJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
