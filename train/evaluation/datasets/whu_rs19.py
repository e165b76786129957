"""WHU-RS19 (Dai and Yang 2011): 1,005 RGB images of 600 × 600 px from Google Earth, up to 0.5 m, 19 classes."""

from __future__ import annotations

from train.evaluation.datasets.class_folders import ClassFolders


class WhuRs19(ClassFolders):
    """WHU-RS19: ``WHU-RS19/Airport/airport_16.jpg``.

    It was published without a split. Lists beside the data: ``WHU-RS19-train.txt`` and ``-val`` of the paper's code,
    on which the paper reports. Without, samples are split by hash.
    """

    name = "whu-rs19"
    classes: tuple[str, ...] = (
        "Airport",
        "Beach",
        "Bridge",
        "Commercial",
        "Desert",
        "Farmland",
        "Forest",
        "Industrial",
        "Meadow",
        "Mountain",
        "Park",
        "Parking",
        "Pond",
        "Port",
        "Residential",
        "River",
        "Viaduct",
        "footballField",
        "railwayStation",
    )
    folders = ("", "WHU-RS19")
    lists = ("WHU-RS19-{}.txt",)
