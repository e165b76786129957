"""What rasters say about themselves, gathered for detection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio

from engine.raster.metadata import merge_bands, raster_metadata

VALUES = np.ones((2, 4, 4), np.uint8)


def test_tags_of_the_file_and_of_its_bands_are_kept_by_domain(write_raster: Callable[..., Path]) -> None:
    path = write_raster("S2A_MSIL2A_x.tif", VALUES, descriptions=("blue", ""))
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(sensor="S2")
        dataset.update_tags(ns="FORCE", Sensor="SEN2A")
        dataset.update_tags(1, wavelength="0.49", wavelength_units="um")
        dataset.update_tags(2, ns="IMAGERY", CENTRAL_WAVELENGTH_UM="0.865")
    with rasterio.open(path) as dataset:
        metadata = raster_metadata(dataset, path)
    assert metadata.name == "S2A_MSIL2A_x.tif"
    assert metadata.tags[""]["sensor"] == "S2"
    assert metadata.tags["FORCE"] == {"Sensor": "SEN2A"}
    assert metadata.band_tags[0][""]["wavelength"] == "0.49"
    assert metadata.band_tags[1]["IMAGERY"]["CENTRAL_WAVELENGTH_UM"] == "0.865"
    assert metadata.band_names == ("blue", None)
    assert metadata.dtypes == ("uint8", "uint8")
    assert metadata.band_count == 2


def test_colours_are_gdals_words(write_raster: Callable[..., Path]) -> None:
    path = write_raster("a.tif", np.ones((2, 4, 4), np.uint8), alpha=True)
    with rasterio.open(path) as dataset:
        assert raster_metadata(dataset, path).colours == ("gray", "alpha")


def test_only_the_asked_bands_are_told_of(write_raster: Callable[..., Path]) -> None:
    path = write_raster("a.tif", VALUES, descriptions=("one", "two"))
    with rasterio.open(path) as dataset:
        metadata = raster_metadata(dataset, path, bands=[2])
    assert metadata.band_names == ("two",) and metadata.band_count == 1


def test_merged_bands_keep_their_order(write_raster: Callable[..., Path]) -> None:
    parts = []
    for name in ("VV", "VH"):
        path = write_raster(f"{name}.tif", VALUES[:1])
        with rasterio.open(path) as dataset:
            parts.append(raster_metadata(dataset, path, band_names=[name]))
    merged = merge_bands("S1", ("up",), parts, {"metadata.json": "{}"})
    assert merged.band_names == ("VV", "VH") and merged.band_count == 2
    assert merged.name == "S1" and merged.sidecars == {"metadata.json": "{}"}


def test_enmap_tiles_bring_their_wavelengths(data_dir: Path) -> None:
    path = data_dir / "enmap_potsdam_tiles" / "images" / "enmap_potsdam_tile_64_0.tif"
    with rasterio.open(path) as dataset:
        metadata = raster_metadata(dataset, path)
    tags = [tags[""] for tags in metadata.band_tags]
    assert len(tags) == 224 and all("wavelength" in tag for tag in tags)
