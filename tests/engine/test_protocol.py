from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import protocol
from engine.errors import ProtocolError
from engine.protocol import (
    Cancel,
    ErrorReply,
    Hello,
    Message,
    MessageReader,
    ProgressEvent,
    Request,
    Result,
    Shutdown,
    decode,
    encode,
)

ROOT = Path(__file__).resolve().parents[2]

# Lone surrogates included: they stand for file names that are not valid UTF-8.
texts = st.text(st.characters(), max_size=20)
ids = st.integers(0, protocol.MAX_INTEGER)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-protocol.MAX_INTEGER, protocol.MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
messages = st.one_of(
    st.builds(Request, ids, texts, st.dictionaries(texts, plain, max_size=4)),
    st.builds(Cancel, ids),
    st.just(Shutdown()),
    st.builds(
        Hello, st.just(protocol.PROTOCOL_VERSION), texts, texts, texts, texts, st.dictionaries(texts, texts, max_size=3)
    ),
    st.builds(ProgressEvent, ids, st.floats(0, 1), texts, st.none() | st.floats(0, 1e9)),
    st.builds(Result, ids, plain),
    st.builds(ErrorReply, st.none() | ids, texts, texts, texts),
)


@given(messages)
def test_every_message_comes_back_the_same_from_one_ascii_line(message: Message) -> None:
    line = encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii()
    assert decode(line) == message


@given(st.lists(messages, max_size=5), st.integers(1, 40))
def test_a_stream_cut_anywhere_gives_the_same_messages(sent: list[Message], size: int) -> None:
    stream = b"\n".join(encode(message) for message in sent) + b"\r\n"
    reader = MessageReader()
    received = [item for start in range(0, len(stream), size) for item in reader.feed(stream[start : start + size])]
    assert received == sent


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_or_protocol_errors(data: bytes) -> None:
    for item in MessageReader().feed(data + b"\n"):
        assert isinstance(item, (ProtocolError, *get_args(Message)))
        assert not isinstance(item, ProtocolError) or (item.message and item.hint and len(str(item)) < 1000)


@given(st.lists(messages, min_size=1, max_size=3), st.data())
def test_a_stream_with_damage_gives_messages_and_errors_and_keeps_no_more_than_a_line(
    sent: list[Message], data: st.DataObject
) -> None:
    stream = bytearray(b"".join(encode(message) for message in sent))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(stream) - 1))
        piece = data.draw(
            st.sampled_from([b"", b"\0", b"\n", b'"', b"{", b"}", b"[", b"9", b"-", b"e9", b"\\u", b"\xff"])
        )
        stream[place : place + data.draw(st.integers(0, 3))] = piece
    reader = MessageReader()
    received = reader.feed(bytes(stream)) + reader.feed(b"\n" + encode(Cancel(7)))
    for item in received:
        assert isinstance(item, (ProtocolError, *get_args(Message)))
        assert not isinstance(item, ProtocolError) or (item.message and item.hint and len(str(item)) < 1000)
    assert received[-1] == Cancel(7), "damage does not outlive its line"


@pytest.mark.parametrize(
    "line", [b"[" * 16_000_000, b'{"id":' * 2_000_000, b"9" * 16_000_000, b'"' + b"\\" * 16_000_000]
)
def test_a_line_made_to_take_time_is_refused_at_once(line: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ProtocolError):
        decode(line)
    assert time.process_time() - started < 3


keys = st.sampled_from(["id", "method", "params", "cancel", "shutdown", "hello", "progress", "result", "error"])
bodies = st.dictionaries(
    st.sampled_from(["protocol", "fraction", "message", "seconds_left", "code", "hint", "device"]), plain, max_size=4
)


@given(st.dictionaries(keys, plain | bodies, max_size=4))
def test_any_json_object_gives_a_message_or_a_protocol_error(wire: dict[str, Any]) -> None:
    try:
        message = decode(json.dumps(wire).encode())
    except ProtocolError as error:
        assert error.message and error.hint
        assert len(error.message) < 600
    else:
        assert json.loads(encode(message)) == wire


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "not JSON"),
        (b"hello", "'hello' is not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1, 2]", "not a JSON object"),
        (b"{}", "none of them"),
        (b'{"id": 1, "result": 1, "error": {}}', "result and error"),
        (b'{"id": 1, "method": "embed"}', "lacks params"),
        (b'{"id": true, "method": "embed", "params": {}}', "id is True"),
        (b'{"id": -1, "method": "embed", "params": {}}', "id is -1"),
        (b'{"id": "7", "method": "embed", "params": {}}', "id is '7'"),
        (b'{"id": 1, "method": 5, "params": {}}', "method is 5"),
        (b'{"id": 1, "method": "embed", "params": []}', "params is []"),
        (b'{"id": 1, "method": "embed", "params": {}, "colour": 1}', "unknown key 'colour'"),
        (b'{"id": 1, "id": 2, "method": "embed", "params": {}}', "'id' stands twice"),
        (b'{"id": 1, "result": NaN}', "contains NaN"),
        (b'{"id": 1, "result": -Infinity}', "contains -Infinity"),
        (b'{"id": 1, "result": 1e999}', "'1e999' is too large"),
        (b'{"id": 1, "result": 123456789012345678901}', "beyond"),
        (b'{"id": 1, "result": ' + b"9" * 5000 + b"}", "beyond"),
        (b'{"id": 1, "result": ' + b"[" * 100000 + b"]" * 100000 + b"}", "nested"),
        (b'{"id": 1, "result": ' + b"[" * 100 + b"]" * 100 + b"}", "nested"),
        (b'{"cancel": null}', "id is None"),
        (b'{"shutdown": false}', "shutdown is False"),
        (b'{"id": 1, "progress": {"fraction": 1.5, "message": "", "seconds_left": null}}', "fraction is 1.5"),
        (b'{"id": 1, "progress": {"fraction": 1, "message": "", "seconds_left": -1}}', "seconds_left is -1"),
        (b'{"id": 1, "error": {"code": "x", "message": "y"}}', "lacks hint"),
        (b'{"hello": {"protocol": 2, "news": 1}}', "protocol 2, this side speaks 1"),
        (b'{"hello": {"protocol": 1}}', "lacks engine"),
    ],
)
def test_a_malformed_line_is_refused_and_shown(line: bytes, said: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(line)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "result.a[1] is nan"),
        (float("inf"), "result.a[1] is inf"),
        (b"raw", "result.a[1] is of type bytes"),
        ({1: 2}, "result.a[1] has the key 1"),
        (2**60, "result.a[1] is 1152921504606846976"),
        (1 << 20000, "an integer of 20001 bits"),
    ],
    ids=["nan", "inf", "bytes", "key", "2**60", "2**20000"],
)
def test_a_value_json_cannot_carry_is_refused_where_it_stands(value: object, said: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        Result(1, {"a": [0, value]})
    assert said in caught.value.message


def test_an_overlong_line_is_refused_and_the_next_one_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_LINE_BYTES", 100)
    reader = MessageReader()
    received = reader.feed(b"x" * 60)
    received += reader.feed(b"x" * 60)
    received += reader.feed(b"x" * 60 + b'\n{"cancel": 1}\n')
    assert isinstance(received[0], ProtocolError) and "longer than the 100 bytes" in received[0].message
    assert received[1:] == [Cancel(1)]
    with pytest.raises(ProtocolError, match="longer than the 100"):
        encode(Result(1, "x" * 200))


def test_the_module_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, engine.protocol; "
        "print(sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'__main__'}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['engine']"
