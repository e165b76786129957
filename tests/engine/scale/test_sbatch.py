"""The batch file of parts: its syntax, its options, what it hands to srun, and when it goes back into the queue."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BATCH = ROOT / "scripts" / "embed-many.sbatch"


def test_syntax_and_options():
    subprocess.run(["bash", "-n", BATCH], check=True)
    options = [line.removeprefix("#SBATCH ") for line in BATCH.read_text().splitlines() if line.startswith("#SBATCH")]
    # USR1 to the task, not to the shell (B:), which then sees how the task ended.
    assert {"--requeue", "--signal=USR1@120", "--open-mode=append"} <= set(options)


@pytest.mark.parametrize(("code", "requeued"), [(0, False), (2, False), (130, True)])
def test_it_hands_on_all_and_goes_back_into_the_queue_when_it_was_stopped(tmp_path, code, requeued):
    # SLURM's programs in its place: they say what they were called with.
    for name, body in (
        ("srun", f'for word in "$@"; do echo "$word"; done; exit {code}'),
        ("scontrol", 'echo "CONTROL $*"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_SUBMIT_DIR": str(tmp_path),
        "SLURM_JOB_ID": "4711", "SLURM_CPUS_PER_TASK": "8", "SMARTIES": "smarties",
    }  # fmt: skip
    arguments = ["my scenes.csv", "--out", "out"]
    done = subprocess.run(["bash", BATCH, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == code
    lines = done.stdout.splitlines()
    assert ("CONTROL requeue 4711" in lines) is requeued
    assert lines[:7] == ["--cpus-per-task=8", "smarties", "embed-many", *arguments, "--part"] and lines[7] == "slurm"
