"""Whatever a file of weights says of itself: a checked checkpoint or one clear error, before memory is taken."""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from engine.errors import CheckpointError
from engine.heads.files import read_info
from engine.model import safetensors_header
from engine.model.checkpoints import inspect, read_encoder
from engine.model.own_layers import read_own_layers
from engine.model.safetensors_header import ITEM_BYTES, read_header

FIRST_LAYER = "spectrum_projection.spectrum_embeds.0.proj.weight"
LONGEST = 1000

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, header: object, data_bytes: int = 0) -> Path:
    """A file with this header; its data are a hole in the file, which takes no room on the disk."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + data_bytes)
    return path


def packed(shapes: dict[str, tuple[str, tuple[int, ...]]]) -> tuple[dict[str, Any], int]:
    """A header in which tensors of these types and shapes lie one behind the other, and the length of the data."""
    header, end = {}, 0
    for name, (dtype, shape) in shapes.items():
        size = ITEM_BYTES[dtype] * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    return header, end


def refused(read: Callable[[Path], Any], path: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        read(path)
    check(caught.value)
    return caught.value


def check(error: CheckpointError) -> None:
    assert error.message.strip() and error.hint.strip()
    assert "\n" not in str(error) and len(str(error)) < LONGEST


def peak_bytes(since_now: bool = False) -> int:
    """The most memory that this process has had since the last call with ``since_now``."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell the peak of a part of a run")
    if since_now:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def cheap(run: Callable[[], Any]) -> None:
    """Runs it, and holds it to 100 MB of memory and two seconds of computing."""
    memory, started = peak_bytes(since_now=True), time.process_time()
    run()
    assert peak_bytes() - memory < 100 * 2**20
    assert time.process_time() - started < 2


def test_what_holds_runs_to_their_memory_works() -> None:
    with pytest.raises(AssertionError):
        cheap(lambda: b"x" * (200 * 2**20))
    cheap(lambda: b"x" * (20 * 2**20))


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"a": ("F32", (2**38,))}, "1,024 GiB of weights"),
        ({"a": ("I8", (2**40,))}, "4,096 GiB of weights"),
        ({f"t{number}": ("BF16", (2**30,)) for number in range(64)}, "256 GiB of weights"),
    ],
)
def test_weights_beyond_the_memory_are_refused_before_any_is_taken(
    tmp_path: Path, shapes: dict[str, tuple[str, tuple[int, ...]]], said: str
) -> None:
    header, end = packed(shapes)
    path = write(tmp_path / "giant.safetensors", header, end)
    cheap(lambda: [refused(read, path) for read in (read_header, inspect, read_own_layers, read_info)])
    assert said in refused(read_header, path).message


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("width", {FIRST_LAYER: ("F32", (2**40, 0))}),
        ("width", {FIRST_LAYER: ("U8", (20_000, 256))}),
        ("width", {FIRST_LAYER: ("U8", (0, 256))}),
        ("patch", {FIRST_LAYER: ("U8", (64, 0))}),
        ("patch", {FIRST_LAYER: ("U8", (4, 1_000_000))}),
        ("grid", {"pos_embed": ("U8", (1, 1 + 5000**2, 0))}),
        ("depth", {f"blocks.{number}.norm1.weight": ("U8", (0,)) for number in range(5_000)}),
        ("decoder's depth", {f"decoder_blocks.{number}.x": ("U8", (0,)) for number in range(5_000)}),
        ("decoder's width", {"decoder_embed.weight": ("U8", (2**50, 0))}),
    ],
)
def test_a_model_out_of_all_proportion_is_refused_before_it_is_built(
    tmp_path: Path, name: str, shapes: dict[str, tuple[str, tuple[int, ...]]]
) -> None:
    common: dict[str, tuple[str, tuple[int, ...]]] = {
        "cls_token": ("U8", (1, 1, 64)),
        "pos_embed": ("U8", (1, 197, 64)),
        FIRST_LAYER: ("U8", (64, 256)),
        "blocks.0.norm1.weight": ("U8", (64,)),
    }
    header, end = packed(common | shapes)
    header["__metadata__"] = {"num_heads": "1", "decoder_num_heads": "1"}
    path = write(tmp_path / "odd.safetensors", header, end)
    cheap(lambda: refused(inspect, path))
    assert f"asks for a model whose {name} is" in refused(inspect, path).message


BOMBS: dict[str, bytes] = {
    "nested": b'{"a":' * 1_000_000,
    "nested lists": b"[" * 8_000_000,
    "a shape of a million sides": json.dumps(
        {"a": {"dtype": "F32", "shape": [2**62] * 400_000, "data_offsets": [0, 4]}}
    ).encode(),
    "a number of a million digits": b'{"a": {"dtype": "F32", "shape": [' + b"9" * 1_000_000 + b"]}}",
    "a shape of empty sides": json.dumps(
        {"a": {"dtype": "F32", "shape": [0] + [2**62] * 400_000, "data_offsets": [0, 0]}}
    ).encode(),
    "the same name twice": b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},'
    b'"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
    "one tensor over another": json.dumps(
        {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
         "b": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}
    ).encode(),
    "a side beyond 64 bits": b'{"a":{"dtype":"U8","shape":[0,18446744073709551616],"data_offsets":[0,0]}}',
    "offsets the wrong way round": b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}',
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_header_made_to_take_time_or_memory_is_refused(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "bomb.safetensors", BOMBS[kind], 4)
    cheap(lambda: refused(read_header, path))


