"""What the worker and its parent say to each other: one JSON object per line, UTF-8. Standard library only.

To the worker::

    {"id": 1, "method": "embed", "params": {...}}
    {"cancel": 1}
    {"shutdown": true}

From the worker::

    {"hello": {"protocol": 1, "engine": "0.1.0", "device": "cuda:0", "device_name": "...", "precision": "bf16",
               "versions": {"python": "3.11.2", ...}}}
    {"id": 1, "progress": {"fraction": 0.5, "message": "...", "seconds_left": 12.0}}
    {"id": 1, "result": {...}}
    {"id": 1, "error": {"code": "radiometry", "message": "...", "hint": "..."}}

A message cannot be built with a wrong value: the same checks guard what is sent and
what is received. Every failure is a ProtocolError that shows the value.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from .errors import OtherReleaseError, ProtocolError

PROTOCOL_VERSION = 1

#: The longest line either side sends or reads: a large band table or training polygons fit, a runaway does not.
MAX_LINE_BYTES = 16 * 1024 * 1024
#: Deeper nesting than this is no message of ours, and would exhaust the parser's stack.
MAX_DEPTH = 64
#: Ids and other integers stay where every JSON reader is exact.
MAX_INTEGER = 2**53 - 1

_SHOWN = 80


def _show(value: object) -> str:
    """A value for an error message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _check_plain(value: object, where: str, depth: int = 0) -> None:
    """Refuse what does not come back the same from JSON: NaN, bytes, keys that are no text, huge integers."""
    if depth > MAX_DEPTH:
        raise ProtocolError(f"{where[:_SHOWN]} is nested more than {MAX_DEPTH} levels deep.")
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ProtocolError(f"{where} is {_show_integer(value)}, beyond ±{MAX_INTEGER}.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ProtocolError(f"{where} is {value}, which JSON cannot carry.")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]", depth + 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ProtocolError(f"{where} has the key {_show(key)}, which is not text.")
            _check_plain(item, f"{where}.{key}", depth + 1)
    else:
        raise ProtocolError(f"{where} is of type {type(value).__name__}, which JSON cannot carry.")


def _show_integer(value: int) -> str:
    # Python refuses to print integers of thousands of digits.
    return str(value) if value.bit_length() < 256 else f"an integer of {value.bit_length()} bits"


def _check_id(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        shown = _show_integer(value) if isinstance(value, int) and not isinstance(value, bool) else _show(value)
        raise ProtocolError(f"id is {shown}, expected a whole number from 0 to {MAX_INTEGER}.")


def _check_text(value: object, where: str) -> None:
    if not isinstance(value, str):
        raise ProtocolError(f"{where} is {_show(value)}, expected text.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class Request:
    """Run ``method`` with ``params`` (JSON values); every message about it carries ``id``."""

    id: int
    method: str
    params: Mapping[str, Any]

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check_text(self.method, "method")
        if not isinstance(self.params, Mapping):
            raise ProtocolError(f"params is {_show(self.params)}, expected an object.")
        _check_plain(self.params, "params")

    def _wire(self) -> Dict[str, Any]:
        return {"id": self.id, "method": self.method, "params": self.params}


@dataclass(frozen=True)
class Cancel:
    """Stop the request ``id``, running or queued; one that has ended meanwhile is no error."""

    id: int

    def __post_init__(self) -> None:
        _check_id(self.id)

    def _wire(self) -> Dict[str, Any]:
        return {"cancel": self.id}


@dataclass(frozen=True)
class Shutdown:
    """Cancel everything and end the worker."""

    def _wire(self) -> Dict[str, Any]:
        return {"shutdown": True}


@dataclass(frozen=True)
class Hello:
    """The worker's first line: what it speaks, where it computes, and the versions it runs on.

    ``device`` and ``precision`` are for programs ("cuda:0", "bf16"), ``device_name`` is for people.
    """

    protocol: int
    engine: str
    device: str
    device_name: str
    precision: str
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        if isinstance(self.protocol, bool) or self.protocol != PROTOCOL_VERSION:
            raise OtherReleaseError(
                f"The worker speaks protocol {_show(self.protocol)}, this side speaks {PROTOCOL_VERSION}.",
                "Install the engine and the plugin from the same release.",
            )
        for name in ("engine", "device", "device_name", "precision"):
            _check_text(getattr(self, name), f"hello.{name}")
        if not isinstance(self.versions, Mapping):
            raise ProtocolError(f"hello.versions is {_show(self.versions)}, expected an object.")
        for key, value in self.versions.items():
            _check_text(key, "a key of hello.versions")
            _check_text(value, f"hello.versions.{key}")

    def _wire(self) -> Dict[str, Any]:
        return {
            "hello": {
                "protocol": self.protocol,
                "engine": self.engine,
                "device": self.device,
                "device_name": self.device_name,
                "precision": self.precision,
                "versions": self.versions,
            }
        }


@dataclass(frozen=True)
class ProgressEvent:
    """How far the request ``id`` is: ``fraction`` 0 to 1, ``seconds_left`` None until it can be known."""

    id: int
    fraction: float
    message: str
    seconds_left: Optional[float] = None

    def __post_init__(self) -> None:
        _check_id(self.id)
        if not _is_number(self.fraction) or not 0 <= self.fraction <= 1:
            raise ProtocolError(f"progress.fraction is {_show(self.fraction)}, expected a number from 0 to 1.")
        _check_text(self.message, "progress.message")
        left = self.seconds_left
        if left is not None and (not _is_number(left) or not 0 <= left <= MAX_INTEGER):
            raise ProtocolError(f"progress.seconds_left is {_show(left)}, expected a number of seconds or null.")

    def _wire(self) -> Dict[str, Any]:
        body = {"fraction": self.fraction, "message": self.message, "seconds_left": self.seconds_left}
        return {"id": self.id, "progress": body}


@dataclass(frozen=True)
class Result:
    """What the request ``id`` gave: any JSON value."""

    id: int
    result: Any

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check_plain(self.result, "result")

    def _wire(self) -> Dict[str, Any]:
        return {"id": self.id, "result": self.result}


@dataclass(frozen=True)
class ErrorReply:
    """Why the request ``id`` failed; ``id`` None: a line that belongs to no request, or a worker that cannot start."""

    id: Optional[int]
    code: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if self.id is not None:
            _check_id(self.id)
        _check_text(self.code, "error.code")
        _check_text(self.message, "error.message")
        _check_text(self.hint, "error.hint")

    def _wire(self) -> Dict[str, Any]:
        return {"id": self.id, "error": {"code": self.code, "message": self.message, "hint": self.hint}}


Message = Union[Request, Cancel, Shutdown, Hello, ProgressEvent, Result, ErrorReply]


def encode(message: Message) -> bytes:
    """The message as one line with its newline, in ASCII.

    ProtocolError when the line would exceed MAX_LINE_BYTES.
    """
    # ASCII escapes carry file names that are not valid UTF-8 (lone surrogates) unharmed.
    line = json.dumps(message._wire(), ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=dict)
    if len(line) >= MAX_LINE_BYTES:
        raise ProtocolError(f"A message of {len(line)} bytes is longer than the {MAX_LINE_BYTES} a line may have.")
    return line.encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """The message in one line (with or without its newline); ProtocolError when it is none."""
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"A line of {len(line)} bytes is longer than the {MAX_LINE_BYTES} a line may have.")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"The line {_show(line)} is not UTF-8.") from error
    try:
        wire = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_parse_integer,
            parse_float=_parse_float,
            object_pairs_hook=_object_without_duplicates,
        )
    except RecursionError as error:
        raise ProtocolError(f"The line is nested more than {MAX_DEPTH} levels deep.") from error
    except json.JSONDecodeError as error:
        raise ProtocolError(f"The line {_show(text)} is not JSON: {error.msg} at character {error.pos}.") from error
    if not isinstance(wire, dict):
        raise ProtocolError(f"The line {_show(text)} is not a JSON object.")
    return _message(wire)


