from __future__ import annotations

import hashlib
import os
from pathlib import Path

from engine.model.digest import file_sha256


def test_the_digest_follows_the_content_of_the_file(tmp_path: Path):
    path = tmp_path / "file"
    for content in (b"one", b"other", b""):
        path.write_bytes(content)
        assert file_sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_file_of_the_same_size_written_later_is_read_again(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = file_sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert file_sha256(path) != first
