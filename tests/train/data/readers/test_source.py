"""What a source does with items that fail."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import GridError, SourceError
from train.data.readers.source import Outcome, PairSource, Record, SkipError, Tally


class Odd(PairSource):
    """Every item fails in its own way, but the last."""

    name, licence, sides = "odd", "CC0-1.0", ()
    errors = (
        SkipError("are odd", "the first"),
        SourceError("No raster.", "Copy it."),
        GridError("Apart."),
        OSError("gone"),
        KeyError("a defect"),
    )

    def __len__(self) -> int:
        return len(self.errors) + 1

    def describe(self, item: int) -> str:
        return f"item {item}"

    def read(self, item: int) -> Outcome:
        if item < len(self.errors):
            raise self.errors[item]
        return Outcome((Record((np.zeros(1),), "whole"),))


def test_one_bad_item_does_not_end_a_run():
    source, tally = Odd(), Tally()
    for item in range(len(source)):
        tally.add(source.outcome(item))
    assert [record.origin for record in source] == ["whole"]
    assert tally.counts == {
        "are odd": 1, "cannot be read": 2, "cannot be brought onto one grid": 1, "met something unforeseen": 1,
    }  # fmt: skip
    assert tally.lines()[0] == "2 cannot be read, for instance item 1: No raster."


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_ends_a_run_is_passed_on(error):
    source = Odd()
    source.errors = (error(),)  # type: ignore[assignment]
    with pytest.raises(error):
        source.outcome(0)
