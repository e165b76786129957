from __future__ import annotations

import hashlib
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from huggingface_hub import close_session

from engine.errors import CancelledError, CheckpointError, OutputError
from engine.model.download import download, find
from engine.progress import Progress

PLACE = ("somebody/small", "model.safetensors", "main")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "models" / "model.part"


def test_the_hub_declares_commit_digest_and_size(hub):
    file = find(*PLACE)
    assert (file.commit, file.sha256, file.size) == (hub.commit, hub.declared, len(hub.content))


def test_a_file_arrives_whole_with_progress_to_the_end(hub, part: Path):
    events: list[Progress] = []
    sha256 = download(find(*PLACE), part, events.append)
    assert part.read_bytes() == hub.content
    assert sha256 == hub.declared
    assert events[-1].fraction == 1.0
    assert "1.7 of 1.7 MB" in events[-1].message
    fractions = [event.fraction for event in events]
    assert fractions == sorted(fractions)
    assert hub.ranges == [None]


def test_a_broken_transfer_goes_on_where_it_stopped(hub, part: Path):
    hub.breaks = [100_000, 1, 500_000]
    download(find(*PLACE), part)
    assert part.read_bytes() == hub.content
    assert hub.ranges == [None, "bytes=100000-", "bytes=100001-", "bytes=600001-"]


def test_what_an_earlier_run_left_is_continued(hub, part: Path):
    part.parent.mkdir()
    part.write_bytes(hub.content[:1_000_000])
    download(find(*PLACE), part)
    assert hub.ranges == ["bytes=1000000-"]
    assert part.read_bytes() == hub.content


def test_a_file_that_is_complete_is_not_asked_for_again(hub, part: Path):
    part.parent.mkdir()
    part.write_bytes(hub.content)
    assert download(find(*PLACE), part) == hub.declared
    assert hub.ranges == []


def test_a_server_that_ignores_ranges_sends_the_file_anew(hub, part: Path):
    hub.honours_ranges = False
    hub.breaks = [100_000]
    download(find(*PLACE), part)
    assert part.read_bytes() == hub.content


def test_a_leftover_longer_than_the_file_is_dropped(hub, part: Path):
    part.parent.mkdir()
    part.write_bytes(hub.content + b"more")
    download(find(*PLACE), part)
    assert part.read_bytes() == hub.content


def test_a_file_of_undeclared_size_and_digest_arrives_too(hub, part: Path):
    hub.declared = None
    file = find(*PLACE)
    assert file.sha256 is None
    assert download(replace(file, size=None), part) == hashlib.sha256(hub.content).hexdigest()


def test_a_server_that_never_gets_further_is_given_up(hub, part: Path):
    hub.breaks = [1000] + [0] * 20
    with pytest.raises(CheckpointError, match="could not be reached"):
        download(find(*PLACE), part)
    assert len(hub.ranges) <= 7
    assert part.read_bytes() == hub.content[:1000]


def test_a_wrong_digest_is_an_error_and_leaves_nothing(hub, part: Path):
    hub.declared = "f" * 64
    with pytest.raises(CheckpointError, match=r"damaged: its SHA-256 is .*the hub declares ffffffffffff"):
        download(find(*PLACE), part)
    assert not part.exists()


def test_cancel_stops_inside_the_file_and_the_next_run_goes_on(hub, part: Path):
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(CancelledError, match="was stopped"):
        download(find(*PLACE), part, cancelled=cancelled)
    kept = part.stat().st_size
    assert 0 < kept < len(hub.content)
    download(find(*PLACE), part)
    assert hub.ranges == [None, f"bytes={kept}-"]
    assert part.read_bytes() == hub.content


def test_a_file_the_hub_does_not_have_is_one_clear_sentence(hub):
    with pytest.raises(CheckpointError, match="answered 404"):
        find("somebody/else", "model.safetensors", "main")


def test_no_network_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(CheckpointError, match="could not be reached"):
        find(*PLACE)


def test_an_answer_that_is_not_the_hubs_is_told_apart(hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(type(hub), "commit", "")
    with pytest.raises(CheckpointError, match="not served by a Hugging Face hub"):
        find(*PLACE)


def test_the_proxy_of_the_environment_is_used(hub, part: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", hub.address)
    monkeypatch.delenv("NO_PROXY")
    # No such host: only through the proxy does it answer.
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    close_session()
    try:
        download(find(*PLACE), part)
    finally:
        close_session()
    assert part.read_bytes() == hub.content


def test_two_processes_do_not_write_one_file(hub, part: Path):
    part.parent.mkdir()
    with FileLock(f"{part}.lock"), pytest.raises(CheckpointError, match="another process"):
        download(find(*PLACE), part)


def test_a_folder_that_cannot_be_written_is_named(hub, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        download(find(*PLACE), tmp_path / "file" / "model.part")


def test_a_full_disk_is_told_before_the_download(hub, part: Path, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage(os.sep)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match=r"needs 2 MB, but .* has 1 MB free") as caught:
        download(find(*PLACE), part)
    assert "SMARTIES_MODELS" in caught.value.hint
    assert hub.ranges == []
