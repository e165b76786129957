"""Set-ups with real environments and a real pip, from tiny wheels; one with the engine's real libraries."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from smarties.engine.errors import CancelledError, EngineEnvironmentError
from smarties.qgis_plugin.engine_link import installer, layout
from smarties.qgis_plugin.engine_link.environment import (
    EngineEnvironment,
    InstallOptions,
    environment_state,
    find_environment,
    install,
    old_bytes,
    remove_old,
)
from smarties.qgis_plugin.engine_link.interpreters import find_interpreter
from smarties.qgis_plugin.engine_link.paths import environments_folder
from smarties.qgis_plugin.engine_link.settings import EngineSettings

ROOT = Path(__file__).resolve().parents[3]


def never() -> bool:
    return False


def set_up(wheels: Path, build: str = "cpu") -> tuple[EngineEnvironment, list[tuple[float, str]]]:
    steps: list[tuple[float, str]] = []
    environment = install(InstallOptions(build, wheels), lambda *step: steps.append(step), never)
    return environment, steps


def log() -> str:
    return (environments_folder().parent / "logs" / "setup.log").read_text()


def test_a_set_up_ends_ready_and_a_second_one_does_nothing(managed, small_wheels):
    assert environment_state().kind == "missing"
    environment, steps = set_up(small_wheels)
    assert find_environment() == environment
    assert environment.kind == "managed" and environment.build == "cpu" and environment.note == ""
    assert environment.folder is not None and environment.folder.parent == environments_folder()
    assert environment_state().kind == "ready"
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    answer = subprocess.run([environment.python, "-c", "import sys, timm; print(sys.prefix, timm.__version__)"],
                            capture_output=True, text=True, check=True)  # fmt: skip
    assert answer.stdout.split() == [*str(environment.folder).split(), "1.0.31"]
    again, steps = set_up(small_wheels)
    assert again == environment and len(steps) == 1


def test_cancelled_half_way_it_is_not_ready_and_goes_on_from_there(managed, small_wheels):
    steps: list[str] = []

    def progress(fraction: float, text: str) -> None:
        steps.append(text)

    with pytest.raises(CancelledError, match="goes on from there"):
        install(InstallOptions("cpu", small_wheels), progress, lambda: "Fetching the other libraries" in steps)
    assert environment_state().kind == "missing"
    with pytest.raises(EngineEnvironmentError, match="not set up yet"):
        find_environment()
    _, steps_after = set_up(small_wheels)
    texts = [text for _, text in steps_after]
    assert "Fetching the other libraries" in texts
    assert not any("PyTorch" in text or "Making an environment" in text for text in texts)
    assert environment_state().kind == "ready"


def test_cancel_ends_pip_and_what_it_started_within_a_second(home, tmp_path):
    from smarties.qgis_plugin.engine_link.install_log import InstallLog
    from smarties.qgis_plugin.engine_link.setup_child import run_command

    script = tmp_path / "parent.sh"
    script.write_text("#!/bin/sh\nsleep 300 &\necho $!\nsleep 300\n")
    lines: list[str] = []
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    begun = time.monotonic()
    with pytest.raises(CancelledError):
        run_command(["/bin/sh", str(script)], os.environ, InstallLog(home / "x.log"), cancelled.is_set, lines.append)
    assert time.monotonic() - begun < 1.5
    assert len(lines) == 1
    while is_running(int(lines[0])):
        assert time.monotonic() - begun < 3
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        # One that has ended and was not yet waited for counts as ended.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_killed_with_qgis_in_the_middle_it_goes_on(managed, small_wheels):
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from smarties.qgis_plugin.engine_link.installer import InstallOptions, make_environment\n"
        "def progress(fraction, text):\n"
        "    if text == 'Fetching the other libraries': os.kill(os.getpid(), signal.SIGKILL)\n"
        "make_environment(InstallOptions('cpu', Path(sys.argv[2])), progress, lambda: False)\n"
    )
    package = managed.parent / "plugins"
    package.mkdir()
    (package / "smarties").symlink_to(ROOT)
    child = subprocess.run(["/usr/bin/python3", "-c", code, package, small_wheels], capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert environment_state().kind == "missing"
    _, steps = set_up(small_wheels)
    assert not any("PyTorch" in text for _, text in steps)
    assert environment_state().kind == "ready"


def test_a_package_that_a_killed_pip_left_torn_is_installed_again(managed, small_wheels):
    environment, _ = set_up(small_wheels)
    site = next(environment.folder.glob("lib/python3*/site-packages"))
    (site / "timm-1.0.31.dist-info/RECORD").unlink()
    shutil.rmtree(site / "timm")
    (environment.folder / layout.MANIFEST).unlink()
    environment, _ = set_up(small_wheels)
    assert (site / "timm/__init__.py").is_file()
    assert "half unpacked, fetched again: timm-1.0.31.dist-info" in log()


def test_what_a_killed_set_up_left_in_transit_is_swept_away(managed, small_wheels):
    left = environments_folder() / "tmp" / "pip-unpack-x"
    left.mkdir(parents=True)
    set_up(small_wheels)
    assert not left.parent.exists()


def test_a_python_without_ensurepip_uses_its_own_pip(managed, small_wheels, monkeypatch):
    base = replace(find_interpreter(), ensurepip=False)
    if subprocess.run([str(base.path), "-m", "pip", "--version"], capture_output=True).returncode:
        pytest.skip("the system's Python has no pip of its own")
    monkeypatch.setattr(installer, "base_interpreter", lambda chosen: base)
    environment, _ = set_up(small_wheels)
    assert environment_state().kind == "ready"
    assert not list(environment.folder.glob("lib/python3*/site-packages/pip"))


def test_two_set_ups_at_once_are_refused_in_a_sentence(managed, small_wheels):
    errors: list[Exception] = []

    def progress(fraction: float, text: str) -> None:
        if not errors:
            with pytest.raises(EngineEnvironmentError, match="Another window of QGIS") as caught:
                set_up(small_wheels)
            errors.append(caught.value)

    install(InstallOptions("cpu", small_wheels), progress, never)
    assert errors and environment_state().kind == "ready"


def test_too_small_a_disk_is_refused_before_anything_is_made(managed, small_wheels, monkeypatch):
    monkeypatch.setitem(installer.NEEDED_BYTES, "cpu", 1e18)
    with pytest.raises(EngineEnvironmentError, match=r"needs 1000000000.0 GB of disk space, and [\d.]+ GB are free"):
        set_up(small_wheels)
    assert not layout.environment_folder("cpu").exists()


def test_an_empty_folder_of_wheels_is_refused_in_a_sentence(managed, tmp_path):
    with pytest.raises(EngineEnvironmentError, match=r"holds no wheels .* pip download -r requirements.txt"):
        set_up(tmp_path)
    with pytest.raises(EngineEnvironmentError, match="does not exist"):
        set_up(tmp_path / "absent")


def test_a_folder_without_one_wheel_names_it_and_takes_nothing_from_elsewhere(managed, small_wheels, tmp_path):
    folder = tmp_path / "some"
    shutil.copytree(small_wheels, folder)
    next(folder.glob("rasterio-*")).unlink()
    with pytest.raises(EngineEnvironmentError, match="folder of wheels has no rasterio") as error:
        set_up(folder)
    assert "pip download" in error.value.hint
    assert "rasterio" in log()


def test_a_library_that_does_not_load_is_named_with_its_reason(managed, small_wheels, tmp_path):
    from smarties.qgis_plugin.engine_link.installer import library_error

    folder = tmp_path / "some"
    shutil.copytree(small_wheels, folder)
    wheel = next(folder.glob("rasterio-*"))
    with zipfile.ZipFile(wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["rasterio/__init__.py"] = b"raise ImportError('libexpat.so.1: cannot open shared object file')"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(EngineEnvironmentError, match="rasterio cannot be loaded: ImportError: libexpat") as error:
        set_up(folder)
    assert "libexpat1" in error.value.hint
    assert environment_state().kind == "missing"
    assert "Visual C++" in library_error("torch", "ImportError: DLL load failed while importing _C").hint


def test_without_a_gpu_cuda_becomes_a_cpu_build_and_says_why(managed, small_wheels, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    EngineSettings(build="cuda").save()
    environment, _ = set_up(small_wheels, "cuda")
    assert environment.build == "cpu"
    assert environment.note == (
        "No NVIDIA GPU with a working driver was found. The engine was set up for the CPU instead."
    )
    # The settings still ask for CUDA: what is there is used.
    assert find_environment() == environment
    assert environment.note in environment_state().text


def test_a_gpu_that_fails_the_smoke_test_becomes_a_cpu_build(managed, small_wheels, monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H200, 580.95.05, 9.0'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    environment, _ = set_up(small_wheels, "cuda")
    assert environment.build == "cpu"
    assert "The GPU does not work with PyTorch: PyTorch finds no GPU that it can use." in environment.note
    assert not layout.environment_folder("cuda").exists()


def test_an_environment_of_older_requirements_is_outdated_and_can_be_removed(managed, small_wheels):
    environment, _ = set_up(small_wheels)
    old = environments_folder() / "0123456789ab-cpu"
    environment.folder.rename(old)
    assert environment_state().kind == "outdated"
    with pytest.raises(EngineEnvironmentError, match="another version of the plugin"):
        find_environment()
    stranger = environments_folder() / "my-things"
    stranger.mkdir()
    set_up(small_wheels)
    assert environment_state().kind == "ready"
    assert old_bytes() > 1000
    assert remove_old() > 1000
    assert not old.exists() and stranger.exists() and old_bytes() == 0
    assert environment_state().kind == "ready"


def test_an_environment_whose_python_is_gone_is_broken_and_made_anew(managed, small_wheels):
    environment, _ = set_up(small_wheels)
    environment.python.unlink()
    assert environment_state().kind == "broken"
    assert "Set up the engine again" in environment_state().text
    set_up(small_wheels)
    assert environment_state().kind == "ready"


def test_a_damaged_manifest_counts_as_unfinished(managed, small_wheels):
    environment, _ = set_up(small_wheels)
    (environment.folder / layout.MANIFEST).write_text("{")
    assert environment_state().kind == "missing"
    set_up(small_wheels)
    assert json.loads((environment.folder / layout.MANIFEST).read_text())["build"] == "cpu"


def test_a_folder_that_cannot_be_written_is_a_sentence(managed, small_wheels, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("SMARTIES_HOME", str(blocked))
    with pytest.raises(EngineEnvironmentError, match="cannot be written") as error:
        set_up(small_wheels)
    assert "SMARTIES_HOME" in error.value.hint


@pytest.mark.slow_environment
def test_the_real_environment_is_built_and_its_worker_says_hello(managed):
    environment = install(InstallOptions("cpu"), lambda fraction, text: None, never)
    assert find_environment() == environment
    manifest = layout.read_manifest(environment.folder)
    assert manifest.versions["torch"].partition("+")[0] == "2.13.0"
    assert layout.folder_bytes(environment.folder) < installer.NEEDED_BYTES["cpu"]
    from smarties.qgis_plugin.engine_link.engine import Engine

    engine = Engine(keep_warm_s=0)
    try:
        engine.call("models", {}, lambda event: None, never)
        assert engine.hello.versions["torch"] == manifest.versions["torch"]
    finally:
        engine.shutdown()
