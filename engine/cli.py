"""The command ``smarties``: every task from the shell.

A command builds the task's job dataclass, runs it and prints what came out. An
error a user can act on is one sentence on stderr and exit code 2; anything else is
a defect: exit code 1, with the traceback in the log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from engine import __version__
from engine.errors import CancelledError, SmartiesError
from engine.log import LOGGER, start_log
from engine.progress import Progress
from engine.spectrum.assign import MODES

EXIT_DEFECT = 1
EXIT_ERROR = 2
EXIT_CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console command; ends the process with the exit code."""
    log = start_log()
    # GDAL messages that are no text make rasterio fail in a callback: noise to the user, a hint in the log.
    sys.unraisablehook = lambda event: LOGGER.warning("ignored in %r", event.object, exc_info=event.exc_value)
    try:
        code = cli.main(args=arguments, prog_name="smarties", standalone_mode=False) or 0
    except click.exceptions.Abort:
        code = EXIT_CANCELLED
        click.echo("Cancelled; nothing was written.", err=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CancelledError as error:
        code = EXIT_CANCELLED
        click.echo(str(error), err=True)
    except SmartiesError as error:
        LOGGER.info("refused: %s", error, exc_info=True)
        click.echo(f"Error: {error}", err=True)
        code = EXIT_ERROR
    except KeyboardInterrupt:
        code = EXIT_CANCELLED
        click.echo("Cancelled; nothing was written.", err=True)
    except Exception as error:
        LOGGER.exception("defect")
        where = f" The traceback is in {log}." if log else ""
        click.echo(f"Error: something unforeseen happened ({type(error).__name__}).{where}", err=True)
        code = EXIT_DEFECT
    sys.exit(code)


@contextlib.contextmanager
def progress_display() -> Iterator[Callable[[Progress], None]]:
    """A bar with the time left on a terminal, a plain line every tenth elsewhere (both on stderr)."""
    if sys.stderr.isatty():
        with tqdm(total=1.0, bar_format="{desc:<32.32} {percentage:3.0f}% |{bar}| {postfix}", file=sys.stderr) as bar:

            def show(progress: Progress) -> None:
                bar.set_description_str(progress.message, refresh=False)
                bar.set_postfix_str(time_left(progress.seconds_left), refresh=False)
                bar.n = progress.fraction
                bar.refresh()

            yield show
        return
    last = [-1]

    def line(progress: Progress) -> None:
        tenth = int(progress.fraction * 10)
        if tenth > last[0]:
            last[0] = tenth
            left = time_left(progress.seconds_left)
            click.echo(f"{progress.fraction:4.0%} {progress.message}{', ' + left if left else ''}", err=True)

    yield line


def time_left(seconds: float | None) -> str:
    """ "3 min left"; empty while nothing is known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s left"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds / 3600:.1f} h left"


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


def _crs_text(ctx: click.Context, param: click.Parameter, crs: str | None) -> str | None:
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
            "--extent-crs", metavar="EPSG", callback=_crs_text, help="CRS of --extent, where it is not the output's."
        ),
        click.option(
            "--crs",
            metavar="EPSG",
            callback=_crs_text,
            help="CRS of the output, e.g. EPSG:32631. Default: the reference's.",
        ),
        click.option("--resolution", type=float, metavar="R", help="Pixel size of the grid, in units of its CRS."),
        click.option(
            "--reference", type=int, metavar="N", help="Image, from 1, whose grid is used. Default: the finest."
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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smarties")
def cli() -> None:
    """Embeddings from the bands of any satellite, by one vision transformer (SMARTIES)."""


@cli.command(short_help="Show what is known of images and their bands.")
@image_options
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def describe(as_json: bool, **settings: Any) -> None:
    """Show bands, wavelengths, where they come from, layers, radiometry and grid."""
    from engine.jobs.describe import DescribeJob
    from engine.tasks.describe import report, run

    description = run(DescribeJob(**settings))
    click.echo(json.dumps(description, indent=2, ensure_ascii=False) if as_json else report(description))


@cli.command(short_help="Write the embedding of images on one grid.")
@image_options
@click.option("--out", "output", default="", metavar="OUT.tif", help="The embedding raster to write.")
@click.option("--model", default="smarties-tiny", show_default=True, metavar="NAME|FILE", help="See 'smarties models'.")
@click.option("--chip", type=int, metavar="N", help="Source pixels per model input. Default: by sensor, 112 or 224.")
@click.option(
    "--overlap",
    type=float,
    default=0.25,
    show_default=True,
    metavar="F",
    help="Share of a chip that its neighbours repeat: more takes longer and smooths the seams.",
)
@click.option(
    "--fusion",
    type=click.Choice(["stack", "concat", "mixup"]),
    default="stack",
    show_default=True,
    help="Several images: all bands as one, features side by side, or tokens of two sensors swapped.",
)
@click.option(
    "--statistics",
    default="auto",
    show_default=True,
    metavar="sensor|estimate|FILE.json",
    help="auto: the sensor's where known, else estimated from the raster.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "int8"]),
    default="float32",
    show_default=True,
    help="Type of the output; int8 is a quarter of the size, with a scale per band.",
)
@click.option(
    "--level",
    type=click.Choice(["tokens", "chips"]),
    default="tokens",
    show_default=True,
    help="One vector per token, or one per chip.",
)
@click.option(
    "--min-valid",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="A cell with a smaller share of valid pixels is nodata.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True)
@click.option("--batch", type=int, metavar="N", help="Chips per pass. Default: by device.")
@click.option("--picture", default="", metavar="PCA.tif", help="Also draw it: three principal components in colour.")
@click.option("--overwrite", is_flag=True, help="Replace an existing output.")
@click.option("--dry-run", is_flag=True, help="Only tell the grid, the size, the time and the memory it will take.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def embed(dry_run: bool, as_json: bool, **settings: Any) -> None:
    """Write the embedding of one or several images on one grid."""
    from engine.jobs.embed import EmbedJob
    from engine.tasks.embed import run

    job = EmbedJob(**settings)
    if dry_run:
        from engine.tasks import plan

        planned = plan.run(job)
        click.echo(json.dumps(planned, indent=2, ensure_ascii=False) if as_json else plan.report(planned))
        return
    with progress_display() as show:
        result = run(job, show)
    for note in result.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False) if as_json else result.summary())


@cli.command(short_help="Measure the statistics of images, for --statistics.")
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


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def models(as_json: bool) -> None:
    """List the models and whether they are on this machine."""
    from engine.tasks.models import listing, report_models

    known = listing()
    click.echo(json.dumps(known, indent=2) if as_json else report_models(known))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def sensors(as_json: bool) -> None:
    """List the sensors of the catalogue."""
    from engine.tasks.describe import report_sensors, sensor_listing

    known = sensor_listing()
    click.echo(json.dumps(known, indent=2, ensure_ascii=False) if as_json else report_sensors(known))


@cli.command()
@click.argument("name")
@click.option("--file", "file", type=click.Path(path_type=Path), help="Take this downloaded file instead of the hub's.")
def fetch(name: str, file: Path | None) -> None:
    """Download a released model, or take one downloaded by hand."""
    from engine.tasks.models import fetch_model

    with progress_display() as show:
        path = fetch_model(name, file, show)
    click.echo(f"{name} is ready: {path}")


@cli.command(short_help="Write a simulated scene of four sensors.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives another landscape.")
def sample(folder: Path, seed: int) -> None:
    """Write a simulated scene seen by Sentinel-2, Sentinel-1, Landsat-8 and RGB, with labels."""
    from engine.sample import write_sample

    for path in write_sample(folder, seed=seed):
        click.echo(path)


@cli.command(short_help="Serve tasks over JSON lines, for the QGIS plugin.")
def worker() -> None:
    """Serve tasks over JSON lines on stdin and stdout, for the QGIS plugin."""
    from engine.worker import main as serve

    sys.exit(serve())
