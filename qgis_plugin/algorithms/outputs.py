"""What a run writes: which outputs were asked for, and whether their names can be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from qgis.core import QgsProcessingOutputLayerDefinition

from ...engine.errors import OutputError
from ..translation import tr
from .image_parameters import optional_value

#: Endings of file names by what they are; the first is used where there is a choice.
GEOTIFF = (".tif", ".tiff")
GEOPACKAGE = (".gpkg",)
SAFETENSORS = (".safetensors",)
PAGE = (".html", ".htm")


@dataclass(frozen=True)
class Written:
    """A file that a run writes: its parameter, the field of the job that names it, and its endings."""

    parameter: str
    field: str
    suffixes: Tuple[str, ...] = GEOTIFF


def wanted(parameters: Mapping[str, Any], name: str) -> bool:
    """Whether an output is asked for."""
    value = parameters.get(name)
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return bool(value.sink.staticValue()) or bool(value.sink.expressionString())
    return optional_value(parameters, name)


def named_output(value: Any) -> Optional[str]:
    """The path an output was given, None for a temporary one, one left out, or one that an expression makes."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink.staticValue()
    text = str(value).strip() if isinstance(value, str) else ""
    return text if text and text != "TEMPORARY_OUTPUT" else None


def expected_paths(parameters: Mapping[str, Any], files: Sequence[Written]) -> Dict[str, str]:
    """By field of the job the path of each file; a made-up one for a temporary file, "" for one not asked for."""
    return {
        each.field: (named_output(parameters.get(each.parameter)) or f"{each.parameter}{each.suffixes[0]}")
        if wanted(parameters, each.parameter)
        else ""
        for each in files
    }


def check_outputs(
    parameters: Mapping[str, Any],
    files: Sequence[Written],
    sources: Sequence[str],
    titles: Mapping[str, str],
) -> None:
    """Raise OutputError for a name with a wrong ending, of a file that is read, or given to two outputs.

    ``sources`` are the files that the run reads, ``titles`` the names of the parameters for people.
    """
    seen: List[Tuple[str, str]] = []
    for each in files:
        path = named_output(parameters.get(each.parameter))
        if path is None:
            continue
        if Path(path).suffix.lower() not in each.suffixes:
            raise OutputError(*_wrong_ending(Path(path).name, each.suffixes))
        if any(same_file(path, source) for source in sources):
            raise OutputError(
                tr("{path} is one of the files to read.").format(path=path), tr("Choose another name for the output.")
            )
        for other, title in seen:
            if same_file(path, other):
                raise OutputError(
                    tr("“{one}” and “{other}” have the same name.").format(one=title, other=titles[each.parameter]),
                    tr("Choose another name for one of them."),
                )
        seen.append((path, titles[each.parameter]))


def same_file(one: str, other: str) -> bool:
    """Whether two paths are one file."""
    try:
        return Path(one).resolve() == Path(other).resolve()
    except (OSError, ValueError):
        return False


def _wrong_ending(name: str, suffixes: Tuple[str, ...]) -> Tuple[str, str]:
    if suffixes == GEOTIFF:
        message = tr("“{name}” is not the name of a GeoTIFF.").format(name=name)
    elif suffixes == GEOPACKAGE:
        message = tr("“{name}” is not the name of a GeoPackage.").format(name=name)
    else:
        message = tr("“{name}” is not the name of a {suffix} file.").format(name=name, suffix=suffixes[0])
    return message, tr("Let the name of the output end in {suffix}.").format(suffix=suffixes[0])
