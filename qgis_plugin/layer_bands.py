"""What a layer's bands are: its metadata read with osgeo as the engine reads them, and the table kept on the layer."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from osgeo import gdal
from qgis.core import Qgis, QgsMapLayer, QgsMessageLog

from ..engine.errors import BandTableError, RadiometryError, SourceError
from ..engine.spectrum.detect import Detection, detect
from ..engine.spectrum.raster_files import (
    MAX_VALUE_CHARACTERS,
    BandFile,
    band_file,
    is_read_domain,
    parents_of,
    product_name,
    read_sidecars,
    sidecars_beside,
)
from ..engine.spectrum.raster_metadata import RasterMetadata
from ..engine.spectrum.table import BandTable, parse_table, table_to_json
from .layer_source import netcdf_variable, source_of
from .translation import tr

#: The custom property of a layer that keeps its band table, as JSON.
TABLE_PROPERTY = "smarties/band_table"

#: GDAL's names for colours, where lower case alone does not make them those of the metadata.
_COLOURS: Mapping[str, str] = {"YCbCr_Y": "Y", "YCbCr_Cb": "Cb", "YCbCr_Cr": "Cr"}
#: What the engine sets while it looks at a file: the same neighbours are looked at.
_OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "TRUE", "GDAL_VRT_ENABLE_PYTHON": "NO"}

#: More bands than any imaging spectrometer has, and the engine's limit; each costs a look at its metadata.
_MAX_BANDS = 2000

Layer = Union[QgsMapLayer, str, Path]


def raster_metadata_of(layer: Layer) -> RasterMetadata:
    """What a raster layer, or a file, says about its bands; equal to what the engine reads.

    Raises SourceError or RadiometryError for a layer or file that the engine would not open either.
    """
    source = source_of(layer) if isinstance(layer, QgsMapLayer) else str(layer)
    variable = netcdf_variable(source)
    path = (Path(source) if variable is None else variable[0]).absolute()
    with _opened(source, path) as dataset:
        _check_bands(dataset, path)
        if dataset.GetDriver().ShortName == "netCDF":
            return _variable_metadata(dataset, path)
        band = band_file(path) if dataset.RasterCount == 1 else None
        return _metadata(dataset, path, None, sidecars_beside(path)) if band is None else _of_band(dataset, band)


def detect_layer(layer: Layer, sensor: Optional[str] = None, table: Optional[BandTable] = None) -> Detection:
    """What the bands of a layer are, by its metadata, the ``sensor`` the user names and the user's ``table``.

    Raises SourceError, or what `engine.spectrum.detect.detect` raises.
    """
    return detect(raster_metadata_of(layer), sensor, table)


def stored_table(layer: QgsMapLayer) -> Optional[BandTable]:
    """The band table kept on the layer in the project; None without one. A damaged one is ignored and logged."""
    text = layer.customProperty(TABLE_PROPERTY)
    if not text:
        return None
    try:
        return parse_table(str(text))
    except BandTableError as error:
        QgsMessageLog.logMessage(
            tr("The band table kept on {layer} is ignored: {reason}").format(layer=layer.name(), reason=error),
            "SMARTIES",
            Qgis.MessageLevel.Warning,
        )
        return None


def store_table(layer: QgsMapLayer, table: Optional[BandTable]) -> None:
    """Keep a band table on the layer, from where the project saves it; None removes it."""
    if table is None:
        layer.removeCustomProperty(TABLE_PROPERTY)
    else:
        layer.setCustomProperty(TABLE_PROPERTY, table_to_json(table))


@contextlib.contextmanager
def _opened(source: str, path: Path) -> Iterator[gdal.Dataset]:
    """An open raster; the settings and the silence are this thread's alone, and given back."""
    if path.is_dir():
        raise SourceError(tr("{name} is a folder.").format(name=path.name), tr("Add the raster files in it."))
    before = {key: gdal.GetThreadLocalConfigOption(key) for key in _OPTIONS}
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        for key, value in _OPTIONS.items():
            gdal.SetThreadLocalConfigOption(key, value)
        dataset = _open(source)
        if dataset is None or dataset.RasterCount == 0:
            reason = " ".join(gdal.GetLastErrorMsg().split())
            raise SourceError(
                tr("{name} cannot be opened as a raster.").format(name=path.name),
                reason or tr("Check that the file is whole and in a format GDAL reads."),
            )
        yield dataset
    finally:
        for key, earlier in before.items():
            gdal.SetThreadLocalConfigOption(key, earlier)
        gdal.PopErrorHandler()


