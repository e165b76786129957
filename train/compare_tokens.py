"""Compares a model's tokens with random encoders and raw pixels: TerraMesh land cover and Sen1Floods11 flood.

    python train/compare_tokens.py DATA --model FILE

DATA holds the folders terramesh_s1s2 and sen1floods11_spain_left. Sentinel-1 alone, Sentinel-2 alone, and both
(features side by side, or tokens swapped), by logistic regression and by 20 nearest neighbours; training and test never
share a place, or a strip of half a chip lies between them. Writes compare-tokens-MODEL.md (and .json) into the folder
--out.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    # The repository's root: run as a file, Python puts train/ there.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from engine.options import DEVICES
from train.evaluation.command import help_text, run_command
from train.evaluation.options import model_option, seed_option


@click.command("compare-tokens", help=help_text(__doc__))
@click.argument("data", type=click.Path(path_type=Path))
@model_option
@click.option("--case", "wanted", multiple=True, metavar="NAME", help="land-cover, flood: default both.")
@click.option(
    "--random-seeds", type=click.IntRange(1), default=1, show_default=True, help="How many random encoders to average."
)
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True)
@seed_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("evaluation"), show_default=True, metavar="FOLDER")
def command(
    data: Path, model: str, wanted: Sequence[str], random_seeds: int, device: str, seed: int, out: Path
) -> None:
    """See the module."""
    import torch

    from engine.model import load_encoder
    from train.evaluation.output import write_result
    from train.evaluation.token_comparison import cell_side, compare_tokens, markdown
    from train.evaluation.token_scenes import CHIP_PX, cases

    chosen = [case for case in cases(data) if not wanted or case.name in wanted]
    encoder = load_encoder(model)
    info = encoder.info
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            for row in compare_tokens(case, model, encoder, range(1, random_seeds + 1), seed, device, Path(folder)):
                rows.append(row)
                click.echo(
                    f"{row.case}, {row.inputs}, {row.features}: mIoU {100 * row.regression_miou:.1f} (regression),"
                    f" {100 * row.knn_miou:.1f} (kNN)",
                    err=True,
                )
    notes = [
        f"Model: {info.name}, SHA-256 {info.sha256}",
        f"Chips of {CHIP_PX} px, half of which neighbours repeat; statistics of the pretraining sensors",
        f"Made: {datetime.now(UTC).date().isoformat()}, torch {torch.__version__}, seed {seed}",
    ]
    page = markdown(chosen, rows, cell_side(encoder), f"Tokens of {info.title}", notes)
    name = f"compare-tokens-{info.name}"
    write_result(out, name, {"notes": notes, "rows": [asdict(row) for row in rows]}, page)
    click.echo(page)
    click.echo(f"Wrote {out / name}.md")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; ends the process with 0, or 2 for an error a user can act on."""
    run_command(command, arguments, "compare_tokens.py")


if __name__ == "__main__":
    main()
