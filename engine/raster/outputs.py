"""Several files that appear together, whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import OutputError
from engine.partial import Claim, partial_path
from engine.raster.tiff_files import SIDECARS, WRITE_ERRORS, output_error, publish

#: Endings of names, the first being the usual one.
GEOTIFF = (".tif", ".tiff")
EMBEDDING = (*GEOTIFF, ".zarr", ".parquet")


class Outputs:
    """The outputs of a run: each grows under a hidden name and takes its own when the ``with`` block ends well.

    An exception removes them all. What stood under a name before stays until then. Files that belong to an output,
    such as its .aux.xml, are written beside the hidden name and move with it.
    """

    def __init__(self, overwrite: bool) -> None:
        self._overwrite = overwrite
        self._claims: dict[Path, Claim] = {}

    def add(self, path: str | Path, suffixes: tuple[str, ...] = GEOTIFF, what: str = "a GeoTIFF") -> Path:
        """The hidden name to write to until the end. Raises OutputError where ``path`` cannot become a file.

        ``suffixes`` are those that its name may have, ``what`` says in an error what that makes it.
        """
        target = Path(path)
        check_file(target, self._overwrite, suffixes, what)
        if any(target.resolve() == other.resolve() for other in self._claims):
            raise OutputError(f"Two outputs are named {target}.", "Choose another name for one of them.")
        self._claims[target] = claim = claimed(target)
        return claim.path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        published: list[Path] = []
        try:
            if isinstance(error, WRITE_ERRORS) and self._claims:
                path, claim = next(iter(self._claims.items()))
                raise output_error(path, claim.path, error) from error
            for path, claim in self._claims.items() if error is None else ():
                try:
                    self._publish(path, claim.path)
                except WRITE_ERRORS as failure:
                    raise output_error(path, claim.path, failure) from failure
                published.append(path)
        except OutputError:
            for path in published:
                path.unlink(missing_ok=True)
            raise
        finally:
            for claim in self._claims.values():
                claim.release()

    def _publish(self, path: Path, temporary: Path) -> None:
        publish(temporary, path, self._overwrite)
        for suffix in SIDECARS:
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{temporary}{suffix}", f"{path}{suffix}")


def claimed(path: Path) -> Claim:
    """The hidden name under which ``path`` grows. Raises OutputError where its folder takes no files."""
    try:
        return Claim(path)
    except OSError as error:
        raise output_error(path, partial_path(path), error) from error


def check_file(path: Path, overwrite: bool, suffixes: tuple[str, ...] = GEOTIFF, what: str = "a GeoTIFF") -> None:
    """Raise OutputError where ``path`` can be seen not to become a file: wrong name, no folder, existing file.

    A folder of that name is in the way, unless it is the Zarr store that is to be replaced.
    """
    if path.suffix.lower() not in suffixes:
        raise OutputError(
            f"“{path.name}” is not the name of {what}.", f"Let the name of the output end in {_listed(suffixes)}."
        )
    if not path.parent.is_dir():
        raise OutputError(f"The folder {path.parent} does not exist.", "Create it or choose another folder.")
    if path.is_dir() and not (path.suffix.lower() == ".zarr" and (path / "zarr.json").is_file()):
        raise OutputError(f"{path} is a folder.", "Choose another name for the output.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Choose another name, or allow overwriting (--overwrite).")


def _listed(suffixes: tuple[str, ...]) -> str:
    return suffixes[0] if suffixes == GEOTIFF else " or ".join(suffixes)
