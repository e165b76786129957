"""``smarties reduce``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display
from engine.options import DTYPES


@click.command(short_help="Reduce a scene to the principal components of its embedding.")
@feature_options
@click.option("--components", type=int, default=3, show_default=True, metavar="N", help="Number of bands to write.")
@click.option("--out", "output", default="", metavar="PCA.tif", help="The raster of components to write.")
@click.option("--picture", default="", metavar="RGB.tif", help="Also draw the first three in colour.")
@click.option(
    "--save-basis", default="", metavar="BASIS.safetensors", help="Keep the components, to apply them to other scenes."
)
@click.option(
    "--basis", default="", metavar="BASIS.safetensors", help="Apply components that were kept, so that colours compare."
)
@click.option(
    "--dtype",
    type=click.Choice([kind for kind in DTYPES if kind != "int8"]),
    default="float32",
    show_default=True,
    help="Type of the components.",
)
@overwrite_option
@json_option
def reduce(as_json: bool, **settings: Any) -> None:
    """Reduce the embedding of images, or one made before, to the few values per cell that hold most of it (PCA)."""
    from engine.jobs.reduce import ReduceJob
    from engine.tasks.reduce import run

    with progress_display() as show:
        result = run(ReduceJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
