"""The options of commands that look at images through the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from engine.commands.image_options import image_options
from engine.options import DEVICES, FUSIONS, LEVELS, PRECISIONS

Command = Callable[..., Any]

statistics_option = click.option(
    "--statistics",
    default="auto",
    show_default=True,
    metavar="sensor|estimate|FILE.json",
    help="auto: the sensor's where known, else estimated from the raster.",
)
model_option = click.option(
    "--model", default="smarties-tiny", show_default=True, metavar="NAME|FILE", help="See 'smarties models'."
)
chip_option = click.option(
    "--chip", type=int, metavar="N", help="Source pixels per model input. Default: by sensor, 112 or 224."
)
overlap_option = click.option(
    "--overlap",
    type=float,
    default=0.25,
    show_default=True,
    metavar="F",
    help="Share of a chip that its neighbours repeat: more takes longer and smooths the seams.",
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


def compute_options(command: Command) -> Command:
    """The options of ``ComputeJob``: those of ``ImageJob``, and where to compute."""
    options = [
        image_options,
        statistics_option,
        click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True),
        click.option("--precision", type=click.Choice(PRECISIONS), default="auto", show_default=True),
        click.option("--batch", type=int, metavar="N", help="Chips per pass. Default: by device."),
    ]
    return _with(options, command)


def feature_options(command: Command) -> Command:
    """The options of ``FeatureJob``: those of ``ComputeJob``, and what features to make."""
    options = [
        compute_options,
        model_option,
        chip_option,
        overlap_option,
        click.option(
            "--fusion",
            type=click.Choice(FUSIONS),
            default="stack",
            show_default=True,
            help="Several images: all bands as one, features side by side, or tokens of two sensors swapped.",
        ),
        click.option(
            "--level",
            type=click.Choice(LEVELS),
            default="tokens",
            show_default=True,
            help="One vector per token, or one per chip.",
        ),
        click.option(
            "--min-valid",
            type=float,
            default=0.5,
            show_default=True,
            metavar="SHARE",
            help="A cell with a smaller share of valid pixels is nodata.",
        ),
        click.option(
            "--projections", default="", metavar="FILE", help="Projections learnt by 'train-head --learn-bands'."
        ),
    ]
    return _with(options, command)


def _with(options: list[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
