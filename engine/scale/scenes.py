"""From the lines of a manifest to jobs: everything is checked that can be without opening a raster."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import JobError, ManifestError, SmartiesError
from engine.jobs.embed import EmbedJob
from engine.jobs.embed_many import EmbedManyJob
from engine.jobs.image import SENSOR_AUTO
from engine.model.load import identity
from engine.raster.opening import local_path
from engine.scale.manifest import Line, Problems, read_lines
from engine.scale.paths import STATISTICS_WORDS, file_of, is_text, with_absolute_paths
from engine.spectrum.sensors import load_sensor
from engine.spectrum.table import parse_table, read_table
from engine.tasks.inputs import read_statistics

#: Fields of ``EmbedJob`` that no line may have: the name stands for the outputs, and workers are alike.
COMMON_ONLY = ("output", "overwrite", "picture", "device")
_MOST_BYTES = 150


@dataclass(frozen=True)
class Scene:
    """One scene: its ``name``, the ``line`` it stands on, and its job, with absolute paths."""

    name: str
    line: int
    job: EmbedJob

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files it makes."""
        return tuple(Path(path) for path in (self.job.output, self.job.picture) if path)


def read_scenes(job: EmbedManyJob) -> list[Scene]:
    """All scenes of a job's manifest, in its order.

    Raises ManifestError that names every line that cannot be run and why: it is not understood, a file is missing, a
    sensor, a band table or a model is unknown, a setting is impossible, or two lines have one name.
    """
    path = Path(job.manifest).expanduser().absolute()
    problems = Problems(path)
    lines = read_lines(path, problems)
    if not lines:
        raise ManifestError(f"{path.name} names no scene.", "Write one scene per line.")
    common = with_absolute_paths(job.settings, Path.cwd())
    files = _FileChecks()
    scenes: dict[str, Scene] = {}
    for line in lines:
        try:
            scene = _scene(line, common, path.parent, job)
            files.check(scene.job)
        except SmartiesError as error:
            problems.add(line.number, str(error))
            continue
        # Names that differ in case only are one file on Windows and macOS.
        other = scenes.setdefault(scene.name.casefold(), scene)
        if other is not scene:
            problems.add(line.number, f"Its name “{scene.name}” is that of line {other.line}: give each its own.")
    problems.check(len(lines))
    return list(scenes.values())


def share(scenes: Sequence[Scene], number: int, count: int) -> Sequence[Scene]:
    """The scenes of part ``number``, from 1, of ``count``: the parts are disjoint, and together everything.

    Neighbours in the list, which are often alike in size, go to different parts.
    """
    return scenes[number - 1 :: count]


def _scene(line: Line, common: Mapping[str, Any], folder: Path, job: EmbedManyJob) -> Scene:
    values = dict(line.values)
    refused = [name for name in COMMON_ONLY if name in values]
    if refused:
        raise JobError(f"It sets {refused[0]}.", "That is the same for all scenes: leave it out of the lines.")
    name = values.pop("name", None) or ""
    if not isinstance(name, str):
        raise JobError(f"The name cannot be {name!r}.", "Give a text.")
    if not values.get("inputs"):
        raise JobError("It names no image.", "Give at least one raster file or product folder.")
    made = EmbedJob.from_dict({**common, **with_absolute_paths(values, folder)})
    name = _checked_name(name or _name_of(made.inputs[0]))
    out = Path(job.output).expanduser().absolute()
    made = dataclasses.replace(
        made, output=str(out / f"{name}.tif"), picture=str(out / f"{name}.picture.tif") if job.pictures else ""
    )
    made.check()
    return Scene(name, line.number, made)


def _name_of(source: str) -> str:
    """A name from that of a scene's first image; variable and date of a netCDF file are part of it."""
    file = Path(file_of(source).rstrip("/\\"))
    stem = file.stem if re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,5}", file.suffix) else file.name
    beyond = source.partition(file.name)[2].strip('":')
    return re.sub(r'[\\/:*?"<>|@]+', "_", f"{stem}{'_' if beyond else ''}{beyond.lstrip('@')}")


def _checked_name(name: str) -> str:
    if not name.strip() or name.startswith(".") or name != name.strip() or re.search(r'[/\\:*?"<>|\x00-\x1f]', name):
        raise JobError(f"“{name}” cannot be the name of a file.", "Use letters, digits, spaces, - and _.")
    if len(name.encode()) > _MOST_BYTES:
        raise JobError(f"The name “{name[:40]}…” is longer than {_MOST_BYTES} bytes.", "Give a shorter one.")
    return name


class _FileChecks:
    """Looks whether all that scenes name is there; what a thousand lines share is looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], SmartiesError | None] = {}

    def check(self, job: EmbedJob) -> None:
        """Raises the SmartiesError of a file that is not there, or of a sensor, table or model that is not known."""
        for source in job.inputs:
            local_path(file_of(source))
        for sensor in job.sensors:
            if sensor != SENSOR_AUTO:
                self._once("sensor", sensor, load_sensor)
        for table in filter(None, job.band_tables):
            self._once("table", table, parse_table if is_text(table) else read_table)
        if job.grid_like and not is_text(job.grid_like):
            self._once("grid", job.grid_like, local_path)
        if job.projections:
            self._once("projections", job.projections, local_path)
        if job.statistics not in STATISTICS_WORDS and not is_text(job.statistics):
            self._once("statistics", job.statistics, lambda path: read_statistics(Path(path)))
        self._once("model", job.model, identity)

    def _once(self, kind: str, source: str, look: Callable[[str], object]) -> None:
        key = (kind, source)
        if key not in self._known:
            try:
                look(source)
                self._known[key] = None
            except SmartiesError as error:
                self._known[key] = error
        trouble = self._known[key]
        if trouble is not None:
            raise type(trouble)(trouble.message, trouble.hint)
