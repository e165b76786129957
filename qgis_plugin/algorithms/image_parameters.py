"""The parameters that every task on images shares, and how they become the fields of an `ImageJob`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterMatrix,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from ...engine.errors import JobError, SourceError
from ...engine.jobs.image import STATISTICS_AUTO, STATISTICS_ESTIMATE, STATISTICS_SENSOR
from ...engine.spectrum.assign import MODES
from ...engine.spectrum.sensors import load_sensor
from ..layer_source import group_bands, source_of
from ..picture_embedding import embedding_of
from ..raster_tags import embedded_images
from ..translation import tr
from .band_tables import band_tables_of, column_titles
from .base import advanced, helped

STATISTICS = (STATISTICS_AUTO, STATISTICS_SENSOR, STATISTICS_ESTIMATE)


@dataclass(frozen=True)
class ImageInputs:
    """The layers of a run: the fields of an `ImageJob`, a name per image, the sources, and what to warn of."""

    fields: Mapping[str, Any]
    names: Tuple[str, ...]
    sources: Tuple[str, ...]
    warnings: Tuple[str, ...]


def add_inputs(algorithm: QgsProcessingAlgorithm) -> None:
    """Images, sensors and bands."""
    add_layers(algorithm, "INPUT", tr("Images"),
               tr("Rasters of any sensors that lie on each other; they are brought to one grid."))  # fmt: skip
    add_bands(algorithm)


def add_layers(algorithm: QgsProcessingAlgorithm, name: str, title: str, help_text: str) -> None:
    """A list of raster layers, one at least."""
    images = QgsProcessingParameterMultipleLayers(name, title, QgsProcessing.SourceType.TypeRaster)
    images.setMinimumNumberInputs(1)
    _add(algorithm, images, help_text)


def add_bands(algorithm: QgsProcessingAlgorithm, of: str = "") -> None:
    """What is known of the bands of the images; ``of`` is the parameter of other images than INPUT."""
    matrix = QgsProcessingParameterMatrix(
        _named(of, "BANDS"), tr("Bands"), numberRows=0, headers=column_titles(), defaultValue=[], optional=True
    )
    hint = tr(
        "What the files do not tell, or tell wrongly: the image by its number or name, the band by its number or "
        "name, and what is known of it. Cells may be empty. Units are nm, µm or GHz."
    )
    _add(algorithm, advanced(matrix), hint)
    tables = QgsProcessingParameterString(
        _named(of, "BAND_TABLES"), tr("Band tables (JSON)"), multiLine=True, optional=True
    )
    hint = tr("A list with one band table per image, null for an image without one; files are named by their path.")
    _add(algorithm, advanced(tables), hint)
    sensors = QgsProcessingParameterString(_named(of, "SENSORS"), tr("Sensors"), optional=True)
    hint = tr("Names of sensors separated by commas, in the order of the images; “auto” reads it from the file.")
    _add(algorithm, advanced(sensors), hint)


def add_grid(algorithm: QgsProcessingAlgorithm) -> None:
    """Extent, CRS, pixel size, and the image that sets the grid."""
    extent = QgsProcessingParameterExtent("EXTENT", tr("Extent"), optional=True)
    _add(algorithm, extent, tr("The part to read; without one, what all images cover."))
    crs = QgsProcessingParameterCrs("CRS", tr("CRS of the grid"), optional=True)
    _add(algorithm, advanced(crs), tr("Without one, that of the finest image."))
    resolution = QgsProcessingParameterNumber(
        "RESOLUTION", tr("Pixel size of the grid"), QgsProcessingParameterNumber.Type.Double, optional=True, minValue=0
    )
    _add(algorithm, advanced(resolution), tr("In units of the grid's CRS; without one, that of the finest image."))
    reference = QgsProcessingParameterNumber(
        "REFERENCE", tr("Reference image"), QgsProcessingParameterNumber.Type.Integer, optional=True, minValue=1
    )
    _add(algorithm, advanced(reference), tr("The image, counted from 1, whose pixels the grid takes over."))


def add_reading(algorithm: QgsProcessingAlgorithm) -> None:
    """Statistics, and what becomes of bands that the model has not learnt."""
    statistics = QgsProcessingParameterEnum(
        "STATISTICS", tr("Statistics"), list(STATISTICS), defaultValue=STATISTICS_AUTO, usesStaticStrings=True
    )
    hint = tr("auto: the sensor's where they are known, else estimated from the raster.")
    _add(algorithm, advanced(statistics), hint)
    file = QgsProcessingParameterFile("STATISTICS_FILE", tr("Statistics file"), extension="json", optional=True)
    _add(algorithm, advanced(file), tr("Written by “smarties stats”; used in place of the choice above."))
    add_assignment(algorithm)


def add_assignment(algorithm: QgsProcessingAlgorithm) -> None:
    """How bands find their learnt layers."""
    mode = QgsProcessingParameterEnum(
        "INTERPOLATION", tr("Interpolation"), list(MODES), defaultValue=MODES[0], usesStaticStrings=True
    )
    _add(algorithm, advanced(mode), tr("How bands between the learnt ranges get their layer."))
    outside = QgsProcessingParameterBoolean(
        "ALLOW_OUTSIDE", tr("Allow bands far from every learnt range"), defaultValue=False
    )
    _add(algorithm, advanced(outside), tr("Otherwise such a band ends the run."))


def read_inputs(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], context: QgsProcessingContext
) -> ImageInputs:
    """The images of a run with all shared fields of its job. Raises SmartiesError; call it in the main thread."""
    images = read_images(algorithm, parameters, context)
    fields = {
        **images.fields,
        **_grid_fields(algorithm, parameters, context),
        **_reading_fields(algorithm, parameters, context),
    }
    return replace(images, fields=fields)


def read_images(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], context: QgsProcessingContext, of: str = ""
) -> ImageInputs:
    """Images with their sensors and band tables alone; ``of`` is the parameter of other images than INPUT.

    Of embeddings, and pictures of them, nothing is known but their files: their bands are no bands of a sensor.
    """
    layers = _layers(algorithm, parameters, context, of or "INPUT")
    sources = tuple(source_of(layer) for layer in layers)
    for source, layer in zip(sources, layers):
        if sources.count(source) > 1:
            raise SourceError(tr("{layer} is given twice.").format(layer=layer.name()), tr("Give it once."))
    behind = [embedding_of(layer) for layer in layers]
    embedded = [embedded_images(source, embedding) for source, embedding in zip(sources, behind)]
    if all(embedded):
        names = tuple(dict.fromkeys(name for found in embedded for name in found))
        # What a layer knows of its embedding, the engine does not; of one that is gone, it says so itself.
        inputs = tuple(each if os.path.isfile(each) else source for source, each in zip(sources, behind))
        read = tuple(dict.fromkeys((*sources, *inputs)))
        return ImageInputs({"inputs": inputs, "sensors": (), "band_tables": ()}, names, read, ())
    images = [[layers[place] for place in group] for group in group_bands(sources, [_bands(each) for each in layers])]
    fields: Dict[str, Any] = {
        "inputs": sources,
        "sensors": _sensors(algorithm.parameterAsString(parameters, _named(of, "SENSORS"), context)),
        "band_tables": band_tables_of(
            images,
            algorithm.parameterAsMatrix(parameters, _named(of, "BANDS"), context),
            algorithm.parameterAsString(parameters, _named(of, "BAND_TABLES"), context),
        ),
    }
    return ImageInputs(fields, _names(images), sources, tuple(_warnings(layers)))


def optional_value(parameters: Mapping[str, Any], name: str) -> bool:
    """Whether an optional parameter was given at all."""
    value = parameters.get(name)
    return value is not None and str(value).strip() not in ("", "NULL")


def optional_int(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], name: str, context: QgsProcessingContext
) -> Optional[int]:
    """The whole number of a parameter, None where it was not given."""
    return algorithm.parameterAsInt(parameters, name, context) if optional_value(parameters, name) else None


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """A CRS as the engine reads it: its authority's code, or WKT for one made by hand."""
    code = str(crs.authid())
    if code.split(":")[0] in ("EPSG", "ESRI", "OGC", "IGNF"):
        return code
    return str(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED))


