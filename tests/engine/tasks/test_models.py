"""The listing of models and the two ways a released one gets here."""

from __future__ import annotations

import re

import pytest

from engine.errors import CheckpointError
from engine.model import load_encoder, zoo
from engine.model.checkpoints import save_checkpoint
from engine.tasks.models import call_fetch, call_listing, fetch_model, listing, report_models


def nothing(*_: object) -> bool:
    return False


def test_models_are_listed_with_their_state_licence_and_size(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path))
    known = {model["name"]: model for model in call_listing({}, nothing, nothing)}
    assert known["smarties-tiny"]["state"] == "built in" and known["smarties-tiny"]["bytes"] > 1e6
    assert known["smarties-tiny"]["licence"] == "GPL-2.0-or-later" and known["smarties-tiny"]["address"] == ""
    assert known["smarties-v1-vit-b"]["state"] == "not downloaded"
    assert known["smarties-v1-vit-l"]["address"].startswith("https://")
    assert {name: model["kind"] for name, model in known.items()} == {
        "smarties-tiny": "bundled", "smarties-v1-vit-b": "released", "smarties-v1-vit-l": "released",
    }  # fmt: skip
    assert known["smarties-v1-vit-b"]["bytes"] is None
    (tmp_path / "smarties-v1-vitb.safetensors").write_bytes(b"12345")
    assert next(model for model in listing() if model["name"] == "smarties-v1-vit-b")["bytes"] == 5
    lines = report_models(listing()).split("\n")
    assert [line.split()[0] for line in lines] == list(known)
    assert re.search(r"built in +\d+ MB +GPL-2.0-or-later +SMARTIES ViT-Ti", lines[0]) and "Apache-2.0" in lines[1]


def test_a_model_that_comes_along_needs_no_fetching_and_says_when_it_is_gone(tmp_path, monkeypatch):
    path = zoo.entry("smarties-tiny").path
    assert fetch_model("smarties-tiny", None) == path
    with pytest.raises(CheckpointError, match="part of the program"):
        fetch_model("smarties-tiny", path)
    monkeypatch.setattr(zoo, "BUNDLED", tmp_path)
    assert listing()[0]["state"] == "missing"
    with pytest.raises(CheckpointError, match=r"part of the program, but its file .* is missing") as caught:
        fetch_model("smarties-tiny", None)
    assert caught.value.hint == "Install the program again."
    (tmp_path / path.name).write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="not the file that is known") as caught:
        load_encoder("smarties-tiny")
    assert "install the program again" in caught.value.hint


def test_a_file_of_another_model_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path / "models"))
    file = tmp_path / "tiny.safetensors"
    save_checkpoint(load_encoder("smarties-tiny"), file)
    with pytest.raises(CheckpointError):
        fetch_model("smarties-v1-vit-b", file)
    with pytest.raises(CheckpointError):
        call_fetch({"name": "smarties-v9"}, nothing, nothing)