def _refuse_constant(name: str) -> None:
    raise ProtocolError(f"The line contains {name}, which is not JSON.")


def _parse_integer(digits: str) -> int:
    if len(digits) > 17:
        raise ProtocolError(f"The number {_show(digits)} is beyond ±{MAX_INTEGER}.")
    return int(digits)


def _parse_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ProtocolError(f"The number {_show(digits)} is too large.")
    return value


def _object_without_duplicates(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise ProtocolError(f"The key {_show(key)} stands twice in one object.")
            seen.add(key)
    return fields


def _fields(value: object, where: str, names: Tuple[str, ...]) -> Dict[str, Any]:
    """The fields of an object that must have exactly these names."""
    if not isinstance(value, dict):
        raise ProtocolError(f"{where} is {_show(value)}, expected an object.")
    missing = [name for name in names if name not in value]
    if missing:
        raise ProtocolError(f"{where} lacks {', '.join(missing)}: {_show(value)}.")
    unknown = [name for name in value if name not in names]
    if unknown:
        raise ProtocolError(f"{where} has the unknown key {_show(unknown[0])}.")
    return value


def _message(wire: Dict[str, Any]) -> Message:
    kinds = [kind for kind in ("method", "cancel", "shutdown", "hello", "progress", "result", "error") if kind in wire]
    if len(kinds) != 1:
        found = " and ".join(kinds) if kinds else "none of them"
        raise ProtocolError(
            f"A message has one of method, cancel, shutdown, hello, progress, result, error; {_show(wire)} has {found}."
        )
    kind = kinds[0]
    if kind == "method":
        return Request(**_fields(wire, "The request", ("id", "method", "params")))
    if kind == "cancel":
        return Cancel(_fields(wire, "The cancel", ("cancel",))["cancel"])
    if kind == "shutdown":
        if _fields(wire, "The shutdown", ("shutdown",))["shutdown"] is not True:
            raise ProtocolError(f"shutdown is {_show(wire['shutdown'])}, expected true.")
        return Shutdown()
    if kind == "hello":
        return _hello(_fields(wire, "The hello", ("hello",))["hello"])
    fields = _fields(wire, f"The {kind}", ("id", kind))
    if kind == "result":
        return Result(fields["id"], fields["result"])
    if kind == "progress":
        body = _fields(fields["progress"], "progress", ("fraction", "message", "seconds_left"))
        return ProgressEvent(fields["id"], **body)
    body = _fields(fields["error"], "error", ("code", "message", "hint"))
    return ErrorReply(fields["id"], **body)


def _hello(body: object) -> Hello:
    names = ("protocol", "engine", "device", "device_name", "precision", "versions")
    # Another version may have other fields: say that it is another version, not that a field is wrong.
    if isinstance(body, dict) and body.get("protocol", PROTOCOL_VERSION) != PROTOCOL_VERSION:
        return Hello(body["protocol"], "", "", "", "", {})
    return Hello(**_fields(body, "hello", names))


class MessageReader:
    """Cuts a byte stream into messages as the bytes arrive, in bounded memory.

    ``feed`` gives, in order, each message or the ProtocolError that its line earned; a
    bad line does not disturb the next. Blank lines are skipped.
    """

    def __init__(self) -> None:
        self._parts: List[bytes] = []
        self._length = 0
        self._overlong = False

    def feed(self, data: bytes) -> List[Union[Message, ProtocolError]]:
        """Take the next bytes of the stream, any number, and give what is complete with them."""
        complete: List[Union[Message, ProtocolError]] = []
        lines = data.split(b"\n")
        for line in lines[:-1]:
            self._append(line)
            whole, overlong = b"".join(self._parts), self._overlong
            self._parts, self._length, self._overlong = [], 0, False
            if overlong:
                complete.append(ProtocolError(f"A line is longer than the {MAX_LINE_BYTES} bytes it may have."))
            elif whole.strip():
                try:
                    complete.append(decode(whole))
                except ProtocolError as error:
                    complete.append(error)
        self._append(lines[-1])
        return complete

    def _append(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > MAX_LINE_BYTES:
            self._overlong = True
            self._parts = []
        elif part:
            self._parts.append(part)