def _add(
    algorithm: QgsProcessingAlgorithm, parameter: QgsProcessingParameterDefinition, help_text: str = ""
) -> None:  # fmt: skip
    algorithm.addParameter(helped(parameter, help_text))


def _named(of: str, name: str) -> str:
    """The parameter ``name`` of INPUT, or of the images of the parameter ``of``."""
    return f"{of}_{name}" if of else name


def _layers(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], context: QgsProcessingContext, name: str
) -> List[QgsRasterLayer]:
    layers: List[QgsRasterLayer] = algorithm.parameterAsLayerList(parameters, name, context)
    if not layers:
        raise JobError(tr("No image was given."), tr("Choose at least one raster layer."))
    return layers


def _bands(layer: QgsRasterLayer) -> int:
    return int(layer.bandCount())


def _names(images: Sequence[Sequence[QgsRasterLayer]]) -> Tuple[str, ...]:
    """A name per image; those of one name, such as one scene in two folders, with their folder's in front."""
    names = [group[0].name() for group in images]
    return tuple(
        f"{Path(group[0].source()).parent.name}/{name}" if names.count(name) > 1 else name
        for group, name in zip(images, names)
    )


def _sensors(text: str) -> Tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    for name in names:
        if name and name != "auto":
            load_sensor(name)
    return tuple(name or "auto" for name in names)


