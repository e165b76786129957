"""What a raster says about itself, in the form that band detection reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rasterio.io import DatasetReader

from engine.spectrum.raster_files import MAX_VALUE_CHARACTERS, is_read_domain, parents_of, read_sidecars
from engine.spectrum.raster_metadata import RasterMetadata


def raster_metadata(
    dataset: DatasetReader,
    path: Path,
    bands: Sequence[int] | None = None,
    band_names: Sequence[str | None] | None = None,
    sidecars: Iterable[Path] = (),
) -> RasterMetadata:
    """Metadata of one file.

    Args:
        dataset: the open file, or a variable of it.
        path: the file on disk.
        bands: 1-based numbers of the bands that make the image; all by default.
        band_names: names that replace the descriptions of these bands.
        sidecars: text files beside it to read along.
    """
    numbers = list(dataset.indexes) if bands is None else list(bands)
    names = [dataset.descriptions[number - 1] for number in numbers] if band_names is None else list(band_names)
    return RasterMetadata(
        name=path.name,
        parents=parents_of(path),
        band_count=len(numbers),
        dtypes=tuple(dataset.dtypes[number - 1] for number in numbers),
        tags=_tags(dataset, 0),
        band_tags=tuple(_tags(dataset, number) for number in numbers),
        band_names=tuple(name or None for name in names),
        colours=colours_of(dataset, numbers),
        sidecars=read_sidecars(sidecars),
    )


def merge_bands(
    name: str, parents: tuple[str, ...], parts: Sequence[RasterMetadata], sidecars: Mapping[str, str]
) -> RasterMetadata:
    """Metadata of an image whose bands lie in several files or variables; dataset tags are the first one's."""
    return RasterMetadata(
        name=name,
        parents=parents,
        band_count=sum(part.band_count for part in parts),
        dtypes=tuple(value for part in parts for value in part.dtypes),
        tags=parts[0].tags,
        band_tags=tuple(value for part in parts for value in part.band_tags),
        band_names=tuple(value for part in parts for value in part.band_names),
        colours=tuple(value for part in parts for value in part.colours),
        sidecars=sidecars,
    )


def colours_of(dataset: DatasetReader, numbers: Sequence[int]) -> tuple[str | None, ...]:
    """GDAL's colour interpretation of bands (1-based), None where this rasterio knows no name for it."""
    try:
        interpretations = dataset.colorinterp
    except ValueError:
        return (None,) * len(numbers)
    return tuple(interpretations[number - 1].name for number in numbers)


def _tags(dataset: DatasetReader, number: int) -> Mapping[str, Mapping[str, str]]:
    """Metadata by domain of a band (1-based), or of the dataset (0)."""
    domains: dict[str, Mapping[str, str]] = {}
    for domain in ("", *dataset.tag_namespaces(number)):
        if not is_read_domain(domain):
            continue
        values = dataset.tags(number, ns=domain or None)
        kept = {key: value for key, value in values.items() if len(value) <= MAX_VALUE_CHARACTERS}
        if kept:
            domains[domain] = kept
    return domains
