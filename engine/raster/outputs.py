"""Several files that appear together, whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import OutputError
from engine.partial import partial_path
from engine.raster.tiff_files import WRITE_ERRORS, output_error, remove


class Outputs:
    """The outputs of a run: each grows under a hidden name and takes its own when the ``with`` block ends well.

    An exception removes them all. What stood under a name before stays until then. Files that belong to an output,
    such as its .aux.xml, are written beside the hidden name and move with it.
    """

    def __init__(self, overwrite: bool) -> None:
        self._overwrite = overwrite
        self._paths: list[Path] = []

    def add(self, path: str | Path, suffixes: tuple[str, ...] = (".tif", ".tiff"), what: str = "a GeoTIFF") -> Path:
        """The hidden name to write to until the end. Raises OutputError where ``path`` cannot become a file.

        ``suffixes`` are those that its name may have, ``what`` says in an error what that makes it.
        """
        target = Path(path)
        check_file(target, self._overwrite, suffixes, what)
        if any(target.resolve() == other.resolve() for other in self._paths):
            raise OutputError(f"Two outputs are named {target}.", "Choose another name for one of them.")
        self._paths.append(target)
        return partial_path(target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        published: list[Path] = []
        try:
            if isinstance(error, WRITE_ERRORS) and self._paths:
                raise self._failure(self._paths[0], error) from error
            for path in self._paths if error is None else ():
                try:
                    self._publish(path)
                except WRITE_ERRORS as failure:
                    raise self._failure(path, failure) from failure
                published.append(path)
        except OutputError:
            for path in published:
                path.unlink(missing_ok=True)
            raise
        finally:
            for path in self._paths:
                remove(partial_path(path))

    @staticmethod
    def _failure(path: Path, error: Exception) -> OutputError:
        return output_error(path, partial_path(path), error)

    def _publish(self, path: Path) -> None:
        temporary = partial_path(path)
        if path.exists() and not self._overwrite:
            raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        for suffix in (".aux.xml", ".ovr", ".msk"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{suffix}").unlink()
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{temporary}{suffix}", f"{path}{suffix}")


def check_file(path: Path, overwrite: bool, suffixes: tuple[str, ...], what: str) -> None:
    """Raise OutputError where ``path`` can be seen not to become a file: wrong name, no folder, existing file."""
    if path.suffix.lower() not in suffixes:
        raise OutputError(
            f"“{path.name}” is not the name of {what}.", f"Let the name of the output end in {suffixes[0]}."
        )
    if not path.parent.is_dir():
        raise OutputError(f"The folder {path.parent} does not exist.", "Create it or choose another folder.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", "Choose another name for the output.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")
