"""Writes dist/smarties.zip, the plugin as the plugin site and QGIS's «Install from ZIP» take it.

What goes in is named here, so that a new folder of the repository does not ship by accident. The same tree gives the
same bytes: names sorted, times and permissions fixed.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = (
    "__init__.py",
    "metadata.txt",
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "requirements.txt",
    "constraints.txt",
    # The only file of weights that comes along; the engine finds it in its own folder.
    "engine/model/weights/smarties-tiny.safetensors",
)
FOLDERS = ("engine", "qgis_plugin")
SUFFIXES = {".py", ".json", ".svg", ".png", ".html", ".ts", ".qml", ".txt", ".md"}


def packaged_files(root: Path = ROOT) -> Iterator[Path]:
    """Every file of the package, relative to the root, in order."""
    yield from (Path(name) for name in sorted(FILES))
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
            if path.is_file() and path.suffix in SUFFIXES and not hidden:
                yield relative


def write_package(target: Path, root: Path = ROOT) -> Path:
    """Write the zip and give its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for relative in packaged_files(root):
            entry = zipfile.ZipInfo(f"smarties/{relative.as_posix()}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, (root / relative).read_bytes())
    return target


if __name__ == "__main__":
    written = write_package(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "smarties.zip")
    with zipfile.ZipFile(written) as package:
        print(f"{written}: {len(package.namelist())} files, {written.stat().st_size / 1e6:.2f} MB")
