"""From what labels hold to the classes of a map."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from engine.errors import JobError
from engine.vector.classes import ClassHints, build_classes, class_key, ignored_keys
from engine.vector.palette import colour_for


def test_whole_numbers_keep_their_value_and_texts_are_numbered_in_natural_order() -> None:
    numbers, _ = build_classes([254, 0, 7])
    assert [each.value for each in numbers.classes] == [0, 7, 254]
    assert (numbers.dtype, numbers.nodata) == ("uint8", 255)
    texts, _ = build_classes(["plot 10", "Wald", "plot 2", "вода"])
    assert [(each.value, each.name) for each in texts.classes] == [
        (1, "plot 2"), (2, "plot 10"), (3, "Wald"), (4, "вода"),
    ]  # fmt: skip
    assert [each.value for each in build_classes([-1, 0, 1])[0].classes] == [1, 2, 3]


def test_the_last_value_of_a_byte_is_nodata() -> None:
    table, _ = build_classes([1, 255])
    assert (table.dtype, table.nodata) == ("uint16", 65535)
    assert build_classes(range(65535))[0].classes[-1].value == 65534
    with pytest.raises(JobError, match="65,536 classes"):
        build_classes(range(65536))


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (3.0, 3), (np.float32(2), 2), (np.int16(-1), -1), ("12", 12), ("012", "012"), (True, 1), (0.5, 0.5),
        (" Wald ", "Wald"), (unicodedata.normalize("NFD", "Forêt"), "Forêt"), ("2024-05-14", "2024-05-14"),
        (None, None), (float("nan"), None), ("", None), ("  ", None),
    ],
)  # fmt: skip
def test_what_means_the_same_is_one_class_and_nothing_is_none(raw: object, key: object) -> None:
    assert class_key(raw) == key
    assert type(class_key(raw)) is type(key)


def test_a_raw_value_finds_its_class() -> None:
    table, _ = build_classes([1, "Wald"])
    assert [table.index_of(raw) for raw in (1, 1.0, "1", "Wald", "wald", None, 2)] == [0, 0, 0, 1, -1, -1, -1]


def test_names_and_colours_go_by_what_the_labels_hold_or_by_value() -> None:
    table, notes = build_classes(
        ["a=b", "c"], class_names=["a=b=first = best", "2=second", "9=none"], class_colours=["c=#ABCDEF"]
    )
    assert [each.name for each in table.classes] == ["first = best", "second"]
    assert table.classes[1].colour == "#abcdef"
    assert notes == ("no label is “9”: its name was not used",)
    with pytest.raises(JobError, match="“red” is no colour"):
        build_classes([1, 2], class_colours=["1=red"])


def test_what_the_raster_says_of_its_values_is_used_unless_told_otherwise() -> None:
    hints = ClassHints({1: "water", 2: "trees"}, {1: "#0000ff", 2: "#000000", 3: "#000000"})
    table, _ = build_classes([1, 2, 3], class_names=["2=wood"], hints=hints)
    assert [each.name for each in table.classes] == ["water", "wood", "3"]
    # Black for several values is a palette that nobody filled in.
    assert table.classes[0].colour == "#0000ff"
    assert "#000000" not in [each.colour for each in table.classes]


def test_classes_are_ignored_by_value_or_name_and_a_slip_is_told() -> None:
    found, notes = ignored_keys([0, 1, "Wolke"], ["0", "Wolke", "cloud"], ClassHints({0: "nothing"}))
    assert found == {0, "Wolke"}
    assert notes == ("no label is “cloud”: nothing to ignore",)
    assert ignored_keys([0, 1], ["nothing"], ClassHints({0: "nothing"}))[0] == {0}


@pytest.mark.parametrize("keys", [[], [4], ["Wald"]])
def test_one_class_teaches_nothing(keys: list[int | str]) -> None:
    with pytest.raises(JobError, match="Label a second class"):
        build_classes(keys)


def test_five_hundred_classes_have_five_hundred_colours() -> None:
    for keys in (list(range(500)), [f"crop {number}" for number in range(500)]):
        table, _ = build_classes(keys)
        assert len({each.colour for each in table.classes}) == 500


def test_land_covers_have_the_colours_that_maps_give_them() -> None:
    def channels(name: str) -> tuple[int, int, int]:
        colour = colour_for(name)
        assert colour is not None, name
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

    for name in ("Water", "Wasserfläche", "rivière", "вода", "水域", "Flooded area"):
        red, green, blue = channels(name)
        assert blue > green > red
    for name in ("forest", "Laubwald", "Forêt", "trees", "лес"):
        red, green, blue = channels(name)
        assert green > max(red, blue)
    assert min(channels("snow/ice")) > 200
    assert channels("Built-up")[0] > 200 > 100 > channels("Built-up")[2]
    assert colour_for("not flooded") != colour_for("flooded")
    assert colour_for("class 7") is None


def test_a_class_keeps_its_colour_when_another_joins() -> None:
    first = {each.value: each.colour for each in build_classes([1, 2, 5])[0].classes}
    then = {each.value: each.colour for each in build_classes([1, 2, 3, 5])[0].classes}
    assert {value: then[value] for value in first} == first
