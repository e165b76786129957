"""A curve bears kills, runs that go on, and full disks."""

from __future__ import annotations

import resource
import struct

import pytest

from train.watch.curve import COLUMNS, Curve, read_curve


def test_rows_come_back_to_the_last_bit(tmp_path):
    loss = struct.unpack("f", struct.pack("f", 1 / 3))[0]
    curve = Curve(tmp_path / "curve.csv", 0)
    curve.add(1, loss, 1e-3, 0.5, 12.0)
    assert read_curve(tmp_path / "curve.csv")[0]["loss"] == pytest.approx(loss, rel=1e-9)
    curve.close()
    assert (tmp_path / "curve.csv").read_text().splitlines()[0] == ",".join(COLUMNS)


def test_a_run_that_goes_on_drops_what_came_after(tmp_path):
    path = tmp_path / "probe.csv"
    curve = Curve(path, 0, ("step", "knn_accuracy"))
    for step in (1, 2, 3):
        curve.add(step, step / 10)
    curve.close()
    # Killed within a row.
    path.write_bytes(path.read_bytes() + b"4,0.")
    assert [row["step"] for row in read_curve(path)] == [1, 2, 3]
    curve = Curve(path, 2, ("step", "knn_accuracy"))
    curve.add(3, 0.9)
    curve.close()
    assert read_curve(path) == [{"step": s, "knn_accuracy": a} for s, a in ((1, 0.1), (2, 0.2), (3, 0.9))]


def test_a_full_disk_keeps_rows_for_later(tmp_path, capsys):
    path = tmp_path / "curve.csv"
    curve = Curve(path, 0)
    curve.add(1, 0.9, 1e-3, 0.5, 12.0)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow by more than five bytes: what a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, hard))
    try:
        curve.add(2, 0.8, 1e-3, 0.5, 12.0)
        curve.add(3, 0.7, 1e-3, 0.5, 12.0)
        assert [row["step"] for row in read_curve(path)] == [1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 1
    assert "cannot be written" in warnings[0]
    assert "Its rows are kept" in warnings[0]
    curve.add(4, 0.6, 1e-3, 0.5, 12.0)
    curve.close()
    assert [(row["step"], row["loss"]) for row in read_curve(path)] == [(1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6)]
