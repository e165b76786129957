"""``smarties embed-many``: its options, its exit codes, how it is stopped, and what is said without Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from scene_lists import json_lines, write_scenes

from engine.cli import main
from engine.commands.embed import embed
from engine.commands.embed_many import embed_many, stop_signals

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def manifest(tmp_path):
    write_scenes(tmp_path / "in", 2, 40)
    return json_lines(tmp_path / "m.jsonl", [{"inputs": [f"in/S2_{number}.tif"]} for number in range(2)])


def code_of(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_every_option_of_embed_that_is_not_of_one_scene_is_there():
    own = {option.name for option in embed_many.params}
    of_embed = {option.name for option in embed.params}
    assert of_embed - own == {"inputs", "picture"}
    assert len(own) == len(embed_many.params)


def test_a_part_and_its_summary(manifest, tmp_path, untrained, capsys):
    arguments = ["embed-many", manifest, "--out", tmp_path / "out", "--model", untrained, "--chip", 28, "--part", "2/2"]
    assert code_of(*arguments, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["scenes"], summary["done"], summary["failed"]) == (1, 1, 0)
    assert (tmp_path / "out" / "S2_1.tif").is_file()


def test_exit_code_and_number_where_scenes_fail(manifest, tmp_path, untrained, capsys):
    (tmp_path / "in" / "S2_0.tif").write_text("no raster")
    arguments = ["embed-many", manifest, "--out", tmp_path / "out", "--model", untrained, "--chip", 28, "--part", "1/1"]
    assert code_of(*arguments, "--dry-run") == 2
    assert "2 scenes, 1 would fail:" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert code_of(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.endswith("Error: 1 of 2 scenes failed.\n")
    assert "S2_0: S2_0.tif is a text, not a raster." in captured.out


def test_a_bad_list_is_told_by_line_and_nothing_is_begun(tmp_path, capsys):
    (tmp_path / "m.csv").write_text("image\nnone.tif\n")
    assert code_of("embed-many", tmp_path / "m.csv", "--out", tmp_path / "out", "--part", "1/1") == 2
    told = capsys.readouterr().err
    assert "m.csv: 1 of 1 lines cannot be run." in told and "line 2: " in told and "none.tif does not exist" in told
    assert not (tmp_path / "out").exists()


def test_without_ray_one_sentence_says_what_to_do(manifest, tmp_path, untrained, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert code_of("embed-many", manifest, "--out", tmp_path / "out", "--model", untrained) == 2
    told = capsys.readouterr().err
    assert "Ray, which spreads scenes" in told and "pip install 'smarties-engine[scale]'" in told


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_signal_asks_to_stop_and_a_second_interrupt_ends_at_once(name):
    before = signal.getsignal(getattr(signal, name))
    with stop_signals() as stopped:
        assert not stopped()
        os.kill(os.getpid(), getattr(signal, name))
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(1)
    assert signal.getsignal(getattr(signal, name)) is before


def test_the_command_line_starts_without_ray_and_torch():
    code = "import sys, engine.cli; print([name for name in ('ray', 'torch', 'rasterio') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
