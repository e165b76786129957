"""VRT files name other files and may hold code: what they name is looked at before GDAL opens them.

The XML is read by a strict parser, piece by piece; where GDAL's own lenient one could see something else (a comment
inside a file's name, another encoding) the file is refused.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree  # nosec B405: files that declare entities are refused
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from engine.errors import SourceError
from engine.reach import Reach

#: A mosaic of 100,000 files is about 50 MB of XML.
_MAX_BYTES = 64 * 2**20
_MAX_DEPTH = 8
#: As many bytes as GDAL looks at to recognise a format, and more.
_HEAD_BYTES = 4096
_CHUNK = 2**20
#: Subdatasets of local files: ``NETCDF:"FILE":VARIABLE``, ``GTIFF_DIR:NUMBER:FILE``. Any other ``DRIVER:`` may lead to
#: a server or a database.
_CONTAINER = re.compile(
    r'(?:NETCDF|HDF5|GPKG|ZARR):(?:"([^"]*)"(?::.*)?|((?:[A-Z]:)?[^:"]*)(?::(?!//).*)?)', re.I | re.S
)
_NUMBERED = re.compile(r"(?:GTIFF_DIR:(?:off:)?|NITF_IM:)\d+:(.*)", re.IGNORECASE | re.DOTALL)
#: Elements whose text is a file, by the end of their name; options and metadata whose value is, by their key.
_FILE_TAGS = ("filename", "dataset", "file", "path", "dsname", "cutlineds")
_FILE_KEYS = re.compile(r".*(?:filename|dataset|file|path)(?:_.*)?|(?:.*_)?dem|cutlineds|src_?ds", re.DOTALL)
_FILE_ITEMS = ("x_dataset", "y_dataset", "overview_file")
#: Options for opening a source that name nothing and run nothing.
_SAFE_OPTIONS = frozenset(("overview_level", "num_threads", "sparse_ok", "georef_sources", "ignore_cog_layout_break"))
_HINT = "Build a VRT of local files, or save the layer as a GeoTIFF."


def is_vrt(head: bytes) -> bool:
    """True when the first bytes of a file are those of a VRT, whatever its name."""
    return b"<vrt" in head.lower()


def check_vrt(path: Path, reach: Reach) -> None:
    """Make sure that a VRT and all files it names stay within reach, on this computer, and run no code.

    Raises:
        SourceError: Python pixel functions, a web address, one of GDAL's virtual paths, a file out of reach or one
            that describes a web service, or XML that is malformed or too large.
    """
    _Check(reach).vrt_file(path, 0)


def check_side_files(path: Path, reach: Reach) -> None:
    """Look at the files that GDAL reads along with ``path`` because of their names: overviews, masks, ``.aux.xml``.

    Raises:
        SourceError: one leads out of reach, or is something else under such a name.
    """
    _Check(reach).side_files(path, Path.is_file, 0)


class _Check:
    """One look at a file and all that it leads to."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._seen: set[Path] = set()
        # One listing per folder instead of ten questions per tile of a mosaic.
        self._listed = lru_cache(maxsize=256)(_names_in)

    def vrt_file(self, path: Path, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise SourceError(f"{path.name} is nested more than {_MAX_DEPTH} VRT files deep.", _HINT)
        self._xml(_read(path), path, depth, "vrtdataset")

    def side_files(self, path: Path, exists: Callable[[Path], bool], depth: int) -> None:
        stems = dict.fromkeys((path.name, path.stem))
        for name in [
            f"{stem}{suffix}" for stem in stems for suffix in (".ovr", ".OVR", ".msk", ".MSK", ".aux", ".rrd")
        ]:
            beside = path.with_name(name)
            if beside == path or not exists(beside):
                continue
            self._reach.check(beside, path.name)
            if beside.suffix.lower() in (".ovr", ".msk"):
                if not _head(beside).startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
                    raise SourceError(f"{name}, which GDAL reads along with {path.name}, is no TIFF.", "Remove it.")
                if depth < _MAX_DEPTH:
                    self.side_files(beside, exists, depth + 1)
        pam = path.with_name(f"{path.name}.aux.xml")
        if exists(pam):
            self._reach.check(pam, path.name)
            self._pam(pam, path)

    def _pam(self, pam: Path, path: Path) -> None:
        """GDAL's own sidecar: one that is no XML is ignored by GDAL, unless it is XML to GDAL alone."""
        text = _read(pam)
        try:
            self._xml(text, pam, 0, None)
        except _NotWellFormedError:
            if re.search(rb"overview_file|_dataset|/vsi|<vrt|<gdal_", text, re.IGNORECASE):
                raise SourceError(
                    f"{pam.name}, which GDAL reads along with {path.name}, is damaged and names other files.",
                    "Remove it.",
                ) from None

    def _xml(self, data: bytes, path: Path, depth: int, root: str | None) -> None:
        """Look at every element of an XML text; ``root`` is what its first one has to be, None for any."""
        lowered = data.lower()
        if b"<!doctype" in lowered or b"<!entity" in lowered:
            raise SourceError(f"{path.name} declares XML entities, which no VRT needs.", _HINT)
        target = _Elements(lambda *found: self._element(*found, path=path, depth=depth))
        parser = ElementTree.XMLParser(target=target)  # nosec B314: no entities, see above
        try:
            # As text, so that an encoding that the file declares has no say: GDAL does not look at it either.
            text = _decoded(data.strip().rstrip(b"\0"))
            for start in range(0, len(text), _CHUNK):
                parser.feed(text[start : start + _CHUNK])
            parser.close()
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise _NotWellFormedError(
                f"{path.name} is not well-formed XML ({error}).", "Build the VRT again."
            ) from error
        if root is not None and target.root != root:
            raise SourceError(f"{path.name} holds {target.root}, which describes no local raster.", _HINT)

    def _element(
        self, tag: str, attributes: dict[str, str], value: str, mixed: bool, kept: bool, *, path: Path, depth: int
    ) -> None:
        if tag == "pixelfunctioncode" or (tag == "pixelfunctionlanguage" and value.lower() != "c"):
            raise SourceError(f"{path.name} computes its pixels with Python code, which is not run.", _HINT)
        for part in (value, *attributes.values()):
            if "/vsi" in part.lower():
                raise SourceError(f"{path.name} names {_short(part)}, which is no file on this computer.", _HINT)
        key = attributes.get("key", attributes.get("name", "")).strip().lower()
        if tag == "ooi" and key not in _SAFE_OPTIONS:
            raise SourceError(f"{path.name} opens a source with the option {_short(key)}.", _HINT)
        if tag == "mdi":
            leads = key in _FILE_ITEMS
        elif tag in ("option", "argument", "parameter"):
            leads = _FILE_KEYS.fullmatch(key) is not None
        else:
            # Metadata of other programs, kept as XML, name files that nobody opens.
            leads = not kept and tag.endswith(_FILE_TAGS)
        if not leads:
            return
        if mixed and value:
            raise SourceError(f"{path.name} names a file with something else in between.", _HINT)
        if value:
            self._named(value, path, attributes.get("relativetovrt", "0"), depth)

    def _named(self, value: str, path: Path, relative: str, depth: int) -> None:
        """Look at a file that ``path`` names; one that is missing is GDAL's to report when it is read."""
        if value.startswith("<"):
            if depth >= _MAX_DEPTH:
                raise SourceError(f"{path.name} is nested more than {_MAX_DEPTH} VRT files deep.", _HINT)
            self._xml(value.encode(), path, depth + 1, "vrtdataset")
            return
        file = _file_of(value)
        if file is None or "://" in file or re.match(r"[A-Za-z][A-Za-z0-9_]+:", file):
            raise SourceError(f"{path.name} names {_short(value)}, which is no file on this computer.", _HINT)
        # GDAL reads the number as atoi does, and goes out from where a link to the VRT leads.
        number = re.match(r"\s*[+-]?\d+", relative)
        beside = number is not None and int(number.group()[:20]) != 0
        folders = (path.absolute().parent, Path(os.path.realpath(path)).parent) if beside else (Path.cwd(),)
        for named in dict.fromkeys(folder / file for folder in folders):
            self._file(named, path, depth)

    def _file(self, named: Path, path: Path, depth: int) -> None:
        if named in self._seen:
            return
        self._seen.add(named)
        self._reach.check(named, path.name)
        if not named.is_file():
            return
        head = _head(named)
        if is_vrt(head):
            self.vrt_file(named, depth + 1)
        elif re.match(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|[A-Za-z_]{3,}[\s>])", head):
            raise SourceError(f"{path.name} names {named.name}, which describes no local raster.", _HINT)
        self.side_files(named, lambda beside: beside.name in self._listed(beside.parent), 0)


class _NotWellFormedError(SourceError):
    """XML that the strict parser refuses."""


class _Elements:
    """Target of an XML parser: hands over each element as it ends, and keeps none.

    ``found(name, attributes, text, mixed, kept)``: names in lower case; ``mixed`` when the element holds anything
    but text, ``kept`` when it lies inside ``<Metadata>``.
    """

    def __init__(self, found: Callable[[str, dict[str, str], str, bool, bool], None]) -> None:
        self._found = found
        self._open: list[tuple[str, dict[str, str], list[str], list[bool]]] = []
        self._metadata = 0
        self.root = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        # GDAL knows no namespaces and no case.
        name = tag.rpartition("}")[2].lower()
        self.root = self.root or name
        self._metadata += name == "metadata"
        self._mark()
        self._open.append((name, {key.rpartition("}")[2].lower(): text for key, text in attributes.items()}, [], []))

    def end(self, tag: str) -> None:
        name, attributes, parts, mixed = self._open.pop()
        self._metadata -= name == "metadata"
        self._found(name, attributes, "".join(parts).strip(), bool(mixed), self._metadata > 0)

    def data(self, text: str) -> None:
        parts = self._open[-1][2]
        if parts or text.strip():
            parts.append(text)

    def comment(self, text: str) -> None:
        self._mark()

    def pi(self, target: str, text: str) -> None:
        self._mark()

    def close(self) -> None:
        """Nothing was kept."""

    def _mark(self) -> None:
        if self._open and not self._open[-1][3]:
            self._open[-1][3].append(True)


def _file_of(value: str) -> str | None:
    """The file in the name of a source; None for a driver's name that leads elsewhere."""
    for pattern in (_CONTAINER, _NUMBERED):
        found = pattern.fullmatch(value)
        if found is not None:
            return next(group for group in found.groups() if group is not None)
    return None if re.match(r"[A-Za-z][A-Za-z0-9_]+:", value) else value


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if len(data) > _MAX_BYTES:
        raise SourceError(f"{path.name} is larger than {_MAX_BYTES // 2**20} MB, too large for a VRT.", _HINT)
    return data


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.", "Check its permissions.") from error


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        # A folder that may be entered but not listed: its files are asked for one by one.
        return _Any()


class _Any(frozenset[str]):
    """Holds every name."""

    def __contains__(self, name: object) -> bool:
        return True


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:29]}…{text[-30:]}"
