"""``smarties describe``"""

from __future__ import annotations

import json
from typing import Any

import click

from engine.commands.image_options import image_options


@click.command(short_help="Show what is known of images and their bands.")
@image_options
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def describe(as_json: bool, **settings: Any) -> None:
    """Show bands, wavelengths, where they come from, layers, radiometry and grid."""
    from engine.jobs.describe import DescribeJob
    from engine.tasks.describe import report, run

    description = run(DescribeJob(**settings))
    click.echo(json.dumps(description, indent=2, ensure_ascii=False) if as_json else report(description))
