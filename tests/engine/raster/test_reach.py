"""How far a file may lead: its folder and below, and what the user allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SourceError
from engine.raster.reach import ALLOWED_FOLDERS, Reach

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


def test_an_allowed_folder_may_be_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv(ALLOWED_FOLDERS, str(tmp_path / "link"))
    reach = Reach(Path("/nowhere/x.vrt"))
    reach.check(tmp_path / "link" / "a.tif", "x.vrt")
    reach.check(tmp_path / "real" / "a.tif", "x.vrt")
