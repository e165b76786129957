"""Lists of patches and pairs."""

from __future__ import annotations

import pytest

from engine.errors import OutputError, SourceError
from train.data.readers.lists import read_list, write_list


@pytest.mark.parametrize("text", ["a b\nc d\n", "a,b\nc,d\n", "a, b ,more\n\nc,d,more", "first,second\na,b\nc,d\n"])
def test_lists_are_read_with_commas_or_blanks_and_with_or_without_header(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text)
    assert read_list(path, 2, ("first", "second")) == [("a", "b"), ("c", "d")]


def test_a_line_that_is_too_short_is_named(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("a b\nc\n")
    with pytest.raises(SourceError, match=r"Line 2 of list\.csv has 1 entries"):
        read_list(path, 2)


def test_a_list_that_is_absent_or_no_text_is_one_sentence(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_list(tmp_path / "none.csv", 1)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SourceError, match="cannot be read"):
        read_list(tmp_path / "binary.csv", 1)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "list.csv"
    write_list(path, ("first", "second"), [("a b, c", "d"), ("e", 1)])
    assert read_list(path, 2, ("first",)) == [("a b, c", "d"), ("e", "1")]
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OutputError):
        write_list(tmp_path / "none" / "list.csv", ("first",), [])
