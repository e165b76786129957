"""The engine's process as its callers see it: every test runs a real child process."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from smarties.engine.errors import CancelledError, EngineEnvironmentError, ProtocolError, RadiometryError, SmartiesError
from smarties.engine.protocol import Hello
from smarties.qgis_plugin.engine_link.child import group_options, kill_group, taskkill_command
from smarties.qgis_plugin.engine_link.child_environment import child_environment
from smarties.qgis_plugin.engine_link.messages import EngineCrashError, device_badge, ending
from smarties.qgis_plugin.engine_link.process import EngineProcess
from smarties.qgis_plugin.engine_link.worker_log import WorkerLog

process_module = sys.modules[EngineProcess.__module__]
ROOT = Path(__file__).resolve().parents[3]
TOY = Path(__file__).with_name("toy_worker.py")

Start = Callable[..., EngineProcess]


@pytest.fixture
def toy(tmp_path: Path, engine_python: Path) -> Iterator[Start]:
    """Makes processes of the toy worker and leaves none behind."""
    made = []

    def make(kind: str = "serve", **options: Any) -> EngineProcess:
        environment = child_environment({"PYTHONPATH": str(ROOT)})
        command = [str(engine_python), str(TOY), kind]
        made.append(EngineProcess(command, environment, tmp_path / "log" / "engine.log", tmp_path, **options))
        return made[-1]

    yield make
    for process in made:
        process.close(0)


class Run:
    """A call in a thread of its own, as an algorithm makes it."""

    def __init__(self, process: Any, method: str, params: dict) -> None:
        self.events: queue.Queue = queue.Queue()
        self.stop = threading.Event()
        self.result: Any = None
        self._thread = threading.Thread(target=self._call, args=(process, method, params))
        self._thread.start()

    def _call(self, process: Any, method: str, params: dict) -> None:
        try:
            self.result = process.call(method, params, self.events.put, self.stop.is_set)
        except Exception as error:
            self.result = error

    def event(self) -> Any:
        """The next event of the progress; an end without one is a failure."""
        while True:
            try:
                return self.events.get(timeout=0.2)
            except queue.Empty:
                assert self._thread.is_alive(), self.result

    def ended(self, timeout_s: float = 20) -> Any:
        self._thread.join(timeout_s)
        assert not self._thread.is_alive()
        return self.result


def is_gone(pid: int, within_s: float = 5) -> bool:
    """Whether a process is gone, or waits for a parent that does not care."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_the_worker_says_hello_and_answers(toy: Start) -> None:
    process = toy()
    hello = process.start()
    assert isinstance(hello, Hello) and process.hello == hello and process.alive
    assert process.start() is hello
    params = {"path": "données/\udce9.tif", "list": [1, 2.5, None, True]}
    assert process.call("echo", params) == params


def test_a_call_starts_the_worker_itself_and_the_second_finds_it_warm(toy: Start) -> None:
    process = toy()
    first = process.call("variables", {})
    assert process.call("variables", {})["pid"] == first["pid"] == process.pid
    assert first["folder"] == str(process._folder)


def test_progress_comes_in_the_thread_of_the_caller(toy: Start) -> None:
    events, threads = [], set()

    def progress(event: Any) -> None:
        events.append(event.fraction)
        threads.add(threading.get_ident())

    assert toy().call("tiles", {"steps": 30, "name": "a"}, progress) == {"done": "a"}
    assert len(events) >= 3 and events == sorted(events)
    assert threads == {threading.get_ident()}


def test_a_cancel_stops_the_run_within_a_second_and_the_worker_stays(toy: Start, tmp_path: Path) -> None:
    process = toy()
    run = Run(process, "tiles", {"steps": 3000, "output": str(tmp_path / "map.tif")})
    run.event()
    pid = process.pid
    began = time.monotonic()
    run.stop.set()
    assert isinstance(run.ended(), CancelledError)
    assert time.monotonic() - began < 1
    assert process.pid == pid
    assert process.call("echo", {}) == {}
    assert not list(tmp_path.glob(".map*"))


