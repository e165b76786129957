"""Large blocks go back to the system when they are freed (the run-long promise is in tasks/test_embed.py)."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import numpy as np
from engine.memory import keep_memory_level

def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

if {level}:
    keep_memory_level()
# Freeing one large block is what makes glibc raise its threshold.
np.ones(31 * 2**20, np.uint8)
before = resident_mib()
kept = []
for _ in range(8):
    blocks = [np.ones(16 * 2**20, np.uint8) for _ in range(4)]
    kept.append(np.ones(2**16, np.uint8))
    del blocks
print(resident_mib() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed blocks")
def test_freed_blocks_leave_the_process():
    def growth_mib(level: bool) -> float:
        command = [sys.executable, "-c", CODE.format(level=level)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert growth_mib(True) < 10
    # Without it the very same code keeps blocks: else this module could go.
    assert growth_mib(False) > 10
