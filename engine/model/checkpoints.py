"""Files of weights → our models, and back (METHOD, section 8). The one place where foreign weights become ours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open

from engine.errors import CheckpointError
from engine.model.autoencoder import AutoEncoder
from engine.model.config import DECODER_HEADS_BY_WIDTH, HEADS_BY_WIDTH, DecoderConfig, ModelConfig
from engine.model.encoder import Encoder
from engine.model.position import grid_side
from engine.model.safetensors_file import write_safetensors
from engine.model.safetensors_header import Header, StoredTensor, read_header

#: Tensors of a fine-tuned model that are not the encoder's.
TASK_PREFIXES = ("head.", "fc_norm.")

_FLOATING = ("F64", "F32", "F16", "BF16")
#: Sizes that no vision transformer has (ViT-22B: 6144 wide, 48 deep): a file can ask for a million blocks in a
#: megabyte of names, and for any width with tensors that are empty.
_MAX_WIDTH, _MAX_DEPTH, _MAX_PATCH_PX, _MAX_GRID = 16_384, 256, 256, 1024
_FIRST_LAYER = "spectrum_projection.spectrum_embeds.0.proj.weight"
_LISTED = 8

Model = TypeVar("Model", bound=Encoder)


@dataclass(frozen=True)
class Checkpoint:
    """A file that was checked: its sizes, its metadata, and where in it each of our tensors is.

    ``names`` maps our names to those in the file; ``extra`` does so for tensors of a
    task. ``config.decoder`` is None for a file without a decoder. ``notes`` are
    remarks for the user.
    """

    path: Path
    config: ModelConfig
    metadata: Mapping[str, str]
    names: Mapping[str, str]
    extra: Mapping[str, str]
    notes: tuple[str, ...] = ()


def inspect(
    path: str | Path, num_heads: int | None = None, decoder_num_heads: int | None = None, need_decoder: bool = False
) -> Checkpoint:
    """Reads the header of a file and checks every key and shape of it; no weights are read.

    Numbers of heads are those given, else those of the metadata, else those of the
    known widths. ``need_decoder`` asks for a whole auto-encoder; without it the decoder's
    number of heads is not looked for and stands at 1.

    CheckpointError when the file is not a readable safetensors file, has missing,
    unexpected or misshapen keys (it lists them), or does not tell its numbers of heads.
    """
    header = read_header(path)
    prefix = _prefix(header)
    stored = {name.removeprefix(prefix): tensor for name, tensor in header.tensors.items()}
    names = {name.removeprefix(prefix): name for name in header.tensors}
    extra = {name: names.pop(name) for name in list(names) if name.startswith(TASK_PREFIXES)}
    notes = []
    if "norm.weight" not in names and "norm.bias" not in names and {"fc_norm.weight", "fc_norm.bias"} <= extra.keys():
        # Models fine-tuned on mean tokens have their one final norm under another name.
        names |= {f"norm.{part}": extra[f"fc_norm.{part}"] for part in ("weight", "bias")}
        stored |= {f"norm.{part}": stored[f"fc_norm.{part}"] for part in ("weight", "bias")}
        notes.append("The final norm is the file's fc_norm, which was trained on the mean of the tokens.")
    config = _config(header, stored, num_heads, decoder_num_heads, need_decoder)
    if need_decoder and config.decoder is None:
        raise CheckpointError(
            f"{header.path.name} holds only an encoder.", "Choose a file of the whole model, decoder included."
        )
    with torch.device("meta"):
        model = Encoder(config) if config.decoder is None else AutoEncoder(config)
    _compare(header.path, {name: stored[name] for name in names}, model)
    return Checkpoint(header.path, config, header.metadata, names, extra, tuple(notes))


def read_encoder(checkpoint: Checkpoint) -> Encoder:
    """The encoder of a file, float32 on the CPU; the tensors of a task are its ``extra``.

    CheckpointError when the weights cannot be read, or are not all finite.
    """
    with torch.device("meta"):
        model = Encoder(replace(checkpoint.config, decoder=None))
    return _fill(model, checkpoint)


def read_autoencoder(checkpoint: Checkpoint) -> AutoEncoder:
    """The whole model of a file (inspected with ``need_decoder``), as :func:`read_encoder`."""
    with torch.device("meta"):
        model = AutoEncoder(checkpoint.config)
    return _fill(model, checkpoint)


def save_checkpoint(model: Encoder, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Writes an encoder or a whole model, in the released layout, whole or not at all.

    The file's metadata hold name, title, whether the weights are random (all from
    ``model.info``) and the numbers of heads; ``metadata`` adds to them or replaces
    them. Tensors of a task in ``model.extra`` are written too. OutputError when the
    file cannot be written.
    """
    path = Path(path)
    decoder = model.config.decoder if isinstance(model, AutoEncoder) else None
    words = {"format": "pt", "name": model.info.name, "title": model.info.title}
    words |= {"random": str(model.info.random).lower(), "num_heads": str(model.num_heads)}
    if decoder is not None:
        words["decoder_num_heads"] = str(decoder.num_heads)
    tensors = {**model.state_dict(), **model.extra}
    written = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_safetensors(written, path, words | dict(metadata or {}))


