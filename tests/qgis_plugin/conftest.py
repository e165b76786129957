"""What the tests inside QGIS share: data, the engine's Python, an empty project, the loaded plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import qgis.utils
from qgis.core import QgsProject

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SMARTIES_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path | None:
    """The folder of real rasters, None where it is absent: for tests that can do with simulated ones."""
    return DATA if DATA.is_dir() else None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real rasters; the test is skipped, with that reason, where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real rasters absent: {DATA.name} folder not found (set SMARTIES_DATA)")
    return DATA


def python_with_engine() -> Path:
    path = os.environ.get("SMARTIES_TEST_ENGINE_PYTHON")
    if not path:
        pytest.fail("no Python with the engine's libraries: run `make setup`, or set SMARTIES_TEST_ENGINE_PYTHON")
    return Path(path)


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The simulated scene, written once by the engine: paths by "s1", "s2", "l8", "rgb", "labels"."""
    folder = tmp_path_factory.mktemp("scene")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(python_with_engine()), "-m", "engine", "sample", "--out", str(folder), "--seed", "0"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    starts = {"s1": "S1", "s2": "S2", "l8": "LC08", "rgb": "RGB", "labels": "labels"}
    return {key: next(folder.glob(f"{start}*.tif")) for key, start in starts.items()}


#: Writes a small model with random weights, which says so.
UNTRAINED = """
import sys
from engine.model.checkpoints import save_checkpoint
from engine.model.config import DecoderConfig, ModelConfig
from engine.model.initialise import random_autoencoder
save_checkpoint(random_autoencoder(ModelConfig(24, 2, 2, decoder=DecoderConfig(16, 1, 2)), 1), sys.argv[1])
"""


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights that were never trained."""
    path = tmp_path_factory.mktemp("untrained") / "untrained.safetensors"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([str(python_with_engine()), "-c", UNTRAINED, str(path)], env=environment, check=True)
    return path


@pytest.fixture(scope="session")
def engine_python() -> Path:
    """A Python that has the engine's libraries; the plugin's settings name it before every test anyway."""
    return python_with_engine()


@pytest.fixture(autouse=True)
def _engine_settings() -> None:
    """Every test starts with the plugin set to the engine's Python of the tests."""
    from smarties.qgis_plugin.engine_link.settings import EngineSettings

    path = os.environ.get("SMARTIES_TEST_ENGINE_PYTHON")
    if path:
        EngineSettings(mode="interpreter", interpreter=path, build="cpu").save()


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_engine_in_qgis() -> Iterator[None]:
    """When every test has run, QGIS has still not imported what belongs to the engine's process."""
    yield
    heavy = {"torch", "torchvision", "timm", "rasterio", "sklearn", "skimage", "safetensors", "huggingface_hub"}
    assert heavy & set(sys.modules) == set()
    assert not [name for name in sys.modules if name == "engine" or name.startswith("engine.")]


@pytest.fixture
def new_project() -> Any:
    """The project of QGIS, empty before and after."""
    project = QgsProject.instance()
    project.clear()
    yield project
    project.clear()


@pytest.fixture(scope="session")
def iface() -> Any:
    """The real interface of the running QGIS."""
    return qgis.utils.iface


@pytest.fixture
def plugin() -> Any:
    """The plugin as QGIS has loaded it."""
    if "smarties" not in qgis.utils.plugins:
        pytest.fail("QGIS has not loaded the plugin")
    return qgis.utils.plugins["smarties"]
