"""VRT files name other files and may hold code: what they name is looked at before GDAL opens them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree  # nosec B405: files that declare entities are refused
from pathlib import Path

from engine.errors import SourceError

#: A mosaic of 100,000 files is about 50 MB of XML.
_MAX_BYTES = 64 * 2**20
_MAX_DEPTH = 8
#: Subdataset prefixes that lead to a local file; any other ``DRIVER:`` may lead to a server or a database.
_LOCAL_PREFIXES = ("NETCDF:", "HDF5:", "HDF4_SDS:", "GTIFF_DIR:", "NITF_IM:")
_SOURCE_TAGS = ("sourcefilename", "sourcedataset", "sourceband", "overviewfile", "cutlineds")
_HINT = "Build a VRT of local files, or save the layer as a GeoTIFF."


def is_vrt(head: bytes) -> bool:
    """True when the first bytes of a file are those of a VRT, whatever its name."""
    return b"<vrt" in head.lower()


def check_vrt(path: Path) -> None:
    """Make sure that a VRT and all VRTs it names stay on this computer and run no code.

    Raises:
        SourceError: Python pixel functions, a web address, one of GDAL's virtual paths, a
            file that describes a web service, or XML that is malformed or too large.
    """
    _check_file(path, depth=0, seen=set())


def _check_file(path: Path, depth: int, seen: set[Path]) -> None:
    if depth > _MAX_DEPTH:
        raise SourceError(f"{path.name} is nested more than {_MAX_DEPTH} VRT files deep.", _HINT)
    if path.stat().st_size > _MAX_BYTES:
        raise SourceError(f"{path.name} is larger than {_MAX_BYTES // 2**20} MB, too large for a VRT.", _HINT)
    _check_text(path.read_bytes(), path, depth, seen)


def _check_text(text: bytes, path: Path, depth: int, seen: set[Path]) -> None:
    lowered = text.lower()
    if b"<!doctype" in lowered or b"<!entity" in lowered:
        raise SourceError(f"{path.name} declares XML entities, which no VRT needs.", _HINT)
    try:
        root = ElementTree.fromstring(text.strip().rstrip(b"\0"))  # nosec B314: no entities, see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SourceError(f"{path.name} is not well-formed XML ({error}).", "Build the VRT again.") from error
    for element in root.iter():
        tag, value = element.tag.lower(), (element.text or "").strip()
        if tag == "pixelfunctioncode" or (tag == "pixelfunctionlanguage" and value.lower() != "c"):
            raise SourceError(f"{path.name} computes its pixels with Python code, which is not run.", _HINT)
        for part in (value, *element.attrib.values()):
            if "/vsi" in part.lower():
                raise SourceError(f"{path.name} names {_short(part)}, which is no file on this computer.", _HINT)
        if value and (tag in _SOURCE_TAGS or tag.endswith("filename")):
            relative = {key.lower(): flag for key, flag in element.attrib.items()}.get("relativetovrt", "0")
            _check_named(value, path, relative.strip() in ("1", "true", "yes"), depth, seen)


def _check_named(value: str, path: Path, relative: bool, depth: int, seen: set[Path]) -> None:
    """Look at a file that a VRT names; one that is missing is GDAL's to report when it is read."""
    if value.startswith("<"):
        _check_text(value.encode(), path, depth + 1, seen)
        return
    prefix = re.match(r"([A-Za-z][A-Za-z0-9_]+):", value)
    if prefix is not None:
        if "://" in value or not value.upper().startswith(_LOCAL_PREFIXES):
            raise SourceError(f"{path.name} names {_short(value)}, which is no file on this computer.", _HINT)
        return
    named = path.parent / value if relative else Path(value)
    if named in seen or not named.is_file():
        return
    seen.add(named)
    with named.open("rb") as file:
        head = file.read(1024)
    if is_vrt(head):
        _check_file(named, depth + 1, seen)
    elif re.match(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|[A-Za-z_]{3,}[\s>])", head):
        raise SourceError(f"{path.name} names {named.name}, which describes no local raster.", _HINT)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:29]}…{text[-30:]}"
