"""What the set-up dialog has done outside the main thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict

from ..engine_link.environment import EngineEnvironment, InstallOptions, check_interpreter, install, old_bytes
from ..engine_link.settings import EngineSettings
from ..engine_link.torch_builds import choose_build, find_gpus
from ..translation import tr
from .setup_task import Work


@dataclass(frozen=True)
class Found:
    """What was looked up in the background: the GPU, whether it can be used, and what older environments take."""

    gpu: str
    usable: bool
    old_bytes: int


def install_work(options: InstallOptions) -> Work:
    """Make an environment, and from then on use it."""

    def work(progress: Any, cancelled: Any) -> EngineEnvironment:
        environment = install(options, progress, cancelled)
        stored = EngineSettings.stored()
        replace(stored, mode="managed", build=environment.build).save()
        return environment

    return work


def interpreter_work(path: Path) -> Work:
    """Check an interpreter of the user's own, and from then on use it."""

    def work(progress: Any, cancelled: Any) -> Dict[str, str]:
        progress(0.5, tr("Checking the libraries"))
        versions = check_interpreter(path, cancelled)
        stored = EngineSettings.stored()
        replace(stored, mode="interpreter", interpreter=str(path)).save()
        return versions

    return work


def build_of(wheels: Path) -> str:
    """The build that the PyTorch in a folder of wheels is: its CUDA builds say so in their names."""
    return "cuda" if wheels.is_dir() and any(wheels.glob("torch-*+cu*.whl")) else "cpu"


def look_up() -> Found:
    """Ask the driver for GPUs and the disk for old environments."""
    gpus = find_gpus()
    if not gpus:
        return Found(tr("No NVIDIA GPU with a working driver was found."), False, old_bytes())
    build = choose_build(gpus[0])
    usable = not isinstance(build, str)
    driver = ".".join(str(part) for part in gpus[0].driver)
    text = tr("Found: {name}, driver {driver}.").format(name=gpus[0].name, driver=driver) if usable else str(build)
    return Found(text, usable, old_bytes())
