"""``smarties sensors``"""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def sensors(as_json: bool) -> None:
    """List the sensors of the catalogue."""
    from engine.tasks.describe import report_sensors, sensor_listing

    known = sensor_listing()
    click.echo(json.dumps(known, indent=2, ensure_ascii=False) if as_json else report_sensors(known))
