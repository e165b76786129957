"""What every reader of pretraining data gives: records in a fixed order, and remarks on what was left out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.errors import SmartiesError
from engine.raster.opening import READ_ERRORS, reason_of
from train.data.shards import Side

#: Why an item is skipped, by the code of the error that says so.
_REASONS: Mapping[str, str] = {
    "source": "cannot be read",
    "grid": "cannot be brought onto one grid",
    "radiometry": "have values that are not the sensor's",
    "unknown_band": "have unknown bands",
    "outside_spectrum": "have bands outside the learnt spectrum",
    "statistics": "have no usable statistics",
}
UNREADABLE = _REASONS["source"]


class Record(NamedTuple):
    """One record to pack: an image (C, H, W) per side in the side's type, and one line that says where it is from."""

    images: tuple[np.ndarray, ...]
    origin: str


class Remark(NamedTuple):
    """Something about an item that is counted: ``reason`` completes "3 items …", ``detail`` is one example."""

    reason: str
    detail: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one item of a source gave: its records, and remarks on what was left out or assumed."""

    records: tuple[Record, ...] = ()
    remarks: tuple[Remark, ...] = ()


class SkipError(Exception):
    """Raised by a reader for an item that gives no record; nothing else is wrong with the source."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.remark = Remark(reason, detail)


class PairSource(ABC):
    """A source of records, one item (a pair of patches, a raster) after the other, in a fixed order.

    ``name`` and ``licence`` go into the collection, ``sides`` describe the one or two images of every record. Items
    are read independently, in any process: a source can be pickled to another one.
    """

    name: str
    licence: str
    sides: tuple[Side, ...]

    @abstractmethod
    def __len__(self) -> int:
        """The number of items."""

    @abstractmethod
    def read(self, item: int) -> Outcome:
        """The records of item number ``item``. SkipError, SmartiesError or what GDAL raises: it has none."""

    @abstractmethod
    def describe(self, item: int) -> str:
        """What item number ``item`` is called in messages."""

    def outcome(self, item: int) -> Outcome:
        """As ``read``, but an item that cannot be read gives a remark: one bad file does not end a run of hours."""
        try:
            return self.read(item)
        except SkipError as skip:
            return Outcome(remarks=(skip.remark,))
        except SmartiesError as error:
            reason = _REASONS.get(error.code, "cannot be used")
            return Outcome(remarks=(Remark(reason, f"{self.describe(item)}: {error.message}"),))
        except READ_ERRORS as error:
            return Outcome(remarks=(Remark(UNREADABLE, f"{self.describe(item)}{reason_of(error)}"),))
        except MemoryError:
            raise
        except Exception as error:
            # A defect that one odd file brings to light is told with the counts; the others are packed.
            detail = f"{self.describe(item)}: {type(error).__name__}: {error}"
            return Outcome(remarks=(Remark("met something unforeseen", detail),))

    def __iter__(self) -> Iterator[Record]:
        for item in range(len(self)):
            yield from self.outcome(item).records


@dataclass
class Tally:
    """Counts remarks, and keeps the first example of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count the remarks of an item."""
        for reason, detail in outcome.remarks:
            self.counts[reason] += 1
            self.examples.setdefault(reason, detail)

    def lines(self) -> list[str]:
        """One line per reason, the most frequent first."""
        return [
            f"{count:,} {reason}, for instance {self.examples[reason]}" for reason, count in self.counts.most_common()
        ]
