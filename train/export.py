"""From a run to a model file: half precision, in the released layout, with what it was trained on in its header.

python train/export.py runs/tiny/checkpoint-00007000.safetensors smarties-tiny.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # the root: run as a file, Python puts train/ there

import json

import click
import torch
from safetensors import SafetensorError, safe_open

from engine.errors import CheckpointError, SmartiesError
from engine.model.config import CONFIGS
from engine.model.safetensors_file import write_safetensors
from train.checkpoints import Progressed, read_progressed


def write_model(
    tensors: dict[str, torch.Tensor], path: Path, progressed: Progressed, name: str, title: str, licence: str
) -> None:
    """Write the weights ``tensors`` in half precision under the names of the released files.

    OutputError where ``path`` cannot be written.
    """
    config = CONFIGS[progressed.recipe["model"]]
    assert config.decoder is not None
    header = {
        "name": name,
        "title": title,
        "licence": licence,
        "num_heads": str(config.num_heads),
        "decoder_num_heads": str(config.decoder.num_heads),
        "steps": str(progressed.step),
        "seed": str(progressed.recipe["seed"]),
        "recipe": json.dumps(progressed.recipe),
        "data": json.dumps(progressed.data),
    }
    half = {key: tensor.detach().half().contiguous() for key, tensor in tensors.items()}
    write_safetensors(half, path, header)


def model_tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The weights of a checkpoint, without the optimiser's. CheckpointError where it cannot be read."""
    try:
        with safe_open(checkpoint, "pt") as file:
            names = [key for key in file.keys() if key.startswith("model.")]
            return {key.removeprefix("model."): file.get_tensor(key) for key in names}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{checkpoint} cannot be read: {error}.", "Take an earlier checkpoint.") from error


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--name", help="The model's name; that of the file by default.")
@click.option("--title", help="One line for people.")
@click.option("--licence", default="", help="The licence of the weights and of the data behind them.")
def main(checkpoint: Path, model: Path, name: str | None, title: str | None, licence: str) -> None:
    """Write the model of CHECKPOINT to the file MODEL."""
    try:
        progressed = read_progressed(checkpoint)
        name = name or model.stem
        write_model(model_tensors(checkpoint), model, progressed, name, title or f"{name}, own pretraining", licence)
    except SmartiesError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    click.echo(f"{model}: {model.stat().st_size / 1e6:.1f} MB, step {progressed.step}")


if __name__ == "__main__":
    main()
