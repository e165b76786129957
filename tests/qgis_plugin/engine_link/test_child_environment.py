"""What a child of QGIS inherits, and what not."""

from __future__ import annotations

import os
import subprocess

from smarties.qgis_plugin.engine_link.child_environment import child_environment, scrubbed


def test_everything_of_qgis_goes_and_the_rest_stays():
    environ = {
        "PYTHONHOME": "a", "PYTHONPATH": "a", "PYTHONEXECUTABLE": "a", "PYTHONSTARTUP": "a", "PYTHONINSPECT": "1",
        "VIRTUAL_ENV": "a", "QGIS_PREFIX_PATH": "a", "PROJ_LIB": "a", "PROJ_DATA": "a", "GDAL_DATA": "a",
        "GDAL_DRIVER_PATH": "a", "OGR_ENABLED": "a", "LD_LIBRARY_PATH": "a", "LD_PRELOAD": "a", "QT_PLUGIN_PATH": "a",
        "DYLD_LIBRARY_PATH": "a", "CONDA_PREFIX": "a", "OSGEO4W_ROOT": "a", "__PYVENV_LAUNCHER__": "a",
        "PATH": "/usr/bin", "HOME": "/home/zoé", "HTTPS_PROXY": "http://p", "SMARTIES_HOME": "/s", "PIP_INDEX_URL": "i",
    }  # fmt: skip
    kept = scrubbed(environ, "linux", [])
    assert sorted(kept) == ["HOME", "HTTPS_PROXY", "PATH", "PIP_INDEX_URL", "SMARTIES_HOME"]


def test_what_a_launcher_saved_is_restored_on_linux():
    environ = {"LD_LIBRARY_PATH": "/tmp/.mount/lib", "LD_LIBRARY_PATH_ORIG": "/opt/mine", "LD_PRELOAD_ORIG": ""}
    assert scrubbed(environ, "linux", []) == {"LD_LIBRARY_PATH": "/opt/mine"}


def test_on_windows_the_search_path_loses_the_folders_of_qgis_alone():
    environ = {
        "Path": r"C:\Program Files\QGIS 3.40\bin;C:\PROGRAM FILES\QGIS 3.40\apps\qt5\bin;C:\Windows\System32;"
        r"C:\Users\Zoé Ö\bin;C:\Program Files\QGIS 3.40b",
        "osgeo4w_root": r"C:\Program Files\QGIS 3.40",
        "OSGEO4W_ROOT": r"C:\Program Files\QGIS 3.40",
    }
    kept = scrubbed(environ, "win32", [r"C:\Program Files\QGIS 3.40\apps\Python312", ""])
    assert kept == {"Path": r"C:\Windows\System32;C:\Users\Zoé Ö\bin;C:\Program Files\QGIS 3.40b"}


def test_a_real_child_sees_utf8_no_user_packages_and_what_is_given(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("GDAL_DATA", "/nowhere")
    code = "import os, sys; print(sys.flags.utf8_mode, sys.flags.no_user_site, os.environ['WORD'], len(sys.path) > 1)"
    environment = child_environment({"WORD": "é"})
    answer = subprocess.run(["/usr/bin/python3", "-c", code], env=environment, capture_output=True, check=True)
    assert answer.stdout.decode() == "1 1 é True\n"
    assert "GDAL_DATA" not in environment and os.environ["GDAL_DATA"] == "/nowhere"
