"""From layers of QGIS to what the engine opens: local raster files, with a sentence for everything else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from qgis.core import QgsMapLayer, QgsProviderRegistry, QgsRasterLayer

from ..engine.errors import SourceError
from ..engine.spectrum.raster_files import band_file
from .translation import tr

#: GDAL open options that change how fast a file is read, but not what.
_HARMLESS_OPTIONS = frozenset(("NUM_THREADS", "IGNORE_COG_LAYOUT_BREAK"))
_NETCDF = re.compile(r'netcdf:(?:"(?P<quoted>[^"]+)"|(?P<plain>[^"]+?)):(?P<variable>[^:]*)', re.IGNORECASE)
#: Two letters at least: "C:" is a drive of Windows.
_SUBDATASET = re.compile(r"[A-Za-z][A-Za-z0-9_]+:")


def source_of(layer: QgsMapLayer) -> str:
    """The path, or name of a netCDF variable, that the engine opens for a raster layer.

    Raises SourceError, with what to do, for a layer that is no raster on this computer.
    """
    name = layer.name() or layer.source()
    if not isinstance(layer, QgsRasterLayer):
        raise SourceError(
            tr("{layer} is not a raster layer.").format(layer=name), tr("Choose an image of a satellite or a drone.")
        )
    if layer.providerType() != "gdal":
        raise SourceError(
            tr("{layer} is not a file on this computer, but comes from a service or a database ({provider}).").format(
                layer=name, provider=layer.providerType()
            ),
            tr("Export it as a GeoTIFF first: right-click the layer, Export, Save as, with raw data."),
        )
    return source_of_uri(layer.source(), name)


def source_of_uri(uri: str, name: str = "") -> str:
    """As `source_of`, for the address of a layer of GDAL; ``name`` is shown in errors."""
    name = name or uri
    parts = QgsProviderRegistry.instance().decodeUri("gdal", uri)
    path = str(parts.get("path") or "").strip()
    _check_options(name, [str(option) for option in parts.get("openOptions") or ()])
    if parts.get("layerName"):
        raise _container_error(name)
    if parts.get("vsiPrefix") or path.lower().startswith("/vsi"):
        if re.search(r"/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)", f"{parts.get('vsiPrefix') or ''}{path}"):
            raise _remote_error(name)
        raise SourceError(
            tr("{layer} lies in an archive.").format(layer=name), tr("Unpack it and add the file that is inside.")
        )
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]+://", path):
        raise _remote_error(name)
    if path.startswith("<"):
        raise SourceError(
            tr("{layer} is described in the project and is no file.").format(layer=name),
            tr("Export it as a GeoTIFF or save it as a VRT file first."),
        )
    variable = netcdf_variable(path)
    if variable is not None:
        _check_there(name, variable[0])
        return path
    if _SUBDATASET.match(path) and not Path(path).exists():
        raise _container_error(name)
    _check_there(name, Path(path))
    return str(Path(path).absolute())


def netcdf_variable(source: str) -> Optional[Tuple[Path, str]]:
    """File and variable of GDAL's ``NETCDF:"FILE":VARIABLE``; None for anything else."""
    found = _NETCDF.fullmatch(source.strip())
    if found is None:
        return None
    return Path(found.group("quoted") or found.group("plain")), found.group("variable")


def group_bands(sources: Sequence[str], band_counts: Sequence[int]) -> List[Tuple[int, ...]]:
    """Which sources become one image: positions in ``sources``, one tuple per image, in the order of the images.

    The engine takes several single-band files of one folder whose names differ only in
    the band for one image; all others are an image each.
    """
    groups: Dict[Union[int, Tuple[Path, str]], List[int]] = {}
    for position, (source, count) in enumerate(zip(sources, band_counts)):
        path = Path(source)
        band = band_file(path) if count == 1 and path.suffix.lower() != ".nc" and path.is_file() else None
        key = position if band is None else (path.parent, band.key)
        groups.setdefault(key, []).append(position)
    return [tuple(group) for group in groups.values()]


def title_of(names: Sequence[str], limit: int = 60) -> str:
    """Names of images as one, such as "S1_x + S2_y", its parts shortened in the middle where it grows long."""
    room = max(12, (limit - 3 * (len(names) - 1)) // max(1, len(names)))
    shown = [shorten(name, room) for name in names[:4]]
    return " + ".join(shown) + (" + …" if len(names) > 4 else "")


def shorten(text: str, limit: int) -> str:
    """The text, its middle left out where it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    return f"{text[: (limit - 1) // 2]}…{text[len(text) - limit // 2 :]}"


def _check_options(name: str, options: Sequence[str]) -> None:
    meant = [option for option in options if option.split("=")[0].upper() not in _HARMLESS_OPTIONS]
    if meant:
        raise SourceError(
            tr("{layer} is opened with the option {option}, which the engine does not receive.").format(
                layer=name, option=", ".join(meant)
            ),
            tr("Add the file again without options, or export the layer as a GeoTIFF."),
        )


def _check_there(name: str, path: Path) -> None:
    try:
        found = path.exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise SourceError(
            tr("The file of {layer} is gone: {path}.").format(layer=name, path=path),
            tr("Put it back, or repair the layer's data source."),
        )


def _container_error(name: str) -> SourceError:
    return SourceError(
        tr("{layer} is one of several rasters inside a file, which cannot be read directly.").format(layer=name),
        tr("Export it as a GeoTIFF first, or add the product's band files."),
    )


def _remote_error(name: str) -> SourceError:
    return SourceError(
        tr("{layer} lies on the network, not on this computer.").format(layer=name),
        tr("Download the file, or export the part you need as a GeoTIFF."),
    )
