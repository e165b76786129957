"""The batch file: its syntax, its options, and what it hands to srun. (Two tasks that meet: tests/train/watch.)"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BATCH = ROOT / "train" / "pretrain.sbatch"


def test_syntax_and_options():
    subprocess.run(["bash", "-n", BATCH], check=True)
    options = [line.removeprefix("#SBATCH ") for line in BATCH.read_text().splitlines() if line.startswith("#SBATCH")]
    # USR1 to the tasks, not to the shell (B:), in time for a checkpoint.
    assert {"--requeue", "--signal=USR1@300", "--open-mode=append"} <= set(options)


def test_what_srun_is_given(tmp_path):
    # SLURM's programs in its place: they say what they were called with.
    (tmp_path / "scontrol").write_text(
        '#!/bin/sh\n[ "$*" = "show hostnames node[3-4]" ] && printf "node3\\nnode4\\n"\n'
    )
    (tmp_path / "srun").write_text('#!/bin/sh\necho "$MASTER_ADDR $MASTER_PORT $OMP_NUM_THREADS $PWD"\n'
                                   'for word in "$@"; do echo "$word"; done\n')  # fmt: skip
    for name in ("scontrol", "srun"):
        (tmp_path / name).chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_SUBMIT_DIR": str(tmp_path), "PYTHON": "python",
        "SLURM_JOB_NODELIST": "node[3-4]", "SLURM_JOB_ID": "1234567", "SLURM_CPUS_PER_TASK": "8",
    }  # fmt: skip
    arguments = ["--recipe", "a b.toml", "--out", "runs/x", "batch=64"]
    done = subprocess.run(["bash", BATCH, *arguments], env=environment, capture_output=True, text=True, check=True)
    said, *words = done.stdout.splitlines()
    assert said == f"node3 {20000 + 1234567 % 20000} 8 {tmp_path}"
    place = words.index("python")
    assert words[place:] == ["python", "-u", "train/pretrain.py", *arguments]
    assert {"--kill-on-bad-exit=1", "--gpu-bind=none", "--cpus-per-task=8"} == set(words[:place])
