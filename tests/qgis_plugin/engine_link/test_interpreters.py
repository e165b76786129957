"""Which Pythons are found, asked and refused, on this system and on the others."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from smarties.engine.errors import EngineEnvironmentError
from smarties.qgis_plugin.engine_link import interpreters
from smarties.qgis_plugin.engine_link.installer import base_interpreter
from smarties.qgis_plugin.engine_link.interpreters import (
    Interpreter,
    candidates,
    creation_flags,
    find_interpreter,
    no_interpreter,
    parse_py_launcher,
    probe,
    without_venv,
)


def fake_python(path: Path, **answer: object) -> Path:
    values = {"executable": str(path), "version": [3, 12, 1], "bits": 64, "venv": True, "ensurepip": True, "pip": "24"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'Welcome'\necho '{json.dumps({**values, **answer})}'\n")
    path.chmod(0o755)
    return path


def test_this_machine_has_one_that_makes_environments():
    found = find_interpreter()
    assert found.fits and found.makes_environments and found.path.is_file()


def test_probe_refuses_what_is_no_python(tmp_path):
    assert probe(tmp_path / "absent") is None
    assert probe(Path("/bin/true")) is None
    assert probe(Path("/bin/echo")) is None
    assert probe(fake_python(tmp_path / "é x" / "python")).version == (3, 12, 1)


@pytest.mark.parametrize(
    ("answer", "sentence", "hint"),
    [
        ({"version": [3, 9, 5]}, "needs Python 3.11 to 3.14 (64-bit); this machine has 3.9.5.", "python3.12-venv"),
        ({"version": [3, 15, 0]}, "this machine has 3.15.0", "python3.12"),
        ({"bits": 32}, "64-bit", ""),
        ({"ensurepip": False, "pip": ""}, "Python 3.12 cannot make environments", "python3.12-venv"),
        ({"ensurepip": False, "pip": "22.2"}, "Python 3.12 cannot make environments", "python3.12-venv"),
        ({"venv": False}, "Python 3.12 cannot make environments", "python3.12-venv"),
    ],
)
def test_a_chosen_python_that_will_not_do_is_refused_with_a_remedy(tmp_path, answer, sentence, hint):
    with pytest.raises(EngineEnvironmentError) as error:
        base_interpreter(fake_python(tmp_path / "python", **answer))
    assert sentence in error.value.message and hint in error.value.hint


def test_without_ensurepip_a_pip_that_installs_elsewhere_is_enough(tmp_path):
    assert base_interpreter(fake_python(tmp_path / "python", ensurepip=False, pip="23.0.1")).makes_environments


def test_what_is_no_python_is_refused():
    with pytest.raises(EngineEnvironmentError, match="/bin/true is not a Python that starts"):
        base_interpreter(Path("/bin/true"))


def test_each_platform_has_its_own_remedy():
    assert "python.org, which needs no administrator rights" in no_interpreter([], "win32").hint
    assert "brew install" in no_interpreter([], "darwin").hint
    assert "python3.12-venv" in no_interpreter([], "linux").hint
    lame = Interpreter(Path("p"), (3, 12, 0), 64, False, False, "")
    assert no_interpreter([lame], "win32").message == without_venv(lame, "win32").message
    assert "python.org" in without_venv(lame, "darwin").hint


def test_windows_looks_in_the_usual_places_and_at_osgeo4w_last(tmp_path):
    local = fake_python(tmp_path / "Zoé Ö" / "Programs" / "Python" / "Python312" / "python.exe")
    program = fake_python(tmp_path / "Program Files" / "Python311" / "python.exe")
    own = fake_python(tmp_path / "QGIS 3.40" / "apps" / "Python312" / "python.exe")
    environ = {
        "LOCALAPPDATA": str(tmp_path / "Zoé Ö"),
        "ProgramFiles": str(tmp_path / "Program Files"),
        "OSGEO4W_ROOT": str(tmp_path / "QGIS 3.40"),
        "SystemRoot": str(tmp_path),
        "SystemDrive": str(tmp_path),
        "PATH": "",
    }
    assert candidates("win32", environ, str(own.parent)) == [local, program, own]


def test_the_py_launcher_is_read_with_blanks_and_accents():
    text = (
        " -V:3.14          C:\\Python314\\python.exe\r\n"
        " -V:3.12 *        C:\\Users\\Zoé Ö\\AppData\\Local\\Programs\\Python\\Python312\\python.exe\r\n"
        " -3.11-64         C:\\Program Files\\Python311\\python.exe\r\n"
        " -V:3.9           C:\\Python39\\python.exe\r\n"
        "Installed Pythons found by py Launcher\r\n\r\n"
    )
    assert [str(path) for path in parse_py_launcher(text)] == [
        r"C:\Users\Zoé Ö\AppData\Local\Programs\Python\Python312\python.exe",
        r"C:\Program Files\Python311\python.exe",
        r"C:\Python314\python.exe",
    ]


def test_the_store_s_stub_is_never_started(tmp_path):
    fake_python(tmp_path / "WindowsApps" / "Programs" / "Python" / "Python312" / "python.exe")
    environ = {"LOCALAPPDATA": str(tmp_path / "WindowsApps"), "SystemRoot": str(tmp_path), "PATH": ""}
    assert candidates("win32", environ, str(tmp_path)) == []


def test_macos_never_starts_apple_s_stub_and_finds_the_bundle_s(tmp_path):
    own = fake_python(tmp_path / "QGIS.app" / "Contents" / "MacOS" / "bin" / "python3")
    found = candidates("darwin", {"PATH": "/usr/bin"}, str(tmp_path / "QGIS.app/Contents/Frameworks"))
    assert own in found and not any(str(path).startswith("/usr/bin/") for path in found)


def test_linux_looks_beyond_a_short_search_path():
    assert Path("/usr/bin/python3") in candidates("linux", {"PATH": "/nowhere"})


def test_windows_shows_no_console():
    import subprocess

    assert creation_flags("win32") == getattr(subprocess, "CREATE_NO_WINDOW", 0x08000000)
    assert creation_flags("linux") == creation_flags("darwin") == 0


def test_sys_executable_is_never_started():
    for path in Path(interpreters.__file__).parent.glob("*.py"):
        uses = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable"
        ]
        # One reads its folder, to take that off the search path.
        assert len(uses) == (path.name == "child_environment.py"), path
