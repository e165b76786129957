"""HLS Burn Scars (Phillips et al. 2023): 804 scenes of 512 × 512 px at 30 m, six bands of HLS, burnt or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from train.evaluation.dataset import IGNORED, Sample
from train.evaluation.datasets.base import EstimatedScenes
from train.evaluation.datasets.files import first_folder, raster_size
from train.evaluation.datasets.sensors import bands_of
from train.evaluation.datasets.splits import Splits, from_file, pick_of
from train.evaluation.datasets.tiles import Tile, Tiling

_IMAGE, _MASK = "_merged.tif", ".mask.tif"

#: Seed and share of PANGAEA's validation part of the training folder.
_SEED, _VALIDATION = 23, 0.1

#: Reflectances of this size and beyond are fill: ±9999 in the files.
_FILL = 9999


class BurnScars(EstimatedScenes):
    """HLS Burn Scars: ``training/subsetted_512x512_HLS.S30.….v1.4_merged.tif``, ``….v1.4.mask.tif``; ``validation/…``.

    Bands are B02, B03, B04, B8A, B11 and B12 of HLS S30 as reflectance, on the nearest learnt layers as in the paper.
    Masks hold 0 (not burnt), 1 (burn scar) and −1 (no data). Splits as in PANGAEA: the validation folder is the test
    split; a tenth of the training folder, drawn with PANGAEA's seed, is the validation split. Scenes are cut into
    tiles of 256 px; a scene is called by its folder and its name before "_merged.tif". No statistics are published.
    """

    name = "burnscars"
    classes: tuple[str, ...] = ("Not burned", "Burn scar")
    modality_name = "hls"
    bands = bands_of("hls-s30", ("B02", "B03", "B04", "B8A", "B11", "B12"), "nearest")
    band_names = ("B02", "B03", "B04", "B8A", "B11", "B12")

    def __init__(self, root: Path, split_file: Path | None = None, tile_px: int = 256) -> None:
        folder = first_folder(Path(root), ("", "hls_burn_scars"), f"training/*{_IMAGE}")
        self._paths = {
            f"{part}/{path.name.removesuffix(_IMAGE)}": path
            for part in ("training", "validation")
            for path in sorted((folder / part).glob(f"*{_IMAGE}"))
        }
        splits = (
            self._published()
            if split_file is None
            else from_file(Path(split_file), pick_of(self._paths, "scene of HLS Burn Scars"))
        )
        height, width = raster_size(self._paths[splits.first()])
        super().__init__(splits, Tiling(tile_px, tile_px, height, width))

    def _published(self) -> Splits:
        training = [scene for scene in self._paths if scene.startswith("training/")]
        order = np.random.RandomState(_SEED).permutation(len(training))
        held_out = -(-len(training) * round(100 * _VALIDATION) // 100)
        return Splits(
            train=tuple(training[place] for place in order[held_out:]),
            validation=tuple(training[place] for place in order[:held_out]),
            test=tuple(scene for scene in self._paths if scene.startswith("validation/")),
            source="training and validation folder, a tenth of training held out as in PANGAEA",
        )

    def read_tile(self, scene: str, tile: Tile) -> Sample:
        """One tile of a scene."""
        path = self._paths[scene]
        image = tile.read(path, 6, (1, 2, 3, 4, 5, 6), fill=_FILL)
        valid = (np.isfinite(image) & (np.abs(image) < _FILL)).all(axis=0)
        mask = tile.read(path.with_name(path.name.removesuffix(_IMAGE) + _MASK), 1, (1,), fill=-1)[0]
        label = np.where((mask == 0) | (mask == 1), mask, IGNORED).astype(np.int64)
        return Sample((np.where(valid, image, 0).astype(np.float32),), (valid,), label)
