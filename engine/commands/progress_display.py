"""How far a command is, on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import click
from tqdm import tqdm

from engine.progress import Progress


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
