"""Packs pretraining data into collections that training reads without decoding anything.

    python train/pack.py bigearthnet ROOT --out packed/bigearthnet --workers 8
    python train/pack.py fmow RGB_ROOT FMOW_SENTINEL_ROOT --out packed/fmow --workers 8
    python train/pack.py csv PAIRS.csv --licence "CC-BY-4.0" --side 128 --out packed/pairs
    python train/pack.py folder IMAGES --sensor maxar-rgb --licence "public domain" --side 224 --out packed/rgb
    python train/pack.py demonstration DATA --out packed
    python train/pack.py check packed/bigearthnet

A collection appears when it is whole; an interrupt or an error leaves nothing. What was skipped is counted, and said
at the end. Exit code 2: an error one can act on, in one sentence.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # the root: run as a file, Python puts train/ there

import glob
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from engine.cli import EXIT_CANCELLED, EXIT_ERROR
from engine.commands.progress_display import progress_display
from engine.errors import OutputError, SmartiesError
from engine.progress import Progress, ProgressMeter
from train.data import packing
from train.data.readers import bigearthnet as ben
from train.data.readers import fmow_pairs
from train.data.readers.csv_pairs import csv_pairs
from train.data.readers.demonstration import pack_demonstration
from train.data.readers.fmow import RATIO, SIDE, Fmow
from train.data.readers.lists import read_list
from train.data.readers.rasters import PER_RASTER
from train.data.readers.source import PairSource
from train.data.readers.unpaired import unpaired_images
from train.data.shards import Collection

_SHARE_OF_PREPARATION = 0.1
_FOLDER = click.Path(path_type=Path)
_WHEN_INTERRUPTED = "Interrupted; nothing was written."


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code."""
    # A scheduler's signal is an interrupt like any other: what was begun is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    packing.silence_libraries()
    try:
        code = cli.main(args=arguments, prog_name="pack.py", standalone_mode=False) or 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = EXIT_CANCELLED
        click.echo(_WHEN_INTERRUPTED, err=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except SmartiesError as error:
        code = EXIT_ERROR
        click.echo(f"Error: {error.message}" + (f"\n{error.hint}" if error.hint else ""), err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Pack pretraining data into collections that training reads without decoding anything."""


def _packing_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of all layouts."""
    options = (
        click.option("--out", required=True, type=_FOLDER, help="The collection to write: a new folder."),
        click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes that read."),
        click.option("--limit", type=click.IntRange(1), help="Stop at so many records."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _raster_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of layouts whose rasters are cut into crops."""
    options = (
        click.option("--licence", required=True, help="The images' licence, kept in the collection."),
        click.option(
            "--side", default=224, show_default=True, type=click.IntRange(1), help="Crops in px of the finer image."
        ),
        click.option(
            "--per-raster",
            default=PER_RASTER,
            show_default=True,
            type=click.IntRange(1),
            help="Most crops of one raster, spread evenly over it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@click.argument("rgb_root", type=_FOLDER)
@click.argument("sentinel_root", type=_FOLDER)
@click.option(
    "--pairs",
    type=_FOLDER,
    help="List of pairs: rgb path, sentinel path. Without it one is made and written to OUT-pairs.csv.",
)
@click.option(
    "--split", default="train", show_default=True, help="The folder of both data sets, and the name of the CSV file."
)
@click.option(
    "--per-location",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Most pairs of a location, where no list is given.",
)
@click.option(
    "--side",
    default=SIDE,
    show_default=True,
    type=click.IntRange(RATIO),
    help=f"Pictures in px, a multiple of {RATIO}; Sentinel-2 gets a quarter.",
)
@_packing_options
def fmow(
    rgb_root: Path, sentinel_root: Path, pairs: Path | None, split: str, per_location: int, side: int, **how: Any
) -> None:
    """fMoW-RGB pictures with fMoW-Sentinel crops of the same place."""
    if side % RATIO:
        raise click.BadParameter(f"{side} is no multiple of {RATIO}.", param_hint="--side")
    _refuse_existing(how["out"])
    with _stages() as stages:
        if pairs is None:
            list_path = how["out"].with_name(f"{how['out'].name}-pairs.csv")
            made = fmow_pairs.make_pairs(rgb_root, sentinel_root, split, per_location, stages.preparation("Pairing"))
            list_path.parent.mkdir(parents=True, exist_ok=True)
            fmow_pairs.write_pairs(list_path, made)
            click.echo(f"{len(made):,} pairs listed in {list_path}")
            chosen = [pair for pair, _ in made]
        else:
            chosen = fmow_pairs.read_pairs(pairs, sentinel_root, split)
        _pack(Fmow(rgb_root, sentinel_root, chosen, side), stages, **how)


@cli.command()
@click.argument("sources", nargs=-1, required=True, type=_FOLDER)
@click.option(
    "--sensors",
    default="pairs",
    show_default=True,
    type=click.Choice(["pairs", "s2", "s1"]),
    help="Both sensors, or one alone.",
)
@click.option("--patches", type=_FOLDER, help="List of patches: S2 patch and S1 patch, or that of the one sensor.")
@click.option(
    "--exclude",
    multiple=True,
    type=_FOLDER,
    help="List of patches to leave out (seasonal snow, clouds); may be repeated.",
)
@click.option(
    "--upsampling",
    default="exact",
    show_default=True,
    type=click.Choice(["exact", "bilinear"]),
    help="20 m and 60 m bands: as the model's input is resized, or as the released loader does.",
)
@_packing_options
def bigearthnet(
    sources: tuple[Path, ...],
    sensors: ben.Sensors,
    patches: Path | None,
    exclude: tuple[Path, ...],
    upsampling: ben.Upsampling,
    **how: Any,
) -> None:
    """BigEarthNet-MM v1.0: the folder that holds BigEarthNet-v1.0 and BigEarthNet-S1-v1.0, or these two."""
    _refuse_existing(how["out"])
    s2, s1 = ben.find_folders(sources, sensors)
    listed = None if patches is None else read_list(patches, 2 if sensors == "pairs" else 1)
    excluded = {name for path in exclude for (name,) in read_list(path, 1)}
    with _stages() as stages:
        _pack(ben.BigEarthNet(s2, s1, sensors, listed, excluded, upsampling), stages, **how)


@cli.command()
@click.argument("table", type=_FOLDER)
@_raster_options
@_packing_options
def csv(table: Path, licence: str, side: int, per_raster: int, **how: Any) -> None:
    """Any pairs of rasters: a CSV file with the columns a, sensor_a, b, sensor_b."""
    _refuse_existing(how["out"])
    with _stages() as stages:
        _pack(csv_pairs(table, licence, side, per_raster, stages.preparation("Statistics")), stages, **how)


@cli.command()
@click.argument("images", type=_FOLDER)
@click.option("--sensor", default="auto", show_default=True, help="The images' sensor; smarties sensors lists them.")
@_raster_options
@_packing_options
def folder(images: Path, sensor: str, licence: str, side: int, per_raster: int, **how: Any) -> None:
    """Unpaired images of one sensor: all below a folder."""
    _refuse_existing(how["out"])
    with _stages() as stages:
        _pack(
            unpaired_images(images, licence, side, sensor, per_raster, stages.preparation("Statistics")), stages, **how
        )


@cli.command()
@click.argument("data", type=_FOLDER)
@click.option("--out", required=True, type=_FOLDER, help="Folder of the collections; must not exist yet.")
def demonstration(data: Path, out: Path) -> None:
    """The corpus of smarties-tiny, from the project's folder of open rasters: several collections."""
    _refuse_existing(out)
    pack_demonstration(data, out, click.echo)


@cli.command()
@click.argument("collection", type=_FOLDER)
def check(collection: Path) -> None:
    """Compare a collection's files with their hashes, and say what it holds."""
    found = Collection(collection)
    shards = len(found.shards)
    with _stages() as stages:
        report = stages.packing()
        for number in range(shards):
            found.verify([number])
            report((number + 1) / shards, f"shard {number + 1} of {shards}")
    click.echo(f"{found.name}: {len(found):,} records, {shards} of {shards} shards whole.\nLicence: {found.licence}")
    for side in found.sides:
        click.echo(
            f"{side.sensor}: {len(side.bands)} bands, {side.height}×{side.width} px, {side.dtype};"
            f" {side.statistics.source}\n  {', '.join(side.bands)}"
        )


def _refuse_existing(out: Path) -> None:
    """Hours of pairing are not spent for a folder that cannot be written."""
    if out.exists():
        raise OutputError(f"{out} exists.", "Remove it, or choose another folder.")
    for left in sorted(out.parent.glob(f".{glob.escape(out.name)}.partial-*")):
        click.echo(f"Left by a run that was killed, or of one that goes on: {left}", err=True)


class _Stages:
    """Progress on stderr of what comes before packing, if anything does, and of packing itself."""

    def __init__(self, show: Callable[[Progress], None]) -> None:
        self._meter = ProgressMeter(show)
        self._done = 0.0

    def preparation(self, message: str) -> Callable[[float], None]:
        """Takes the share of the preparation that is done."""
        report = self._meter.part(0.0, _SHARE_OF_PREPARATION)

        def told(share: float) -> None:
            self._done = _SHARE_OF_PREPARATION
            report(Progress(share, message))

        return told

    def packing(self) -> Callable[[float, str], None]:
        """Takes the share of the records that is packed, and how many they are."""
        report = self._meter.part(self._done, 1.0)
        return lambda share, message: report(Progress(share, message))


@contextmanager
def _stages() -> Iterator[_Stages]:
    with progress_display() as show:
        yield _Stages(show)


def _pack(source: PairSource, stages: _Stages, out: Path, workers: int, limit: int | None) -> None:
    report = stages.packing()

    def progress(items: int, of_items: int, records: int) -> None:
        share = items / of_items if limit is None else max(items / of_items, records / limit)
        report(share, f"{records:,} records")

    packed = packing.pack(source, out, workers, limit, progress=progress)
    size = sum(path.stat().st_size for path in out.iterdir())
    click.echo(f"{packed.records:,} records of {packed.items:,} items in {out} ({size / 1e6:,.1f} MB).")
    for line in packed.remarks.lines():
        click.echo(f"  {line}")


if __name__ == "__main__":
    main()
