"""``smarties sample``"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write a simulated scene of four sensors.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives another landscape.")
def sample(folder: Path, seed: int) -> None:
    """Write a simulated scene seen by Sentinel-2, Sentinel-1, Landsat-8 and RGB, with labels."""
    from engine.sample import write_sample

    for path in write_sample(folder, seed=seed):
        click.echo(path)
