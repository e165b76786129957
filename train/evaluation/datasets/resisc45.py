"""NWPU-RESISC45 (Cheng et al. 2017): 31,500 RGB images of 256 × 256 px, 0.2–30 m, 45 classes."""

from __future__ import annotations

from train.evaluation.datasets.class_folders import ClassFolders


class Resisc45(ClassFolders):
    """RESISC45: ``NWPU-RESISC45/airplane/airplane_001.jpg``.

    Lists beside the data: ``resisc45-train.txt``, ``-val``, ``-test`` (Neumann et al. 2019, used by TorchGeo), or
    ``RESISC45-train.txt`` and ``-val`` of the paper's code. Without, samples are split by hash.
    """

    name = "resisc45"
    classes: tuple[str, ...] = (
        "airplane",
        "airport",
        "baseball_diamond",
        "basketball_court",
        "beach",
        "bridge",
        "chaparral",
        "church",
        "circular_farmland",
        "cloud",
        "commercial_area",
        "dense_residential",
        "desert",
        "forest",
        "freeway",
        "golf_course",
        "ground_track_field",
        "harbor",
        "industrial_area",
        "intersection",
        "island",
        "lake",
        "meadow",
        "medium_residential",
        "mobile_home_park",
        "mountain",
        "overpass",
        "palace",
        "parking_lot",
        "railway",
        "railway_station",
        "rectangular_farmland",
        "river",
        "roundabout",
        "runway",
        "sea_ice",
        "ship",
        "snowberg",
        "sparse_residential",
        "stadium",
        "storage_tank",
        "tennis_court",
        "terrace",
        "thermal_power_station",
        "wetland",
    )
    folders = ("", "NWPU-RESISC45")
    lists = ("resisc45-{}.txt", "RESISC45-{}.txt")
