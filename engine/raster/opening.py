"""Opening one raster file: local files only, no code and no network behind them, GDAL's errors in plain words.

What may be opened is decided three times, each for itself: by the file and what it names (``engine.raster.vrt_files``,
``engine.reach``), by the drivers that an open may use, and by those that GDAL has at all
(``engine.raster.drivers``). docs/security.md has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader

from engine.errors import SourceError
from engine.raster.drivers import LOCAL_DRIVERS
from engine.raster.vrt_files import check_side_files, check_vrt, is_vrt
from engine.reach import Reach

#: What GDAL, rasterio and the codecs behind them raise when a file or its metadata is bad.
READ_ERRORS = (RasterioError, CPLE_BaseError, CRSError, UnicodeDecodeError, OSError, ValueError)

#: For looking at files; a run sizes the cache for what it reads (``engine.raster.reader.block_cache``).
#: rasterio takes bytes here, where GDAL itself would take megabytes.
_CACHE_BYTES = 64 * 2**20

_ARCHIVES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
}


@contextmanager
def gdal_environment(**options: str | int) -> Iterator[None]:
    """GDAL set up for reading many windows; enter it once per thread that reads.

    Python inside VRT files is off, as is every look at the network. Sidecars (masks,
    statistics, world files) are looked for by name, without listing folders that may
    hold 100,000 patches.
    """
    settings = {
        "GDAL_CACHEMAX": _CACHE_BYTES,
        "GDAL_NUM_THREADS": "ALL_CPUS",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        **options,
    }
    with rasterio.Env(**settings):
        yield


def local_path(source: str | Path) -> Path:
    """The absolute path of an existing file or folder on this machine.

    Raises:
        SourceError: an empty path, a web address, one of GDAL's virtual paths, or nothing is there.
    """
    text = str(source).strip()
    if not text or text == ".":
        raise SourceError("The path of a raster is empty.", "Give a file or a folder.")
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]+://", text) or text.lower().startswith("/vsi") or text.startswith("<"):
        raise SourceError(f"{shorten(text)} is not a file on this computer.", "Download it and give the file.")
    path = Path(text).expanduser()
    try:
        path = path.absolute()
        found = path.is_file() or path.is_dir()
    except (OSError, ValueError) as error:
        raise SourceError(f"{shorten(text)} is not a path this computer can read.", "Check its spelling.") from error
    if not found:
        state = "is neither a file nor a folder" if path.exists() else "does not exist"
        raise SourceError(f"{shorten(text)} {state}.", "Check the path.")
    return path


def open_file(path: Path) -> DatasetReader:
    """Open a raster file with any of GDAL's drivers for local files, inside ``gdal_environment``.

    Raises:
        SourceError: the file is an archive, a text, empty, damaged, no raster, a VRT that would run code or reach
            beyond this computer, or one that leads to files that were not named (``engine.reach``).
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if not head:
        raise SourceError(f"{path.name} is empty.", "Copy or download it again.")
    archive = next((kind for magic, kind in _ARCHIVES.items() if head.startswith(magic)), None)
    if archive is None and head[257:262] == b"ustar":
        archive = "tar"
    if archive is not None:
        raise SourceError(f"{path.name} is an archive ({archive}).", "Unpack it and give what is inside.")
    if head.startswith(b"\x0e\x03\x13\x01"):
        raise SourceError(
            f"{path.name} is an HDF4 file, which is not read here.", "Save it as a GeoTIFF in QGIS first."
        )
    reach = Reach(path)
    check_side_files(path, reach)
    if is_vrt(head):
        check_vrt(path, reach)
    try:
        dataset = DatasetReader(str(path), driver=list(local_drivers()))
    except READ_ERRORS as error:
        if _is_text(head):
            raise SourceError(f"{path.name} is a text, not a raster.", _text_hint(path)) from error
        raise SourceError(
            f"{path.name} cannot be opened as a raster{reason_of(error, path)}.",
            "Check that the file is whole and in a format GDAL reads.",
        ) from error
    try:
        if dataset.driver != "VRT":
            _check_opened(dataset, path, reach)
    except SourceError:
        dataset.close()
        raise
    return dataset


def _check_opened(dataset: DatasetReader, path: Path, reach: Reach) -> None:
    """Refuse a file whose own metadata lead out of reach, before a pixel or an overview is read."""
    try:
        tags: Mapping[str, str] = dataset.tags(ns="OVERVIEWS") | dataset.tags(ns="GEOLOCATION")
    except READ_ERRORS:
        # GDAL cannot hand out text that is no text; what reads it next says so.
        tags = {}
    for key in ("OVERVIEW_FILE", "X_DATASET", "Y_DATASET"):
        value = tags.get(key, "").removeprefix(":::BASE:::")
        # Geolocation of netCDF and HDF is a variable of the very file, and names it in full.
        value = value.replace(str(path), path.name)
        if value:
            if re.match(r"/vsi|<|[A-Za-z][A-Za-z0-9+.\-]+://", value, re.IGNORECASE):
                raise SourceError(f"{path.name} leads to {shorten(value)}, which is no file here.", "Export it again.")
            reach.check(path.parent / value, path.name)
    try:
        files = dataset.files
    except READ_ERRORS:
        files = []
    for file in files:
        reach.check(Path(file), path.name)


def open_subdataset(name: str, driver: str) -> DatasetReader:
    """Open a variable of a container by GDAL's own name for it, with the one driver it belongs to.

    Raises:
        SourceError: GDAL cannot open it.
    """
    try:
        return rasterio.open(name, driver=driver)
    except READ_ERRORS as error:
        raise SourceError(
            f"{shorten(name)} cannot be opened{reason_of(error)}.", "Check the name of the variable."
        ) from error


def reason_of(error: BaseException, path: Path | None = None) -> str:
    """GDAL's own reason as the tail of a sentence, empty when it says nothing but the file's name."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()).rstrip(".")
    for name in () if path is None else (str(path), path.name):
        text = text.replace(f"'{name}'", "the file").replace(name, "the file")
    text = re.sub(r"^the file(, band \d+)?: *", "", text)
    if not text or "not recognized as being in a supported file format" in text or "previous exception" in text:
        return ""
    return f" ({shorten(text, 160)})"


def shorten(text: str, limit: int = 80) -> str:
    """Text for a message, its middle left out where it is long."""
    return text if len(text) <= limit else f"{text[: limit // 2 - 1]}…{text[-(limit // 2) :]}"


@lru_cache(maxsize=1)
def local_drivers() -> tuple[str, ...]:
    """Names of the drivers that read local rasters and nothing else."""
    with rasterio.Env() as environment:
        names: Iterable[str] = environment.drivers()
    return tuple(name for name in names if name in LOCAL_DRIVERS)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _text_hint(path: Path) -> str:
    if path.suffix.lower() == ".hdr":
        return "Give the data file that it describes."
    if re.search(r"MTL|MTD_|manifest|metadata", path.name, re.IGNORECASE):
        return "Give the product's folder instead."
    return "Give the raster or the product's folder."
