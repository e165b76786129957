"""Writes safetensors files: whole or not at all, on the disk when it returns, and readable by whom other files are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from engine.errors import OutputError


def write_safetensors(tensors: Mapping[str, torch.Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Write ``tensors``, contiguous and on the CPU, and the ``metadata`` of the header to ``path``.

    OutputError where that fails; what was there before then is there still.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            temporary.touch()
            mode = temporary.stat().st_mode
            save_file(dict(tensors), temporary, dict(metadata))
            # The library gives its files to their owner alone; a model is for a team as much as any other file.
            temporary.chmod(mode)
            _flush(temporary)
            os.replace(temporary, path)
            _flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{path} cannot be written: {reason}.", "Choose a folder you may write to.") from error


def _flush(path: Path) -> None:
    """Return when a file, or the names in a folder, are on the disk; Windows does not tell of folders."""
    windows = os.name == "nt"
    if windows and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
