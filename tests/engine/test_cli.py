"""The command's manners: help everywhere, results on stdout, progress on stderr, exit codes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from engine.cli import cli, main
from engine.commands.progress_display import time_left
from engine.jobs.describe import DescribeJob
from engine.jobs.embed import EmbedJob
from engine.jobs.stats import StatsJob
from engine.log import log_path, start_log
from engine.options import DEVICES, DTYPES, FUSIONS, LEVELS, PRECISIONS


def smarties(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


COMMANDS = ["describe", "embed", "stats", "models", "sensors", "fetch", "sample", "worker"]


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]])
def test_help_explains_every_command(capsys, command):
    code, out, _ = smarties(capsys, *command, "--help")
    assert code == 0 and "Usage: smarties" in out


def test_embed_offers_every_setting_of_its_job(capsys):
    _, out, _ = smarties(capsys, "embed", "--help")
    for option in ("out", "model", "sensor", "bands", "chip", "overlap", "extent", "crs", "resolution", "reference",
                   "fusion", "interpolation", "statistics", "dtype", "level", "min-valid", "allow-outside", "device",
                   "precision", "batch", "overwrite", "picture", "extent-crs", "dry-run", "json"):  # fmt: skip
        assert f"--{option} " in out or f"--{option}\n" in out, option


def test_command_line_and_jobs_agree_on_names_defaults_and_choices():
    choices = {"dtype": DTYPES, "level": LEVELS, "fusion": FUSIONS, "device": DEVICES, "precision": PRECISIONS}
    for command, job in (("describe", DescribeJob), ("embed", EmbedJob), ("stats", StatsJob)):
        given = ["a.tif", "--out", "out"] if command == "stats" else ["a.tif"]
        context = cli.commands[command].make_context(command, given)
        values = {name: value for name, value in context.params.items() if name not in ("as_json", "dry_run")}
        fields = {field.name: field for field in dataclasses.fields(job)}
        # Describe and stats have no use for given statistics.
        assert set(fields) - set(values) == (set() if command == "embed" else {"statistics"})
        for name, value in values.items():
            if fields[name].default is not dataclasses.MISSING and value != "out":
                assert value == fields[name].default, name
        for parameter in cli.commands[command].params:
            if parameter.name in choices:
                assert tuple(parameter.type.choices) == tuple(choices[parameter.name])


def test_embed_tells_where_how_long_and_on_which_device(capsys, scene, tmp_path):
    out_file = tmp_path / "out.tif"
    code, out, err = smarties(capsys, "embed", scene["s1"], scene["s2"], "--out", out_file, "--overlap", "0")
    assert code == 0
    assert str(out_file) in out and " s on CPU" in out and "SMARTIES ViT-Ti" in out
    assert "100% Embedding done" in err


def test_a_dry_run_tells_grid_size_time_and_memory_and_writes_nothing(capsys, scene, tmp_path):
    out_file = tmp_path / "out.tif"
    given = ("embed", scene["s1"], scene["s2"], "--out", out_file, "--overlap", "0", "--dry-run")
    code, out, _ = smarties(capsys, *given)
    assert code == 0
    assert "256×256 px, 10 m" in out and "32 × 32 cells of 192 values" in out and "of memory on CPU" in out
    code, out, _ = smarties(capsys, *given, "--json")
    assert code == 0 and json.loads(out)["tiles"] == 9
    assert list(tmp_path.iterdir()) == []


def test_an_embedding_without_a_name_is_an_error_unless_it_is_only_planned(capsys, scene):
    code, _, err = smarties(capsys, "embed", scene["s2"])
    assert code == 2 and "No output was named" in err
    code, _, err = smarties(capsys, "embed", scene["s2"], "--dry-run")
    assert code == 0, err


def test_embed_as_json_names_the_picture(capsys, scene, tmp_path):
    code, out, _ = smarties(
        capsys, "embed", scene["rgb"], "--out", tmp_path / "o.tif", "--picture", tmp_path / "p.tif", "--json"
    )
    assert code == 0 and json.loads(out)["picture"] == str(tmp_path / "p.tif")


def test_describe_as_json(capsys, scene):
    code, out, _ = smarties(capsys, "describe", scene["s1"], "--json")
    assert code == 0 and json.loads(out)["images"][0]["sensor"]["name"] == "sentinel-1-grd"


def test_crs_may_be_a_bare_number(capsys, scene, tmp_path):
    code, _, err = smarties(
        capsys, "embed", scene["s2"], "--out", tmp_path / "o.tif", "--crs", "3857", "--overlap", "0"
    )
    assert code == 0, err


def test_stats_models_sensors_and_sample(capsys, scene, tmp_path):
    assert smarties(capsys, "stats", scene["s1"], "--out", tmp_path / "s.json")[0] == 0
    assert "smarties-tiny" in smarties(capsys, "models")[1]
    assert "sentinel-2-l2a" in smarties(capsys, "sensors")[1]
    code, out, _ = smarties(capsys, "sample", "--out", tmp_path / "scene")
    assert code == 0 and len(out.splitlines()) == 6


@pytest.mark.parametrize("arguments", [["embed"], ["embed", "a.tif"], ["nonsense"], ["embed", "a", "--extent", "1,2"]])
def test_wrong_usage_is_exit_code_2(capsys, arguments):
    code, _, err = smarties(capsys, *arguments)
    assert code == 2 and "Traceback" not in err


def test_module_and_command_are_the_same():
    done = subprocess.run([sys.executable, "-m", "engine", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("smarties, version")


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (12.4, "12 s left"), (600, "10 min left"), (7200, "2.0 h left")]
)
def test_time_left_is_short(seconds, text):
    assert time_left(seconds) == text


def test_a_log_that_cannot_be_written_does_not_stop_a_run(monkeypatch):
    monkeypatch.setenv("SMARTIES_LOG", "/proc/nowhere/engine.log")
    assert str(log_path()) == "/proc/nowhere/engine.log"
    assert start_log() is None
