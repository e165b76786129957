"""How far a file may lead: its folder and below, and what the user allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SourceError
from engine.reach import ALLOWED_FOLDERS, Reach

PARTS = st.lists(st.sampled_from(["..", ".", "a", "b", "data", "data2", ""]), max_size=8)


@given(PARTS)
def test_a_path_is_within_reach_exactly_where_it_ends_in_the_folder(parts: list[str]) -> None:
    folder = Path("/nowhere/data")
    named = os.path.join(folder, *parts)
    inside = (os.path.normpath(named) + "/").startswith("/nowhere/data/")
    try:
        Reach(folder / "x.vrt").check(Path(named), "x.vrt")
    except SourceError as error:
        assert not inside and error.hint
    else:
        assert inside


def test_the_users_home_may_be_allowed_by_its_short_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(ALLOWED_FOLDERS, f" ~/rasters {os.pathsep}{os.pathsep}")
    reach = Reach(Path("/nowhere/x.vrt"))
    reach.check(tmp_path / "rasters" / "a.tif", "x.vrt")
    with pytest.raises(SourceError, match="outside its own folder"):
        reach.check(tmp_path / "a.tif", "x.vrt")


def test_folders_are_allowed_by_the_caller_beside_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ALLOWED_FOLDERS, str(tmp_path / "a"))
    reach = Reach(Path("/nowhere/x.vrt"), [str(tmp_path / "b"), " "])
    found = [name for name in ("a", "b", "c") if reach.holds(tmp_path / name / "a.tif")]
    assert found == ["a", "b"]
    # An empty entry is no folder, least of all the one where the program runs.
    assert not reach.holds(Path("a.tif"))


def test_the_remedy_is_told_to_people_at_a_shell_and_in_qgis(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        Reach(tmp_path / "x.vrt").check(Path("/nowhere/a.tif"), "x.vrt")
    assert ALLOWED_FOLDERS in caught.value.hint
    assert "“Set up the engine”" in caught.value.hint and "Allowed folders" in caught.value.hint


def test_a_name_too_long_for_any_file_is_one_that_is_missing(tmp_path: Path) -> None:
    Reach(tmp_path / "x.vrt").check(tmp_path / ("a" * 5000), "x.vrt")


def test_an_allowed_folder_may_be_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv(ALLOWED_FOLDERS, str(tmp_path / "link"))
    reach = Reach(Path("/nowhere/x.vrt"))
    reach.check(tmp_path / "link" / "a.tif", "x.vrt")
    reach.check(tmp_path / "real" / "a.tif", "x.vrt")
