"""Packed training data: a *collection* of records of one size in flat files, mapped into memory.

A collection is a folder. ``collection.json`` describes it; ``NNNNN.bin`` hold the records one after the other, each
the image of side a and, in a collection of pairs, that of side b: (C, H, W) in the files' native integers, little
endian. ``origins.txt`` has one line per record that says where it was cut from. Nothing has to be decoded: a batch is
copied out of the page cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from engine.errors import OutputError, SourceError, StatisticsError
from engine.raster.statistics import BandStatistics

FORMAT = "smarties-collection-1"
HEADER, ORIGINS = "collection.json", "origins.txt"
#: Types that torch can move to a device as they are.
DTYPES = ("uint8", "int16", "uint16")
#: A shard is closed at this size: small enough to copy and check singly.
SHARD_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Side:
    """The images of one sensor: (C, ``height``, ``width``) of ``dtype``; ``bands`` are keys of learnt layers.

    The physical value is gain · stored + bias, in the unit of ``statistics``. A pixel whose bands all hold ``nodata``
    was not measured; None where every pixel was.
    """

    sensor: str
    bands: tuple[str, ...]
    dtype: str
    height: int
    width: int
    statistics: BandStatistics
    gain: float = 1.0
    bias: float = 0.0
    nodata: int | None = None

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"images of type {self.dtype} are not packed: use one of {', '.join(DTYPES)}")
        if len(self.statistics.names) != len(self.bands):
            raise ValueError(f"{len(self.statistics.names)} bands have statistics, {len(self.bands)} are packed")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (len(self.bands), self.height, self.width)

    @property
    def bytes(self) -> int:
        """The size of one image."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Shard:
    """One file of records: its name, their number, its SHA-256."""

    file: str
    records: int
    sha256: str


