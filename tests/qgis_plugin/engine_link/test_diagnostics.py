"""The text for a bug report tells what matters and nothing private."""

from __future__ import annotations

import socket

import pytest
from smarties.qgis_plugin.engine_link.diagnostics import diagnostics, tail, without_private_words


@pytest.fixture
def private_home(tmp_path, monkeypatch):
    home = tmp_path / "home" / "Zoé.Müller"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", "zmueller")
    monkeypatch.setenv("SMARTIES_HOME", str(home / "data"))
    return home


def test_versions_environment_and_logs_are_told(private_home):
    logs = private_home / "data" / "logs"
    logs.mkdir(parents=True)
    (logs / "engine.log").write_text("".join(f"line {number}\n" for number in range(1000)))
    (logs / "setup.log").write_text("the end of the set-up\n")
    text = diagnostics()
    for word in ("SMARTIES plugin", "QGIS 3.", "Qt 5.", "GDAL", "state: ready", "worker:", "GPU:", "line 999"):
        assert word in text, word
    assert "the end of the set-up" in text
    assert sum(line.startswith("line ") for line in text.splitlines()) <= 200


def test_nothing_private_is_told(private_home):
    logs = private_home / "data" / "logs"
    logs.mkdir(parents=True)
    host = socket.gethostname()
    (logs / "engine.log").write_text(
        f"opened {private_home}/Documents/S2.tif on {host} for zmueller\n"
        "proxy http://zmueller:s3cret@proxy.example:3128 and C:\\Users\\Zoé.Müller\\x\n"
    )
    text = diagnostics()
    assert "opened ~/Documents/S2.tif on <host> for <user>" in text
    assert "proxy http://***@proxy.example:3128" in text
    for word in ("s3cret", "zmueller", "Zoé.Müller", str(private_home)):
        assert word not in text
    assert host == "localhost" or f" {host}" not in text


def test_only_whole_words_are_replaced(private_home, monkeypatch):
    monkeypatch.setenv("LOGNAME", "art")
    assert (
        without_private_words("/srv/art/x of art in smarties and part")
        == "/srv/<user>/x of <user> in smarties and part"
    )


def test_the_tail_of_a_log_is_read_from_its_end(tmp_path):
    path = tmp_path / "x.log"
    path.write_bytes(b"\xff broken\n" * 50_000 + "das Ende ü".encode())
    assert tail(path, 2) == ["\ufffd broken", "das Ende ü"]
    assert tail(tmp_path / "absent", 5)[0].startswith("(cannot be read")
    assert tail(path, 0) == []
