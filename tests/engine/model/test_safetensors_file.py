"""Files of weights appear whole, are readable by whom other files are, and leave the earlier file on a full disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from engine.errors import OutputError
from engine.model.safetensors_file import write_safetensors


def test_tensors_and_metadata_read_back(tmp_path: Path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2], dtype=torch.int8)}
    write_safetensors(tensors, tmp_path / "m.safetensors", {"name": "é"})
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert file.metadata() == {"name": "é"}
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_others_may_read_it_as_far_as_the_users_umask_lets_them(tmp_path: Path, umask: int):
    before = os.umask(umask)
    try:
        write_safetensors({"a": torch.zeros(2)}, tmp_path / "m.safetensors", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m.safetensors").stat().st_mode) == 0o666 & ~umask


def test_a_folder_that_is_none_is_an_error_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"m\.safetensors cannot be written: Not a directory"):
        write_safetensors({"a": torch.zeros(2)}, tmp_path / "file" / "m.safetensors", {})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
