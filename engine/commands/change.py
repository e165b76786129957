"""``smarties change``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display


@click.command(short_help="Tell what changed between two dates, or looks different to two sensors.")
@feature_options
@click.option(
    "--after",
    multiple=True,
    metavar="FILE",
    help="Image of the second date, or its embedding; repeat it for several images.",
)
@click.option(
    "--after-sensor",
    "after_sensors",
    multiple=True,
    metavar="NAME",
    help="Sensor of an image after, as --sensor is for those before.",
)
@click.option(
    "--after-bands",
    "after_band_tables",
    multiple=True,
    metavar="TABLE.json",
    help="Band table of an image after, as --bands is for those before.",
)
@click.option("--out", "output", default="", metavar="CHANGE.tif", help="The raster of distances to write.")
@overwrite_option
@json_option
def change(as_json: bool, **settings: Any) -> None:
    """Write the cosine distance of two embeddings on one grid: 0 where both look alike to the model, up to 2.

    FILE... are the images before, or one embedding. Both sides are brought onto the grid that all images share.
    """
    from engine.jobs.change import ChangeJob
    from engine.tasks.change import run

    with progress_display() as show:
        result = run(ChangeJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
