"""``smarties similarity``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.image_options import crs_text
from engine.commands.progress_display import progress_display


@click.command(short_help="Map how alike every place is to examples.")
@feature_options
@click.option(
    "--like", multiple=True, metavar="X,Y|FILE", help="What is sought: a point, or a vector file; may be repeated."
)
@click.option("--unlike", multiple=True, metavar="X,Y|FILE", help="What is not sought; may be repeated.")
@click.option(
    "--points-crs", metavar="EPSG", callback=crs_text, help="CRS of the points X,Y. Default: the embedding's."
)
@click.option(
    "--centred/--uncentred",
    default=True,
    show_default=True,
    help="Whether to take the mean of the embedding off first, which all places have in common.",
)
@click.option("--threshold", type=float, metavar="S", help="The similarity from which on places belong to --polygons.")
@click.option("--polygons", default="", metavar="OUT.gpkg", help="Also write the places alike as polygons.")
@click.option("--out", "output", default="", metavar="OUT.tif", help="The raster of similarities to write.")
@overwrite_option
@json_option
def similarity(as_json: bool, **settings: Any) -> None:
    """Map how alike every place of images, or of an embedding, is to examples: -1 to 1 by cosine."""
    from engine.jobs.similarity import SimilarityJob
    from engine.tasks.similarity import run

    with progress_display() as show:
        result = run(SimilarityJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
