"""Which build of PyTorch fits this machine's GPU: what nvidia-smi says against a table of builds."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404 - fixed commands, never a shell
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple, Union

from ..translation import tr
from .child_environment import child_environment
from .interpreters import creation_flags

Version = Tuple[int, ...]

#: PyTorch's own package index: one folder for each build.
INDEX = "https://download.pytorch.org/whl/"


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU as its driver describes it; capability (0, 0) where an old driver does not tell."""

    name: str
    driver: Version
    capability: Tuple[int, int]


@dataclass(frozen=True)
class TorchBuild:
    """A build of the pinned PyTorch: the least driver and the range of compute capabilities it has kernels for."""

    tag: str
    linux_driver: Version
    windows_driver: Version
    least: Tuple[int, int]
    most: Tuple[int, int]

    def least_driver(self, platform: str) -> Version:
        """The oldest driver it starts with."""
        return self.windows_driver if platform == "win32" else self.linux_driver


# Builds and capabilities of PyTorch 2.12 to 2.14: «PyTorch CUDA Support Matrix» in
# https://github.com/pytorch/pytorch/blob/main/RELEASE.md (2.13 by its pull request 187075).
# Drivers: https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html
# (CUDA 13.x: 580, CUDA 12.x: 525) and, for Windows, the CUDA Toolkit release notes (12.x: 528.33).
#: The newest first. The experimental CUDA 13.2 build is left out: it runs on nothing that 13.0 does not.
BUILDS: Tuple[TorchBuild, ...] = (
    TorchBuild("cu130", (580,), (580,), (7, 5), (99, 0)),
    TorchBuild("cu126", (525, 60, 13), (528, 33), (5, 0), (9, 0)),
)


def choose_build(gpu: Gpu, platform: str = sys.platform) -> Union[TorchBuild, str]:
    """The newest build for ``gpu``, or a sentence that says why there is none."""
    if platform == "darwin":
        return tr("PyTorch has no CUDA build for macOS.")
    unknown = gpu.capability == (0, 0)
    fitting = [build for build in BUILDS if unknown or build.least <= gpu.capability <= build.most]
    if not fitting:
        return tr("PyTorch no longer supports the {name} (compute capability {capability}).").format(
            name=gpu.name, capability=_text(gpu.capability)
        )
    for build in fitting:
        if gpu.driver >= build.least_driver(platform):
            return build
    needed = min(build.least_driver(platform) for build in fitting)
    return tr("The driver {driver} of the {name} is too old: version {needed} or newer is needed.").format(
        driver=_text(gpu.driver), name=gpu.name, needed=_text(needed)
    )


def find_gpus(nvidia_smi: Optional[Path] = None, timeout_s: float = 20.0) -> List[Gpu]:
    """The NVIDIA GPUs of this machine; none where the driver is absent or does not answer."""
    tool = nvidia_smi or find_nvidia_smi()
    if tool is None:
        return []
    # An old nvidia-smi refuses a query with a field that it does not know.
    for fields in ("name,driver_version,compute_cap", "name,driver_version"):
        command = [str(tool), f"--query-gpu={fields}", "--format=csv,noheader"]
        try:
            answer = subprocess.run(  # nosec B603
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=timeout_s,
                env=child_environment(),
                creationflags=creation_flags(),
            )
        except (OSError, subprocess.TimeoutExpired):
            return []
        if answer.returncode == 0:
            return parse_gpus(answer.stdout.decode("utf-8", "replace"))
    return []


def parse_gpus(text: str) -> List[Gpu]:
    """The GPUs in the answer of nvidia-smi, the most capable first."""
    gpus = []
    for line in text.splitlines():
        values = [value.strip() for value in line.split(",")]
        driver = _version(values[1]) if len(values) >= 2 else ()
        if driver:
            capability = _version(values[2]) if len(values) >= 3 else ()
            gpus.append(Gpu(values[0], driver, (capability[0], capability[1]) if len(capability) == 2 else (0, 0)))
    return sorted(gpus, key=lambda gpu: gpu.capability, reverse=True)


def find_nvidia_smi(platform: str = sys.platform) -> Optional[Path]:
    """The driver's own tool, on the search path or where the driver puts it on Windows."""
    found = shutil.which("nvidia-smi")
    if found:
        return Path(found)
    if platform == "win32":
        places = [
            Path(os.environ.get("SystemRoot", r"C:\Windows")) / "System32" / "nvidia-smi.exe",
            Path(os.environ.get("ProgramFiles", r"C:\Program Files")) / "NVIDIA Corporation/NVSMI/nvidia-smi.exe",
        ]
        return next((place for place in places if place.is_file()), None)
    return None


def _version(text: str) -> Version:
    parts = text.split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def _text(version: Version) -> str:
    return ".".join(str(part) for part in version)
