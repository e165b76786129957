"""The engine that all of the plugin shares: started when needed, one run at a time, warm for a while, then gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from qgis.core import QgsSettings
from smarties.engine.errors import CancelledError, EngineEnvironmentError, RadiometryError
from smarties.engine.reach import ALLOWED_FOLDERS
from smarties.qgis_plugin.engine_link.engine import Engine, EngineWatcher, engine, engine_log
from smarties.qgis_plugin.engine_link.messages import EngineCrashError
from smarties.qgis_plugin.engine_link.process import CANCEL_GRACE_S, EngineProcess
from smarties.qgis_plugin.engine_link.settings import EngineSettings

from .test_process import TOY, Run, is_gone

# The module that the names above come from: a reload of the plugin leaves an older one as the package's attribute.
engine_module = sys.modules[Engine.__module__]

Make = Callable[..., Engine]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes engines; with ``toy`` they run the toy worker's tasks instead of the engine's own."""
    made: List[Engine] = []

    def toy_process(command: List[str], *arguments: Any) -> EngineProcess:
        return EngineProcess([command[0], str(TOY), "serve"], *arguments)

    def create(keep_warm_s: float = 60, toy: bool = True) -> Engine:
        if toy:
            monkeypatch.setattr(engine_module, "EngineProcess", toy_process)
        made.append(Engine(keep_warm_s))
        return made[-1]

    yield create
    for each in made:
        each.shutdown()


def wait_for(condition: Callable[[], bool], timeout_s: float = 5) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_engines_own_worker_answers_and_says_where_it_computes(make: Make) -> None:
    own = make(toy=False)
    assert own.badge() == "not started" and own.state == "stopped" and own.hello is None
    events: List[Any] = []
    began = time.monotonic()
    models = own.call("models", {}, events.append)
    cold = time.monotonic() - began
    assert {"smarties-tiny"} <= {model["name"] for model in models}
    assert events[0].message == "Starting the engine"
    assert own.state == "ready"
    assert own.badge().endswith(own.hello.precision) and " · " in own.badge()
    began = time.monotonic()
    assert own.call("models", {}) == models
    warm = time.monotonic() - began
    assert warm < 0.5 < cold
    print(f"cold {cold:.1f} s, warm {warm * 1000:.0f} ms")
    log = engine_log().read_text()
    assert "engine worker" in log and "--- " in log


def test_a_real_embedding_is_cancelled_within_a_second_and_leaves_nothing(
    make: Make, scene: dict, tmp_path: Path
) -> None:
    own = make(toy=False)
    own.call("models", {})
    params = {"inputs": [str(scene["s1"]), str(scene["s2"])], "output": str(tmp_path / "map.tif"), "overlap": 0.75}
    run = Run(own, "embed", params)
    while run.event().fraction < 0.2:
        pass
    began, pid = time.monotonic(), own.pid
    run.stop.set()
    assert isinstance(run.ended(), CancelledError)
    took = time.monotonic() - began
    print(f"cancelled after {took:.2f} s")
    # By itself: after the grace time it would have been killed.
    assert took < CANCEL_GRACE_S and own.pid == pid
    assert list(tmp_path.iterdir()) == [] and own.state == "ready"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_real_embedding_whose_worker_is_killed_leaves_nothing_and_the_next_one_runs(
    make: Make, scene: dict, tmp_path: Path
) -> None:
    own = make(toy=False)
    params = {"inputs": [str(scene["s2"])], "output": str(tmp_path / "map.tif"), "overlap": 0}
    run = Run(own, "embed", {**params, "overlap": 0.75})
    while not list(tmp_path.iterdir()):
        run.event()
    os.kill(own.pid, signal.SIGKILL)
    error = run.ended()
    assert isinstance(error, EngineCrashError) and str(engine_log()) in str(error)
    assert list(tmp_path.iterdir()) == [] and own.state == "stopped"
    assert own.call("embed", params)["output"] == params["output"]
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]


