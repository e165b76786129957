"""Any rasters as training data: the engine finds their bands, unit and place; crops of one size are cut from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import JobError, SmartiesError, SourceError
from engine.jobs.image import SENSOR_AUTO
from engine.raster.grid import Grid
from engine.raster.opening import READ_ERRORS, reason_of
from engine.raster.radiometry import Radiometry
from engine.raster.reader import block_cache
from engine.raster.statistics import BandStatistics, StreamingStatistics
from engine.spectrum.layers import LAYER_BY_KEY
from engine.tasks.inputs import sensor_statistics
from train.data.readers.encode import Encoding, choose_encoding, physical
from train.data.readers.opened import Layout, OpenedRaster, common_layout, grids_of, open_raster
from train.data.readers.source import Outcome, PairSource, Record, Remark, SkipError
from train.data.shards import Side

#: Crops with fewer measured pixels are left out.
MIN_VALID = 0.95
#: At most so many crops of one raster: a scene of a whole tile must neither outweigh all others nor fill the memory.
PER_RASTER = 256
#: Statistics that no catalogue has are estimated from so many rasters, evenly chosen, and so many crops of each.
STATISTICS_RASTERS, STATISTICS_CROPS = 64, 16

_OTHER_BANDS = "have other bands than the first"
_TOO_SMALL = "are smaller than a crop"
_UNMEASURED = f"crops were measured in less than {MIN_VALID:.0%}"


@dataclass(frozen=True)
class Entry:
    """A raster as the engine opens it (file, folder of a product, ``FILE.nc@DATE``), and its sensor or "auto"."""

    path: str
    sensor: str = SENSOR_AUTO

    @property
    def title(self) -> str:
        """A short name for messages and origins: the last two parts of the path."""
        return "/".join(Path(self.path).parts[-2:])


Row = tuple[Entry, ...]


class RasterSource(PairSource):
    """Crops of rasters of one sensor, or of pairs of two sensors, aligned on the ground.

    The coarser image of a pair keeps its pixels; the finer one is read on the same lattice, divided by a whole
    number that the first pair settles (1 for sensors of like resolution). Statistics are the catalogue's where it
    has them for every band, else estimated from the rasters.

    Args:
        name: the collection's name.
        licence: that of the images.
        rows: the entries of each item, one or two.
        crop: side of the crops in px of the finer image, rounded down to a multiple of that whole number.
        per_raster: the most crops of one item, spread evenly over it.
        progress: told the share done while statistics are estimated.

    Raises:
        SourceError: no row at all can be read; it gives the first one's reason.
        JobError: the crop is too small, or rows are neither all single nor all pairs.
    """

    def __init__(
        self,
        name: str,
        licence: str,
        rows: Sequence[Row],
        crop: int,
        per_raster: int = PER_RASTER,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        if len({len(row) for row in rows}) > 1:
            raise JobError(
                "Some rows name two rasters and some one.", "Pack pairs and unpaired rasters into two collections."
            )
        self.name, self.licence = name, licence
        self._rows = tuple(rows)
        self._per_raster = per_raster
        self._layout, opened, grids = self._first_readable(crop)
        self._layers = tuple(each.layers for each in opened)
        catalogue = [sensor_statistics(each.image) for each in opened]
        self._estimated = tuple(statistics is None for statistics in catalogue)
        settled = [
            each.select(one.names) if each is not None else self._estimate(place, one.names, progress)
            for place, (each, one) in enumerate(zip(catalogue, opened, strict=True))
        ]
        self._encodings = tuple(
            _encoding(one, one.radiometry(grid, estimated), statistics)
            for one, grid, estimated, statistics in zip(opened, grids, self._estimated, settled, strict=True)
        )
        self.sides = tuple(
            Side(one.sensor, one.layers, how.dtype, px, px, statistics, how.gain, how.bias, how.nodata)
            for one, how, px, statistics in zip(opened, self._encodings, self._layout.pixels, settled, strict=True)
        )

    def __len__(self) -> int:
        return len(self._rows)

    def describe(self, item: int) -> str:
        """The rasters' names."""
        return " & ".join(entry.title for entry in self._rows[item])

    def read(self, item: int) -> Outcome:
        """The crops of a row."""
        opened = self._open(self._rows[item])
        if tuple(each.layers for each in opened) != self._layers:
            raise SkipError(_OTHER_BANDS, self.describe(item))
        grids = grids_of(opened, self._layout)
        corners = self._corners(grids[self._layout.coarsest], item)
        radiometries = [
            each.radiometry(grid, estimated)
            for each, grid, estimated in zip(opened, grids, self._estimated, strict=True)
        ]
        records, remarks = [], []
        with ExitStack() as stack:
            readers = [stack.enter_context(each.reader(grid)) for each, grid in zip(opened, grids, strict=True)]
            stack.enter_context(block_cache(readers))
            for row, col in corners:
                place = f"{self.describe(item)} [{row}, {col}]"
                windows = [reader.read(*self._window(row, col, factor))
                           for reader, factor in zip(readers, self._layout.factors, strict=True)]  # fmt: skip
                if any(valid.mean() < MIN_VALID for _, valid in windows):
                    remarks.append(Remark(_UNMEASURED, place))
                    continue
                images = tuple(
                    encoding.encode(physical(values, radiometry), valid)
                    for (values, valid), radiometry, encoding in zip(
                        windows, radiometries, self._encodings, strict=True
                    )
                )
                records.append(Record(images, place))
        return Outcome(tuple(records), tuple(remarks))

    def _first_readable(self, crop: int) -> tuple[Layout, list[OpenedRaster], list[Grid]]:
        """The first row that can be opened settles what all records have in common."""
        reason = "no raster was found"
        for item, row in enumerate(self._rows):
            try:
                opened = self._open(row)
                layout = common_layout(opened, crop)
                grids = grids_of(opened, layout)
                for each, grid in zip(opened, grids, strict=True):
                    each.radiometry(grid, sensor_statistics(each.image) is None)
            except JobError:
                raise
            except SkipError as skip:
                found = f"{skip.remark.detail} ({skip.remark.reason})"
            except SmartiesError as error:
                found = f"{self.describe(item)}: {error}"
            except READ_ERRORS as error:
                found = f"{self.describe(item)} cannot be read{reason_of(error)}"
            else:
                return layout, opened, grids
            reason = found if item == 0 else reason
        raise SourceError(f"None of {len(self._rows)} rasters of {self.name} can be used: {reason}")

    @staticmethod
    def _open(row: Row) -> list[OpenedRaster]:
        return [open_raster(entry.path, entry.sensor) for entry in row]

    def _corners(self, grid: Grid, item: int) -> list[tuple[int, int]]:
        """First row and column of the crops on the coarsest grid, which do not overlap."""
        base = self._layout.base
        if grid.height < base or grid.width < base:
            raise SkipError(_TOO_SMALL, f"{self.describe(item)} ({grid.width}×{grid.height} px, {base} wanted)")
        corners = [(row, col) for row in _spread(grid.height, base) for col in _spread(grid.width, base)]
        if len(corners) <= self._per_raster:
            return corners
        return [corners[number] for number in np.linspace(0, len(corners) - 1, self._per_raster).astype(int)]

    def _window(self, row: int, col: int, factor: int) -> tuple[int, int, int, int]:
        base = self._layout.base
        return row * factor, (row + base) * factor, col * factor, (col + base) * factor

    def _estimate(self, place: int, names: tuple[str, ...], progress: Callable[[float], None]) -> BandStatistics:
        """Statistics of one side from rasters spread over all rows; those that cannot be read have no say."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(len(self), STATISTICS_RASTERS)).astype(int))
        counted: StreamingStatistics | None = None
        for done, item in enumerate(chosen.tolist(), start=1):
            progress(done / len(chosen))
            try:
                opened = self._open(self._rows[item])
                if tuple(each.layers for each in opened) != self._layers:
                    continue
                grids = grids_of(opened, self._layout)
                grid, one, factor = grids[place], opened[place], self._layout.factors[place]
                radiometry, corners = one.radiometry(grid, True), self._corners(grids[self._layout.coarsest], item)
                with one.reader(grid) as reader, block_cache([reader]):
                    for row, col in corners[:: max(1, len(corners) // STATISTICS_CROPS)]:
                        values, valid = reader.read(*self._window(row, col, factor))
                        values = physical(values, radiometry)
                        if counted is None:
                            counted = StreamingStatistics(len(names), values.dtype)
                        counted.update(values, valid)
            except (SkipError, SmartiesError, *READ_ERRORS):
                continue
        if counted is None:
            raise SourceError(f"No raster of {self.name} is as large as a crop.", "Choose a smaller --side.")
        return counted.result(names, f"estimated from rasters of {self.name}")


def _encoding(one: OpenedRaster, radiometry: Radiometry, statistics: BandStatistics) -> Encoding:
    radar = all(LAYER_BY_KEY[key].polarisation is not None for key in one.layers)
    return choose_encoding(one.dtypes, radar, radiometry, statistics)


def _spread(length: int, base: int) -> list[int]:
    """Starts of as many pieces of ``base`` px as fit, spread over the whole length."""
    count = length // base
    if count == 1:
        return [(length - base) // 2]
    return [round(start) for start in np.linspace(0, length - base, count)]
