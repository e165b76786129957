"""What names a vector layer: a local file, the layer in it, and what QGIS appends to that."""

from __future__ import annotations

import re
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SourceError
from engine.raster.opening import local_path, shorten

#: Suffixes of files that are looked at as vectors first; a GeoPackage may hold either.
VECTOR_SUFFIXES = frozenset(
    ".gpkg .geojson .geojsonl .json .shp .fgb .kml .kmz .gml .gpx .sqlite .csv .dxf .tab .mif .gdb .dbf".split()
)
#: Texts that send GDAL elsewhere: to other files, servers, or a chain of commands.
_ELSEWHERE = re.compile(rb"<OGR\w+DataSource|<OGRVRT|gdal_streamed_alg|WFS_Capabilities|<WFS_", re.IGNORECASE)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"Rar!")
#: Dimensions of the geometries that QGIS's "geometrytype=" keeps.
_DIMENSIONS = {"point": 0, "line": 1, "curve": 1, "polygon": 2, "surface": 2}


@dataclass(frozen=True)
class VectorSource:
    """A layer of a file. ``layer`` or ``layer_number`` name it, both None: the only one.

    ``where``: the filter that QGIS keeps with a layer. ``only``: the dimension of the geometries it shows, None: all.
    """

    path: Path
    layer: str | None = None
    layer_number: int | None = None
    where: str | None = None
    only: int | None = None

    @property
    def gdal_name(self) -> str:
        """The path in a form that pyogrio passes on to GDAL as it stands."""
        text = str(self.path)
        # pyogrio reads "!" and ";" as parts of a URL, but nothing into GDAL's own prefixes.
        if sys.platform != "win32" and re.search(r"[!;?]", text):
            return f"/vsicached?file={urllib.parse.quote(text)}"
        return text


def parse_source(source: str) -> VectorSource:
    """The layer that "FILE", "FILE|LAYER" or QGIS's "FILE|layername=LAYER|subset=…" names.

    Raises:
        SourceError: the file is not on this computer, an archive, or one that sends GDAL elsewhere.
    """
    text = str(source).strip()
    if not text:
        raise SourceError("The path of a vector file is empty.", "Give a GeoPackage, a shapefile or GeoJSON.")
    head, *parts = [text] if Path(text).expanduser().exists() else text.split("|")
    path = local_path(head)
    _check_file(path)
    layer: str | None = None
    number: int | None = None
    where: str | None = None
    only: int | None = None
    for part in parts:
        key, equals, value = part.partition("=")
        match key.strip().lower() if equals else "":
            case "layername":
                layer = value
            case "layerid":
                number = int(value) if value.isdigit() else None
            case "subset":
                # A filter may have a bar of its own: it is the last part that QGIS writes.
                where = text.partition(f"|{key}=")[2]
                break
            case "geometrytype":
                only = next((size for name, size in _DIMENSIONS.items() if name in value.lower()), None)
            case "uniquegeometrytype" | "option:immutable":
                pass
            case _:
                layer = part.strip() or None
    if where is not None and re.match(r"\s*(select|with)\b", where, re.IGNORECASE):
        raise SourceError(f"The layer of {path.name} is a query ({shorten(where)}).", "Export its features to a file.")
    return VectorSource(path, layer, number, where, only)


def _check_file(path: Path) -> None:
    if path.is_dir():
        if path.suffix.lower() != ".gdb":
            raise SourceError(f"{path.name} is a folder.", "Give a vector file.")
        return
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if not head:
        raise SourceError(f"{path.name} is empty.", "Copy or export it again.")
    if head.startswith(_ARCHIVES) and path.suffix.lower() != ".kmz":
        raise SourceError(f"{path.name} is an archive.", "Unpack it and give what is inside.")
    if _ELSEWHERE.search(head):
        raise SourceError(
            f"{path.name} describes data that lie elsewhere.", "Export the layer to a GeoPackage and give that."
        )
