"""Sentences about the engine's process: how it ended, what computes, and errors that came over the protocol."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Dict, Iterator, Type

from ...engine.errors import SmartiesError
from ...engine.protocol import ErrorReply, Hello
from ..translation import tr

#: Windows ends a process that failed with one of these instead of a signal.
_WINDOWS_FAULTS = {0xC0000005: "access violation", 0xC0000017: "out of memory", 0xC0000135: "a DLL is missing"}


class EngineCrashError(SmartiesError):
    """The engine's process ended, or never spoke, without saying why."""

    code = "engine_crash"


def error_of(reply: ErrorReply) -> SmartiesError:
    """The exception that the engine raised, of the same class where this side knows its code."""
    kind = _kinds().get(reply.code, SmartiesError)
    error = kind(reply.message, reply.hint)
    # Codes such as "memory" have no class of their own.
    error.code = reply.code
    return error


def _kinds() -> Dict[str, Type[SmartiesError]]:
    def walk(kind: Type[SmartiesError]) -> Iterator[Type[SmartiesError]]:
        for child in kind.__subclasses__():
            yield child
            yield from walk(child)

    # The engine's own classes: an algorithm may define further ones.
    return {kind.code: kind for kind in walk(SmartiesError) if kind.__module__ == SmartiesError.__module__}


def crashed(returncode: int, log: Path) -> EngineCrashError:
    """The error for a process that ended with ``returncode`` in the middle of a run."""
    hint = tr("Run it again; the log {log} says more.").format(log=log)
    if returncode in (-9, 0xC0000017):
        # Systems short of memory end processes with signal 9.
        hint = tr("If the memory was full, take a smaller extent or batch; the log {log} says more.").format(log=log)
    return EngineCrashError(tr("The engine ended unexpectedly ({how}).").format(how=ending(returncode)), hint)


def not_started(returncode: int, last_line: str, log: Path) -> EngineCrashError:
    """The error for a process that ended before it said anything."""
    how = ending(returncode)
    return EngineCrashError(
        tr("The engine could not start ({how}).").format(how=f"{how}: {last_line}" if last_line else how),
        tr("Set up the engine again; the log {log} says more.").format(log=log),
    )


def ending(returncode: int) -> str:
    """How a process ended: "signal 9, SIGKILL" or "exit code 1"."""
    if returncode < 0:
        try:
            name = signal.Signals(-returncode).name
        except ValueError:
            return tr("signal {number}").format(number=-returncode)
        return tr("signal {number}, {name}").format(number=-returncode, name=name)
    if returncode > 0x7FFFFFFF:
        code = f"0x{returncode:08X}"
        fault = _WINDOWS_FAULTS.get(returncode)
        return tr("exit code {code}").format(code=f"{code}, {fault}" if fault else code)
    return tr("exit code {code}").format(code=returncode)


def device_badge(hello: Hello) -> str:
    """Where the engine computes, for people: "CPU · 2 cores · fp32", "NVIDIA H200 · 140 GiB · bf16"."""
    name = hello.device_name
    ending_of_name = f", {hello.precision}"
    if name.endswith(ending_of_name):
        name = name[: -len(ending_of_name)]
    parts = [name]
    if name.endswith(")"):
        device, _, details = name[:-1].rpartition(" (")
        # What the CPU can do is told too: not twice the same word.
        parts = [part for part in (device, *details.split(", ")) if part not in ("", hello.precision)]
    return " · ".join([*parts, hello.precision])
