"""Read a layer of a vector file: its geometries whole, valid and where the raster lies, its fields as plain values."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import rasterio.warp
import shapely
from pyogrio.errors import DataSourceError, FeatureError, GeometryError
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError

from engine.errors import SmartiesError, SourceError
from engine.raster.crs import crs_label, parse_crs
from engine.raster.grid import Bounds, Grid
from engine.vector.geometry import count_of, moved, sound
from engine.vector.source import VectorSource, parse_source

#: What a vector file's field may hold, as Python values; "other" (lists, bytes, times) can be no class.
FieldValue = str | int | float | bool | None
#: What pyogrio raises over a bad file, and numpy and shapely over what is in it.
VECTOR_ERRORS = (DataSourceError, FeatureError, GeometryError, OSError, ValueError, RuntimeError)

#: From so many features on only those near the grid are read: a country's parcels for one scene.
_READ_NEAR_FROM = 50_000
#: Names under which a table has coordinates.
_CSV_OPTIONS = {
    "X_POSSIBLE_NAMES": "x,lon,long,longitude,easting",
    "Y_POSSIBLE_NAMES": "y,lat,latitude,northing",
    "GEOM_POSSIBLE_NAMES": "wkt,geom,geometry,the_geom",
    "AUTODETECT_TYPE": "YES",
    "KEEP_GEOM_COLUMNS": "NO",
}

# pyogrio's GDAL is its own, apart from rasterio's: no look at the network, nothing written beside what is read.
pyogrio.set_gdal_config_options({"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none", "GML_DOWNLOAD_SCHEMA": "NO"})


@dataclass(frozen=True)
class Field:
    """A field of a layer: ``kind`` is "text", "int", "float", "bool", "date" or "other"."""

    name: str
    kind: str


@dataclass(frozen=True)
class LayerInfo:
    """A layer before its features are read. ``count``: its features; ``bounds`` in ``crs``, None where unknown."""

    source: VectorSource
    layer: str
    crs: CRS | None
    fields: tuple[Field, ...]
    count: int
    bounds: Bounds | None

    @property
    def title(self) -> str:
        """The file's name, with the layer where that says more."""
        name = self.source.path.name
        return name if self.layer == self.source.path.stem else f"{name} ({self.layer})"


@dataclass(frozen=True)
class VectorLayer:
    """Features of a layer that have a geometry: valid, two-dimensional, in the CRS that was asked for.

    ``geometries`` (n,) of shapely; ``columns`` per field that was read (n,) objects: ``FieldValue``, dates as
    "2024-05-14". ``notes`` tell what was left out or mended.
    """

    info: LayerInfo
    geometries: np.ndarray
    columns: dict[str, np.ndarray]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """As ``LayerInfo.title``."""
        return self.info.title

    @cached_property
    def bounds(self) -> Bounds | None:
        """Left, bottom, right, top of all geometries; None without any."""
        if not len(self.geometries):
            return None
        left, bottom, right, top = (float(value) for value in shapely.total_bounds(self.geometries))
        return left, bottom, right, top


def layer_info(source: str) -> LayerInfo:
    """What a layer holds, without its features.

    ``source``: "FILE", "FILE|LAYER", or QGIS's own "FILE|layername=LAYER|subset=…".

    Raises:
        SourceError: no local file, no vector file, no such layer, no geometry, or several layers and none is named.
    """
    parsed = parse_source(source)
    path = parsed.path
    layer = None
    if not _options(path):
        # A table with coordinates has one layer, whose geometry is seen with the options only.
        with _readable(path):
            layers = pyogrio.list_layers(parsed.gdal_name)
        layer = _chosen(parsed, layers)
    with _readable(path):
        raw = pyogrio.read_info(
            parsed.gdal_name, layer=layer, force_feature_count=True, force_total_bounds=True, **_options(path)
        )
    if raw["geometry_type"] is None:
        raise SourceError(f"{path.name} is a table without geometry.", "Give a layer of points, lines or polygons.")
    kinds = [_kind(str(dtype), ogr) for dtype, ogr in zip(raw["dtypes"], raw["ogr_types"], strict=True)]
    fields = tuple(Field(str(name), kind) for name, kind in zip(raw["fields"], kinds, strict=True))
    bounds = raw["total_bounds"]
    usable = bounds is not None and bool(np.isfinite(bounds).all())
    return LayerInfo(
        parsed,
        str(raw["layer_name"]),
        _crs(raw["crs"]),
        fields,
        max(0, int(raw["features"])),
        tuple(float(value) for value in bounds) if usable else None,  # type: ignore[arg-type]
    )


def read_layer(
    source: str | LayerInfo, target: CRS | None, fields: Sequence[str] | None = None, near: Grid | None = None
) -> VectorLayer:
    """The features of a layer, in ``target``.

    Args:
        source: see ``layer_info``.
        target: the CRS of the raster; None is a raster without one, whose layer's coordinates are taken as they are.
        fields: those to read; None for all.
        near: a layer of very many features is read only around this grid.

    Raises:
        SourceError: as ``layer_info``; or the layer has no CRS while the raster has one, or cannot be read.
    """
    info = layer_info(source) if isinstance(source, str) else source
    if target is not None and info.crs is None:
        raise SourceError(
            f"{info.title} has no CRS, so its place on the images is unknown.",
            "Set it in QGIS (right click on the layer, Layer CRS), then export the layer with it.",
        )
    names = [field.name for field in info.fields] if fields is None else list(fields)
    bbox = _bbox(near, info) if near is not None and info.count > _READ_NEAR_FROM else None
    with _readable(info.source.path):
        meta, _, wkb, data = pyogrio.raw.read(
            info.source.gdal_name, layer=info.layer, columns=names, force_2d=True, bbox=bbox,
            where=info.source.where, **_options(info.source.path),
        )  # fmt: skip
        geometries, keep, notes = sound(wkb, info.source.only)
    if target is not None and info.crs is not None and info.crs != target:
        geometries, inside = moved(geometries, info.crs, target)
        if not inside.all():
            lost = count_of(int((~inside).sum()), "geometry lies", "geometries lie")
            notes = (*notes, f"{info.title}: {lost} where {crs_label(target)} has no place; left out")
            geometries, keep = geometries[inside], keep[inside]
    if bbox is not None and len(wkb) < info.count:
        notes = (*notes, f"{len(wkb):,} of its {info.count:,} features lie near the images; the others were not read")
    kinds = {field.name: field.kind for field in info.fields}
    columns = {
        str(name): plain_values(values, kinds.get(str(name), "other"))[keep]
        for name, values in zip(meta["fields"], data, strict=True)
    }
    titled = tuple(note if note.startswith(info.title) else f"{info.title}: {note}" for note in notes)
    return VectorLayer(info, geometries, columns, titled)


