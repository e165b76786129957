"""Models that have a name: where they come from, and whether what lies here is still what came."""

from __future__ import annotations

import difflib
import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from engine.errors import CheckpointError, OutputError
from engine.model import download
from engine.model.checkpoints import Checkpoint, inspect
from engine.model.config import CONFIGS
from engine.model.digest import file_sha256
from engine.progress import CancelCallback, ProgressCallback

#: Models that are part of the program lie here, each with its model card (.md) beside it.
BUNDLED = Path(__file__).parent / "weights"

_ELSEWHERE = "Choose another folder with SMARTIES_MODELS."


@dataclass(frozen=True)
class Entry:
    """A model of the zoo.

    ``config`` names its sizes in ``engine.model.config.CONFIGS``. ``repo``, ``filename``
    and ``revision`` are its place on the Hugging Face hub; one without a ``repo`` is
    part of the program. ``sha256``, where it is known beforehand, is the only digest
    that is accepted. ``licence`` is an SPDX identifier.
    """

    name: str
    title: str
    config: str
    licence: str
    filename: str
    repo: str = ""
    revision: str = "main"
    sha256: str | None = None

    @property
    def bundled(self) -> bool:
        """Whether it is part of the program, and never downloaded."""
        return not self.repo

    @property
    def path(self) -> Path:
        """Where its file lies on this machine, or will lie."""
        return (BUNDLED if self.bundled else models_dir()) / self.filename

    @property
    def address(self) -> str:
        """Where a browser can download it; empty for a model that is part of the program."""
        return "" if self.bundled else f"https://huggingface.co/{self.repo}/resolve/{self.revision}/{self.filename}"


#: ``smarties-tiny`` is the default. The digests of the released models (METHOD, section 8) could not be read when
#: this was written: the hub declares them at download, and they are recorded then.
ENTRIES = (
    Entry(
        "smarties-tiny",
        "SMARTIES ViT-Ti, a small demonstration model",
        "vit-ti",
        "GPL-2.0-or-later",
        "smarties-tiny.safetensors",
        # Changes with the file, and stands in its card too; the plugin site's scanner takes digests for secrets.
        sha256="9641c8fceee3bd6430f87a40a79265531885e14812d2e3f0cfc8017bc6aea167",  # pragma: allowlist secret
    ),
    Entry(
        "smarties-v1-vit-b",
        "SMARTIES v1 ViT-B, as released",
        "vit-b",
        "Apache-2.0",
        "smarties-v1-vitb.safetensors",
        "gsumbul/SMARTIES-v1-ViT-B",
    ),
    Entry(
        "smarties-v1-vit-l",
        "SMARTIES v1 ViT-L, as released",
        "vit-l",
        "Apache-2.0",
        "smarties-v1-vitl.safetensors",
        "gsumbul/SMARTIES-v1-ViT-L",
    ),
)


@dataclass(frozen=True)
class Record:
    """What is known of a downloaded file, kept as JSON beside it. ``repo`` is empty for one picked by hand."""

    repo: str
    revision: str
    sha256: str
    date: str
    size: int
    mtime_ns: int


def entries() -> tuple[Entry, ...]:
    """All models that have a name."""
    return ENTRIES


def entry(name: str) -> Entry:
    """The entry of that name. CheckpointError, with near names, when there is none."""
    for candidate in ENTRIES:
        if candidate.name == name:
            return candidate
    names = [candidate.name for candidate in ENTRIES]
    near = difflib.get_close_matches(name, names, n=1)
    raise CheckpointError(
        f"There is no model named “{name}”.",
        f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(names)}.",
    )


