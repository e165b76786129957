from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import CancelledError, CheckpointError, OutputError
from engine.model import load_encoder, zoo
from engine.model.config import CONFIGS, DecoderConfig, ModelConfig
from engine.progress import Progress

SMALL = zoo.Entry("small", "A small model", "small", "MIT", "model.safetensors", "somebody/small")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, and a zoo that knows the hub's model as ``small``."""
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(zoo, "ENTRIES", (*zoo.ENTRIES, SMALL))
    monkeypatch.setitem(CONFIGS, "small", ModelConfig(48, 2, 3, grid=6, decoder=DecoderConfig(32, 1, 2)))
    return tmp_path / "models"


def _know_digest(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    monkeypatch.setattr(zoo, "ENTRIES", (replace(SMALL, sha256=sha256),))


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_the_released_models_and_the_tiny_one_have_names():
    names = [entry.name for entry in zoo.entries()]
    assert names == ["smarties-tiny", "smarties-v1-vit-b", "smarties-v1-vit-l"]
    assert [entry.bundled for entry in zoo.entries()] == [True, False, False]
    assert zoo.entry("smarties-v1-vit-b").address == (
        "https://huggingface.co/gsumbul/SMARTIES-v1-ViT-B/resolve/main/smarties-v1-vitb.safetensors"
    )


def test_every_entry_has_a_known_size():
    assert {entry.config for entry in zoo.entries()} <= CONFIGS.keys()


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(CheckpointError, match="no model named “smarties-v1-vitb”") as caught:
        zoo.entry("smarties-v1-vitb")
    assert "smarties-v1-vit-b" in caught.value.hint


def test_the_models_folder_is_the_users_unless_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("SMARTIES_MODELS", raising=False)
    assert zoo.models_dir().name == "models"
    assert "smarties" in zoo.models_dir().parts
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path))
    assert zoo.models_dir() == tmp_path


def test_fetch_brings_checks_records_and_loads_a_model(hub, models: Path):
    events: list[Progress] = []
    path = zoo.fetch("small", progress=events.append)
    assert path == models / "model.safetensors" == zoo.installed("small")
    assert path.read_bytes() == hub.content
    assert events[-1].fraction == 1.0
    record = json.loads((models / "model.safetensors.json").read_text())
    assert (record["repo"], record["revision"], record["sha256"]) == ("somebody/small", hub.commit, hub.declared)
    assert _files(models) == ["model.safetensors", "model.safetensors.json"]
    info = load_encoder("small").info
    assert (info.name, info.title, info.sha256, info.random) == ("small", "A small model", hub.declared, False)


def test_a_model_that_is_here_is_not_fetched_again(hub, models: Path):
    zoo.fetch("small")
    zoo.fetch("small")
    assert len(hub.ranges) == 1


def test_a_cancelled_fetch_leaves_no_model_and_goes_on_later(hub, models: Path):
    hub.breaks = [600_000]
    with pytest.raises(CancelledError):
        zoo.fetch("small", cancelled=lambda: len(hub.ranges) > 1)
    assert zoo.installed("small") is None
    with pytest.raises(CheckpointError, match="not on this machine"):
        load_encoder("small")
    zoo.fetch("small")
    assert hub.ranges[-1] == "bytes=600000-"
    assert load_encoder("small").width == 48


def test_a_file_that_changed_since_it_came_is_not_loaded(hub, models: Path):
    path = zoo.fetch("small")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not the file that is known") as caught:
        load_encoder("small")
    assert "fetch it again" in caught.value.hint


def test_a_large_file_is_not_read_again_for_its_digest(hub, models: Path, monkeypatch: pytest.MonkeyPatch):
    path = zoo.fetch("small")

    def fail(path: Path) -> str:
        raise AssertionError("the file was read")

    monkeypatch.setattr(zoo, "file_sha256", fail)
    assert zoo.verified("small") == (path, hub.declared)
    os.utime(path, ns=(1, 1))
    with pytest.raises(AssertionError, match="was read"):
        zoo.verified("small")


def test_a_digest_known_beforehand_wins_over_the_hubs(hub, models: Path, monkeypatch: pytest.MonkeyPatch):
    _know_digest(monkeypatch, "e" * 64)
    with pytest.raises(CheckpointError, match="SHA-256"):
        zoo.fetch("small")
    assert _files(models) == []


def test_a_file_on_the_hub_that_is_another_model_is_not_kept(hub, models: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(CONFIGS, "small", CONFIGS["vit-b"])
    with pytest.raises(CheckpointError, match="is not small: it is 48 wide and 2 blocks deep, that model 768 and 12"):
        zoo.fetch("small")
    assert _files(models) == []


def test_a_page_served_in_place_of_the_model_is_not_kept(hub, models: Path):
    hub.content = b"<html>Log in to the network</html>" * 100
    hub.declared = None
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        zoo.fetch("small")
    assert _files(models) == []


def test_without_network_the_error_says_how_to_go_on_by_hand(models: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(CheckpointError, match="could not be reached") as caught:
        zoo.fetch("small")
    assert "https://huggingface.co/somebody/small/resolve/main/model.safetensors" in caught.value.hint
    assert "smarties fetch small --file PATH" in caught.value.hint


def test_a_file_picked_by_hand_is_checked_copied_and_recorded(golden, models: Path):
    path = zoo.adopt("small", golden.weights)
    assert path.read_bytes() == golden.weights.read_bytes()
    assert zoo.verified("small") == (path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert _files(models) == ["model.safetensors", "model.safetensors.json"]
    assert load_encoder("small").info.name == "small"


def test_a_wrong_file_picked_by_hand_is_refused(golden, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(CheckpointError, match="is not smarties-v1-vit-b"):
        zoo.adopt("smarties-v1-vit-b", golden.weights)
    with pytest.raises(CheckpointError, match="no model file"):
        zoo.adopt("small", tmp_path / "absent.safetensors")
    _know_digest(monkeypatch, "e" * 64)
    with pytest.raises(CheckpointError, match="SHA-256"):
        zoo.adopt("small", golden.weights)
    assert not models.exists()


def test_a_models_folder_that_cannot_be_written_is_named(hub, golden, models: Path):
    models.write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        zoo.adopt("small", golden.weights)
    with pytest.raises(OutputError, match="cannot be written"):
        zoo.fetch("small")


def test_a_file_laid_in_the_folder_by_hand_is_checked_and_known_from_then_on(golden, models: Path):
    models.mkdir()
    path = models / SMALL.filename
    path.write_bytes(golden.weights.read_bytes())
    assert load_encoder("small").info.name == "small"
    state = load_file(path)
    save_file({name: tensor + 1 for name, tensor in state.items()}, path, {"num_heads": "3", "decoder_num_heads": "2"})
    with pytest.raises(CheckpointError, match="not the file that is known"):
        load_encoder("small")


def test_a_foreign_file_laid_in_the_folder_is_not_recorded(models: Path):
    models.mkdir()
    save_file({"weight": torch.zeros(1)}, models / SMALL.filename)
    with pytest.raises(CheckpointError, match="not a SMARTIES model"):
        load_encoder("small")
    assert _files(models) == ["model.safetensors"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sha256": 1}'])
def test_a_damaged_record_is_an_error_not_a_pass(golden, models: Path, text: str):
    path = zoo.adopt("small", golden.weights)
    path.with_name("model.safetensors.json").write_text(text)
    with pytest.raises(CheckpointError, match="is damaged"):
        zoo.verified("small")
