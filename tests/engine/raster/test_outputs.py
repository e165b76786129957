"""Several outputs appear together, whole, or none of them does."""

from __future__ import annotations

import errno

import pytest

from engine.errors import OutputError
from engine.raster.outputs import Outputs

TEXT = ((".txt",), "a text")


def write(outputs: Outputs, path, text="new"):
    temporary = outputs.add(path, *TEXT)
    temporary.write_text(text)
    return temporary


def test_all_take_their_names_at_the_end(tmp_path):
    with Outputs(overwrite=False) as outputs:
        for name in ("a.txt", "b.txt"):
            temporary = write(outputs, tmp_path / name)
            assert temporary.name.startswith(".") and not (tmp_path / name).exists()
        (tmp_path / f"{temporary.name}.aux.xml").write_text("names")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", "b.txt", "b.txt.aux.xml"}


def test_an_error_leaves_nothing_and_keeps_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError), Outputs(overwrite=True) as outputs:
        write(outputs, tmp_path / "a.txt")
        write(outputs, tmp_path / "b.txt")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_old_sidecar_does_not_speak_for_the_new_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt.aux.xml").write_text("old names")
    with Outputs(overwrite=True) as outputs:
        write(outputs, tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_where_one_cannot_be_published_none_is(tmp_path):
    with pytest.raises(OutputError, match=r"b\.txt exists already"), Outputs(overwrite=False) as outputs:
        write(outputs, tmp_path / "a.txt")
        write(outputs, tmp_path / "b.txt")
        (tmp_path / "b.txt").write_text("came meanwhile")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("b.txt", "came meanwhile")]


def test_a_full_disk_is_told_in_words(tmp_path):
    with pytest.raises(OutputError, match="The disk ran full"), Outputs(overwrite=False) as outputs:
        write(outputs, tmp_path / "a.txt")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a.tif", "not the name of a text"), ("nowhere/a.txt", "does not exist"), ("folder.txt", "is a folder"),
     ("there.txt", "exists already"), ("b.txt", "Two outputs are named")],
)  # fmt: skip
def test_a_name_that_cannot_be_written_is_refused_at_once(tmp_path, name, reason):
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "there.txt").touch()
    outputs = Outputs(overwrite=False)
    outputs.add(tmp_path / "b.txt", *TEXT)
    with pytest.raises(OutputError, match=reason):
        outputs.add(tmp_path / name, *TEXT)
