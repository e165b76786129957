from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from evaluation_layouts import noise, write_raster

from engine.errors import GridError, SourceError
from train.evaluation.datasets.files import (
    array_names,
    first_folder,
    read_arrays,
    read_json,
    read_raster,
    read_rows,
    read_table,
)


def test_bands_of_a_raster(tmp_path):
    values = noise((4, 5, 6), "int16")
    path = write_raster(tmp_path / "a.tif", values)
    assert np.array_equal(read_raster(path, 4, (3, 1)), values[[2, 0]])
    assert np.array_equal(read_raster(path, 4), values)


def test_a_raster_of_other_bands_is_refused(tmp_path):
    path = write_raster(tmp_path / "a.tif", noise((4, 5, 6), "int16"))
    with pytest.raises(GridError, match="has 4 bands; 13"):
        read_raster(path, 13)


def test_missing_and_damaged_rasters_are_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.tif is missing"):
        read_raster(tmp_path / "none.tif", 1)
    whole = write_raster(tmp_path / "cut.tif", noise((1, 200, 200), "uint16"))
    whole.write_bytes(whole.read_bytes()[:30000])
    with pytest.raises(SourceError, match=r"cut\.tif cannot be read"):
        read_raster(whole, 1)
    (tmp_path / "text.tif").write_text("not found")
    with pytest.raises(SourceError, match=r"text\.tif"):
        read_raster(tmp_path / "text.tif", 1)


def test_arrays_are_read_and_never_unpickled(tmp_path):
    values = noise((3, 4), "float32")
    np.savez_compressed(tmp_path / "a.npz", B1=values, B2=np.array([object()], dtype=object))
    assert array_names(tmp_path / "a.npz") == {"B1", "B2"}
    (read,) = read_arrays(tmp_path / "a.npz", ["B1"])
    assert np.array_equal(read, values)
    with pytest.raises(SourceError, match="cannot be read as arrays"):
        read_arrays(tmp_path / "a.npz", ["B2"])
    with pytest.raises(SourceError, match="no array B3"):
        read_arrays(tmp_path / "a.npz", ["B3"])
    with pytest.raises(SourceError, match="missing"):
        array_names(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"PK none")
    with pytest.raises(SourceError, match="cannot be read as arrays"):
        array_names(tmp_path / "c.npz")


def test_an_archive_of_arrays_is_read_in_place_whatever_paths_it_holds(tmp_path):
    folder = tmp_path / "dataset"
    folder.mkdir()
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.arange(3))
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        for member in ("../out.npy", f"{tmp_path}/out.npy", "B1.npy"):
            archive.writestr(member, buffer.getvalue())
    assert np.array_equal(read_arrays(folder / "a.npz", ["B1"])[0], np.arange(3))
    assert np.array_equal(read_arrays(folder / "a.npz", ["../out"])[0], np.arange(3))
    assert "../out" in array_names(folder / "a.npz")
    assert {path.name for path in tmp_path.rglob("*")} == {"dataset", "a.npz"}


def test_texts(tmp_path):
    (tmp_path / "list.txt").write_text("a b\n\n c,d ; e\n")
    assert read_rows(tmp_path / "list.txt") == [["a", "b"], ["c", "d", "e"]]
    (tmp_path / "table.csv").write_text('ID,NAME\n1,"x, y"\n')
    assert read_table(tmp_path / "table.csv", ["ID"]) == [{"ID": "1", "NAME": "x, y"}]
    with pytest.raises(SourceError, match="no column SPLIT"):
        read_table(tmp_path / "table.csv", ["ID", "SPLIT"])
    (tmp_path / "picture.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(SourceError, match="as text"):
        read_rows(tmp_path / "picture.txt")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(SourceError, match="no JSON"):
        read_json(tmp_path / "a.json")


def test_the_folder_that_holds_the_data(tmp_path):
    (tmp_path / "Images" / "x").mkdir(parents=True)
    assert first_folder(tmp_path, ("Pictures", "Images"), "x") == tmp_path / "Images"
    with pytest.raises(SourceError, match="the folder itself, Pictures"):
        first_folder(tmp_path, ("", "Pictures"), "x/*.tif")
