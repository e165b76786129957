"""What tests of vector layers share: writing a small one, or a small raster of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from affine import Affine
from vector_layers import TRANSFORM, UTM, WriteClasses, WriteLayer


@pytest.fixture
def write_layer(tmp_path: Path) -> WriteLayer:
    """``write_layer(geometries, klass=[…], …, name=…, crs=…, layer=…)`` → path of a vector file with these fields."""

    def write(
        geometries: Sequence[shapely.Geometry | None],
        name: str = "labels.gpkg",
        crs: str | None = "EPSG:32633",
        layer: str | None = None,
        **fields: Sequence[Any],
    ) -> str:
        path = tmp_path / name
        columns, masks = [], []
        for values in fields.values():
            masks.append(np.array([value is None for value in values]))
            known = [value for value in values if value is not None]
            kind = object if not known or isinstance(known[0], str) else np.array(known).dtype
            empty = None if kind is object else np.zeros(1, kind)[0]
            columns.append(np.array([empty if value is None else value for value in values], kind))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pyogrio.raw.write(
                path, np.array([None if each is None else each.wkb for each in geometries], object), columns,
                list(fields), field_mask=masks, layer=layer or path.stem, crs=crs, geometry_type="Unknown",
                append=path.exists(),
            )  # fmt: skip
        return str(path)

    return write


@pytest.fixture
def write_classes(tmp_path: Path) -> WriteClasses:
    """``write_classes(values (h, w), transform=…, crs=…, …)`` → path of a raster of classes."""

    def write(
        values: np.ndarray, transform: Affine = TRANSFORM, crs: Any = UTM, name: str = "classes.tif", **profile: Any
    ) -> str:
        path = tmp_path / name
        with rasterio.open(
            path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype,
            crs=crs, transform=transform, **profile,
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
        return str(path)

    return write
