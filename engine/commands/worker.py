"""``smarties worker``"""

from __future__ import annotations

import sys

import click


@click.command(short_help="Serve tasks over JSON lines, for the QGIS plugin.")
def worker() -> None:
    """Serve tasks over JSON lines on stdin and stdout, for the QGIS plugin."""
    from engine.worker import main as serve

    sys.exit(serve())
