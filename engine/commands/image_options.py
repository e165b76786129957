"""The options that every command that reads images has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from engine.spectrum.assign import MODES


class Extent(click.ParamType):
    """XMIN,YMIN,XMAX,YMAX as four floats."""

    name = "XMIN,YMIN,XMAX,YMAX"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Four floats, or click's usage error that shows the text."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != 4:
            self.fail(f"'{value}' is not four numbers XMIN,YMIN,XMAX,YMAX.", param, ctx)
        return numbers


def crs_text(ctx: click.Context, param: click.Parameter, crs: str | None) -> str | None:
    """``--crs 32631`` means EPSG:32631."""
    return f"EPSG:{crs}" if crs and crs.isdigit() else crs


def image_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ``ImageJob``, the same for every command that reads images."""
    options = [
        click.argument("inputs", nargs=-1, required=True, metavar="FILE..."),
        click.option(
            "--sensor",
            "sensors",
            multiple=True,
            metavar="NAME",
            help="Sensor of the image (see 'smarties sensors'); repeat it for several images, in their order. "
            "'auto' detects.",
        ),
        click.option(
            "--bands",
            "band_tables",
            multiple=True,
            metavar="TABLE.json",
            help="Band table of the image; repeat it for several images. An empty string stands for none.",
        ),
        click.option("--extent", type=Extent(), help="Part to read, in the coordinates of the output."),
        click.option(
            "--extent-crs", metavar="EPSG", callback=crs_text, help="CRS of --extent, where it is not the output's."
        ),
        click.option(
            "--crs",
            metavar="EPSG",
            callback=crs_text,
            help="CRS of the output, e.g. EPSG:32631. Default: the reference's.",
        ),
        click.option("--resolution", type=float, metavar="R", help="Pixel size of the grid, in units of its CRS."),
        click.option(
            "--reference", type=int, metavar="N", help="Image, from 1, whose grid is used. Default: the finest."
        ),
        click.option(
            "--grid-like",
            default="",
            metavar="RASTER",
            help="Another raster whose grid is used, in place of an image's.",
        ),
        click.option(
            "--interpolation",
            type=click.Choice(MODES),
            default="log",
            show_default=True,
            help="How bands between the learnt ranges get their layer.",
        ),
        click.option("--allow-outside", is_flag=True, help="Run bands far from every learnt range."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
