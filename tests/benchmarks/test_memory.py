"""Memory is that of a strip: the peak of a run hardly grows with a raster's length (benchmarks/memory.py in small)."""

from __future__ import annotations

import os

import pytest

from benchmarks.memory import GROWTH, peak_bytes
from engine.model.config import DecoderConfig, ModelConfig

NARROW = ModelConfig(24, 1, 2, decoder=DecoderConfig(16, 1, 2))


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the peak of a child process is asked for by wait4")
def test_the_peak_does_not_grow_with_the_rows() -> None:
    # Beyond what the cache of decoded blocks may hold; the longer raster has 50 MB more to decode.
    assert peak_bytes(NARROW, 8_000, 1_024) <= GROWTH * peak_bytes(NARROW, 2_000, 1_024)
