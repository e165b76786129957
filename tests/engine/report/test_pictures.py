"""Pictures of a page: in the right colours, at the right places, never larger than a page."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made_embeddings import made_embedding
from PIL import Image, ImageColor

from engine.raster.map_writer import MapClass
from engine.report import class_map, overview, places
from engine.report.pictures import MOST_PX, RIGHT, WRONG


@pytest.fixture
def halves(tmp_path):
    """Left and right differ; the upper left cell has no data."""
    values = np.random.default_rng(0).normal(0, 0.1, (6, 20, 30))
    values[0, :, 15:] += 5
    values[:, 0, 0] = np.nan
    return made_embedding(tmp_path / "halves.tif", values)


def test_an_overview_shows_what_is_alike_and_is_clear_without_data(halves):
    picture = overview(halves)
    height, width = picture.pixels.shape[:2]
    assert (height, width) == (480, 720), "small cells are enlarged to be seen"
    assert picture.window == pytest.approx((0, 160, 0, 240))
    assert (picture.pixels[:24, :24] == 0).all() and (picture.pixels[24:, :, 3] == 255).all()
    left, right = picture.pixels[24:, :360, 0].astype(float), picture.pixels[24:, 360:, 0].astype(float)
    assert abs(left.mean() - right.mean()) > 150
    assert Image.open(io.BytesIO(picture.png())).size == (720, 480)


def test_a_large_embedding_is_shrunk(tmp_path, monkeypatch):
    values = np.zeros((3, 5, 1600))
    values[0] = np.linspace(0, 1, 1600)
    monkeypatch.setattr("engine.report.pictures.READ_BYTES", 4 * 3 * 534)
    picture = overview(made_embedding(tmp_path / "wide.tif", values))
    assert picture.pixels.shape[:2] == (2, 534)
    ramp = picture.pixels[0, :, 0].astype(int)
    assert abs(ramp[-1] - ramp[0]) == 255 and (np.diff(ramp) * np.sign(ramp[-1] - ramp[0]) >= 0).all()


def test_a_class_map_has_the_classes_colours_and_those_that_occur_in_its_legend():
    values = np.full((4, 1500), 255, np.uint8)
    values[:, :300], values[:, 300:1400] = 7, 2
    classes = [MapClass(2, "wood", "#010203"), MapClass(7, "lake", "#0a0b0c"), MapClass(9, "snow", "#ffffff")]
    picture = class_map(values, classes, "A map")
    assert max(picture.pixels.shape[:2]) <= MOST_PX
    assert picture.legend == (("wood", "#010203"), ("lake", "#0a0b0c"))
    assert picture.pixels[0, 0].tolist() == [10, 11, 12, 255] and picture.pixels[0, -1].tolist() == [0, 0, 0, 0]


def test_places_are_drawn_where_they_are_in_the_colour_of_their_outcome(halves):
    drawn = places(overview(halves), np.array([40, 100, 999]), np.array([200, 20, 0]), np.array([True, False, True]))
    # A pixel is three picture pixels wide: its centre lies one and a half of them on.
    for row, col, colour in ((40, 200, RIGHT), (100, 20, WRONG)):
        assert tuple(drawn.pixels[3 * row + 1, 3 * col + 1, :3]) == ImageColor.getrgb(colour)
    outcome = (drawn.pixels[..., :3] == ImageColor.getrgb(RIGHT)).all(axis=2)
    assert outcome.sum() < 60, "a place outside the picture is not drawn"
