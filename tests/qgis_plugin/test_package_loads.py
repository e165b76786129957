"""The package itself, not the working tree, loads in a fresh profile of a QGIS without a window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def profile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("profile")
    subprocess.run([system_python(), ROOT / "scripts/package.py", folder / "smarties.zip"], check=True)
    with zipfile.ZipFile(folder / "smarties.zip") as package:
        package.extractall(folder / "profiles/default/python/plugins")
    qgis_process(folder, "plugins", "enable", "smarties")
    return folder


def system_python() -> str:
    # sys.executable may be QGIS itself.
    return str(Path(sys.base_prefix) / "bin" / "python3")


def qgis_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    # PYTHONPATH would lend it the packages of the tests.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment.update(QGIS_CUSTOM_CONFIG_PATH=str(folder), QT_QPA_PLATFORM="offscreen")
    # Debian's wrapper `qgis_process` passes on a flag that the program does not know.
    command = "qgis_process.bin" if Path("/usr/bin/qgis_process.bin").exists() else "qgis_process"
    return subprocess.run([command, *arguments], env=environment, capture_output=True, text=True, timeout=300)


def test_it_loads_and_lists_its_algorithms(profile):
    listing = qgis_process(profile, "list")
    maps = ("trainhead", "segment", "cluster", "similarity", "reduce", "change", "reconstruct")
    for name in ("embed", "describe", "fetchmodel", "checkengine", *maps):
        assert f"smarties:{name}" in listing.stdout, listing.stdout[-500:] + listing.stderr[-2000:]
    assert "Traceback" not in listing.stderr


def test_every_algorithm_explains_itself(profile):
    for name in ("embed", "describe", "fetchmodel", "checkengine", "trainhead"):
        page = qgis_process(profile, "--json", "help", f"smarties:{name}")
        assert page.returncode == 0, page.stderr
        assert json.loads(page.stdout)["algorithm_details"]["name"]
