"""What does a GPU make of it? The encoder beside the matrix rate, and a whole scene, on a machine with PyTorch.

    python benchmarks/gpu_carry.py                           here, where there is a package index
    python3 benchmarks/gpu.py [--wheels gpu-wheels] [--out DIR] [--only encoder,scene] [--seconds 540]    there

Runs in one go, without an index: installs the carried wheels into a temporary folder, and takes what else it needs
from the machine. Every stage adds to the record and writes it (JSON and Markdown), so that a run that is cut off
leaves what it has measured; a stage that fails is told with its reason, and the next one goes on. Stages:

- environment: versions, drivers, whether there is a compiler; that raw integers of every type arrive unchanged;
- agreement: features of tiles of the scene, GPU in float32 and bfloat16 against the processor in float32. Where they
  differ by more than AGREE nothing is timed;
- encoder: ViT-B and ViT-L on harmonised images by batch, as it is and compiled, as a share of the rate of plain matrix
  products, which is measured before and after;
- chips: the same from raw integers in the GPU's memory: harmonised, resized, encoded;
- scene: a ZSTD COG of 10,980² × 12 in the page cache: reader, device and writer alone and together;
- memory: the GPU's memory taken by others before the run: batches halved, then the processor.

``--smoke`` runs everything small on whatever there is: it shows that the script works, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

STAGES = ("environment", "agreement", "encoder", "chips", "scene", "memory")


def main() -> None:
    """Install, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, default=ROOT / "gpu-wheels")
    default = Path(os.environ["OUT"]) if "OUT" in os.environ else ROOT / "benchmarks" / "results"
    parser.add_argument("--out", type=Path, default=default)
    parser.add_argument("--only", default=",".join(STAGES), help="of " + ", ".join(STAGES))
    parser.add_argument("--models", default="vit-b,vit-l")
    parser.add_argument("--seconds", type=float, default=540, help="no part is begun that would not end in this time")
    parser.add_argument("--smoke", action="store_true", help="small, on any device")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    if unknown := set(wanted) - set(STAGES):
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smarties-gpu-") as folder:
        install(arguments.wheels, Path(folder) / "site")
        # Only now is there what these import.
        from benchmarks.gpu_record import Record
        from benchmarks.gpu_setting import Setting

        setting = Setting.of(Path(folder), arguments.models.split(","), arguments.smoke, began + arguments.seconds)
        record = Record(arguments.out, setting)
        for name in wanted:
            if name == "environment":
                from benchmarks.gpu_environment import environment as stage
            elif name in ("agreement", "encoder", "chips"):
                import benchmarks.gpu_encoder

                stage = getattr(benchmarks.gpu_encoder, name)
            elif name == "scene":
                from benchmarks.gpu_scene import scene as stage
            else:
                from benchmarks.gpu_memory import memory as stage
            print(f"== {name}, {setting.left:.0f} s left", flush=True)
            try:
                stage(setting, record)
            except Exception as error:
                traceback.print_exc()
                record.add(name, {"failed": f"{type(error).__name__}: {error}"})
                if name == "agreement":
                    break
        print(record.page())


def install(wheels: Path, target: Path) -> None:
    """Makes the carried wheels importable, here and in child processes; without a folder of them, what there is."""
    if not wheels.is_dir():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run(
        [*command, "--no-cache-dir", "--target", str(target), *map(str, sorted(wheels.glob("*.whl")))], check=True
    )
    sys.path.insert(1, str(target))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))


if __name__ == "__main__":
    main()
