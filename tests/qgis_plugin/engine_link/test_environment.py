"""An interpreter of the user's own: checked, refused in sentences, used."""

from __future__ import annotations

from pathlib import Path

import pytest
from smarties.engine.errors import EngineEnvironmentError
from smarties.qgis_plugin.engine_link.environment import (
    EngineEnvironment,
    check_interpreter,
    environment_state,
    find_environment,
)
from smarties.qgis_plugin.engine_link.settings import EngineSettings


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_engine_s_own_python_passes_and_tells_its_versions(home, engine_python):
    versions = check_interpreter(engine_python)
    assert versions["torch"].startswith("2.13.0") and versions["timm"] == "1.0.31" and versions["rasterio"] == "1.4.4"
    assert versions["python"].startswith("3.")


def test_each_missing_library_has_a_sentence(home):
    with pytest.raises(EngineEnvironmentError) as error:
        check_interpreter(Path("/usr/bin/python3"))
    for name in ("torch", "timm", "rasterio"):
        assert f"The library {name} cannot be loaded: ModuleNotFoundError" in error.value.message
    assert "pip install -r requirements.txt" in error.value.hint


def test_one_that_is_too_old_is_refused(home, tmp_path):
    old = script(tmp_path / "python 3.9", """echo '{"python": "3.9.5", "versions": {}, "missing": {}}'""")
    with pytest.raises(EngineEnvironmentError, match=r"is Python 3.9.5; the engine needs 3.11 or newer"):
        check_interpreter(old)


@pytest.mark.parametrize("text", ["exit 3", "echo nothing", "echo '{broken'"])
def test_what_is_no_python_is_refused(home, tmp_path, text):
    with pytest.raises(EngineEnvironmentError, match="is not a Python that starts"):
        check_interpreter(script(tmp_path / "python", text))


def test_an_interpreter_that_is_gone_or_no_program_is_a_sentence(home, tmp_path):
    for path, kind in ((tmp_path / "gone", "missing"), (tmp_path / "text", "broken")):
        EngineSettings("interpreter", str(path)).save()
        (tmp_path / "text").write_text("")
        assert environment_state().kind == kind
        with pytest.raises(EngineEnvironmentError, match="Choose another one") as error:
            find_environment()
        assert error.value.code == "environment"
    EngineSettings("interpreter", "").save()
    assert environment_state().kind == "missing"


def test_a_chosen_interpreter_is_the_environment(home, engine_python):
    EngineSettings("interpreter", str(engine_python)).save()
    assert find_environment() == EngineEnvironment(engine_python, "interpreter", "", None)
    assert environment_state().kind == "ready" and str(engine_python) in environment_state().text


def test_the_environment_variable_comes_first(managed, engine_python, monkeypatch):
    assert environment_state().kind == "missing"
    monkeypatch.setenv("SMARTIES_ENGINE_PYTHON", str(engine_python))
    assert find_environment().python == engine_python
