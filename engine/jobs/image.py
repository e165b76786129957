"""The settings every task on images shares, and how a job becomes JSON and back.

A job dataclass is the only description of a run: the command line, Processing,
the panel and Python build it, and it is stored in the metadata of every output.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Dict, Type, TypeVar

from ..errors import JobError
from ..spectrum.assign import MODES

#: How statistics are chosen when nobody says: the sensor's own where the catalogue has them, else the raster's.
STATISTICS_AUTO = "auto"
STATISTICS_SENSOR = "sensor"
STATISTICS_ESTIMATE = "estimate"

SENSOR_AUTO = "auto"

#: Whole numbers up to here are exact wherever they go; no setting comes near.
_MAX_INTEGER = 2**53
_FORM = "A job is what to_json wrote, or an object with the settings by name."

Job = TypeVar("Job", bound="ImageJob")


@dataclass(frozen=True)
class ImageJob:
    """Which images, what is known of their bands, and the grid they share.

    ``inputs``: raster files, product folders, netCDF files (``FILE.nc@DATE``).
    ``sensors``: one name per image in the order of the images ("auto" detects), or a
    single name for all. ``band_tables``: likewise, paths of JSON band tables, or the
    tables themselves as JSON text; an empty string stands for none. ``extent``: (xmin, ymin, xmax,
    ymax) in ``extent_crs`` (None: that of the output grid). ``crs``: anything rasterio reads, e.g.
    "EPSG:32631". ``resolution``: pixel size in units of that CRS. ``reference``: the image,
    counted from 1, whose pixels the grid takes over (None: the finest). ``grid_like``: a raster that is not among
    the images whose pixels the grid takes over; empty for none. A text of ``engine.raster.grid_text`` is the very
    grid: extent, CRS and resolution then play no part. ``interpolation``: how unseen bands get their layer
    (METHOD, section 3). ``statistics``: "auto", "sensor", "estimate", a file written by ``smarties stats``, or such
    a file's JSON text.
    """

    inputs: tuple[str, ...]
    sensors: tuple[str, ...] = ()
    band_tables: tuple[str, ...] = ()
    extent: tuple[float, float, float, float] | None = None
    extent_crs: str | None = None
    crs: str | None = None
    resolution: float | None = None
    reference: int | None = None
    grid_like: str = ""
    interpolation: str = "log"
    allow_outside: bool = False
    statistics: str = STATISTICS_AUTO

    def check(self) -> None:
        """Raises JobError for settings that no run can honour; touches no file."""
        if not self.inputs:
            raise JobError("No input was given.", "Name at least one raster file or product folder.")
        if self.interpolation not in MODES:
            raise JobError(f"Interpolation '{self.interpolation}' is not known.", f"Use one of {', '.join(MODES)}.")
        if self.resolution is not None and not self.resolution > 0:
            raise JobError(f"A resolution of {self.resolution} is impossible.", "Give a pixel size above zero.")
        if self.extent is not None:
            xmin, ymin, xmax, ymax = self.extent
            if not (xmin < xmax and ymin < ymax):
                raise JobError(
                    f"The extent {','.join(f'{v:g}' for v in self.extent)} is empty or turned around.",
                    "Give XMIN,YMIN,XMAX,YMAX with XMIN below XMAX and YMIN below YMAX.",
                )

    def to_dict(self) -> dict[str, Any]:
        """The job as plain values, ready for JSON."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """The job as one line of JSON; ``from_json`` reads it back equal."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_dict(cls: Type[Job], values: Dict[str, Any]) -> Job:
        """A job from plain values. JobError names settings that do not exist, are missing or of a wrong type."""
        if not isinstance(values, dict):
            raise JobError(f"A job must be a JSON object, not {type(values).__name__}.", _FORM)
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise JobError(f"Unknown setting: {', '.join(unknown)[:200]}.", f"Known are {', '.join(sorted(fields))}.")
        missing = sorted(
            name
            for name, field in fields.items()
            if name not in values
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        )
        if missing:
            raise JobError(f"The job lacks {', '.join(missing)}.", _FORM)
        return cls(**{name: _typed(name, value, str(fields[name].type)) for name, value in values.items()})

    @classmethod
    def from_json(cls: Type[Job], text: str) -> Job:
        """A job from ``to_json``'s text. Raises JobError when it is not one."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise JobError(f"The job is not valid JSON ({error}).", _FORM) from error
        return cls.from_dict(values)


def _shown(value: Any) -> str:
    """A value for a message; integers of thousands of digits cannot be printed."""
    try:
        return f"{value!r:.80}"
    except ValueError:
        return "so large an integer"


def _typed(name: str, value: Any, declared: str) -> Any:
    """``value`` as its field declares it; JSON knows no tuples and no int/float difference."""
    if value is None and declared.endswith("| None"):
        return None
    kind = declared.removesuffix(" | None")
    wrong = JobError(f"The setting {name} cannot be {_shown(value)}.", f"It is of type {kind}.")
    if kind.startswith("tuple["):
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise wrong
        inner = kind[len("tuple[") : -1].split(", ")
        if inner[-1] == "...":
            return tuple(_typed(name, item, inner[0]) for item in value)
        if len(value) != len(inner):
            raise wrong
        return tuple(_typed(name, item, part) for item, part in zip(value, inner))
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "float" and isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) > _MAX_INTEGER:
            raise wrong
        return float(value)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_INTEGER:
        return value
    if kind == "str" and isinstance(value, str):
        return value
    raise wrong
