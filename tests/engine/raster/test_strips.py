from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.raster.strips import StripReader, mirror
from engine.raster.tiles import TilePlan, plan_tiles

plans = st.builds(
    plan_tiles,
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    chip=st.integers(1, 60),
    tokens=st.sampled_from([1, 4, 14]),
    overlap=st.floats(0, 0.9),
    level=st.sampled_from(["tokens", "chips"]),
)


class ArraySource:
    """An image in memory that notes which rows are asked for, and by how many threads at once."""

    def __init__(self, values: np.ndarray, valid: np.ndarray) -> None:
        self.values, self.valid = values, valid
        self.asked: list[tuple[int, int]] = []
        self.busy = threading.Lock()

    def read(self, row0: int, row1: int) -> tuple[np.ndarray, np.ndarray]:
        assert self.busy.acquire(blocking=False), "two threads read one image"
        self.asked.append((row0, row1))
        self.busy.release()
        return self.values[:, row0:row1], self.valid[row0:row1]


def image(height: int, width: int, bands: int = 2, dtype: str = "uint16", seed: int = 0) -> ArraySource:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 250, (bands, height, width)).astype(dtype)
    return ArraySource(values, rng.random((height, width)) < 0.8)


@given(size=st.integers(1, 40), beyond=st.integers(0, 130))
def test_mirror_is_numpys_symmetric_padding_for_any_size(size: int, beyond: int) -> None:
    expected = np.pad(np.arange(size), (0, beyond), mode="symmetric")
    assert np.array_equal(mirror(np.arange(size + beyond), size), expected)


@given(plans)
@settings(max_examples=150, deadline=None)
def test_chips_are_the_mirrored_raster_at_the_tiles_place_and_each_row_is_read_once(plan: TilePlan) -> None:
    source = image(plan.height, plan.width)
    down = plan.row_starts[-1] + plan.chip - plan.height
    across = plan.padded_width - plan.width
    values = np.pad(source.values, ((0, 0), (0, down), (0, across)), mode="symmetric")
    valid = np.pad(source.valid, ((0, down), (0, across)), mode="symmetric")
    with StripReader([source.read], plan) as reader:
        rows = 0
        for strip in reader:
            assert strip.row == rows
            rows += 1
            for tile in plan.tiles(strip.row):
                [(chip_values, chip_valid)] = strip.cut(tile)
                window = (slice(tile.y, tile.y + plan.chip), slice(tile.x, tile.x + plan.chip))
                assert chip_values.dtype == np.uint16
                assert np.array_equal(chip_values, values[:, *window])
                assert np.array_equal(chip_valid, valid[window])
    assert rows == len(plan.row_cells)
    assert [row0 for row0, _ in source.asked] == [0, *(row1 for _, row1 in source.asked[:-1])]
    assert source.asked[-1][1] == plan.height


def test_a_strip_holds_every_image_in_its_own_type_and_where_all_have_data() -> None:
    plan = plan_tiles(50, 40, chip=28, tokens=14, overlap=0.5)
    optical, radar = image(50, 40, bands=12), image(50, 40, bands=2, dtype="float32", seed=1)
    with StripReader([optical.read, radar.read], plan) as reader:
        for strip in reader:
            assert [v.dtype for v in strip.values] == [np.uint16, np.float32]
            assert [len(v) for v in strip.values] == [12, 2]
            assert np.array_equal(strip.valid_in_all, strip.valid[0] & strip.valid[1])
            cuts = strip.cut(next(plan.tiles(strip.row)))
            assert [values.shape for values, _ in cuts] == [(12, 28, 28), (2, 28, 28)]


def test_strips_stay_what_they_are_while_later_ones_are_read() -> None:
    plan = plan_tiles(100, 30, chip=28, tokens=14, overlap=0.5)
    source = image(100, 30)
    with StripReader([source.read], plan) as reader:
        strips = list(reader)
    for strip, start in zip(strips, plan.row_starts, strict=True):
        inside = min(28, 100 - start)
        assert np.array_equal(strip.values[0][:, :inside, :30], source.values[:, start : start + inside])


def test_reading_runs_ahead_by_a_bounded_number_of_strips() -> None:
    plan = plan_tiles(2000, 8, chip=14, tokens=14, overlap=0)
    source = image(2000, 8)
    with StripReader([source.read], plan, ahead=2) as reader:
        strips = iter(reader)
        next(strips)
        deadline = time.monotonic() + 5
        while len(source.asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        assert len(source.asked) == 4  # in use, two in the queue, one read and waiting


def test_an_error_while_reading_reaches_the_consumer_and_ends_the_thread() -> None:
    plan = plan_tiles(100, 8, chip=14, tokens=14, overlap=0)
    source = image(100, 8)

    def read(row0: int, row1: int) -> tuple[np.ndarray, np.ndarray]:
        if row0 >= 42:
            raise OSError("block 7 is damaged")
        return source.read(row0, row1)

    with StripReader([source.read, read], plan) as reader:
        seen: list[int] = []
        with pytest.raises(OSError, match="block 7 is damaged"):
            seen.extend(strip.row for strip in reader)
        assert seen == [0, 1, 2]
        assert not reader._thread.is_alive()


def test_closing_early_stops_the_thread_without_reading_on() -> None:
    plan = plan_tiles(10_000, 8, chip=14, tokens=14, overlap=0)
    source = image(10_000, 8)
    reader = StripReader([source.read], plan)
    next(iter(reader))
    start = time.monotonic()
    reader.close()
    reader.close()
    assert time.monotonic() - start < 1
    assert not reader._thread.is_alive()
    assert len(source.asked) <= 5
    assert list(reader) == []


def test_closing_frees_a_consumer_that_waits_in_another_thread() -> None:
    plan = plan_tiles(100, 8, chip=14, tokens=14, overlap=0)
    source, go = image(100, 8), threading.Event()

    def read(row0: int, row1: int) -> tuple[np.ndarray, np.ndarray]:
        go.wait(5)
        return source.read(row0, row1)

    reader = StripReader([read], plan)
    consumer = threading.Thread(target=lambda: list(reader))
    consumer.start()
    closer = threading.Thread(target=reader.close)
    closer.start()
    go.set()
    closer.join(5)
    consumer.join(5)
    assert not consumer.is_alive()


@pytest.mark.parametrize("wrong", ["rows", "valid"])
def test_a_read_function_that_returns_another_window_is_named(wrong: str) -> None:
    plan = plan_tiles(30, 8, chip=14, tokens=14, overlap=0)

    def read(row0: int, row1: int) -> tuple[np.ndarray, np.ndarray]:
        rows = row1 - row0 - (wrong == "rows")
        return np.zeros((3, rows, 8), np.uint8), np.ones((row1 - row0, 8), np.uint8 if wrong == "valid" else np.bool_)

    with StripReader([read], plan) as reader, pytest.raises(ValueError, match=r"asked for \(C, 14, 8\)"):
        list(reader)
