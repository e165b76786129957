"""``smarties stats``"""

from __future__ import annotations

from typing import Any

import click

from engine.commands.image_options import image_options
from engine.commands.progress_display import progress_display


@click.command(short_help="Measure the statistics of images, for --statistics.")
@image_options
@click.option("--out", "output", required=True, metavar="FILE.json", help="The statistics file to write.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def stats(**settings: Any) -> None:
    """Estimate 1 % and 99 % percentile, mean and deviation of every band, for --statistics."""
    from engine.jobs.stats import StatsJob
    from engine.tasks.stats import run

    with progress_display() as show:
        result = run(StatsJob(**settings), show)
    click.echo(result.summary())
