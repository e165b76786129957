"""The folder of a run's outputs: what of it is up to date, and who is at work on what.

Beside the outputs lies a hidden folder with a record per scene, written before the scene is begun and again when it is
done, and a lock that its worker holds meanwhile. A lock goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine.errors import OutputError
from engine.jobs.embed import EmbedJob
from engine.jobs.features import FeatureJob
from engine.log import LOGGER
from engine.partial import partial_path
from engine.scale.scenes import Scene
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.feature_cache import embedding_digest

_HIDDEN = ".smarties"
#: Settings of an output that change nothing of what is in it.
_NAMES_ONLY = ("output", "overwrite", "picture", "resume")


@dataclass(frozen=True)
class Claim:
    """Whether a scene is this process's to work on."""

    ours: bool


class ResultsFolder:
    """The folder ``path``, made where it is not there. Raises OutputError where it cannot be."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser().absolute()
        self._hidden = self.path / _HIDDEN
        try:
            self._hidden.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {self.path} cannot be made or written to ({error.strerror}).", "Choose another folder."
            ) from error

    @contextlib.contextmanager
    def claim(self, scene: Scene) -> Iterator[Claim]:
        """Holds the scene for this process, unless another holds it; does not wait."""
        lock = FileLock(self._hidden / f"{scene.name}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield Claim(ours=False)
            return
        except OSError as error:
            # A file system without locks: outputs still take their names whole, the last of two alike ones stays.
            LOGGER.warning("%s cannot be locked: %s", scene.name, error)
            yield Claim(ours=True)
            return
        try:
            yield Claim(ours=True)
        finally:
            lock.release()

    def knows(self, scene: Scene) -> bool:
        """Whether a run of this command has begun the scene before: its outputs are ours to replace."""
        return bool(self._record(scene))

    def is_done(self, scene: Scene, fingerprint: str) -> bool:
        """Whether the scene's outputs are those of this fingerprint, as they were written."""
        record = self._record(scene)
        if record.get("fingerprint") != fingerprint:
            return False
        files = record.get("files")
        return isinstance(files, dict) and all(_size(path) == files.get(path.name, -1) for path in scene.outputs)

    def begin(self, scene: Scene, fingerprint: str) -> None:
        """Note that the scene is being made. What killed processes left of it the writer of its outputs removes."""
        self._write(scene, {"fingerprint": fingerprint, "files": None})

    def finish(self, scene: Scene, fingerprint: str, machine: str, seconds: float) -> None:
        """Note that the scene's outputs are whole."""
        files = {path.name: _size(path) for path in scene.outputs}
        self._write(
            scene,
            {"fingerprint": fingerprint, "files": files, "machine": machine, "seconds": round(seconds, 1),
             "job": scene.job.to_dict()},
        )  # fmt: skip

    def _record_path(self, scene: Scene) -> Path:
        return self._hidden / f"{scene.name}.json"

    def _record(self, scene: Scene) -> dict[str, Any]:
        try:
            content = json.loads(self._record_path(scene).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, scene: Scene, record: dict[str, Any]) -> None:
        path = self._record_path(scene)
        temporary = partial_path(path)
        try:
            temporary.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
            os.replace(temporary, path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OutputError(
                f"{self.path} cannot be written to ({error.strerror}).", "Free some space, or choose another folder."
            ) from error


def fingerprint_of(setup: EmbedSetup) -> str:
    """What a scene's outputs depend on, as a hash: images, bands, grid, model, settings, kind of output."""
    shared = {field.name for field in dataclasses.fields(FeatureJob)}
    own = {
        field.name: getattr(setup.job, field.name)
        for field in dataclasses.fields(EmbedJob)
        if field.name not in shared and field.name not in _NAMES_ONLY
    }
    text = json.dumps([embedding_digest(setup), bool(setup.job.picture), own], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _size(path: Path) -> int | None:
    """Bytes of a file; of a folder that it is there; None where there is nothing."""
    try:
        return 0 if path.is_dir() else path.stat().st_size
    except OSError:
        return None
