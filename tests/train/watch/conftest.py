"""What the tests of watching share: made collections, and the tiny model under the name of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pretraining_runs import tiny_model, write_collections


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with tiny_model():
        yield


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collections "radar", "fine" and "alone"."""
    return write_collections(tmp_path_factory.mktemp("packed"))
