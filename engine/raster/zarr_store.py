"""Embeddings as Zarr stores of format 3, written by many threads at once, region by region.

GDAL 3.10 and older know drafts of format 3 only: 3.10.3, in rasterio's wheels for Python 3.11, refuses the codec
"bytes" that the final one asks for; 3.6 of Debian 12 sees no store at all. They know format 2, so the same chunks are
described in both: format 3 lets chunks have the names they have in format 2. Programs that know format 3 take that.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from engine.errors import CancelledError
from engine.progress import CancelCallback, Progress, ProgressCallback
from engine.raster.stored_raster import StoredRaster

#: The array of the features in its group, and the name of its first dimension.
ARRAY, FEATURE = "embedding", "feature"
#: A chunk before packing: few enough files, and little enough to unpack for three bands of a window.
_CHUNK_BYTES = 4 * 2**20
_THREADS = min(8, os.cpu_count() or 1)
_KEYS: dict[str, Any] = {"name": "v2", "separator": "/"}


def write_zarr(source: Path, target: Path, progress: ProgressCallback, cancelled: CancelCallback) -> None:
    """Write the finished embedding ``source`` (a GeoTIFF of ``RasterWriter``) as the store ``target``.

    The array "embedding" (feature, y, x) has the stored values, nodata as its fill value and all the metadata as
    attributes; "x" and "y" are the cells' centres, "spatial_ref" the CRS as CF has it. Memory holds a chunk per
    thread. Raises CancelledError between chunks, OSError.
    """
    if target.exists():
        # Of an earlier try of this process that ended half-way, such as on a full disk.
        shutil.rmtree(target)
    with StoredRaster(source) as raster:
        rows, cols = raster.block
        bands = max(1, min(raster.dims, _CHUNK_BYTES // (rows * cols * raster.dtype.itemsize)))
        chunks = (bands, min(rows, raster.rows), min(cols, raster.cols))
        array = _create(raster, target, chunks)
        regions = list(_regions((raster.dims, raster.rows, raster.cols), chunks))

        def write(region: tuple[slice, slice, slice]) -> None:
            if cancelled():
                raise CancelledError("Cancelled; nothing was written.")
            features, y, x = region
            array[region] = raster.read(y.start, y.stop, x.start, x.stop, features.start, features.stop)

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="zarr") as pool:
            futures = [pool.submit(write, region) for region in regions]
            try:
                for done, future in enumerate(futures, start=1):
                    future.result()
                    progress(Progress(done / len(futures), "Writing the Zarr store"))
            finally:
                for future in futures:
                    future.cancel()


def _create(raster: StoredRaster, target: Path, chunks: tuple[int, int, int]) -> zarr.Array:
    """The store without the features' values."""
    wkt = raster.crs.to_wkt() if raster.crs is not None else ""
    attributes: dict[str, Any] = {
        **raster.tags,
        "SMARTIES_BAND_NAMES": json.dumps(raster.names, ensure_ascii=False),
        "grid_mapping": "spatial_ref",
    }
    if raster.scales is not None:
        attributes["SMARTIES_SCALES"] = json.dumps(raster.scales.tolist())
    if wkt:
        # GDAL's own way to name a CRS, which its versions before 3.9 read alone.
        attributes["_CRS"] = {"wkt": wkt}
    group = zarr.create_group(target, zarr_format=3, attributes=dict(raster.tags))
    shape = (raster.dims, raster.rows, raster.cols)
    compressor = {"id": "zstd", "level": 1}
    array = group.create_array(
        ARRAY,
        shape=shape,
        chunks=chunks,
        dtype=raster.dtype,
        fill_value=raster.nodata,
        compressors=[ZstdCodec(level=1)],
        chunk_key_encoding=_KEYS,
        dimension_names=(FEATURE, "y", "x"),
        attributes=attributes,
    )
    _describe_in_format_2(target / ARRAY, shape, chunks, raster.dtype, raster.nodata, compressor,
                          {**attributes, "_ARRAY_DIMENSIONS": [FEATURE, "y", "x"]})  # fmt: skip
    step = raster.transform
    for name, size, start, each in (("x", raster.cols, step.c, step.a), ("y", raster.rows, step.f, step.e)):
        if step.b or step.d:
            # Cells of a turned raster have no common x or y: the transform in "spatial_ref" tells where they are.
            break
        centres = start + (np.arange(size) + 0.5) * each
        _small(group, target, name, centres, {"axis": name.upper()}, (name,))
    place = {"crs_wkt": wkt, "spatial_ref": wkt} if wkt else {}
    _small(group, target, "spatial_ref", np.array(0, np.int64),
           {**place, "GeoTransform": " ".join(map(repr, step.to_gdal()))}, ())  # fmt: skip
    (target / ".zgroup").write_text(json.dumps({"zarr_format": 2}), encoding="utf-8")
    (target / ".zattrs").write_text(json.dumps(raster.tags, ensure_ascii=False), encoding="utf-8")
    return array


def _small(
    group: zarr.Group, target: Path, name: str, values: np.ndarray, attributes: dict[str, Any], dims: tuple[str, ...]
) -> None:
    """A coordinate, in one chunk that is not packed."""
    array = group.create_array(
        name, shape=values.shape, chunks=values.shape, dtype=values.dtype, fill_value=0, compressors=None,
        chunk_key_encoding=_KEYS, dimension_names=dims, attributes=attributes,
    )  # fmt: skip
    array[...] = values
    _describe_in_format_2(target / name, values.shape, values.shape, values.dtype, 0, None,
                          {**attributes, "_ARRAY_DIMENSIONS": list(dims)})  # fmt: skip


def _describe_in_format_2(
    folder: Path,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: np.dtype,
    fill: float,
    compressor: dict[str, Any] | None,
    attributes: dict[str, Any],
) -> None:
    """Say in format 2 what ``zarr.json`` in ``folder`` says in format 3."""
    described = {
        "zarr_format": 2,
        "shape": shape,
        "chunks": chunks,
        "dtype": dtype.newbyteorder("<").str,
        "compressor": compressor,
        "fill_value": "NaN" if fill != fill else fill,
        "order": "C",
        "filters": None,
        "dimension_separator": "/",
    }
    (folder / ".zarray").write_text(json.dumps(described), encoding="utf-8")
    (folder / ".zattrs").write_text(json.dumps(attributes, ensure_ascii=False), encoding="utf-8")


def _regions(shape: tuple[int, int, int], chunks: tuple[int, int, int]) -> Iterator[tuple[slice, slice, slice]]:
    """The chunks as regions of the array: rows of chunks from top to bottom, in each all features of a place."""
    for row in range(0, shape[1], chunks[1]):
        for col in range(0, shape[2], chunks[2]):
            for band in range(0, shape[0], chunks[0]):
                corner = (band, row, col)
                first, second, third = (
                    slice(start, min(start + size, end)) for start, size, end in zip(corner, chunks, shape, strict=True)
                )
                yield first, second, third