def _fill(model: Model, checkpoint: Checkpoint) -> Model:
    wanted = {name: checkpoint.names[name] for name in model.state_dict()}
    try:
        with safe_open(checkpoint.path, framework="pt", device="cpu") as file:
            # Copied, so that the file can be replaced or removed while the model is in use.
            state = {name: file.get_tensor(theirs).to(torch.float32, copy=True) for name, theirs in wanted.items()}
            model.extra = {name: file.get_tensor(theirs).clone() for name, theirs in checkpoint.extra.items()}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{checkpoint.path.name} cannot be read: {error}.", "Copy or download it again."
        ) from error
    broken = [name for name, tensor in state.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise CheckpointError(
            f"{checkpoint.path.name} holds values that are not numbers, in {_listed(broken)}.",
            "The file is damaged or its training failed: choose another.",
        )
    model.load_state_dict(state, assign=True)
    return model.eval()


def _prefix(header: Header) -> str:
    """What stands in front of every key ("module.", "model.encoder."), often nothing."""
    names = [name for name in header.tensors if name == "cls_token" or name.endswith(".cls_token")]
    prefix = min(names, key=len).removesuffix("cls_token") if names else ""
    # A prefix that some keys lack is none: they show up as unexpected, not silently dropped.
    return prefix if all(name.startswith(prefix) for name in header.tensors) else ""


def _config(
    header: Header,
    stored: Mapping[str, StoredTensor],
    num_heads: int | None,
    decoder_num_heads: int | None,
    need_decoder: bool,
) -> ModelConfig:
    """The sizes of a model, from the shapes of its tensors."""
    absent = [name for name in ("cls_token", "pos_embed", _FIRST_LAYER) if name not in stored]
    if absent:
        raise CheckpointError(
            f"{header.path.name} is not a SMARTIES model: it has no {', '.join(absent)} but "
            f"{_listed(list(header.tensors)) or 'nothing at all'}.",
            "Choose the .safetensors file of a SMARTIES model.",
        )
    if len(stored["pos_embed"].shape) != 3 or len(stored[_FIRST_LAYER].shape) != 2:
        raise CheckpointError(
            f"{header.path.name} is not a SMARTIES model: pos_embed is {_size(stored['pos_embed'].shape)}, "
            f"{_FIRST_LAYER} is {_size(stored[_FIRST_LAYER].shape)}.",
            "Choose the .safetensors file of a SMARTIES model.",
        )
    width, pixels = stored[_FIRST_LAYER].shape
    heads = _heads(header, "num_heads", width, num_heads, HEADS_BY_WIDTH)
    decoder = None
    if any(name.startswith("decoder_") or name == "mask_token" for name in stored):
        embed = stored.get("decoder_embed.weight", StoredTensor("F32", ())).shape
        decoder_width = embed[0] if len(embed) == 2 else width
        # The shapes do not depend on the heads: an encoder can be loaded without knowing the decoder's.
        decoder_heads = (
            _heads(header, "decoder_num_heads", decoder_width, decoder_num_heads, DECODER_HEADS_BY_WIDTH)
            if need_decoder
            else 1
        )
        decoder = DecoderConfig(decoder_width, _depth(stored, "decoder_blocks"), decoder_heads)
    config = ModelConfig(
        width=width,
        depth=_depth(stored, "blocks"),
        num_heads=heads,
        patch=math.isqrt(pixels),
        grid=grid_side(stored["pos_embed"].shape[1]),
        decoder=decoder,
    )
    _check_sizes(header.path, config)
    return config


def _check_sizes(path: Path, config: ModelConfig) -> None:
    """CheckpointError for sizes out of all proportion, before a model of them is built."""
    decoder = config.decoder or DecoderConfig(4, 1, 1)
    sizes = {
        "width": (config.width, _MAX_WIDTH),
        "depth": (config.depth, _MAX_DEPTH),
        "patch": (config.patch, _MAX_PATCH_PX),
        "grid": (config.grid, _MAX_GRID),
        "decoder's width": (decoder.width, _MAX_WIDTH),
        "decoder's depth": (decoder.depth, _MAX_DEPTH),
    }
    for name, (size, most) in sizes.items():
        if not 1 <= size <= most or (name.endswith("width") and size % 4):
            raise CheckpointError(
                f"{path.name} asks for a model whose {name} is {_digits(size)}.",
                "Choose the .safetensors file of a SMARTIES model.",
            )


def _digits(size: int) -> str:
    return str(size) if size < 10**9 else f"{size:.1e}"


def _depth(stored: Iterable[str], blocks: str) -> int:
    """The number of blocks: of different numbers, so that a foreign "blocks.999999999" is a key, not a size."""
    return len({name.split(".")[1] for name in stored if name.startswith(f"{blocks}.")})


def _heads(header: Header, key: str, width: int, given: int | None, known: Mapping[int, int]) -> int:
    told = given if given is not None else header.metadata.get(key, known.get(width))
    if told is None:
        raise CheckpointError(
            f"{header.path.name} does not tell its {key}, and {_digits(width)} is not a width for which it is known.",
            f"Give {key}, or write it into the file's metadata.",
        )
    try:
        heads = int(told)
    except ValueError:
        heads = 0
    if heads < 1 or width % heads:
        raise CheckpointError(
            f"{header.path.name} cannot have {key} {_short(str(told))}: its width is {_digits(width)}.",
            f"Give a {key} that divides the width.",
        )
    return heads


def _compare(path: Path, stored: Mapping[str, StoredTensor], model: Encoder) -> None:
    """CheckpointError unless ``stored`` has exactly the tensors of ``model``, in its shapes and floating."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    missing = [name for name in expected if name not in stored]
    unexpected = [name for name in stored if name not in expected]
    misshapen = [
        f"{name} ({_size(stored[name].shape)} for {_size(shape)})"
        for name, shape in expected.items()
        if name in stored and stored[name].shape != shape
    ]
    mistyped = [
        f"{name} ({stored[name].dtype})" for name in expected if name in stored and stored[name].dtype not in _FLOATING
    ]
    problems = [
        f"{len(names)} {word}: {_listed(names)}"
        for word, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", misshapen),
            ("not in floating point", mistyped),
        )
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{path.name} does not fit a SMARTIES model of width {model.width} and depth {model.depth}; "
            f"keys {'; '.join(problems)}.",
            "Choose the .safetensors file of a SMARTIES model, or repair this one.",
        )


def _listed(names: list[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(_short(name) for name in names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single value"
