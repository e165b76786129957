"""What tests share: where real data lies, and the reason they skip without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines under load are slow, not wrong: the tests that promise a time measure it themselves.
settings.register_profile("default", deadline=None)
#: A longer search by hand: CONTRIBUTING, "Fuzzing".
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile("default")

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SMARTIES_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real rasters; the test is skipped, with that reason, where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"real rasters absent: {DATA.name} folder not found (set SMARTIES_DATA)")
    return DATA


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The simulated scene, written once: paths by "s1", "s2", "l8", "rgb", "labels", "training"."""
    from engine.sample import write_sample

    paths = write_sample(tmp_path_factory.mktemp("scene"), seed=0)
    starts = {"s1": "S1", "s2": "S2", "l8": "LC08", "rgb": "RGB", "labels": "labels", "training": "training"}
    return {key: next(path for path in paths if path.name.startswith(start)) for key, start in starts.items()}


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a small model with random weights, which says so: 24 wide, 2 blocks."""
    from engine.model.checkpoints import save_checkpoint
    from engine.model.config import DecoderConfig, ModelConfig
    from engine.model.initialise import random_autoencoder

    path = tmp_path_factory.mktemp("untrained") / "untrained.safetensors"
    save_checkpoint(random_autoencoder(ModelConfig(24, 2, 2, decoder=DecoderConfig(16, 1, 2)), 1), path)
    return path


@pytest.fixture(autouse=True)
def _log_in_tmp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the user's log or reads the user's models."""
    folder = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("SMARTIES_LOG", str(folder / "log" / "engine.log"))
    monkeypatch.setenv("SMARTIES_MODELS", str(folder / "models"))
    monkeypatch.setenv("SMARTIES_CACHE", str(folder / "cache"))
