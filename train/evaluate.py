"""Evaluates a model on a dataset by the paper's protocols, and adds the results to a table beside the paper's.

    python train/evaluate.py eurosat FOLDER --model smarties-v1-vit-b --protocol knn --protocol linear
    python train/evaluate.py bigearthnet-mm FOLDER --model FILE --protocol linear --fusion mixup --train-share 0.1

Images are encoded once for all protocols of a call. The table is evaluation.md (and .json) in the folder --out; calls
add to it. One device; run several calls for several.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(
        Path(__file__).resolve().parents[1]
    )  # the repository's root: run as a file, Python puts train/ there

from collections.abc import Sequence
from typing import Any

import click

from train.evaluation.command import help_text, run_command
from train.evaluation.names import PROTOCOLS
from train.evaluation.options import build_evaluation, evaluation_options
from train.evaluation.table import line, merge_into, read_rows


@click.command(help=help_text(__doc__))
@evaluation_options
@click.option("--protocol", "protocols", multiple=True, required=True, type=click.Choice(PROTOCOLS))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("evaluation"),
    show_default=True,
    metavar="FOLDER",
    help="Where the table is, or will be.",
)
def evaluate(protocols: Sequence[str], out: Path, **settings: Any) -> None:
    """See the module."""
    read_rows(out)  # what cannot be added to is found before the work
    evaluation = build_evaluation(**settings)
    for protocol in protocols:
        evaluation.check(protocol)
    for protocol in dict.fromkeys(protocols):
        row = evaluation.run(protocol)
        merge_into(out, [row])
        click.echo(line(row))
    click.echo(f"Table: {out / 'evaluation.md'}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with 0, or 2 for an error a user can act on."""
    run_command(evaluate, arguments, "evaluate.py")


if __name__ == "__main__":
    main()
