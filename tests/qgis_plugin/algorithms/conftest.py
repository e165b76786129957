"""What the tests of the maps start from: an embedding of the simulated scene, and a head for it."""

from __future__ import annotations

from pathlib import Path

import processing
import pytest


@pytest.fixture(scope="session")
def embedding(scene: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene's Sentinel-2 image, embedded; its picture lies beside it."""
    _set_engine()
    folder = tmp_path_factory.mktemp("embedding")
    output, picture = folder / "embedding.tif", folder / "picture.tif"
    parameters = {"INPUT": [str(scene["s2"])], "OVERLAP": 0, "OUTPUT": str(output), "PICTURE": str(picture)}
    processing.run("smarties:embed", parameters)
    return output


@pytest.fixture(scope="session")
def head(scene: dict[str, Path], embedding: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head for the scene's six classes, of the raster of its truth."""
    _set_engine()
    output = tmp_path_factory.mktemp("head") / "head.safetensors"
    parameters = {"INPUT": [str(embedding)], "LABELS": str(scene["labels"]), "FOLDS": 0, "OUTPUT": str(output)}
    processing.run("smarties:trainhead", parameters)
    return output


def _set_engine() -> None:
    """The settings every test starts with, which come too late for what a session shares."""
    import os

    from smarties.qgis_plugin.engine_link.settings import EngineSettings

    path = os.environ.get("SMARTIES_TEST_ENGINE_PYTHON")
    if path:
        EngineSettings(mode="interpreter", interpreter=path, build="cpu").save()
