"""``make demo``: the main job on a real Sentinel-1 + Sentinel-2 pair, or on the simulated scene."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from engine.commands.progress_display import progress_display
from engine.jobs.embed import EmbedJob
from engine.picture import write_pca_picture
from engine.sample import write_sample
from engine.tasks.embed import run

#: A place with fields, a town and a river in shared/data/terramesh_s1s2.
PLACE = "637U_59R_1_3.tif"
#: Enlargement of the picture: a token of 80 m is one pixel of the embedding, too small to look at.
ENLARGE = 16


def real_pair() -> tuple[Path, Path] | None:
    """Sentinel-1 and Sentinel-2 of one place from the folder of real rasters, None where it is absent."""
    data = Path(os.environ.get("SMARTIES_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    radar, optical = (data / "terramesh_s1s2" / kind / PLACE for kind in ("S1RTC", "S2L2A"))
    return (radar, optical) if radar.is_file() and optical.is_file() else None


def main(folder: Path) -> None:
    """Embeds the pair into ``folder`` and says where, how long and on which device."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = real_pair()
    if pair:
        click.echo(f"A real Sentinel-1 + Sentinel-2 pair: {pair[0].parent.name} + {pair[1].parent.name}, {PLACE}")
    else:
        click.echo("No real rasters on this machine: a simulated landscape is written first.")
        written = write_sample(folder / "sample")
        pair = (
            next(path for path in written if path.name.startswith("S1")),
            next(path for path in written if path.name.startswith("S2")),
        )
    output = folder / "embedding.tif"
    job = EmbedJob(inputs=(str(pair[0]), str(pair[1])), output=str(output), fusion="mixup", overlap=0.5, overwrite=True)
    with progress_display() as show:
        result = run(job, show)
    for note in result.notes:
        click.echo(f"Note: {note}")
    click.echo(result.summary())
    click.echo(f"Picture: {write_pca_picture(output, folder / 'embedding_pca.png', ENLARGE)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
