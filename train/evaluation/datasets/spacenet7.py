"""SpaceNet 7 (Van Etten et al. 2021): 60 areas of about 1024 × 1024 px at 4 m, monthly Planet mosaics, buildings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from engine.errors import SourceError
from train.evaluation.dataset import IGNORED, Sample
from train.evaluation.datasets.base import EstimatedScenes
from train.evaluation.datasets.files import first_folder, missing, opened, raster_size, read_json
from train.evaluation.datasets.sensors import bands_of
from train.evaluation.datasets.splits import SPLITS, Split, Splits, from_file, pick_of
from train.evaluation.datasets.tiles import Tile, Tiling

#: Areas of the three splits (Hafner et al. 2023, doi 10.3390/rs15215135), on which PANGAEA and the paper report.
AREAS = Path(__file__).with_name("spacenet7_areas.json")

#: Folders of the buildings' outlines, in the order in which they are looked for; in the first they are in pixels.
_OUTLINES = ("labels_match_pix", "labels_match", "labels")


class SpaceNet7(EstimatedScenes):
    """SpaceNet 7: ``train/AREA/images_masked/global_monthly_2018_01_mosaic_AREA.tif``, and the buildings of the month.

    Bands are red, green and blue (8 bits; the fourth is alpha, 0 where nothing was seen), on the nearest learnt
    layers as in the paper. Buildings are ``labels_raster/…_Buildings.tif`` where PANGAEA's package brings them, else
    the outlines ``labels_match_pix``, ``labels_match`` or ``labels/…_Buildings.geojson``, burnt where a pixel's centre
    lies inside.

    Splits are by area, those of PANGAEA (30, 15 and 14 areas). Months with a mask of unusable data (``UDM_masks``, or
    "mask" in PANGAEA's ``metadata_train.json``) are left out, as there. Scenes, called "AREA/2018_01", are cut into
    tiles of 256 px. No statistics are published.
    """

    name = "spacenet7"
    classes: tuple[str, ...] = ("Background", "Building")
    modality_name = "planet"
    bands = bands_of("planetscope-4band", ("red", "green", "blue"), "nearest", "rgb")
    band_names = ("red", "green", "blue")

    def __init__(self, root: Path, split_file: Path | None = None, tile_px: int = 256) -> None:
        self._folder = first_folder(Path(root), ("train", "", "spacenet7/train"), "*/images_masked/*.tif")
        self._paths = dict(self._clear_months())
        pick = pick_of(self._paths, "clear month of SpaceNet 7")
        splits = self._published() if split_file is None else from_file(Path(split_file), pick)
        super().__init__(splits, Tiling(tile_px, tile_px, *raster_size(self._paths[splits.first()])))

    def read_tile(self, scene: str, tile: Tile) -> Sample:
        """One tile of a scene."""
        path = self._paths[scene]
        bands = tile.read(path, 4, (1, 2, 3, 4))
        valid = bands[3] > 0
        label = tile.cut(self._buildings(path).astype(np.int64), fill=IGNORED)
        return Sample((bands[:3],), (None if valid.all() else valid,), label)

    def _clear_months(self) -> Iterator[tuple[str, Path]]:
        masked = self._masked_in_metadata()
        for path in sorted(self._folder.glob("*/images_masked/global_monthly_*_mosaic_*.tif")):
            area, month = path.parents[1].name, re.search(r"global_monthly_(\d{4}_\d{2})_", path.name)
            if month is None:
                continue
            scene = f"{area}/{month[1]}"
            mask = path.parents[1] / "UDM_masks" / f"{path.stem}_UDM.tif"
            if not (masked.get(scene, False) or mask.is_file()):
                yield scene, path

    def _masked_in_metadata(self) -> Mapping[str, bool]:
        path = self._folder.parent / "metadata_train.json"
        if not path.is_file():
            return {}
        try:
            return {
                f"{area}/{int(month['year'])}_{int(month['month']):02d}": bool(month["mask"]) or not month["label"]
                for area, months in read_json(path).items()
                for month in months
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SourceError(
                f"{path} is not the metadata of SpaceNet 7 ({error!r}).", "Remove or replace it."
            ) from error

    def _published(self) -> Splits:
        areas: Mapping[Split, list[str]] = read_json(AREAS)
        ids = {
            split: tuple(scene for scene in self._paths if scene.split("/")[0] in frozenset(areas[split]))
            for split in SPLITS
        }
        return Splits(ids["train"], ids["validation"], ids["test"], "areas of Hafner et al. 2023, as in PANGAEA")

    def _buildings(self, image: Path) -> np.ndarray:
        """Where buildings stand in the whole scene of ``image``: bool (H, W)."""
        raster = image.parents[1] / "labels_raster" / f"{image.stem}_Buildings.tif"
        if raster.is_file():
            with opened(raster) as file:
                return np.asarray(file.read(1) > 0)
        for folder in _OUTLINES:
            outlines = image.parents[1] / folder / f"{image.stem}_Buildings.geojson"
            if outlines.is_file():
                return _burn(image, outlines)
        missing(image.parents[1] / _OUTLINES[0] / f"{image.stem}_Buildings.geojson")


# The tiles of a scene are read one after the other: its outlines are burnt once for all of them.
@lru_cache(maxsize=4)
def _burn(image: Path, outlines: Path) -> np.ndarray:
    in_pixels = outlines.parent.name == _OUTLINES[0]
    with opened(image) as raster:
        shape, crs, transform = (raster.height, raster.width), raster.crs, raster.transform
        content = read_json(outlines)
        try:
            geometries = [feature["geometry"] for feature in content["features"] if feature["geometry"]]
            if not geometries:
                return np.zeros(shape, bool)
            if in_pixels:
                return np.asarray(rasterize(geometries, shape, dtype="uint8").astype(bool))
            placed = [transform_geom("EPSG:4326", crs, geometry) for geometry in geometries]
            return np.asarray(rasterize(placed, shape, transform=transform, dtype="uint8").astype(bool))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(f"{outlines} holds no outlines ({error!r}).", "Unpack the dataset again.") from error