def read_layer_on(source: str | LayerInfo, grid: Grid, fields: Sequence[str] | None = None) -> VectorLayer:
    """As ``read_layer``, in coordinates of ``grid``, also where that has no CRS: QGIS draws pictures downwards from 0.

    A layer that was digitised over a picture without georeference has y = −row, while the picture's rows count up.
    """
    layer = read_layer(source, grid.crs, fields, grid)
    if grid.crs is not None or grid.transform.e <= 0 or layer.bounds is None or layer.bounds[3] > 0:
        return layer
    flipped = shapely.transform(layer.geometries, lambda points: points * (1, -1))
    return replace(layer, geometries=flipped)


def plain_values(values: np.ndarray, kind: str) -> np.ndarray:
    """A column as pyogrio gives it (numbers with NaN for null, dates) as objects: ``FieldValue``."""
    plain = np.empty(len(values), dtype=object)
    if kind == "date":
        texts = np.datetime_as_string(values.astype("datetime64[s]")) if len(values) else values
        plain[:] = [None if text == "NaT" else str(text).removesuffix("T00:00:00") for text in texts]
        return plain
    convert: Any = {"int": int, "bool": bool, "float": float, "text": str}.get(kind)
    if convert is None:
        return plain
    plain[:] = [None if value is None or value != value else convert(value) for value in values.tolist()]
    return plain


def _chosen(source: VectorSource, layers: np.ndarray) -> str:
    """The name of the layer that is meant."""
    path = source.path
    named = [str(name) for name, _ in layers]
    spatial = [str(name) for name, kind in layers if kind is not None]
    if source.layer is not None:
        if source.layer in named:
            return source.layer
        raise SourceError(f"{path.name} has no layer “{source.layer}”.", f"It has {_listed(named)}.")
    if source.layer_number is not None and source.layer_number < len(named):
        return named[source.layer_number]
    if len(spatial) == 1:
        return spatial[0]
    if not spatial:
        raise SourceError(
            f"{path.name} holds no layer with geometry.",
            "Give a layer of points, lines or polygons.",
        )
    raise SourceError(
        f"{path.name} holds {len(spatial)} layers: {_listed(spatial)}.", f"Name one, as in {path.name}|{spatial[0]}."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (" and more" if len(names) > 12 else "") if names else "none"


def _kind(dtype: str, ogr_type: str) -> str:
    if dtype.startswith("list") or ogr_type in ("OFTBinary", "OFTTime"):
        return "other"
    if dtype == "bool":
        return "bool"
    if re.match(r"u?int", dtype):
        return "int"
    if dtype.startswith("float"):
        return "float"
    return "date" if dtype.startswith("datetime") else "text"


def _options(path: Path) -> dict[str, str]:
    return _CSV_OPTIONS if path.suffix.lower() in (".csv", ".tsv", ".txt") else {}


def _crs(text: str | None) -> CRS | None:
    """The layer's CRS; None where it has none or an engineering one, which stands for none."""
    if not text:
        return None
    try:
        crs = parse_crs(text)
    except SmartiesError:
        return None
    return None if re.match(r"(LOCAL_CS|ENGCRS|ENGINEERINGCRS)", crs.to_wkt()) else crs


def _bbox(grid: Grid, info: LayerInfo) -> Bounds | None:
    """The grid's envelope in the layer's CRS, a little wider; None where that is no box there."""
    bounds = grid.bounds
    if grid.crs is not None and info.crs is not None and grid.crs != info.crs:
        try:
            bounds = rasterio.warp.transform_bounds(grid.crs, info.crs, *bounds)
        except (RasterioError, CPLE_BaseError):
            return None
    left, bottom, right, top = bounds
    if not (np.isfinite(bounds).all() and left < right and bottom < top):
        return None
    wider_x, wider_y = (right - left) / 20, (top - bottom) / 20
    return left - wider_x, bottom - wider_y, right + wider_x, top + wider_y


class _readable:  # noqa: N801 - a context manager, used like a function
    """Turns what pyogrio, GDAL and shapely raise over a bad file into a sentence; their warnings are not for users."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._warnings.__exit__(None, None, None)
        if not isinstance(error, VECTOR_ERRORS) or isinstance(error, SmartiesError):
            return
        text = " ".join(str(error).split()).replace(str(self._path), "the file").rstrip(".")
        if "not recognized as being in a supported file format" in text:
            raise SourceError(
                f"{self._path.name} is no vector file that can be read.",
                "Give a GeoPackage, a shapefile or GeoJSON; QGIS exports a layer as such.",
            ) from error
        raise SourceError(
            f"{self._path.name} cannot be read as a vector file ({text[:160]}).",
            "Check that it is whole; a shapefile needs its .shx and .dbf beside it.",
        ) from error
