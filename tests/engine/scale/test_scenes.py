"""From lines to jobs: paths, names, defaults, and everything that is refused before a run begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene_lists import json_lines, write_scenes

from engine.errors import ManifestError
from engine.jobs.embed_many import EmbedManyJob
from engine.scale.scenes import read_scenes, share


def scenes_of(tmp_path, lines, **settings):
    return read_scenes(EmbedManyJob(str(json_lines(tmp_path / "m.jsonl", lines)), str(tmp_path / "out"), **settings))


def test_a_line_says_what_differs_and_paths_are_the_lists(tmp_path, monkeypatch, untrained):
    write_scenes(tmp_path / "in", 2, 32)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (tmp_path / "model.safetensors").symlink_to(untrained)
    first, second = scenes_of(
        tmp_path,
        [{"inputs": ["in/S2_0.tif"], "chip": 56, "model": "model.safetensors"},
         {"name": "ä b", "inputs": [str(tmp_path / "in" / "S2_1.tif")]}],
        settings={"chip": 28, "dtype": "int8", "device": "cpu", "model": str(untrained)}, pictures=True,
    )  # fmt: skip
    assert (first.name, first.line, first.job.chip, first.job.dtype) == ("S2_0", 1, 56, "int8")
    assert first.job.inputs == (str(tmp_path / "in" / "S2_0.tif"),)
    assert first.job.model == str(tmp_path / "model.safetensors")
    assert (second.name, second.job.chip, second.job.model) == ("ä b", 28, str(untrained))
    assert second.outputs == (tmp_path / "out" / "ä b.tif", tmp_path / "out" / "ä b.picture.tif")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"inputs": ["gone.tif"]}, "gone.tif does not exist"),
        ({"inputs": []}, "names no image"),
        ({"inputs": ["in/S2_0.tif"], "sensors": ["sentinel-22"]}, "no sensor named 'sentinel-22'"),
        ({"inputs": ["in/S2_0.tif"], "band_tables": ["gone.json"]}, "gone.json cannot be read"),
        ({"inputs": ["in/S2_0.tif"], "statistics": "gone.json"}, "gone.json cannot be read"),
        ({"inputs": ["in/S2_0.tif"], "model": "smarties-v9"}, "no model “smarties-v9”"),
        ({"inputs": ["in/S2_0.tif"], "grid_like": "gone.tif"}, "gone.tif does not exist"),
        ({"inputs": ["in/S2_0.tif"], "overlap": 2}, "overlap of 2 is impossible"),
        ({"inputs": ["in/S2_0.tif"], "chip": "big"}, "chip cannot be 'big'"),
        ({"inputs": ["in/S2_0.tif"], "color": 1}, "Unknown setting: color"),
        ({"inputs": ["in/S2_0.tif"], "output": "x.tif"}, "sets output"),
        ({"inputs": ["in/S2_0.tif"], "name": "../x"}, "cannot be the name of a file"),
        ({"inputs": ["in/S2_0.tif"], "name": ".x"}, "cannot be the name of a file"),
        ({"inputs": ["in/S2_0.tif"], "name": 7}, "name cannot be 7"),
        ({"inputs": ["in/S2_0.tif"], "name": "x" * 200}, "longer than 150 bytes"),
        ({"inputs": ["in/S2_1.tif"], "name": "GOOD"}, "is that of line 1"),
    ],
)
def test_what_cannot_be_run_is_told_with_its_line(tmp_path, line, reason):
    write_scenes(tmp_path / "in", 2, 32)
    with pytest.raises(ManifestError) as refused:
        scenes_of(tmp_path, [{"name": "good", "inputs": ["in/S2_0.tif"]}, line], settings={"device": "cpu"})
    assert "1 of 2 lines" in str(refused.value) and "line 2: " in str(refused.value)
    assert reason in str(refused.value)


def test_dates_and_variables_of_a_netcdf_file_are_part_of_the_name(tmp_path, untrained):
    (tmp_path / "cube.nc").touch()
    lines = [{"inputs": ["cube.nc@2018-05-14"]}, {"inputs": ['netcdf:"cube.nc":B04@3']}]
    first, second = scenes_of(tmp_path, lines, settings={"model": str(untrained)})
    assert (first.name, first.job.inputs) == ("cube_2018-05-14", (str(tmp_path / "cube.nc@2018-05-14"),))
    assert (second.name, second.job.inputs) == ("cube_B04_3", (f'netcdf:"{tmp_path / "cube.nc"}":B04@3',))


def test_shares_are_disjoint_and_together_everything():
    for count in (1, 3, 7, 12):
        parts = [share(range(10), number, count) for number in range(1, count + 1)]
        assert sorted(scene for part in parts for scene in part) == list(range(10))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_relative_output_folder_is_that_of_the_command(tmp_path, monkeypatch, untrained):
    write_scenes(tmp_path / "in", 1, 32)
    monkeypatch.chdir(tmp_path)
    manifest = json_lines(tmp_path / "in" / "m.jsonl", [{"inputs": ["S2_0.tif"]}])
    (scene,) = read_scenes(EmbedManyJob(str(manifest), "out", settings={"model": str(untrained)}))
    assert Path(scene.job.output) == tmp_path / "out" / "S2_0.tif"