def _open(source: str) -> Optional[gdal.Dataset]:
    try:
        return gdal.OpenEx(source, gdal.OF_RASTER)
    except RuntimeError:
        # Another plugin may have switched GDAL's exceptions on for the whole process.
        return None


def _check_bands(dataset: gdal.Dataset, path: Path) -> None:
    if dataset.RasterCount > _MAX_BANDS:
        raise SourceError(
            tr("{name} has {count} bands.").format(name=path.name, count=dataset.RasterCount),
            tr("Up to {limit} are read: extract some.").format(limit=_MAX_BANDS),
        )
    if any(gdal.DataTypeIsComplex(dataset.GetRasterBand(number + 1).DataType) for number in range(dataset.RasterCount)):
        raise RadiometryError(
            tr("{name} holds complex numbers (amplitude and phase).").format(name=path.name),
            tr("Turn them into backscatter first: the squared amplitude, calibrated, in dB."),
        )


def _of_band(dataset: gdal.Dataset, band: BandFile) -> RasterMetadata:
    """Metadata of a file that holds one band of a product by its name."""
    beside = sidecars_beside(band.path, product_name([band], band.path.parent))
    return _metadata(dataset, band.path, [band.token], beside)


def _variable_metadata(dataset: gdal.Dataset, path: Path) -> RasterMetadata:
    """Metadata of a netCDF variable with one step; which of several is meant no layer says."""
    if dataset.RasterCount != 1:
        raise SourceError(
            tr("{name} holds {count} time steps or levels.").format(name=path.name, count=dataset.RasterCount),
            tr("Export the one you mean as a GeoTIFF first: right-click the layer, Export, Save as."),
        )
    variable = dataset.GetRasterBand(1).GetMetadataItem("NETCDF_VARNAME") or None
    return _metadata(dataset, path, [variable], sidecars_beside(path))


def _metadata(
    dataset: gdal.Dataset, path: Path, names: Optional[Sequence[Optional[str]]], sidecars: Sequence[Path]
) -> RasterMetadata:
    bands: List[gdal.Band] = [dataset.GetRasterBand(number + 1) for number in range(dataset.RasterCount)]
    described = [band.GetDescription() for band in bands] if names is None else names
    return RasterMetadata(
        name=path.name,
        parents=parents_of(path),
        band_count=len(bands),
        dtypes=tuple(_dtype(band) for band in bands),
        tags=_tags(dataset),
        band_tags=tuple(_tags(band) for band in bands),
        band_names=tuple(name or None for name in described),
        colours=_colours(bands),
        sidecars=read_sidecars(sidecars),
    )


def _dtype(band: gdal.Band) -> str:
    name = gdal.GetDataTypeName(band.DataType)
    # Before 3.7 GDAL had no type for signed bytes.
    if name == "Byte" and band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE":
        return "int8"
    return "uint8" if name == "Byte" else name.lower()


def _colours(bands: Sequence[gdal.Band]) -> Tuple[Optional[str], ...]:
    names = [gdal.GetColorInterpretationName(band.GetColorInterpretation()) for band in bands]
    return tuple(_COLOURS.get(name, name.lower()) for name in names)


def _tags(thing: Union[gdal.Dataset, gdal.Band]) -> Mapping[str, Mapping[str, str]]:
    """Metadata by domain of a dataset or a band."""
    domains: Dict[str, Mapping[str, str]] = {}
    for domain in ("", *(name for name in thing.GetMetadataDomainList() or () if name)):
        if not is_read_domain(domain):
            continue
        values = thing.GetMetadata_Dict(domain)
        kept = {key: value for key, value in values.items() if len(value) <= MAX_VALUE_CHARACTERS}
        if kept:
            domains[domain] = kept
    return domains
