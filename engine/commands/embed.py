"""``smarties embed``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display
from engine.options import DTYPES


@click.command(short_help="Write the embedding of images on one grid.")
@feature_options
@click.option(
    "--out",
    "output",
    default="",
    metavar="OUT.tif|.zarr|.parquet",
    help="The embedding to write: a GeoTIFF, a Zarr store, or a GeoParquet table of vectors.",
)
@click.option("--cog", is_flag=True, help="Make the GeoTIFF a cloud-optimised one (COG).")
@click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="float32",
    show_default=True,
    help="Type of the output; int8 is a quarter of the size, with a scale per band.",
)
@click.option("--picture", default="", metavar="PCA.tif", help="Also draw it: three principal components in colour.")
@overwrite_option
@click.option(
    "--resume",
    is_flag=True,
    help="Continue where a run with the same settings stopped, and keep what is finished if this one stops, too.",
)
@click.option("--dry-run", is_flag=True, help="Only tell the grid, the size, the time and the memory it will take.")
@json_option
def embed(dry_run: bool, as_json: bool, **settings: Any) -> None:
    """Write the embedding of one or several images on one grid."""
    from engine.jobs.embed import EmbedJob
    from engine.tasks.embed import run

    job = EmbedJob(**settings)
    if dry_run:
        from engine.tasks import plan

        planned = plan.run(job)
        click.echo(json.dumps(planned, indent=2, ensure_ascii=False) if as_json else plan.report(planned))
        return
    with progress_display() as show:
        result = run(job, show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
