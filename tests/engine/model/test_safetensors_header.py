from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from engine.errors import CheckpointError
from engine.model.safetensors_header import StoredTensor, read_header


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.safetensors"
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.bfloat16)}, path, {"name": "two"})
    return path


def _write(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_a_whole_file_tells_its_tensors_and_metadata(whole: Path):
    header = read_header(whole)
    assert header.metadata == {"name": "two"}
    assert header.tensors == {"a": StoredTensor("F32", (2, 3)), "b": StoredTensor("BF16", (4,))}


def test_every_truncation_is_refused(whole: Path, tmp_path: Path):
    content = whole.read_bytes()
    for length in range(len(content)):
        short = tmp_path / "short.safetensors"
        short.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match="truncated"):
            read_header(short)


def test_trailing_bytes_are_refused(whole: Path):
    whole.write_bytes(whole.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="damaged"):
        read_header(whole)


def test_a_header_longer_than_the_file_is_refused_before_memory_is_taken(tmp_path: Path):
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", 2**63) + b"{}")
    with pytest.raises(CheckpointError, match="truncated or not a safetensors file"):
        read_header(path)


@pytest.mark.parametrize(
    "header",
    [
        b"no json at all",
        b"\xff\xfe\xfd",
        b"[" * 200_000,
        ["a list"],
        {"a": 1},
        {"a": {"dtype": "F32", "shape": [1]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}},
        {"a": {"dtype": "F77", "shape": [1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [10**30], "data_offsets": [0, 4]}},
        {"a": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]}},
        {
            "a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
            "b": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]},
        },
        {"__metadata__": 3},
    ],
)
def test_nonsense_in_the_header_is_one_clear_sentence(tmp_path: Path, header: object):
    with pytest.raises(CheckpointError, match="damaged"):
        read_header(_write(tmp_path / "nonsense.safetensors", header, b"\0\0\0\0"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_escapes_as_another_error(whole: Path, data: st.DataObject):
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = whole.with_name("damaged.safetensors")
    damaged.write_bytes(content)
    try:
        read_header(damaged)
    except CheckpointError as error:
        assert "damaged" in error.message or "truncated" in error.message


@pytest.mark.parametrize("name", ["model.pth", "model.PT", "pytorch_model.bin", "last.ckpt"])
def test_pickles_are_refused_unopened(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(b"\x80\x02cos\nsystem\n")
    with pytest.raises(CheckpointError, match="pickle") as caught:
        read_header(path)
    assert ".safetensors" in caught.value.hint


@pytest.mark.parametrize("name", ["absent.safetensors", "."])
def test_what_is_no_file_is_named(tmp_path: Path, name: str):
    with pytest.raises(CheckpointError, match="There is no model file"):
        read_header(tmp_path / name)
