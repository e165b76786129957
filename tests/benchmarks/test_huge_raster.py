"""A raster of 100,000 × 100,000 px starts, tells its progress, and stops when asked (benchmarks/huge_raster.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.huge_raster import BESIDES_STRIPS_BYTES, SIDE, STRIPS_BYTES, start_and_cancel
from engine.protocol import ErrorReply


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_a_huge_raster_starts_and_is_cancelled(tmp_path: Path) -> None:
    seen = start_and_cancel(tmp_path, SIDE)
    assert isinstance(seen.answer, ErrorReply) and seen.answer.code == "cancelled"
    assert seen.left == []
    assert 0 < seen.fraction < 0.2
    assert seen.peak_bytes < STRIPS_BYTES + BESIDES_STRIPS_BYTES
    # An estimate is there as soon as tiles are done; the whole takes minutes at least.
    assert seen.seconds_left is None or seen.seconds_left > 10