def test_a_header_of_a_hundred_megabytes_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 99_000_000))
        file.truncate(100_000_000)
    cheap(lambda: refused(read_header, path))


def test_a_machine_that_does_not_tell_its_memory_has_a_limit_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(safetensors_header.os, "sysconf", raising=False)
    header, end = packed({"a": ("F32", (2**33 + 1,))})
    refused(read_header, write(tmp_path / "large.safetensors", header, end))
    header, end = packed({"a": ("F32", (2**33,))})
    assert read_header(write(tmp_path / "fits.safetensors", header, end)).tensors["a"].shape == (2**33,)


sides = st.integers(-1, 5) | st.sampled_from([16, 64, 196, 197, 256, 2**31, 2**63 - 1, 2**63, 10**30])
spoilt = st.one_of(
    st.none(), st.booleans(), st.floats(), sides, st.text(max_size=5), st.lists(sides, max_size=4),
    st.dictionaries(st.text(max_size=3), sides, max_size=2),
)  # fmt: skip
entries = st.one_of(
    spoilt,
    st.fixed_dictionaries(
        {},
        optional={"dtype": st.sampled_from([*ITEM_BYTES, "F77"]) | spoilt, "shape": spoilt, "data_offsets": spoilt},
    ),
)  # fmt: skip
# fmt: off
NAMES = ["cls_token", "pos_embed", FIRST_LAYER, "blocks.0.norm1.weight", "blocks.x", "blocks.", "mask_token",
         "decoder_embed.weight", "head.weight", "norm.weight", "fc_norm.weight", "projections.weight", "__metadata__"]
# fmt: on


@RELAXED
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), entries, max_size=6), st.integers(0, 40))
def test_any_header_gives_a_header_or_one_clear_error(tmp_path: Path, header: dict[str, Any], size: int) -> None:
    path = write(tmp_path / "any.safetensors", header, size)
    for read in (read_header, inspect, read_own_layers, read_info):
        try:
            read(path)
        except CheckpointError as error:
            check(error)


@RELAXED
@given(
    st.dictionaries(
        st.sampled_from(NAMES[:-1]),
        st.tuples(st.sampled_from(["F32", "F16", "U8"]), st.lists(st.integers(0, 300), max_size=3).map(tuple)),
        max_size=8,
    ),
    st.dictionaries(
        st.sampled_from(["num_heads", "decoder_num_heads", "smarties_head", "smarties_projections", "title"]),
        st.sampled_from(["1", "4", "-1", "0", "x", "", "{}", "[]", '{"features": {}}', '{"bands": []}', "9" * 5000])
        | st.text(max_size=8),
        max_size=3,
    ),
)
def test_any_tensors_of_sound_files_give_a_model_or_one_clear_error(
    tmp_path: Path, shapes: dict[str, tuple[str, tuple[int, ...]]], metadata: dict[str, str]
) -> None:
    header, end = packed(shapes)
    path = write(tmp_path / "sound.safetensors", header | {"__metadata__": metadata}, end)
    found = read_header(path)
    assert {name: (each.dtype, each.shape) for name, each in found.tensors.items()} == shapes
    assert found.metadata == metadata
    for read in (inspect, read_own_layers, read_info):
        try:
            read(path)
        except CheckpointError as error:
            check(error)


@RELAXED
@given(st.data())
def test_any_change_of_a_models_tensors_is_noticed_or_harmless(untrained: Path, tmp_path: Path, data: Any) -> None:
    state = load_file(untrained)
    name = data.draw(st.sampled_from(sorted(state)))
    change = data.draw(st.sampled_from(["drop", "transpose", "cut", "empty", "integer", "not a number", "rename"]))
    tensor = state.pop(name)
    if change == "rename":
        state[data.draw(st.sampled_from([name + "x", "x." + name, "blocks.999." + name, "head." + name]))] = tensor
    elif change != "drop":
        state[name] = {
            "transpose": lambda: tensor.mT.contiguous() if tensor.ndim > 1 else tensor[:0],
            "cut": lambda: tensor[..., :-1].contiguous(),
            "empty": lambda: tensor[:0],
            "integer": lambda: tensor.to(torch.int32),
            "not a number": lambda: torch.full_like(tensor, math.nan),
        }[change]()
    path = tmp_path / "changed.safetensors"
    save_file(state, path, {"num_heads": "2", "decoder_num_heads": "2"})
    try:
        encoder = read_encoder(inspect(path))
    except CheckpointError as error:
        check(error)
    else:
        assert all(bool(each.isfinite().all()) for each in encoder.state_dict().values())