class ShardWriter:
    """Writes a collection, one record after the other; the folder appears when all is written.

    As a context manager: ``with ShardWriter(folder, name, sides, licence) as writer: writer.add(images, origin)``.
    OutputError where the folder exists or cannot be written.
    """

    def __init__(
        self, folder: Path, name: str, sides: Sequence[Side], licence: str, shard_bytes: int = SHARD_BYTES
    ) -> None:
        if len(sides) not in (1, 2):
            raise ValueError(f"a record has one or two sides, not {len(sides)}")
        if folder.exists():
            raise OutputError(f"{folder} exists.", "Remove it, or choose another folder.")
        self._folder, self._name, self._sides, self._licence = folder, name, tuple(sides), licence
        self._partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
        self._per_shard = max(1, shard_bytes // sum(side.bytes for side in sides))
        self._shards: list[Shard] = []
        self._open: list[bytes] = []
        self._records = 0

    def __enter__(self) -> Self:
        try:
            self._partial.mkdir(parents=True)
            self._file: Any = None
            self._origins = (self._partial / ORIGINS).open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            shutil.rmtree(self._partial, ignore_errors=True)
            raise self._failed(error) from error
        return self

    def add(self, images: Sequence[np.ndarray], origin: str) -> None:
        """Append a record: one image per side, of the side's shape and type; ``origin`` is one line of text."""
        for image, side in zip(images, self._sides, strict=True):
            if image.shape != side.shape or image.dtype != np.dtype(side.dtype):
                raise ValueError(f"{side.sensor}: {image.dtype} {image.shape} given, {side.dtype} {side.shape} packed")
        try:
            if self._file is None:
                self._start_shard()
            for image, side in zip(images, self._sides, strict=True):
                data = np.ascontiguousarray(image, np.dtype(side.dtype).newbyteorder("<")).tobytes()
                self._digest.update(data)
                self._file.write(data)
            self._origins.write(" ".join(origin.split()) + "\n")
            self._in_shard += 1
            self._records += 1
            if self._in_shard == self._per_shard:
                self._end_shard()
        except OSError as error:
            raise self._failed(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                if self._records == 0:
                    raise SourceError(f"No record was found for {self._name}.", "Check the folder and its layout.")
                if self._file is not None:
                    self._end_shard()
                self._origins.close()
                (self._partial / HEADER).write_text(self._header(), encoding="utf-8")
                os.replace(self._partial, self._folder)
        except OSError as failure:
            raise self._failed(failure) from failure
        finally:
            for file in (self._origins, self._file):
                # On a full disk closing fails once more, and must not keep the rest from being removed.
                with contextlib.suppress(OSError):
                    if file is not None:
                        file.close()
            shutil.rmtree(self._partial, ignore_errors=True)

    def _start_shard(self) -> None:
        self._file = (self._partial / f"{len(self._shards):05d}.bin").open("wb")
        self._digest, self._in_shard = hashlib.sha256(), 0

    def _end_shard(self) -> None:
        self._file.close()
        self._shards.append(Shard(Path(self._file.name).name, self._in_shard, self._digest.hexdigest()))
        self._file = None

    def _header(self) -> str:
        content = {
            "format": FORMAT,
            "name": self._name,
            "licence": self._licence,
            "records": self._records,
            "sides": [_side_to_json(side) for side in self._sides],
            "shards": [asdict(shard) for shard in self._shards],
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"{self._folder} cannot be written: {error.strerror or error}.", "Choose another folder.")


class Collection:
    """A packed collection, open for reading from any thread.

    SourceError where ``folder`` is no collection, or a file's size is not what the header says.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        content = _read_header(folder)
        try:
            self.name: str = content["name"]
            self.licence: str = content["licence"]
            self.sides: tuple[Side, ...] = tuple(_side_from_json(side) for side in content["sides"])
            self.shards: tuple[Shard, ...] = tuple(Shard(**shard) for shard in content["shards"])
        except (KeyError, TypeError, ValueError, StatisticsError) as error:
            raise SourceError(
                f"{folder / HEADER} is damaged ({type(error).__name__}: {error}).", "Pack the collection anew."
            ) from error
        self._starts = np.cumsum([0, *(shard.records for shard in self.shards)])
        self._record_bytes = sum(side.bytes for side in self.sides)
        self._maps = [self._map(shard) for shard in self.shards]

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def digest(self) -> str:
        """Stands for the content: that of the shards' hashes and of what the numbers mean."""
        header = json.dumps([[asdict(s) for s in self.shards], [_side_to_json(s) for s in self.sides]])
        return hashlib.sha256(header.encode()).hexdigest()

    def read(self, records: Sequence[int] | np.ndarray) -> tuple[np.ndarray, ...]:
        """Copies of the ``records``: one (n, C, H, W) array in native integers per side."""
        images = tuple(np.empty((len(records), *side.shape), side.dtype) for side in self.sides)
        for place, record in enumerate(records):
            if not 0 <= record < len(self):
                raise IndexError(f"record {record} of {len(self)}")
            number = int(np.searchsorted(self._starts, record, side="right")) - 1
            row = self._maps[number][int(record) - int(self._starts[number])]
            start = 0
            for image, side in zip(images, self.sides, strict=True):
                part = row[start : start + side.bytes].view(np.dtype(side.dtype).newbyteorder("<"))
                image[place] = part.reshape(side.shape)
                start += side.bytes
        return images

    def origins(self, records: Sequence[int] | np.ndarray) -> list[str]:
        """Where the ``records`` were cut from."""
        wanted = {int(record) for record in records}
        found: dict[int, str] = {}
        with (self.folder / ORIGINS).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number in wanted:
                    found[number] = line.rstrip("\n")
        return [found.get(int(record), "unknown") for record in records]

    def verify(self, shards: Sequence[int] | None = None) -> None:
        """Read the ``shards`` (all by default) and compare their SHA-256. SourceError names the first damaged one."""
        for number in range(len(self.shards)) if shards is None else shards:
            shard = self.shards[number]
            try:
                with (self.folder / shard.file).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise _unreadable(self.folder / shard.file, error) from error
            if found != shard.sha256:
                raise SourceError(
                    f"{self.folder / shard.file} is damaged: its SHA-256 is {found[:12]}…, not {shard.sha256[:12]}….",
                    "Copy it again, or pack the collection anew.",
                )

    def _map(self, shard: Shard) -> np.ndarray:
        path = self.folder / shard.file
        wanted = shard.records * self._record_bytes
        try:
            size = path.stat().st_size
            if size == wanted:
                return np.memmap(path, np.uint8, "r").reshape(shard.records, self._record_bytes)
        except OSError as error:
            raise _unreadable(path, error) from error
        raise SourceError(f"{path} holds {size} bytes instead of {wanted}.", "Copy it again, or pack it anew.")


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read: {error.strerror or error}.", "Copy it again.")


def _read_header(folder: Path) -> dict[str, Any]:
    path = folder / HEADER
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{folder} is not a packed collection: {path.name} cannot be read.", "Make one with train/pack.py."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SourceError(f"{path} is of another format than {FORMAT}.", "Pack the collection anew.")
    return content


def _side_to_json(side: Side) -> dict[str, Any]:
    return {**asdict(side), "statistics": json.loads(side.statistics.to_json())}


def _side_from_json(content: dict[str, Any]) -> Side:
    statistics = BandStatistics.from_json(json.dumps(content["statistics"]))
    return Side(**{**content, "bands": tuple(content["bands"]), "statistics": statistics})
