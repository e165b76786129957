"""The worker as its parent sees it: every test runs a real child process."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    ErrorReply,
    Hello,
    Message,
    MessageReader,
    ProgressEvent,
    Request,
    Result,
    Shutdown,
    encode,
)

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("worker_child.py")
TIMEOUT_S = 20.0


class Child:
    """A worker process, spoken to as the plugin does."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SMARTIES_LOG": str(log)},
        )
        self.log = b""
        self.received: queue.Queue[Any] = queue.Queue()
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._drain)]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        reader = MessageReader()
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 65536):
            for item in reader.feed(data):
                self.received.put(item)
        self.received.put(None)

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self.log = self.process.stderr.read()

    def send(self, message: Message | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(message if isinstance(message, bytes) else encode(message))
        self.process.stdin.flush()

    def next(self) -> Any:
        """The next message; None at the end of the stream."""
        return self.received.get(timeout=TIMEOUT_S)

    def answer(self) -> Any:
        """The next message that is no progress."""
        while isinstance(item := self.next(), ProgressEvent):
            pass
        return item

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self) -> int:
        code = self.process.wait(TIMEOUT_S)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        return code

    def kill(self) -> None:
        self.process.kill()
        self.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                # What was still buffered for a child that is gone.
                assert stream is self.process.stdin


Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts workers and leaves none behind."""
    children: list[Child] = []

    def begin(*command: str) -> Child:
        child = Child(list(command), tmp_path / "engine.log")
        children.append(child)
        return child

    yield begin
    for child in children:
        child.kill()


@pytest.fixture
def child(start: Start) -> Child:
    """A worker with the toy tasks that has said hello."""
    worker = start(str(CHILD), "serve")
    assert isinstance(worker.next(), Hello)
    return worker


def test_a_request_is_answered_with_its_result(child: Child) -> None:
    params = {"path": "données/\udce9.tif", "list": [1, 2.5, None, True]}
    child.send(Request(7, "echo", params))
    assert child.answer() == Result(7, params)


def test_whatever_a_library_prints_the_stream_stays_clean_and_no_request_is_eaten(child: Child) -> None:
    child.send(Request(1, "noise", {}))
    child.send(Request(2, "echo", {}))
    assert child.answer() == Result(1, {"eaten": 0})
    assert child.answer() == Result(2, {})
    child.send(Shutdown())
    assert child.next() is None
    assert child.wait() == 0
    for printed in (b"from print", b"forged", b"from C", b"from stdio", b"from a program"):
        assert printed in child.log


def test_progress_is_reported_at_most_ten_times_a_second(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 40}))
    began = time.monotonic()
    events = []
    while isinstance(item := child.next(), ProgressEvent):
        events.append(item)
    took = time.monotonic() - began
    assert isinstance(item, Result)
    assert 3 <= len(events) <= took / 0.1 + 2
    assert all(event.id == 1 for event in events)
    assert [event.fraction for event in events] == sorted(event.fraction for event in events)


def test_a_cancel_inside_a_tile_is_answered_within_a_second(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 3000}))
    assert isinstance(child.next(), ProgressEvent)
    began = time.monotonic()
    child.send(Cancel(1))
    answer = child.answer()
    assert time.monotonic() - began < 1
    assert (answer.id, answer.code) == (1, "cancelled")
    child.send(Request(2, "echo", {}))
    assert child.answer() == Result(2, {})


def test_requests_queue_and_run_one_after_the_other(child: Child) -> None:
    for number in (1, 2, 3):
        child.send(Request(number, "tiles", {"steps": 5, "name": str(number)}))
    items: list[Any] = []
    while sum(isinstance(item, Result) for item in items) < 3:
        items.append(child.next())
    assert [item.id for item in items] == sorted(item.id for item in items)
    assert [item.result["done"] for item in items if isinstance(item, Result)] == ["1", "2", "3"]


def test_a_queued_request_is_cancelled_at_once_and_never_runs(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 100}))
    child.send(Request(2, "tiles", {"steps": 1}))
    child.send(Request(3, "echo", {}))
    assert isinstance(child.next(), ProgressEvent)
    child.send(Cancel(2))
    first = child.answer()
    assert (first.id, first.code) == (2, "cancelled")
    child.send(Cancel(1))
    assert child.answer().id == 1
    assert child.answer() == Result(3, {})


def test_a_cancel_of_what_is_not_there_is_no_error(child: Child) -> None:
    child.send(Cancel(99))
    child.send(Request(1, "echo", {}))
    assert child.answer() == Result(1, {})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"this is not JSON\n", "not JSON"),
        (b'{"id": 1, "method": "echo"}\n', "lacks params"),
        (b"\xff\xff\n", "UTF-8"),
        (encode(Result(1, 2)), "Result"),
    ],
)
def test_a_malformed_line_gets_an_error_and_the_worker_carries_on(child: Child, line: bytes, said: str) -> None:
    child.send(line)
    refused = child.next()
    assert isinstance(refused, ErrorReply)
    assert refused.id is None and refused.code == "protocol" and said in refused.message
    child.send(Request(1, "echo", {"still": "here"}))
    assert child.answer() == Result(1, {"still": "here"})


def test_an_id_still_at_work_is_not_taken_twice(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 3000}))
    child.send(Request(1, "echo", {}))
    refused = child.answer()
    assert refused.id is None and "1" in refused.message
    child.send(Cancel(1))
    assert child.answer().code == "cancelled"


def test_an_unknown_method_names_the_known_ones(child: Child) -> None:
    child.send(Request(1, "embeed", {}))
    refused = child.answer()
    assert refused.code == "protocol" and "embeed" in refused.message and "echo, noise" in refused.hint


def test_an_error_a_user_can_act_on_keeps_its_code_message_and_hint(child: Child) -> None:
    child.send(Request(1, "refuse", {}))
    assert child.answer() == ErrorReply(
        1, "radiometry", "The values reach 65535.", "Say what they are with --radiometry."
    )


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [("key", "internal", "KeyError: 'nir'"), ("memory", "memory", "memory"), ("exit", "internal", "SystemExit")],
)
def test_a_defect_is_one_sentence_and_its_traceback_stays_in_the_log(
    child: Child, what: str, code: str, said: str
) -> None:
    child.send(Request(1, "defect", {"what": what}))
    reply = child.answer()
    assert (reply.id, reply.code) == (1, code)
    assert said in reply.message and "Traceback" not in reply.message and "\n" not in reply.message
    child.send(Request(2, "echo", {}))
    assert child.answer() == Result(2, {})
    child.close_stdin()
    child.wait()
    assert b"Traceback" in child.log


def test_a_result_that_cannot_be_sent_is_an_error_not_a_silence(child: Child) -> None:
    child.send(Request(1, "unsendable", {}))
    reply = child.answer()
    assert reply.code == "internal" and "result.share is nan" in reply.message


def test_a_library_that_cannot_be_loaded_is_a_matter_of_the_environment(child: Child) -> None:
    child.send(Request(1, "unloadable", {}))
    reply = child.answer()
    assert reply.code == "environment" and "no_such_library" in reply.message


def test_a_closed_stream_cancels_the_task_and_ends_the_worker(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 3000}))
    child.send(Request(2, "echo", {}))
    assert isinstance(child.next(), ProgressEvent)
    child.close_stdin()
    assert child.wait() == 0
    assert "cancelled" in [getattr(item, "code", None) for item in child.received.queue]


def test_a_task_that_does_not_stop_is_ended_after_the_grace_time(child: Child) -> None:
    child.send(Request(1, "stubborn", {}))
    assert isinstance(child.next(), ProgressEvent)
    began = time.monotonic()
    child.close_stdin()
    assert child.wait() != 0
    assert time.monotonic() - began < 5


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_worker_of_a_killed_parent_ends(start: Start) -> None:
    parent = start(str(CHILD), "orphan")
    # wait() returns when every process that holds stderr, the worker too, is gone.
    assert parent.wait() == -signal.SIGKILL
    assert not any(thread.is_alive() for thread in parent._threads)
    assert b"worker ends" in parent.log


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_sigterm_cancels_the_task_and_ends_the_worker_cleanly(child: Child) -> None:
    child.send(Request(1, "tiles", {"steps": 3000}))
    assert isinstance(child.next(), ProgressEvent)
    child.process.send_signal(signal.SIGTERM)
    assert child.answer().code == "cancelled"
    assert child.wait() == 0
    assert b"SIGTERM" in child.log and b"Traceback" not in child.log


def test_a_shutdown_ends_an_idle_worker(child: Child) -> None:
    child.send(Shutdown())
    assert child.wait() == 0


def test_a_broken_environment_is_said_instead_of_hello(start: Start) -> None:
    worker = start(str(CHILD), "broken")
    reply = worker.next()
    assert isinstance(reply, ErrorReply)
    assert reply.id is None and reply.code == "environment" and "torch" in reply.message
    assert worker.wait() == 2


def test_the_engines_own_worker_says_where_it_computes_and_on_what(start: Start) -> None:
    worker = start("-m", "engine", "worker")
    greeting = worker.next()
    assert isinstance(greeting, Hello), worker.log
    assert greeting.protocol == PROTOCOL_VERSION
    assert greeting.device and greeting.device_name and greeting.precision in ("fp32", "bf16")
    assert {"python", "torch", "timm", "rasterio", "gdal", "numpy"} <= set(greeting.versions)
    worker.close_stdin()
    assert worker.wait() == 0
