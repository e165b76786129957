"""Lists of scenes as text: what an analyst's spreadsheet saves, and what a program writes."""

from __future__ import annotations

import pytest

from engine.errors import ManifestError
from engine.scale.manifest import Problems, read_lines


def lines_of(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "scenes.csv"
    path.write_text(text, encoding=encoding, newline="")
    problems = Problems(path)
    lines = read_lines(path, problems)
    problems.check(len(lines))
    return [(line.number, dict(line.values)) for line in lines]


def test_json_lines_keep_their_numbers(tmp_path):
    text = '{"name": "a", "inputs": ["a.tif"]}\r\n\n{"inputs": ["b\u2028.tif"], "chip": 56}\n'
    assert lines_of(tmp_path, text) == [
        (1, {"name": "a", "inputs": ["a.tif"]}), (3, {"inputs": ["b\u2028.tif"], "chip": 56}),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_as_spreadsheets_save_it(tmp_path, separator):
    rows = [
        ["name", "image", "image_2", "sensor", "sensor_2", "chip", "overlap", "allow_outside", "model", "extent"],
        ["a", "S1.tif", "S2.tif", "", "sentinel-2-l2a", "56", "0.5", "yes", "12", "1 2 3.5 4"],
        [""] * 10,
        ["b", "x.tif", "", "", "", "", "", "", "", ""],
    ]
    text = "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    first, second = lines_of(tmp_path, text, "utf-8-sig")
    assert first == (2, {
        "name": "a", "inputs": ["S1.tif", "S2.tif"], "sensors": ["auto", "sentinel-2-l2a"], "chip": 56, "overlap": 0.5,
        "allow_outside": True, "model": "12", "extent": [1, 2, 3.5, 4],
    })  # fmt: skip
    assert second == (4, {"name": "b", "inputs": ["x.tif"]})


def test_one_sensor_column_holds_for_all_images(tmp_path):
    text = 'image_1,image_2,sensor\n"a, b.tif",c.tif,maxar-rgb\n'
    assert lines_of(tmp_path, text) == [(2, {"inputs": ["a, b.tif", "c.tif"], "sensors": ["maxar-rgb"]})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("name,path\na,b\n", "no column “image”"),
        ("image,image\na,b\n", "“image” twice"),
        ('image\n"a\n', "is no table"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, text, reason):
    with pytest.raises(ManifestError, match=reason):
        lines_of(tmp_path, text)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(ManifestError, match="cannot be read"):
        read_lines(tmp_path / "none.csv", Problems(tmp_path))
    with pytest.raises(ManifestError, match="no text in UTF-8"):
        lines_of(tmp_path, "image\nMünchen.tif", "latin-1")


def test_every_bad_line_is_told_with_its_number(tmp_path):
    text = '{"inputs": ["a.tif"]}\n{"inputs": \n[1]\n{"inputs": ' + "[" * 100_000 + "\n"
    with pytest.raises(ManifestError) as refused:
        lines_of(tmp_path, text)
    told = str(refused.value)
    assert "3 of 4 lines cannot be run" in told
    assert "line 2: It is not valid JSON (Expecting value at character" in told
    assert "line 3: It must be a JSON object" in told
    assert "line 4: It is not valid JSON" in told


def test_many_bad_lines_are_counted(tmp_path):
    with pytest.raises(ManifestError, match="and 15 more"):
        lines_of(tmp_path, '{"a": 1}\n' + "{\n" * 25)