def _grid_fields(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], context: QgsProcessingContext
) -> Dict[str, Any]:
    fields: Dict[str, Any] = {}
    if optional_value(parameters, "EXTENT"):
        extent = algorithm.parameterAsExtent(parameters, "EXTENT", context)
        crs = algorithm.parameterAsExtentCrs(parameters, "EXTENT", context)
        fields["extent"] = (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
        fields["extent_crs"] = crs_text(crs) if crs.isValid() else None
    if optional_value(parameters, "CRS"):
        fields["crs"] = crs_text(algorithm.parameterAsCrs(parameters, "CRS", context))
    if optional_value(parameters, "RESOLUTION"):
        fields["resolution"] = algorithm.parameterAsDouble(parameters, "RESOLUTION", context)
    fields["reference"] = optional_int(algorithm, parameters, "REFERENCE", context)
    return fields


def _reading_fields(
    algorithm: QgsProcessingAlgorithm, parameters: Dict[str, Any], context: QgsProcessingContext
) -> Dict[str, Any]:
    fields: Dict[str, Any] = {}
    if algorithm.parameterDefinition("INTERPOLATION") is not None:
        fields["interpolation"] = algorithm.parameterAsEnumString(parameters, "INTERPOLATION", context)
        fields["allow_outside"] = algorithm.parameterAsBool(parameters, "ALLOW_OUTSIDE", context)
    if algorithm.parameterDefinition("STATISTICS") is not None:
        file = algorithm.parameterAsFile(parameters, "STATISTICS_FILE", context)
        fields["statistics"] = file or algorithm.parameterAsEnumString(parameters, "STATISTICS", context)
    return fields


def _warnings(layers: Sequence[QgsRasterLayer]) -> List[str]:
    """A CRS that was chosen in QGIS alone is not in the file, and the engine reads files."""
    return [
        tr("{layer} has no CRS in its file; the one chosen in QGIS is not read. Assign it with “Assign projection”.")
        .format(layer=layer.name())
        for layer in layers
        if layer.crs().isValid() and not layer.dataProvider().crs().isValid()
    ]  # fmt: skip
