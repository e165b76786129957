"""UC Merced Land Use (Yang and Newsam 2010): 2,100 RGB images of 256 × 256 px, 0.3 m, 21 classes of 100 images."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import SourceError
from train.evaluation.datasets.class_folders import ClassFolders
from train.evaluation.datasets.splits import Split, Splits, by_rule


class UCMerced(ClassFolders):
    """UC Merced: ``UCMerced_LandUse/Images/agricultural/agricultural00.tif``, or folders of the classes alone.

    It was published without a split. Here images with a number below ``number_from`` (40) train and those from it on
    test, whatever lists lie beside them. The paper reports on other lists (``UC-Merced-train.txt`` and ``-val`` of
    its code, 90 and 10 images of a class): give them as the split file. A few images are smaller by some pixels.
    """

    name = "uc-merced"
    classes: tuple[str, ...] = (
        "agricultural",
        "airplane",
        "baseballdiamond",
        "beach",
        "buildings",
        "chaparral",
        "denseresidential",
        "forest",
        "freeway",
        "golfcourse",
        "harbor",
        "intersection",
        "mediumresidential",
        "mobilehomepark",
        "overpass",
        "parkinglot",
        "river",
        "runway",
        "sparseresidential",
        "storagetanks",
        "tenniscourt",
    )
    folders = ("", "Images", "UCMerced_LandUse/Images")
    lists = ()

    def __init__(self, root: Path, split_file: Path | None = None, number_from: int = 40) -> None:
        self.number_from = number_from
        super().__init__(root, split_file)

    def _default_splits(self) -> Splits:
        def rule(sample_id: str) -> Split:
            number = re.search(r"(\d+)$", sample_id)
            if number is None:
                raise SourceError(f"{sample_id} has no number, by which UC Merced is split.", "Give a split file.")
            return "train" if int(number[1]) < self.number_from else "test"

        first = self.number_from
        return by_rule(self._images, rule, f"numbers 00–{first - 1:02d} train, {first:02d} and above test")
