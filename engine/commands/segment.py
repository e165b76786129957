"""``smarties segment``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import compute_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display
from engine.options import CONFIDENCES


@click.command(short_help="Map images, or an embedding, with a head.")
@compute_options
@click.option("--head", required=True, metavar="HEAD.safetensors", help="What 'smarties train-head' wrote.")
@click.option(
    "--overlap", type=float, metavar="F", help="Share of a chip that its neighbours repeat. Default: the head's."
)
@click.option("--out", "output", default="", metavar="OUT.tif", help="The class raster to write.")
@click.option("--confidence", default="", metavar="FILE.tif", help="Also write how sure each pixel is, 0 to 1.")
@click.option(
    "--confidence-kind",
    type=click.Choice(CONFIDENCES),
    default=CONFIDENCES[0],
    show_default=True,
    help="The probability of the class that won, or 1 − the entropy of all of them.",
)
@click.option(
    "--probabilities", default="", metavar="FILE.tif", help="Also write each class's probability, a band each."
)
@click.option("--polygons", default="", metavar="FILE.gpkg", help="Also write the patches, with class and area.")
@click.option(
    "--sieve",
    "sieve_px",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Give patches of fewer pixels to the neighbour with the longest border.",
)
@overwrite_option
@json_option
def segment(as_json: bool, **settings: Any) -> None:
    """Write the classes of images, or of one embedding, at the resolution of the images."""
    from engine.jobs.segment import SegmentJob
    from engine.tasks.segment import run

    with progress_display() as show:
        result = run(SegmentJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
