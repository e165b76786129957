"""The listing of models and the two ways a released one gets here."""

from __future__ import annotations

import pytest

from engine.errors import CheckpointError
from engine.model import load_encoder
from engine.model.checkpoints import save_checkpoint
from engine.tasks.models import call_fetch, call_listing, fetch_model, listing, report_models


def nothing(*_: object) -> bool:
    return False


def test_random_model_says_so_and_released_ones_are_listed_with_their_state(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path))
    known = {model["name"]: model for model in call_listing({}, nothing, nothing)}
    assert "random" in known["smarties-tiny"]["title"] and known["smarties-tiny"]["state"] == "built in"
    assert known["smarties-v1-vit-b"]["state"] == "not downloaded"
    assert known["smarties-v1-vit-l"]["address"].startswith("https://")
    assert {name: model["kind"] for name, model in known.items()} == {
        "smarties-tiny": "random", "smarties-v1-vit-b": "released", "smarties-v1-vit-l": "released",
    }  # fmt: skip
    assert known["smarties-v1-vit-b"]["bytes"] is None
    (tmp_path / "smarties-v1-vitb.safetensors").write_bytes(b"12345")
    assert next(model for model in listing() if model["name"] == "smarties-v1-vit-b")["bytes"] == 5
    assert all(name in report_models(listing()) for name in known)


def test_a_file_of_another_model_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path / "models"))
    file = tmp_path / "tiny.safetensors"
    save_checkpoint(load_encoder("smarties-tiny"), file)
    with pytest.raises(CheckpointError):
        fetch_model("smarties-v1-vit-b", file)
    with pytest.raises(CheckpointError):
        call_fetch({"name": "smarties-v9"}, nothing, nothing)
