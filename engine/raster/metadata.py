"""What a raster says about itself, in the form that band detection reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rasterio.io import DatasetReader

from engine.spectrum.raster_metadata import RasterMetadata

#: GDAL's own bookkeeping, and profiles of kilobytes that say nothing about bands.
_SKIPPED_DOMAINS = frozenset(
    "SUBDATASETS DERIVED_SUBDATASETS COLOR_PROFILE xml:XMP xml:ESRI EXIF GEOLOCATION vrt_sources".split()
)
_MAX_VALUE_CHARACTERS = 65_536
_MAX_SIDECAR_BYTES = 2**20
_MAX_SIDECARS = 16
_PARENTS = 3
#: Folders inside a product that do not name it.
_INNER_FOLDERS = frozenset("granule img_data r10m r20m r60m measurement images image data".split())


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


def parents_of(path: Path) -> tuple[str, ...]:
    """Names of the folders above, nearest first, without those that every product has inside."""
    names = [parent.name for parent in path.absolute().parents]
    return tuple(name for name in names if name and name.lower() not in _INNER_FOLDERS)[:_PARENTS]


def sidecars_beside(path: Path, stem: str | None = None) -> list[Path]:
    """The metadata files that usually lie beside a raster: looked up by name, for the folder may be huge."""
    stem = path.stem if stem is None else stem
    names = [f"{path.name}.hdr", f"{path.stem}.hdr"]
    names += [f"{stem}{tail}" for tail in (".json", "_metadata.json", "_stac.json", "_MTL.txt", "_MTL.json")]
    # EnMAP's bands are told in <product>-METADATA.XML, beside <product>-SPECTRAL_IMAGE.TIF.
    names.append(f"{stem.replace('SPECTRAL_IMAGE', 'METADATA')}.XML")
    names += ["metadata.json", "MTD_MSIL2A.xml", "MTD_MSIL1C.xml"]
    return [path.parent / name for name in names if (path.parent / name).is_file()]


def read_sidecars(paths: Iterable[Path]) -> Mapping[str, str]:
    """Texts by file name; those over 1 MiB or that are no UTF-8 text are left out."""
    texts: dict[str, str] = {}
    for path in paths:
        if len(texts) == _MAX_SIDECARS:
            break
        if path.stat().st_size > _MAX_SIDECAR_BYTES:
            continue
        try:
            texts[path.name] = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            # A binary file under a text's name: ENVI headers of other programs, for instance.
            continue
    return texts


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
        if domain in _SKIPPED_DOMAINS or domain.startswith(("xml:", "json:")):
            continue
        values = dataset.tags(number, ns=domain or None)
        kept = {key: value for key, value in values.items() if len(value) <= _MAX_VALUE_CHARACTERS}
        if kept:
            domains[domain] = kept
    return domains
