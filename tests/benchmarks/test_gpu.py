"""The benchmark for a GPU runs from end to end, small and without one, so that it does on a machine that has one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Without the encoder alone, whose parts the others have, and the memory of a GPU that is not there.
STAGES = ("environment", "agreement", "chips", "scene")


def test_every_stage_runs_small(tmp_path: Path) -> None:
    settings = ["--smoke", "--models", "vit-b", "--only", ",".join(STAGES), "--out", str(tmp_path)]
    command = [sys.executable, "benchmarks/gpu.py", *settings]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (record,) = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert "failed" not in done.stdout and "Traceback" not in done.stderr
    assert set(STAGES) <= record["stages"].keys()