def test_a_hung_worker_is_killed_on_cancel_with_the_program_it_started_and_leaves_no_file(
    toy: Start, tmp_path: Path
) -> None:
    process = toy()
    # One name is relative to where the worker runs.
    run = Run(process, "stubborn", {"output": str(tmp_path / "map [1].tif"), "picture": "picture.tif"})
    program = int(run.event().message)
    pid = process.pid
    assert len(list(tmp_path.glob(".*partial*"))) == 4
    began = time.monotonic()
    run.stop.set()
    assert isinstance(run.ended(), CancelledError)
    assert time.monotonic() - began < process_module.CANCEL_GRACE_S + 1
    assert is_gone(pid) and is_gone(program)
    assert not list(tmp_path.glob(".*partial*"))
    assert process.call("echo", {"next": 1}) == {"next": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_worker_killed_in_a_run_is_one_sentence_and_the_next_call_works(toy: Start, tmp_path: Path) -> None:
    process = toy()
    run = Run(process, "stubborn", {"output": str(tmp_path / "map.tif")})
    program = int(run.event().message)
    began = time.monotonic()
    os.kill(process.pid, signal.SIGKILL)
    error = run.ended()
    assert time.monotonic() - began < 2
    assert isinstance(error, EngineCrashError) and error.code == "engine_crash"
    assert "signal 9, SIGKILL" in error.message and str(tmp_path / "log" / "engine.log") in error.hint
    assert is_gone(program)
    assert not list(tmp_path.glob(".*partial*"))
    assert process.call("echo", {"next": 1}) == {"next": 1}


@pytest.mark.parametrize(("params", "said"), [({"code": 3}, "exit code 3"), ({"signal": 11}, "signal 11, SIGSEGV")])
def test_how_the_worker_ended_is_said_and_its_last_words_are_in_the_log(
    toy: Start, tmp_path: Path, params: dict, said: str
) -> None:
    with pytest.raises(EngineCrashError, match=said):
        toy().call("die", params)
    log = (tmp_path / "log" / "engine.log").read_text()
    assert "the library has had enough" in log if "code" in params else "Segmentation fault" in log


def test_an_error_of_the_engine_keeps_its_class_code_message_and_hint(toy: Start) -> None:
    process = toy()
    with pytest.raises(RadiometryError) as caught:
        process.call("refuse", {})
    assert (caught.value.code, caught.value.message) == ("radiometry", "The values reach 65535.")
    assert caught.value.hint == "Say what they are."
    with pytest.raises(SmartiesError) as caught:
        process.call("memory", {})
    assert caught.value.code == "memory"
    assert SmartiesError.code == "error"
    with pytest.raises(ProtocolError, match="no task 'embeed'"):
        process.call("embeed", {})


def test_a_request_that_cannot_be_sent_is_refused_before_a_worker_starts(toy: Start) -> None:
    process = toy()
    with pytest.raises(ProtocolError, match="nan"):
        process.call("echo", {"share": float("nan")})
    assert process.pid is None


def test_a_progress_callback_that_fails_cancels_the_run(toy: Start) -> None:
    process = toy()

    def fail(event: Any) -> None:
        raise RuntimeError("wrapped C/C++ object has been deleted")

    with pytest.raises(RuntimeError, match="deleted"):
        process.call("tiles", {"steps": 3000}, fail)
    began = time.monotonic()
    assert process.call("echo", {}) == {}
    assert time.monotonic() - began < 1


def test_calls_from_several_threads_get_each_their_own_answer(toy: Start) -> None:
    process = toy()
    runs = [Run(process, "tiles", {"steps": 3, "name": str(number)}) for number in range(8)]
    assert [run.ended() for run in runs] == [{"done": str(number)} for number in range(8)]


def test_a_flood_of_prints_neither_blocks_the_run_nor_fills_the_disk(toy: Start, tmp_path: Path) -> None:
    process = toy()
    assert process.call("flood", {"lines": 8000}) == {}
    # What was printed travels beside the answer, and may come after it; at its end all is there.
    process.close()
    sizes = [path.stat().st_size for path in (tmp_path / "log").iterdir()]
    assert len(sizes) == 2 and max(sizes) <= 2_000_000 + 65_536
    assert b"00007999" in (tmp_path / "log" / "engine.log").read_bytes()


def test_large_requests_and_answers_pass(toy: Start) -> None:
    params = {"text": "x" * 8_000_000}
    assert toy().call("echo", params) == params


def test_a_worker_that_reads_nothing_can_be_cancelled(toy: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "CANCEL_GRACE_S", 0.3)
    process = toy("deaf")
    process.start()
    run = Run(process, "echo", {"text": "x" * 8_000_000})
    time.sleep(0.2)
    run.stop.set()
    assert isinstance(run.ended(5), CancelledError)
    assert process.pid is None


def test_a_line_printed_before_hello_does_no_harm(toy: Start) -> None:
    assert toy("noisy").call("echo", {}) == {}


def test_another_version_is_said_at_once(toy: Start) -> None:
    process = toy("version")
    with pytest.raises(ProtocolError) as caught:
        process.start(timeout_s=20)
    assert "protocol 2" in caught.value.message and "same release" in caught.value.hint
    assert process.pid is None


def test_a_broken_environment_is_said(toy: Start) -> None:
    with pytest.raises(EngineEnvironmentError, match="torch"):
        toy("broken").call("echo", {})


def test_a_worker_that_ends_at_once_says_why(toy: Start) -> None:
    with pytest.raises(EngineCrashError, match=r"could not start .exit code 1: No module named engine"):
        toy("ends").start()


def test_a_silent_worker_is_given_up_and_ended(toy: Start) -> None:
    process = toy("silent")
    with pytest.raises(EngineCrashError, match=r"did not answer within 0\.5 s"):
        process.start(timeout_s=0.5)
    assert process.pid is None and not process.alive


def test_a_start_can_be_cancelled(toy: Start) -> None:
    process = toy("silent")
    began = time.monotonic()
    with pytest.raises(CancelledError):
        process.start(cancelled=lambda: time.monotonic() - began > 0.2)
    assert time.monotonic() - began < 2
    assert process.pid is None


def test_a_missing_python_is_a_sentence(tmp_path: Path) -> None:
    process = EngineProcess([str(tmp_path / "no python")], {}, tmp_path / "engine.log")
    with pytest.raises(EngineEnvironmentError, match="no python cannot be started: No such file"):
        process.call("echo", {})
    assert process.pid is None
    (tmp_path / "no python").write_text("text")
    with pytest.raises(EngineEnvironmentError, match="Permission denied"):
        process.start()


def test_close_ends_an_idle_worker_politely_and_a_busy_one_by_force(toy: Start) -> None:
    ends = []
    process = toy(on_end=lambda: ends.append(1))
    process.start()
    pid = process.pid
    began = time.monotonic()
    process.close()
    assert time.monotonic() - began < 1
    assert is_gone(pid) and process.pid is None and ends == [1]
    run = Run(process, "stubborn", {})
    program = int(run.event().message)
    pid = process.pid
    process.close(0.2)
    assert isinstance(run.ended(), CancelledError)
    assert is_gone(pid) and is_gone(program) and len(ends) == 2
    process.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_the_worker_ends_with_a_killed_parent(tmp_path: Path, engine_python: Path) -> None:
    """A second process starts the worker as QGIS does, and is killed while the worker is at work."""
    import subprocess

    parent_code = (
        "import subprocess, sys, time\n"
        "pipe = subprocess.PIPE\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=pipe, stdout=pipe, start_new_session=True)\n"
        "child.stdout.readline()\n"
        'child.stdin.write(b\'{"id": 1, "method": "tiles", "params": {"steps": 3000}}\\n\')\n'
        "child.stdin.flush()\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [str(engine_python), "-c", parent_code, str(engine_python), str(TOY), "serve"],
        env=child_environment({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert is_gone(pid)


def test_no_descriptor_or_thread_is_left_after_many_starts(toy: Start) -> None:
    def count() -> int:
        return sum(thread.name.startswith("smarties ") for thread in threading.enumerate())

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd")) if sys.platform.startswith("linux") else 0

    process = toy()
    process.call("echo", {})
    process.close()
    threads, before = count(), descriptors()
    for _ in range(4):
        process.call("echo", {})
        process.close()
    deadline = time.monotonic() + 3
    while (count() > threads or descriptors() > before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count() <= threads and descriptors() <= before


def test_on_windows_the_worker_has_no_window_and_its_tree_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert group_options("win32") == {"creationflags": 0x08000200}
    assert group_options("linux") == group_options("darwin") == {"start_new_session": True}
    monkeypatch.setenv("SystemRoot", r"D:\Windows")
    assert taskkill_command(12) == [r"D:\Windows\System32\taskkill.exe", "/PID", "12", "/T", "/F"]
    ran = []
    monkeypatch.setattr("subprocess.run", lambda command, **options: ran.append((command, options)))

    class Process:
        pid = 12
        killed = False

        def poll(self) -> None:
            return None

        def kill(self) -> None:
            self.killed = True

    kill_group(Process(), "win32")
    assert ran[0][0][1:] == ["/PID", "12", "/T", "/F"] and ran[0][1]["creationflags"] == 0x08000200


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "exit code 1"),
        (-15, "signal 15, SIGTERM"),
        (-77, "signal 77"),
        (0xC0000005, "exit code 0xC0000005, access violation"),
        (0xC0000001, "exit code 0xC0000001"),
    ],
)
def test_endings_in_words(code: int, said: str) -> None:
    assert ending(code) == said


@pytest.mark.parametrize(
    ("name", "precision", "badge"),
    [
        ("CPU (2 cores, AVX512), fp32", "fp32", "CPU · 2 cores · AVX512 · fp32"),
        ("NVIDIA RTX A500 (Laptop) (4 GiB), bf16", "bf16", "NVIDIA RTX A500 (Laptop) · 4 GiB · bf16"),
        ("a test", "fp32", "a test · fp32"),
    ],
)
def test_the_badge_names_device_and_precision(name: str, precision: str, badge: str) -> None:
    assert device_badge(Hello(1, "0", "cpu", name, precision, {})) == badge


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    log = WorkerLog(tmp_path / "file" / "engine.log")
    log.write(b"first\n\nwhat went wrong \xff\n\n")
    assert log.last_line() == "what went wrong \ufffd"
    for _ in range(100):
        log.write(b"y" * 999 + b"\n")
    assert log._tail_bytes <= 5_000
