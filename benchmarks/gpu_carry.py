"""Collect the wheels that a machine with PyTorch and a GPU lacks, so that they can be carried there.

    python benchmarks/gpu_carry.py [--python 3.12] [--into gpu-wheels]

Such a machine may reach no package index. benchmarks/gpu.py installs what lies in the folder, which git ignores, and
takes PyTorch, NumPy, SciPy and scikit-image from the machine. Versions are those of constraints.txt. Fails where the
wheels together are larger than may be carried.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "gpu-wheels"

#: What embedding imports beside the libraries that come with PyTorch's friends, and what these import in turn.
PACKAGES = (
    "rasterio", "affine", "cligj", "click-plugins", "platformdirs", "timm", "huggingface_hub", "httpx2", "httpcore2",
    "truststore", "click", "threadpoolctl",
)  # fmt: skip
#: A wheel names the oldest C library it runs with; pip takes each tag as it is written.
PLATFORMS = ("manylinux2014_x86_64", "manylinux1_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(5, 36)))
MOST_BYTES = 60 * 2**20


def main() -> None:
    """Collect, count, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default="3.12", help="version of Python there")
    parser.add_argument("--into", type=Path, default=ROOT / FOLDER)
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    for old in arguments.into.glob("*.whl"):
        old.unlink()
    pinned = pins((ROOT / "constraints.txt").read_text())
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", arguments.python, "--implementation", "cp", "--dest", str(arguments.into)]
    command += [word for platform in PLATFORMS for word in ("--platform", platform)]
    subprocess.run([*command, *(f"{name}=={pinned[name]}" for name in PACKAGES)], check=True)
    wheels = sorted(arguments.into.glob("*.whl"))
    size = sum(wheel.stat().st_size for wheel in wheels)
    print(*(wheel.name for wheel in wheels), f"{len(wheels)} wheels, {size / 2**20:.1f} MiB", sep="\n")
    if size > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES / 2**20:.0f} MiB: they cannot be carried")


def pins(text: str) -> dict[str, str]:
    """Versions by name, as a constraints file has them."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", text, re.MULTILINE))


if __name__ == "__main__":
    main()
