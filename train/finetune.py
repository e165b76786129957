"""Fine-tunes a model on a dataset of the paper's, and writes it with its head as one task file.

    python train/finetune.py eurosat FOLDER --model smarties-v1-vit-b --to eurosat.safetensors

It is `evaluate.py --protocol finetune`, which tells the settings and keeps the table; the task file is read by
everything that reads a model, as an encoder.
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

from engine.errors import OutputError
from train.evaluation.command import help_text, run_command
from train.evaluation.options import build_evaluation, evaluation_options
from train.evaluation.table import line, merge_into, read_rows


@click.command(help=help_text(__doc__))
@evaluation_options
@click.option(
    "--to", "task_file", type=click.Path(path_type=Path), required=True, metavar="TASK.safetensors", help="To write."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Also add the result to this table.")
def finetune(task_file: Path, out: Path | None, **settings: Any) -> None:
    """See the module."""
    if task_file.suffix != ".safetensors" or not task_file.absolute().parent.is_dir():
        raise OutputError(
            f"{task_file} cannot be the task file.", "Give a name that ends in .safetensors, in a folder that exists."
        )
    if out is not None:
        read_rows(out)
    evaluation = build_evaluation(**settings)
    evaluation.task_file = task_file
    row = evaluation.run("finetune")
    if out is not None:
        merge_into(out, [row])
    click.echo(line(row))
    click.echo(f"Wrote {task_file}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with 0, or 2 for an error a user can act on."""
    run_command(finetune, arguments, "finetune.py")


if __name__ == "__main__":
    main()
