"""Strips to rows: the same whatever the device waits for, batches across strips where that fills a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from engine.errors import CancelledError
from engine.progress import Progress
from engine.raster.blend import StripBlender
from engine.raster.strips import StripReader
from engine.raster.tiles import TilePlan, plan_tiles
from engine.tasks.tile_stream import feature_rows

CHIP, TOKENS, SIZE = 8, 4, 30


class Means:
    """In place of an extractor and its model: the mean of each token's pixels, per band; notes the batches."""

    def __init__(self, device: str, batch: int) -> None:
        self.device, self.batch = torch.device(device), batch
        self.batches: list[int] = []
        self.ahead: list[int] = []

    def compile_if_worthwhile(self, chips_ahead: int) -> None:
        self.ahead.append(chips_ahead)

    def features(self, values: list[torch.Tensor], valid: list[torch.Tensor], level: str) -> torch.Tensor:
        assert values[0].dtype == torch.uint16 and valid[0].dtype == torch.bool
        self.batches.append(len(values[0]))
        masked = [v.float() * m[:, None] for v, m in zip(values, valid, strict=True)]
        return torch.nn.functional.avg_pool2d(torch.cat(masked, dim=1), CHIP // TOKENS)


def rows_of(plan: TilePlan, extractor: Means, valid: np.ndarray, events: list[Progress]) -> np.ndarray:
    numbers = np.random.default_rng(0)
    images = [numbers.integers(0, 60_000, (bands, SIZE, SIZE)).astype(np.uint16) for bands in (2, 1)]
    blender = StripBlender(plan, 3, device="cuda" if extractor.device.type == "cuda" else "cpu")

    def read(image: np.ndarray):
        return lambda row0, row1: (image[:, row0:row1] * valid[row0:row1].astype(np.uint16), valid[row0:row1])

    with StripReader([read(image) for image in images], plan) as strips:
        parts = [*feature_rows(strips, plan, extractor, blender, events.append, lambda: False)]  # type: ignore[arg-type]
    assert blender.complete
    assert [row for row, _ in parts] == [0, *np.cumsum([rows.shape[1] for _, rows in parts])[:-1]]
    return np.concatenate([rows for _, rows in parts], axis=1)


@pytest.fixture
def valid() -> Iterator[np.ndarray]:
    mask = np.ones((SIZE, SIZE), bool)
    mask[8:18] = False
    mask[:, :3] = False
    yield mask


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_a_processor_ends_each_strip_and_a_gpu_fills_its_batches(valid: np.ndarray, overlap: float) -> None:
    plan = plan_tiles(SIZE, SIZE, CHIP, TOKENS, overlap)
    # Tensors of a device without memory stay where they are: here only the rule for batches is another.
    here, there = Means("cpu", 3), Means("meta", 5)
    events: list[Progress] = []
    wanted = rows_of(plan, here, valid, events)
    assert events[-1].fraction == 1 and [e.fraction for e in events] == sorted(e.fraction for e in events)
    assert max(here.batches) == 3 and sum(here.batches) < plan.tile_count, "tiles without data are left out"
    assert here.ahead[0] > here.ahead[-1] > 0
    assert np.isnan(wanted[0]).any() and np.isfinite(wanted[0]).any()
    np.testing.assert_array_equal(rows_of(plan, there, valid, []), wanted)
    assert set(there.batches[:-1]) == {5} and sum(there.batches) == sum(here.batches)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU: streams and pinned memory cannot be tested")
def test_a_gpu_gives_the_same_rows(valid: np.ndarray) -> None:
    plan = plan_tiles(SIZE, SIZE, CHIP, TOKENS, 0.5)
    wanted = rows_of(plan, Means("cpu", 3), valid, [])
    found = rows_of(plan, Means("cuda", 5), valid, [])
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_cancel_is_heard_before_the_next_batch(valid: np.ndarray) -> None:
    plan = plan_tiles(SIZE, SIZE, CHIP, TOKENS, 0.0)
    extractor = Means("cpu", 2)
    image = np.ones((1, SIZE, SIZE), np.uint16)

    def cancelled() -> bool:
        return len(extractor.batches) == 3

    with (
        StripReader([lambda row0, row1: (image[:, row0:row1], valid[row0:row1])], plan) as strips,
        pytest.raises(CancelledError),
    ):
        list(feature_rows(strips, plan, extractor, StripBlender(plan, 1), lambda _: None, cancelled))  # type: ignore[arg-type]
    assert len(extractor.batches) == 3
