"""Every plain way gives what ours gives: a comparison of times begins with this check, here on small cases."""

from __future__ import annotations

import pytest

from benchmarks import decoding, encoder, end_to_end, harmonise_resize, projection, visible_tokens, writing
from benchmarks.comparison import Comparison, Figure, difference
from engine.model.config import DecoderConfig, ModelConfig

SMALL = ModelConfig(48, 2, 3, decoder=DecoderConfig(32, 1, 2))


def differences(found: list[Comparison]) -> dict[str, float]:
    return {way: share for each in found if isinstance(each, Comparison) for way, share in each.differences.items()}


@pytest.mark.parametrize("compare", [projection.compare, visible_tokens.compare], ids=lambda way: way.__module__)
def test_projections(compare) -> None:
    assert differences([compare(SMALL, 2, 0)])["ours, fp32"] < 1e-5


def test_encoders() -> None:
    assert differences(encoder.compare("small", SMALL, 2, 0))["ours, fp32"] < 1e-5


@pytest.mark.parametrize("chip", [32, 50])
def test_harmonising_and_resizing(chip: int) -> None:
    assert differences([harmonise_resize.compare(2, chip, 40, 0)])["ours"] < 1e-5


def test_written_embeddings() -> None:
    found = differences([writing.compare(6, 40, 0)])
    assert found["ours, float32"] == 0
    assert 0 < found["ours, float16"] < found["ours, int8"]


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_tiles(interleave: str) -> None:
    options = {"interleave": interleave, "blockxsize": 64, "blockysize": 64}
    _, _, ours = decoding.compare(interleave, options, (300, 240), 0)
    assert isinstance(ours, Figure) and ours.met


def test_embeddings_from_end_to_end() -> None:
    assert differences([end_to_end.compare("small", SMALL, 3, 0)])["ours, fp32"] < 1e-4


@pytest.mark.parametrize("wrong", [[1.0, 2.2], [1.0, float("nan")]])
def test_ways_that_differ_are_not_compared(wrong: list[float]) -> None:
    with pytest.raises(SystemExit, match="differ by"):
        difference("numbers", wrong, [1.0, 2.0], 0.05)
