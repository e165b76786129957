"""Loads models, by file or by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from engine.errors import CheckpointError
from engine.model import zoo
from engine.model.autoencoder import AutoEncoder
from engine.model.checkpoints import Checkpoint, inspect, read_autoencoder, read_encoder
from engine.model.config import CONFIGS
from engine.model.devices import DTYPES, choose_device, choose_precision
from engine.model.digest import file_sha256
from engine.model.encoder import Encoder, ModelInfo
from engine.model.initialise import count_parameters, random_autoencoder

Model = TypeVar("Model", bound=Encoder)


def load_encoder(
    source: str | Path, device: str = "cpu", precision: str = "fp32", num_heads: int | None = None
) -> Encoder:
    """The encoder of a file, or of a model of the zoo by its name, ready to run.

    Sizes are read from the file; ``num_heads`` is needed only where neither its metadata
    nor its width tell it. ``device`` is "auto", "cpu", "cuda" or "cuda:N", ``precision``
    "auto", "fp32" or "bf16".

    CheckpointError when there is no such model, when it is damaged or of another kind;
    DeviceError when the machine does not offer the device or the precision.
    """
    chosen_device = choose_device(device)
    dtype = DTYPES[choose_precision(precision, chosen_device)]
    entry = _named(source)
    if entry is not None and entry.random:
        encoder = _encoder_of(_build(entry))
    else:
        path = _path(source, entry)
        checkpoint = inspect(path, num_heads)
        encoder = _with_info(read_encoder(checkpoint), checkpoint, entry)
    return encoder.to(device=chosen_device, dtype=dtype)


def load_autoencoder(
    source: str | Path, device: str = "cpu", num_heads: int | None = None, decoder_num_heads: int | None = None
) -> AutoEncoder:
    """The whole model of a file, or of the zoo by its name, in float32, in evaluation mode.

    Arguments and errors as in :func:`load_encoder`; also CheckpointError when the file
    holds only an encoder.
    """
    chosen_device = choose_device(device)
    entry = _named(source)
    if entry is not None and entry.random:
        return _build(entry).to(chosen_device)
    path = _path(source, entry)
    checkpoint = inspect(path, num_heads, decoder_num_heads, need_decoder=True)
    return _with_info(read_autoencoder(checkpoint), checkpoint, entry).to(chosen_device)


def identity(source: str | Path) -> tuple[str | int, ...]:
    """What changes when the weights behind ``source`` do; nothing of them is read.

    CheckpointError when there is no such model, or a downloaded one is no longer what came.
    """
    entry = _named(source)
    if entry is not None and entry.random:
        return (entry.name,)
    path = _path(source, entry).resolve()
    status = path.stat()
    return (str(path), status.st_size, status.st_mtime_ns)


def _named(source: str | Path) -> zoo.Entry | None:
    """The zoo's entry of that name, if ``source`` is one: a name wins over a file of the same name."""
    return next((entry for entry in zoo.entries() if entry.name == source), None)


def _path(source: str | Path, entry: zoo.Entry | None) -> Path:
    if entry is not None:
        return zoo.verified(entry.name)[0]
    path = Path(source)
    if not path.exists():
        raise CheckpointError(
            f"There is no model “{source}”: it is neither a file nor the name of a known model.",
            f"Known models are {', '.join(entry.name for entry in zoo.entries())}.",
        )
    return path


def _build(entry: zoo.Entry) -> AutoEncoder:
    model = random_autoencoder(CONFIGS[entry.config], zoo.TINY_SEED, entry.name)
    model.info = replace(model.info, title=entry.title)
    return model.eval()


def _encoder_of(model: AutoEncoder) -> Encoder:
    with torch.device("meta"):
        encoder = Encoder(replace(model.config, decoder=None))
    state = model.state_dict()
    encoder.load_state_dict({name: state[name] for name in encoder.state_dict()}, assign=True)
    encoder.info = replace(model.info, parameters=count_parameters(encoder))
    return encoder.eval()


def _with_info(model: Model, checkpoint: Checkpoint, entry: zoo.Entry | None) -> Model:
    path, metadata = checkpoint.path, checkpoint.metadata
    random = metadata.get("random") == "true"
    name = entry.name if entry is not None else metadata.get("name", path.stem)
    title = entry.title if entry is not None else metadata.get("title", path.name)
    model.info = ModelInfo(
        name=name,
        title=title,
        sha256=zoo.verified(entry.name)[1] if entry is not None else file_sha256(path),
        random=random,
        path=path,
        parameters=count_parameters(model),
        has_decoder=checkpoint.config.decoder is not None,
        notes=checkpoint.notes,
    )
    return model
