"""Loads models, by file or by name."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from engine.errors import CheckpointError
from engine.model import zoo
from engine.model.autoencoder import AutoEncoder
from engine.model.checkpoints import Checkpoint, inspect, read_autoencoder, read_encoder
from engine.model.devices import DTYPES, choose_device, choose_precision
from engine.model.digest import file_sha256
from engine.model.encoder import Encoder, ModelInfo
from engine.model.initialise import count_parameters

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
    checkpoint = inspect(_path(source, entry), num_heads)
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
    checkpoint = inspect(_path(source, entry), num_heads, decoder_num_heads, need_decoder=True)
    return _with_info(read_autoencoder(checkpoint), checkpoint, entry).to(chosen_device)


def identity(source: str | Path) -> tuple[str | int, ...]:
    """What changes when the weights behind ``source`` do; nothing is read of a file that was read before.

    CheckpointError when there is no such model, or one with a name is no longer what came.
    """
    entry = _named(source)
    if entry is not None:
        # Wherever the program or the models folder lie: features kept under it outlive a move.
        return (entry.name, zoo.verified(entry.name)[1])
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
