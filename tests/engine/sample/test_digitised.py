"""The training areas lie inside the classes they name, spread over the scene, and do not touch."""

from __future__ import annotations

import json

import numpy as np
import rasterio
import rasterio.features

from engine.sample.land import CLASSES
from engine.vector.read import layer_info


def test_every_polygon_lies_inside_the_class_it_names(scene):
    polygons = json.loads(scene["training"].read_text())["features"]
    values = {name: value for value, (name, _) in CLASSES.items()}
    seen = dict.fromkeys(values, 0)
    with rasterio.open(scene["labels"]) as dataset:
        labels, taken = dataset.read(1), np.zeros(dataset.shape, int)
        for polygon in polygons:
            inside = rasterio.features.rasterize([polygon["geometry"]], dataset.shape, transform=dataset.transform) == 1
            assert inside.sum() >= 4 and set(labels[inside]) == {values[polygon["properties"]["class"]]}
            taken += inside
            seen[polygon["properties"]["class"]] += 1
    assert taken.max() == 1
    assert layer_info(str(scene["training"])).crs == dataset.crs
    assert min(seen.values()) >= 5, seen