def models_dir() -> Path:
    """The folder of downloaded models: ``$SMARTIES_MODELS``, else in the user's data folder of this platform."""
    chosen = os.environ.get("SMARTIES_MODELS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("smarties", appauthor=False) / "models"


def installed(name: str) -> Path | None:
    """The file of a model on this machine, unchecked; None when it is absent. CheckpointError for an unknown name."""
    path = entry(name).path
    return path if path.is_file() else None


def fetch(name: str, progress: ProgressCallback | None = None, cancelled: CancelCallback | None = None) -> Path:
    """Downloads a model, checks it, and returns its file; one that is here already is only checked.

    Continues an interrupted download. Proxies are those of the environment.
    CheckpointError for an unknown name, without network (it says how to go on by hand),
    and when the file is not what the hub declares or not this model; CancelledError;
    OutputError when the folder cannot be written.
    """
    chosen = entry(name)
    if chosen.bundled or installed(name) is not None:
        return verified(name)[0]
    target = chosen.path
    try:
        file = download.find(chosen.repo, chosen.filename, chosen.revision)
        if chosen.sha256 is not None:
            file = replace(file, sha256=chosen.sha256)
        # The digest in its name keeps a resumed download from mixing two versions.
        part = target.with_name(f"{target.name}.{(file.sha256 or file.commit)[:12]}.part")
        sha256 = download.download(file, part, progress, cancelled)
    except CheckpointError as error:
        raise CheckpointError(error.message, f"{error.hint} {_by_hand(chosen)}".strip()) from error
    try:
        _check(chosen, part)
    except CheckpointError:
        part.unlink()
        raise
    return _install(chosen, part, target, file.repo, file.commit, sha256)


def adopt(name: str, path: str | Path) -> Path:
    """Takes a file downloaded by hand as the model ``name``: checks it, copies it into the models folder.

    CheckpointError for an unknown name, a model that is part of the program or a file
    that is not this model; OutputError when the folder cannot be written.
    """
    chosen = entry(name)
    if chosen.bundled:
        raise CheckpointError(
            f"{name} is part of the program: no other file can take its name.", "Give the file's path as the model."
        )
    source = Path(path)
    _check(chosen, source)
    sha256 = file_sha256(source)
    _check_digest(chosen, chosen.sha256, sha256, source)
    target = chosen.path
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, part)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.", _ELSEWHERE) from error
    return _install(chosen, part, target, "", "", sha256)


def verified(name: str) -> tuple[Path, str]:
    """The file of a model on this machine and its SHA-256, compared with the one it must have.

    For a model that is part of the program that is the entry's; else the one recorded
    when it came, and a file that kept its size and time since then is not read again.
    CheckpointError when the model is not here, or is no longer the file that came.
    """
    chosen = entry(name)
    path = installed(name)
    if path is None and chosen.bundled:
        raise CheckpointError(
            f"{name} is part of the program, but its file {chosen.path} is missing.", "Install the program again."
        )
    if path is None:
        raise CheckpointError(
            f"The model {name} is not on this machine.", f"Run `smarties fetch {name}`. {_by_hand(chosen)}"
        )
    if chosen.bundled:
        sha256 = file_sha256(path)
        _check_digest(chosen, chosen.sha256, sha256, path)
        return path, sha256
    status = path.stat()
    record = _read_record(path)
    if record is not None and (record.size, record.mtime_ns) == (status.st_size, status.st_mtime_ns):
        sha256 = record.sha256
    else:
        sha256 = file_sha256(path)
    _check_digest(chosen, chosen.sha256 or (record.sha256 if record else None), sha256, path)
    if record is None:
        # Laid here by hand: from now on it is known.
        _check(chosen, path)
        record = Record("", "", sha256, _today(), status.st_size, status.st_mtime_ns)
        _write_record(path, record)
    return path, sha256


def _by_hand(chosen: Entry) -> str:
    return (
        f"By hand: download {chosen.address} and run `smarties fetch {chosen.name} --file PATH`, "
        "or give the file's path as the model."
    )


def _check(chosen: Entry, path: Path) -> Checkpoint:
    """CheckpointError unless the file at ``path`` has every key of this model, in its sizes."""
    checkpoint = inspect(path)
    found, wanted = checkpoint.config, CONFIGS[chosen.config]
    if (found.width, found.depth, found.patch) != (wanted.width, wanted.depth, wanted.patch):
        raise CheckpointError(
            f"{path.name} is not {chosen.name}: it is {found.width} wide and {found.depth} blocks deep, "
            f"that model {wanted.width} and {wanted.depth}.",
            "Check the name and the file.",
        )
    return checkpoint


def _check_digest(chosen: Entry, wanted: str | None, sha256: str, path: Path) -> None:
    if wanted is not None and sha256 != wanted:
        remedy = "install the program again" if chosen.bundled else "remove it and fetch it again"
        raise CheckpointError(
            f"{path} is not the file that is known: its SHA-256 is {sha256[:12]}…, not {wanted[:12]}….",
            f"It is damaged or was replaced: {remedy}.",
        )


def _install(chosen: Entry, part: Path, target: Path, repo: str, revision: str, sha256: str) -> Path:
    status = part.stat()
    try:
        # The record first: it then describes the file from the moment that it is there.
        _write_record(target, Record(repo, revision, sha256, _today(), status.st_size, status.st_mtime_ns))
        os.replace(part, target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.", _ELSEWHERE) from error
    return target


def _record_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_record(path: Path) -> Record | None:
    try:
        return Record(**json.loads(_record_path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError) as error:
        raise CheckpointError(
            f"{_record_path(path)} is damaged: it should tell the SHA-256 of {path.name}.",
            "Remove both files and fetch the model again.",
        ) from error


def _write_record(path: Path, record: Record) -> None:
    temporary = _record_path(path).with_name(f"{path.name}.json.{os.getpid()}.part")
    temporary.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, _record_path(path))


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
