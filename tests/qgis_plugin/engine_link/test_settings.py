"""The choice of the engine's Python, in QGIS's settings; and the folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from smarties.qgis_plugin.engine_link import paths
from smarties.qgis_plugin.engine_link.settings import EngineSettings


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("SMARTIES_ENGINE_PYTHON", raising=False)


def test_what_is_saved_is_loaded():
    settings = EngineSettings("interpreter", "/opt/é x/python", "cuda", 5)
    settings.save()
    assert EngineSettings.load() == EngineSettings.stored() == settings


@pytest.mark.parametrize("folders", [(), ("/data/é x, y",), ("/data", "/archive;1", "/data/b")])
def test_any_number_of_allowed_folders_is_kept(folders):
    EngineSettings(allowed_folders=("/another",)).save()
    EngineSettings(allowed_folders=folders).save()
    assert EngineSettings.stored().allowed_folders == folders


def test_folders_that_no_list_of_folders_can_name_are_not_allowed():
    for folder in ("", "data", "~/data", f"/a{os.pathsep}/b", 7):
        QgsSettings().setValue("smarties/engine/allowed_folders", [folder, "/data", "/data"])
        assert EngineSettings.stored().allowed_folders == ("/data",)


def test_the_environment_variable_comes_first_and_is_not_stored(monkeypatch):
    EngineSettings("managed", "", "cuda", 7, ("/data",)).save()
    monkeypatch.setenv("SMARTIES_ENGINE_PYTHON", "/opt/python")
    assert EngineSettings.load() == EngineSettings("interpreter", "/opt/python", "cuda", 7, ("/data",))
    assert EngineSettings.stored().mode == "managed"


def test_damaged_values_count_as_absent():
    settings = QgsSettings()
    EngineSettings().save()
    for name in ("mode", "build", "keep_warm_s", "allowed_folders"):
        settings.setValue(f"smarties/engine/{name}", "nonsense")
    assert EngineSettings.load() == EngineSettings()
    settings.remove("smarties/engine")
    assert EngineSettings.load() == EngineSettings()


def test_the_home_variable_moves_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("SMARTIES_HOME", str(tmp_path / "x"))
    assert paths.environments_folder() == tmp_path / "x" / "environments"
    assert paths.log_folder() == tmp_path / "x" / "logs"


def test_each_platform_has_its_own_place(monkeypatch):
    monkeypatch.setenv("HOME", "/home/zoé")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "SMARTIES_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert paths.data_folder() == Path("/home/zoé/.local/share/smarties")
    assert paths._user_data_folder("darwin") == Path("/home/zoé/Library/Application Support")
    assert paths._user_data_folder("win32") == Path("/home/zoé/AppData/Local")
    monkeypatch.setenv("LOCALAPPDATA", r"C:\Users\Zoé Ö\AppData\Local")
    assert str(paths._user_data_folder("win32")) == r"C:\Users\Zoé Ö\AppData\Local"


def test_the_plugin_folder_holds_the_engine():
    assert (paths.plugin_folder() / "engine" / "worker.py").is_file()
    assert (paths.plugin_folder() / "requirements.txt").is_file()