def test_the_workers_environment_is_not_that_of_qgis(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONHOME", "LD_LIBRARY_PATH", "GDAL_DATA", "PROJ_LIB", "QT_PLUGIN_PATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/of/qgis")
    monkeypatch.setenv("SMARTIES_MODELS", "/of/the/user")
    own = make()
    found = own.call("variables", {})
    variables = found["variables"]
    assert "/of/qgis" not in variables.values()
    assert variables["SMARTIES_MODELS"] == "/of/the/user"
    root = Path(engine_module.__file__).resolve().parents[2]
    assert variables["PYTHONPATH"] == str(root)
    assert found["folder"] == os.environ["SMARTIES_HOME"]
    assert variables["SMARTIES_LOG"].startswith(os.environ["SMARTIES_HOME"])


def test_states_are_told_in_order(make: Make) -> None:
    own, told = make(), []
    own.add_listener(told.append)
    own.add_listener(told.append)
    own.call("echo", {})
    own.call("echo", {})
    own.stop()
    assert told == ["starting", "busy", "ready", "busy", "ready", "stopped"]
    own.remove_listener(told.append)
    own.remove_listener(told.append)
    own.call("echo", {})
    assert len(told) == 6


def test_a_listener_that_fails_is_dropped_and_stops_nothing(make: Make) -> None:
    own, calls = make(), []

    def fail(state: str) -> None:
        calls.append(state)
        raise RuntimeError("wrapped C/C++ object has been deleted")

    own.add_listener(fail)
    assert own.call("echo", {"a": 1}) == {"a": 1}
    assert calls == ["starting"]


def test_a_second_run_waits_in_line_says_so_and_is_served_in_turn(make: Make) -> None:
    own = make()
    first = Run(own, "tiles", {"steps": 50, "name": "first"})
    while first.event().message.startswith("Starting"):
        pass
    others = []
    for number in range(3):
        others.append(Run(own, "tiles", {"steps": 2, "name": number}))
        assert "Waiting" in others[-1].event().message
    others[1].stop.set()
    began = time.monotonic()
    assert isinstance(others[1].ended(), CancelledError)
    assert time.monotonic() - began < 0.5
    assert first.ended() == {"done": "first"}
    assert others[0].ended() == {"done": 0} and others[2].ended() == {"done": 2}


def test_an_error_of_a_task_leaves_the_worker_warm(make: Make) -> None:
    own = make()
    with pytest.raises(RadiometryError):
        own.call("refuse", {})
    pid = own.pid
    assert own.state == "ready" and own.call("variables", {})["pid"] == pid


def test_the_worker_rests_after_its_time_and_comes_back(make: Make) -> None:
    own = make(keep_warm_s=0.3)
    first = own.call("variables", {})["pid"]
    # A run in between begins the time anew.
    time.sleep(0.2)
    assert own.call("variables", {})["pid"] == first
    time.sleep(0.2)
    assert own.state == "ready" and own.pid == first
    wait_for(lambda: own.state == "stopped")
    assert is_gone(first) and own.pid is None
    assert own.badge() == "CPU · 2 cores · AVX2 · fp32"
    second = own.call("variables", {})["pid"]
    assert second != first


def test_the_time_comes_from_the_settings(make: Make, engine_python: Path) -> None:
    EngineSettings("interpreter", str(engine_python), "cpu", keep_warm_s=0).save()
    own = make(keep_warm_s=None)
    own.call("echo", {})
    wait_for(lambda: own.state == "stopped")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_worker_killed_while_it_rests_is_noticed_and_replaced(make: Make) -> None:
    own = make()
    pid = own.call("variables", {})["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: own.state == "stopped")
    assert own.call("variables", {})["pid"] != pid


def test_the_proxy_of_qgis_reaches_the_worker_and_a_new_one_starts_another(make: Make) -> None:
    own, settings = make(), QgsSettings()
    values = {"proxyEnabled": True, "proxyType": "HttpProxy", "proxyHost": "proxy.example", "proxyPort": "3128"}
    first = own.call("variables", {})
    try:
        for name, value in values.items():
            settings.setValue(f"proxy/{name}", value)
        second = own.call("variables", {})
    finally:
        settings.remove("proxy")
    assert "proxy.example" not in first["variables"].get("HTTPS_PROXY", "")
    assert second["variables"]["HTTPS_PROXY"] == "http://proxy.example:3128" and second["pid"] != first["pid"]


def test_allowed_folders_reach_the_worker_beside_those_of_the_environment_and_start_another(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make()
    monkeypatch.delenv(ALLOWED_FOLDERS, raising=False)
    first = own.call("variables", {})
    assert ALLOWED_FOLDERS not in first["variables"]
    replace(EngineSettings.stored(), allowed_folders=("/data/a b", "/é")).save()
    second = own.call("variables", {})
    assert second["variables"][ALLOWED_FOLDERS].split(os.pathsep) == ["/data/a b", "/é"]
    assert second["pid"] != first["pid"] and own.call("variables", {})["pid"] == second["pid"]
    monkeypatch.setenv(ALLOWED_FOLDERS, "/archive")
    third = own.call("variables", {})
    assert third["variables"][ALLOWED_FOLDERS].split(os.pathsep) == ["/archive", "/data/a b", "/é"]
    replace(EngineSettings.stored(), allowed_folders=()).save()
    assert own.call("variables", {})["variables"][ALLOWED_FOLDERS] == "/archive"


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for another Python")
def test_another_environment_or_setting_starts_another_worker(
    make: Make, engine_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make()
    first = own.call("variables", {})["pid"]
    other = tmp_path / "other python"
    other.write_text(f'#!/bin/sh\nexec "{engine_python}" "$@"\n')
    other.chmod(0o700)
    EngineSettings("interpreter", str(other)).save()
    second = own.call("variables", {})["pid"]
    assert second != first and is_gone(first)
    monkeypatch.setenv("SMARTIES_MODELS", str(tmp_path))
    third = own.call("variables", {})
    assert third["pid"] != second and third["variables"]["SMARTIES_MODELS"] == str(tmp_path)
    monkeypatch.setenv("OF_ANOTHER_PLUGIN", "1")
    assert own.call("variables", {})["pid"] == third["pid"]


def test_without_an_environment_the_sentence_comes_and_the_line_moves_on(make: Make, engine_python: Path) -> None:
    own = make()
    EngineSettings("interpreter", "/no/such/python").save()
    for _ in range(2):
        with pytest.raises(EngineEnvironmentError, match="/no/such/python"):
            own.call("echo", {})
    assert own.state == "stopped"
    EngineSettings("interpreter", str(engine_python)).save()
    assert own.call("echo", {}) == {}


def test_stop_leaves_a_run_at_work_alone(make: Make) -> None:
    own = make()
    run = Run(own, "tiles", {"steps": 30, "name": "a"})
    while run.event().message.startswith("Starting"):
        pass
    own.stop()
    assert run.ended() == {"done": "a"}
    own.stop()
    assert own.state == "stopped" and own.pid is None


def test_shutdown_ends_runs_at_work_and_in_line_and_leaves_no_process(make: Make, tmp_path: Path) -> None:
    own = make()
    run = Run(own, "stubborn", {"output": str(tmp_path / "map.tif")})
    while (event := run.event()).message.startswith("Starting"):
        pass
    waiting = Run(own, "echo", {})
    waiting.event()
    pid, program = own.pid, int(event.message)
    began = time.monotonic()
    own.shutdown()
    assert time.monotonic() - began < 3
    assert isinstance(run.ended(), CancelledError) and isinstance(waiting.ended(), CancelledError)
    assert is_gone(pid) and is_gone(program) and own.state == "stopped"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CancelledError, match="shut down"):
        own.call("echo", {})
    own.shutdown()


def test_shutdown_while_the_worker_starts_leaves_no_process(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    own = make(toy=False)
    run = Run(own, "models", {})
    run.event()
    wait_for(lambda: own.pid is not None)
    pid = own.pid
    own.shutdown()
    assert isinstance(run.ended(), CancelledError)
    assert is_gone(pid) and own.pid is None


def test_the_engine_is_shared_and_a_new_one_after_its_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_shared", None)
    first = engine()
    assert engine() is first
    first.shutdown()
    assert engine() is not first


def test_the_watcher_tells_in_the_main_thread(make: Make, monkeypatch: pytest.MonkeyPatch, qtbot: Any) -> None:
    own, told, threads = make(), [], set()
    monkeypatch.setattr(engine_module, "_shared", own)
    watcher = EngineWatcher()

    def changed(state: str) -> None:
        told.append(state)
        threads.add(threading.get_ident())

    watcher.changed.connect(changed)
    run = Run(own, "echo", {})
    qtbot.waitUntil(lambda: told[-1:] == ["ready"], timeout=10_000)
    assert run.ended() == {} and told == ["starting", "busy", "ready"]
    assert threads == {threading.get_ident()}
    watcher.close()
    own.stop()
    qtbot.wait(50)
    assert len(told) == 3
    watcher.deleteLater()


def test_a_watcher_deleted_without_a_word_stops_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from qgis.PyQt import sip

    own = make()
    monkeypatch.setattr(engine_module, "_shared", own)
    watcher = EngineWatcher()
    sip.delete(watcher)
    assert own.call("echo", {}) == {}


def test_qgis_itself_loads_nothing_of_the_engines_libraries(make: Make) -> None:
    make(toy=False).call("models", {})
    assert not {"torch", "rasterio", "timm", "sklearn", "engine"} & set(sys.modules)
