"""``smarties cluster``"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from engine.commands.feature_options import feature_options, json_option, overwrite_option
from engine.commands.progress_display import progress_display


@click.command(short_help="Divide a scene into groups of like places, without labels.")
@feature_options
@click.option("--clusters", type=int, default=8, show_default=True, metavar="N", help="Number of groups.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed begins elsewhere.")
@click.option("--out", "output", default="", metavar="MAP.tif", help="The raster of clusters to write.")
@overwrite_option
@json_option
def cluster(as_json: bool, **settings: Any) -> None:
    """Divide images, or one embedding, into groups of places that look alike to the model (k-means).

    Clusters with neighbouring numbers are alike, and so are their colours.
    """
    from engine.jobs.cluster import ClusterJob
    from engine.tasks.cluster import run

    with progress_display() as show:
        result = run(ClusterJob(**settings), show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())
