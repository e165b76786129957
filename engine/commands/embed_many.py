"""``smarties embed-many``"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import click

from engine.commands.embed import embed
from engine.commands.feature_options import json_option
from engine.commands.progress_display import progress_display

#: Options of ``smarties embed`` that belong to one scene: the manifest has them, or its name stands for them.
_OF_ONE_SCENE = ("inputs", "output", "picture", "overwrite", "dry_run", "as_json")
#: How a batch system asks a program to end.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")
EXIT_FAILED = 2


@click.command(short_help="Write the embeddings of many scenes, on one machine or many.")
@click.argument("manifest", metavar="MANIFEST")
@click.option("--out", "output", required=True, metavar="DIR", help="The folder to write to: NAME.tif per scene.")
@click.option("--part", default="", metavar="I/N|slurm", help="Only the I-th of N shares, in this process.")
@click.option("--address", default="", metavar="HOST:PORT|auto", help="A Ray cluster. Default: this machine alone.")
@click.option("--workers", type=int, metavar="N", help="Scenes at work at once. Default: by the machines.")
@click.option("--encoder-cpus", type=int, metavar="N", help="Processor threads of an encoder without a GPU.")
@click.option("--reader-cpus", type=int, metavar="N", help="Processors set aside for each reader.")
@click.option(
    "--workers-per-gpu", type=int, default=1, show_default=True, metavar="N", help="Workers that share a GPU."
)
@click.option(
    "--attempts",
    type=int,
    default=3,
    show_default=True,
    metavar="N",
    help="Times a scene is begun whose worker is lost.",
)
@click.option("--pictures", is_flag=True, help="Also draw each: NAME.picture.tif.")
@click.option("--overwrite", is_flag=True, help="Replace files that this command did not make.")
@click.option("--dry-run", is_flag=True, help="Only open every scene and tell which would fail.")
@json_option
def embed_many(as_json: bool, dry_run: bool, **given: Any) -> int:
    """Write the embeddings of the scenes in MANIFEST: JSON lines, or a CSV table with columns name and image.

    The options of 'smarties embed' hold for every scene whose line says nothing else. The same command again skips
    what is done. On a cluster, or as tasks of a SLURM array (--part slurm): see docs/clusters.md.
    """
    from engine.jobs.embed_many import EmbedManyJob
    from engine.scale.run import check, run

    own = {field.name for field in dataclasses.fields(EmbedManyJob)}
    settings = {name: value for name, value in given.items() if name not in own}
    job = EmbedManyJob(**{name: value for name, value in given.items() if name in own}, settings=settings)
    with stop_signals() as stopped:
        if dry_run:
            with progress_display() as show:
                text, failing = check(job, show, stopped)
            click.echo(text)
            return EXIT_FAILED if failing else 0
        with progress_display() as show:
            summary = run(job, show, stopped)
    click.echo(summary.to_json() if as_json else summary.text())
    if summary.failed:
        click.echo(f"Error: {summary.failed} of {summary.scenes} scenes failed.", err=True)
        return EXIT_FAILED
    return 0


# Every other option of 'smarties embed' is one of this command, from the same place.
embed_many.params += [option for option in embed.params if option.name not in _OF_ONE_SCENE]


@contextlib.contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether this process was asked to end: by Ctrl-C, or by a batch system whose time is over.

    A second Ctrl-C ends it at once.
    """
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopped.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stopped.set()

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopped.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
