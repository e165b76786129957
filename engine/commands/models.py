"""``smarties models`` and ``smarties fetch``"""

from __future__ import annotations

import json
from pathlib import Path

import click

from engine.commands.progress_display import progress_display


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def models(as_json: bool) -> None:
    """List the models and whether they are on this machine."""
    from engine.tasks.models import listing, report_models

    known = listing()
    click.echo(json.dumps(known, indent=2) if as_json else report_models(known))


@click.command()
@click.argument("name")
@click.option("--file", "file", type=click.Path(path_type=Path), help="Take this downloaded file instead of the hub's.")
def fetch(name: str, file: Path | None) -> None:
    """Download a released model, or take one downloaded by hand."""
    from engine.model import zoo
    from engine.tasks.models import fetch_model

    with progress_display() as show:
        path = fetch_model(name, file, show)
    click.echo(f"{name} is {'part of the program' if zoo.entry(name).bundled else 'ready'}: {path}")
