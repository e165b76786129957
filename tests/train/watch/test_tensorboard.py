"""TensorBoard gets the run where it is installed; a run without it goes on."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from train.watch.tensorboard import TensorBoard


def test_scalars_and_pictures_are_read_back(tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = TensorBoard(tmp_path, 0)
    board.add(1, {"loss": 0.5, "loss of/radar": 0.25})
    board.add(2, {"loss": 0.4})
    board.add_image(2, "pictures/radar", np.zeros((4, 6, 3), np.uint8))
    board.close()
    events = accumulators.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, round(event.value, 6)) for event in events.Scalars("loss")] == [(1, 0.5), (2, 0.4)]
    assert events.Scalars("loss of/radar")[0].value == 0.25
    assert (events.Images("pictures/radar")[0].width, events.Images("pictures/radar")[0].height) == (6, 4)


def test_without_it_one_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    board = TensorBoard(tmp_path / "board", 0)
    board.add(1, {"loss": 0.5})
    board.add_image(1, "picture", np.zeros((4, 6, 3), np.uint8))
    board.close()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "TensorBoard is not installed: the curve is in curve.csv" in said[0]
    assert not (tmp_path / "board").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path, capsys):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    TensorBoard(tmp_path / "file" / "board", 0).add(1, {"loss": 0.5})
    assert "cannot be written" in capsys.readouterr().err
