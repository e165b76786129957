"""Embeddings as GeoParquet 1.1: a table with a row per cell that has data, its outline and its vector."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from affine import Affine

from engine.errors import CancelledError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.stored_raster import StoredRaster

#: The column of the vectors.
VECTOR = "embedding"
#: Vectors of a row group before packing: read at once by whoever looks for a place.
_GROUP_BYTES = 32 * 2**20


def write_geoparquet(source: Path, target: Path, progress: ProgressCallback, cancelled: CancelCallback) -> None:
    """Write the finished embedding ``source`` (a GeoTIFF of ``RasterWriter``) as the table ``target``.

    Columns: "row" and "col" of the cell, "geometry" its outline (WKB), "embedding" its stored values as a list of
    fixed size; int8 is to be multiplied by "SMARTIES_SCALES" of the metadata, which hold all that a GeoTIFF has.
    The outline, not the centre: on a map the table then covers what the raster covers, and joins with other polygons
    are weighed by area; beside a vector of hundreds of values its 93 bytes count little. A row group is written as
    soon as it is read. Raises CancelledError between them, OSError.
    """
    with StoredRaster(source) as raster:
        schema = _schema(raster)
        with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1, use_dictionary=False) as writer:
            for row0, row1, col0, col1 in raster.windows(_GROUP_BYTES):
                if cancelled():
                    raise CancelledError("Cancelled; nothing was written.")
                stored = raster.read(row0, row1, col0, col1)
                table = _table(raster, schema, stored, row0, col0)
                if table.num_rows:
                    writer.write_table(table, row_group_size=table.num_rows)
                progress(Progress(row1 / raster.rows, "Writing the GeoParquet table"))


def _schema(raster: StoredRaster) -> pa.Schema:
    tags = {
        **raster.tags,
        "SMARTIES_BAND_NAMES": json.dumps(raster.names, ensure_ascii=False),
        "SMARTIES_TRANSFORM": json.dumps([*raster.transform][:6]),
        "SMARTIES_SHAPE": json.dumps([raster.rows, raster.cols]),
    }
    if raster.scales is not None:
        tags["SMARTIES_SCALES"] = json.dumps(raster.scales.tolist())
    fields = [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("col", pa.int32(), nullable=False),
        pa.field("geometry", pa.binary(), nullable=False),
        pa.field(VECTOR, pa.list_(pa.from_numpy_dtype(raster.dtype), raster.dims), nullable=False),
    ]
    return pa.schema(fields, metadata={"geo": json.dumps(_geo(raster), ensure_ascii=False), **tags})


def _geo(raster: StoredRaster) -> dict[str, Any]:
    """The "geo" metadata that the specification asks for."""
    corners = [
        raster.transform @ corner for corner in ((0, 0), (raster.cols, 0), (0, raster.rows), (raster.cols, raster.rows))
    ]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        # A missing CRS would stand for longitude and latitude; null says that it is not known.
        "crs": None if raster.crs is None else raster.crs.to_dict(projjson=True),
        "bbox": [min(xs), min(ys), max(xs), max(ys)],
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _table(raster: StoredRaster, schema: pa.Schema, stored: np.ndarray, row0: int, col0: int) -> pa.Table:
    """The cells with data of ``stored`` (dims, h, w), whose first is (``row0``, ``col0``), from left to right."""
    first = stored[0]
    has_data = ~np.isnan(first) if math.isnan(raster.nodata) else first != raster.nodata
    rows, cols = np.nonzero(has_data)
    vectors = np.ascontiguousarray(stored[:, rows, cols].T)
    values = pa.array(vectors.reshape(-1))
    columns = [
        pa.array((rows + row0).astype(np.int32)),
        pa.array((cols + col0).astype(np.int32)),
        pa.array(_outlines(rows + row0, cols + col0, raster.transform), pa.binary()),
        pa.FixedSizeListArray.from_arrays(values, raster.dims),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _outlines(rows: np.ndarray, cols: np.ndarray, transform: Affine) -> np.ndarray:
    """WKB of the cells' outlines, counter-clockwise where rows go down, as the specification recommends."""
    across = np.array([0, 0, 1, 1, 0])
    down = np.array([0, 1, 1, 0, 0])
    if transform.determinant > 0:
        across, down = across[::-1], down[::-1]
    x, y = cols[:, None] + across, rows[:, None] + down
    points = np.stack(
        [transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f], axis=-1
    )
    outlines: np.ndarray = shapely.to_wkb(shapely.polygons(points))
    return outlines
