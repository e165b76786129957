"""The pip commands of a set-up: which pip, which index, which options."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ...engine.errors import EngineEnvironmentError
from ..translation import tr
from .child_environment import child_environment
from .install_log import InstallLog
from .layout import constraints_file, requirements_file
from .pip_failures import kind_of_failure, pip_failure
from .pip_progress import PipProgress
from .setup_child import CommandFailedError, run_command
from .torch_builds import INDEX

#: Settings of the user's own that would send packages elsewhere than into the environment.
_DROPPED = frozenset(
    f"PIP_{name}"
    for name in ("TARGET", "PREFIX", "ROOT", "PYTHON", "REQUIRE_VIRTUALENV", "NO_DEPS", "CONSTRAINT", "REQUIREMENT")
)
_OWN_INDEX = re.compile(r"^[^=]*\.(index-url|extra-index-url|find-links|no-index)=", re.MULTILINE)
#: What fails at PyTorch's index alone, so that the ordinary index is worth a try.
_ELSEWHERE = ("network", "absent", "login", "certificate", "proxy")


def pip_environment(network: Mapping[str, str]) -> Dict[str, str]:
    """The variables for pip: scrubbed, with QGIS's proxy and certificates."""
    environment = {name: value for name, value in child_environment(network).items() if name not in _DROPPED}
    environment.update(
        PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_COLOR="1", NO_COLOR="1"
    )
    return environment


class Pip:
    """pip at work on one environment. ``command`` starts it, ``wheels`` is the offline folder, if any."""

    def __init__(
        self,
        command: List[str],
        environment: Mapping[str, str],
        log: InstallLog,
        cancelled: Callable[[], bool],
        wheels: Optional[Path],
    ) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._cancelled = cancelled
        self._wheels = wheels
        self._bar = "raw" if self._version() >= (24, 1) else "off"

    def _version(self) -> Tuple[int, ...]:
        try:
            printed = run_command([*self._command, "--version"], self._environment, self._log, self._cancelled)
        except CommandFailedError as error:
            raise pip_failure(error.lines, offline=False) from error
        found = re.search(r"^pip (\d+)\.(\d+)", "\n".join(printed), re.MULTILINE)
        return (int(found.group(1)), int(found.group(2))) if found else (0, 0)

    def has_own_index(self) -> bool:
        """Whether the user's pip settings name an index or a folder of their own."""
        try:
            listed = run_command([*self._command, "config", "list"], self._environment, self._log, self._cancelled)
        except CommandFailedError:
            return False
        return _OWN_INDEX.search("\n".join(listed)) is not None

    def install_torch(self, tag: str, stage: PipProgress, on_note: Callable[[str], None]) -> None:
        """PyTorch and torchvision alone; ``tag`` names the folder of PyTorch's own index, "" means the ordinary one.

        Where PyTorch's index cannot be reached the ordinary index is used, and ``on_note`` told.
        """
        packages = [pinned("torch"), pinned("torchvision")]
        index = ["--index-url", INDEX + tag] if tag and not self._wheels and not self.has_own_index() else []
        if not index:
            self._install(["--no-deps", *packages], stage)
            return
        try:
            run_command(
                self._install_command(["--no-deps", "--retries", "2", "--timeout", "30", *index, *packages]),
                self._environment,
                self._log,
                self._cancelled,
                stage.line,
            )
        except CommandFailedError as error:
            if kind_of_failure(error.lines) not in _ELSEWHERE:
                raise pip_failure(error.lines, offline=False) from error
            on_note(tr("PyTorch's own index cannot be reached: the ordinary one is used, whose build is larger."))
            self._install(["--no-deps", *packages], stage)

    def install_libraries(self, stage: PipProgress) -> None:
        """Everything else that the requirements pull in."""
        self._install(["-r", str(requirements_file()), "-c", str(constraints_file())], stage)

    def _install(self, arguments: List[str], stage: PipProgress) -> None:
        command = self._install_command(arguments)
        try:
            run_command(command, self._environment, self._log, self._cancelled, stage.line)
        except CommandFailedError as error:
            raise pip_failure(error.lines, offline=self._wheels is not None) from error

    def _install_command(self, arguments: List[str]) -> List[str]:
        command = [*self._command]
        if self._wheels is not None:
            # The folder alone: nothing from the user's settings or from the network.
            command.append("--isolated")
        # A source package would need a compiler that users do not have, and fail in a thousand lines.
        command += ["install", "--only-binary", ":all:", "--progress-bar", self._bar]
        if self._wheels is not None:
            command += ["--no-index", "--find-links", str(self._wheels)]
        return command + arguments


def pinned(package: str) -> str:
    """The line of the requirements for ``package``."""
    for line in requirements_file().read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].strip()
        if words.partition("==")[0].strip() == package:
            return words
    raise EngineEnvironmentError(
        tr("The plugin's requirements name no {package}.").format(package=package), tr("Install the plugin again.")
    )


def check_wheels(folder: Path) -> None:
    """Refuse an offline folder without wheels before anything is made."""
    if not folder.is_dir():
        raise EngineEnvironmentError(
            tr("The folder of wheels {folder} does not exist.").format(folder=folder), tr("Choose another folder.")
        )
    if not any(path.suffix == ".whl" for path in folder.iterdir()):
        raise EngineEnvironmentError(
            tr("The folder {folder} holds no wheels (files that end in .whl).").format(folder=folder),
            tr("Fill it on a machine of the same kind with: pip download -r requirements.txt -c constraints.txt."),
        )


def remove_torn_packages(environment: Path) -> List[str]:
    """Forget packages that a killed pip left half unpacked: pip would take them for installed. Gives their names.

    pip writes RECORD last, and it hides what it is replacing under names that begin with a tilde.
    """
    removed = []
    for site in [*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]:
        for path in site.iterdir():
            torn = path.suffix == ".dist-info" and not (path / "RECORD").is_file()
            if path.is_dir() and (torn or path.name.startswith("~")):
                with contextlib.suppress(OSError):
                    shutil.rmtree(path)
                    removed.append(path.name)
    return removed
