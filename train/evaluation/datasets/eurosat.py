"""EuroSAT (Helber et al. 2019): 27,000 Sentinel-2 images of 64 × 64 px, 13 bands, ten classes."""

from __future__ import annotations

from train.evaluation.datasets.class_folders import ClassFolders


class EuroSAT(ClassFolders):
    """EuroSAT MS: ``EuroSAT_MS/Forest/Forest_280.tif``, bands B01 … B08, B09 … B12, B8A as digital numbers.

    Cirrus (B10) has no learnt layer and is not read. Lists beside the data: ``eurosat-train.txt``, ``-val``, ``-test``
    (Neumann et al. 2019, used by TorchGeo; their names end in .jpg), or ``EuroSAT-train.txt`` and ``-val``, on which
    the paper reports. Without, samples are split by hash.
    """

    name = "eurosat"
    classes: tuple[str, ...] = (
        "AnnualCrop",
        "Forest",
        "HerbaceousVegetation",
        "Highway",
        "Industrial",
        "Pasture",
        "PermanentCrop",
        "Residential",
        "River",
        "SeaLake",
    )
    folders = ("", "EuroSAT_MS", "allBands", "ds/images/remote_sensing/otherDatasets/sentinel_2/tif")
    lists = ("eurosat-{}.txt", "EuroSAT-{}.txt")
    modality_name = "s2"
    bands = (
        "aerosol",
        "blue_1",
        "green_2",
        "red_2",
        "red_edge_1",
        "red_edge_2",
        "near_infrared_2",
        "near_infrared_1",
        "short_wave_infrared_1",
        "short_wave_infrared_3",
        "short_wave_infrared_4",
        "near_infrared_3",
    )
    indexes = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13)
    band_count = 13
