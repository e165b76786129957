"""From what the user names to images: files, product folders, band files, netCDF variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rasterio.io import DatasetReader

from engine.errors import RadiometryError, SourceError
from engine.raster import netcdf
from engine.raster.georeference import georeference
from engine.raster.grid import Grid
from engine.raster.image import BandSource, Image, finest_grid
from engine.raster.metadata import colours_of, merge_bands, raster_metadata
from engine.raster.opening import (
    READ_ERRORS,
    gdal_environment,
    local_path,
    open_file,
    open_subdataset,
    reason_of,
    shorten,
)
from engine.raster.products import Product, find_product, one_per_band
from engine.spectrum.raster_files import (
    BandFile,
    band_file,
    parents_of,
    product_name,
    read_sidecars,
    sidecars_beside,
)
from engine.spectrum.raster_metadata import RasterMetadata

#: More bands than any imaging spectrometer has; each costs a look at its metadata.
MAX_BANDS = 2000


@dataclass(frozen=True)
class _Opened:
    """What was read of one file or variable."""

    metadata: RasterMetadata
    sources: tuple[BandSource, ...]
    notes: tuple[str, ...]


def open_images(inputs: Sequence[str | Path]) -> list[Image]:
    """Open rasters for reading; no pixel is read yet.

    Args:
        inputs: raster files, product folders, netCDF files (``FILE.nc``,
            ``FILE.nc@2018-05-14``, ``FILE.nc@3``) or variables (``netcdf:"FILE.nc":B04``).
            Several single-band files of one folder whose names differ only in the band
            become one image.

    Returns:
        One image per input, in the order given; band files of one product count as one
        input, a netCDF file gives one image per sensor.

    Raises:
        SourceError: an input is missing, no raster, ambiguous, or not a local file.
        RadiometryError: an input holds complex numbers.
    """
    if not inputs:
        raise SourceError("No raster was given.", "Give at least one file or folder.")
    images: list[Image] = []
    singles: dict[tuple[Path, str], list[BandFile]] = {}
    places: dict[tuple[Path, str], int] = {}
    seen: set[str] = set()
    with gdal_environment():
        for entry in inputs:
            request = _parse(str(entry))
            if str(request) in seen:
                raise SourceError(f"{shorten(str(entry))} is given twice.", "Give it once.")
            seen.add(str(request))
            for found in _open_request(request):
                band = band_file(found.paths[0]) if _may_be_a_band(found, request) else None
                if band is None:
                    images.append(found)
                    continue
                group = (band.path.parent, band.key)
                if group not in singles:
                    places[group] = len(images)
                    images.append(found)
                singles.setdefault(group, []).append(band)
        for group, bands in singles.items():
            images[places[group]] = _image_of_bands(*_as_product(bands))
    return images


@dataclass(frozen=True)
class _Request:
    path: Path
    variable: str | None
    date: str | None


def _parse(text: str) -> _Request:
    """Split ``netcdf:"FILE":VARIABLE@DATE`` into its parts."""
    found = re.fullmatch(r'\s*netcdf:(?:"([^"]+)"|([^":]+)):([^@]*?)(?:@(.+))?\s*', text, re.IGNORECASE)
    if found is not None:
        path = local_path(found.group(1) or found.group(2))
        return _Request(path, found.group(3).strip(), found.group(4))
    head, at, tail = text.rpartition("@")
    # A file may have an @ in its name: what is there as it stands is meant.
    if at and head and not Path(text).expanduser().exists() and Path(head).expanduser().exists():
        return _Request(local_path(head), None, tail.strip())
    return _Request(local_path(text), None, None)


def _open_request(request: _Request) -> list[Image]:
    path = request.path
    if path.is_file() and re.fullmatch(r"MTD_MSI\w+\.xml|manifest\.safe", path.name, re.IGNORECASE):
        path = path.parent
    if path.is_dir():
        try:
            product = find_product(path)
        except OSError as error:
            raise SourceError(f"The folder {path.name} cannot be read: {error.strerror}.", "Check it.") from error
        if isinstance(product, Product):
            if request.date is not None:
                raise SourceError(f"{path.name} is no time series.", "Give the folder without a date.")
            return [_image_of_bands(product, parents_of(path / product.name))]
        path = product
    with open_file(path) as dataset:
        if dataset.driver == netcdf.DRIVER:
            with _readable(path):
                names = netcdf.variable_names(dataset)
        elif request.variable is not None or request.date is not None:
            raise SourceError(f"{path.name} is no netCDF file.", "Give it without a variable and without a date.")
        elif dataset.count == 0:
            raise _container_error(path, dataset)
        else:
            opened = _inspect(dataset, path)
            return [_image(path.name, (path,), opened.metadata, [opened])]
    return _netcdf_images(replace(request, path=path), names)


def _netcdf_images(request: _Request, names: Sequence[str]) -> list[Image]:
    path = request.path
    if request.variable is not None:
        if request.variable not in names:
            raise SourceError(f"{path.name} has no variable {request.variable!r}.", f"It has {', '.join(names[:12])}.")
        groups: tuple[tuple[str, ...], ...] = ((request.variable,),)
        notes: tuple[str, ...] = ()
    else:
        groups, notes = netcdf.choose_variables(path, names)
    images = []
    for group in groups:
        parts = [_inspect_variable(path, variable, request.date) for variable in group]
        merged = merge_bands(path.name, parents_of(path), [part.metadata for part in parts], parts[0].metadata.sidecars)
        name = path.name if len(groups) == 1 else f"{path.name}:{netcdf.group_name(group)}"
        images.append(_image(name, (path,), merged, parts, notes))
    return images


def _inspect_variable(path: Path, variable: str, date: str | None) -> _Opened:
    name = netcdf.gdal_name(path, variable)
    with open_subdataset(name, netcdf.DRIVER) as dataset, _readable(path):
        found, _, notes = georeference(dataset)
        grid, settings = netcdf.variable_grid(dataset, path, found)
        numbers, names = netcdf.bands_at(dataset, path, variable, date)
        metadata = raster_metadata(dataset, path, numbers, names, sidecars_beside(path))
        _check_bands(dataset, path, numbers)
        sources = _band_sources(dataset, name, numbers, grid, False, settings)
    return _Opened(metadata, sources, notes if grid.crs is None else ())


def _inspect(dataset: DatasetReader, path: Path, band: BandFile | None = None) -> _Opened:
    """Everything but the pixels of an open file; of its first band only when it is a band file."""
    numbers = list(dataset.indexes) if band is None else [1]
    _check_bands(dataset, path, numbers)
    with _readable(path):
        grid, gcps, notes = georeference(dataset)
        names = None if band is None else [band.token]
        sidecars = sidecars_beside(path) if band is None else []
        metadata = raster_metadata(dataset, path, numbers, names, sidecars)
        return _Opened(metadata, _band_sources(dataset, str(path), numbers, grid, gcps, ()), notes)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what GDAL and rasterio raise over bad metadata into a sentence."""
    try:
        yield
    except READ_ERRORS as error:
        raise SourceError(
            f"What {path.name} says about itself cannot be read{reason_of(error, path)}.",
            "Check that the file is whole.",
        ) from error


def _band_sources(
    dataset: DatasetReader,
    file: str,
    numbers: Sequence[int],
    grid: Grid,
    gcps: bool,
    settings: tuple[tuple[str, str], ...],
) -> tuple[BandSource, ...]:
    colours = colours_of(dataset, dataset.indexes)
    alpha = colours.index("alpha") + 1 if "alpha" in colours else None
    return tuple(
        BandSource(
            file=file,
            driver=dataset.driver,
            number=number,
            grid=grid,
            dtype=dataset.dtypes[number - 1],
            nodata=dataset.nodatavals[number - 1],
            scale=dataset.scales[number - 1],
            offset=dataset.offsets[number - 1],
            alpha=alpha,
            gcps=gcps,
            settings=settings,
        )
        for number in numbers
    )


def _check_bands(dataset: DatasetReader, path: Path, numbers: Sequence[int]) -> None:
    if len(numbers) > MAX_BANDS:
        raise SourceError(f"{path.name} has {len(numbers)} bands.", f"Up to {MAX_BANDS} are read: extract some.")
    if any("complex" in dataset.dtypes[number - 1] for number in numbers):
        raise RadiometryError(
            f"{path.name} holds complex numbers (amplitude and phase).",
            "Turn them into backscatter first: the squared amplitude, calibrated, in dB.",
        )


def _image_of_bands(product: Product, parents: tuple[str, ...]) -> Image:
    parts, notes = [], list(product.notes)
    for band in product.bands:
        with open_file(band.path) as dataset:
            if dataset.count != 1:
                raise SourceError(
                    f"{band.path.name} has {dataset.count} bands, although its name is that of one band.",
                    "Give the files one by one.",
                )
            parts.append(_inspect(dataset, band.path, band))
    paths = tuple(band.path for band in product.bands)
    metadata = merge_bands(
        product.name,
        tuple(name for name in parents if name != product.name),
        [part.metadata for part in parts],
        read_sidecars(product.sidecars),
    )
    return _image(product.name, paths, metadata, parts, tuple(notes))


def _as_product(files: Sequence[BandFile]) -> tuple[Product, tuple[str, ...]]:
    """Band files that were named one by one."""
    bands, notes = one_per_band(files)
    folder = bands[0].path.parent
    name = bands[0].path.name if len(bands) == 1 else product_name(bands, folder)
    beside = sidecars_beside(bands[0].path, product_name(bands, folder))
    return Product(name, folder, bands, notes, tuple(beside)), parents_of(bands[0].path)


def _may_be_a_band(image: Image, request: _Request) -> bool:
    return image.band_count == 1 and image.paths == (request.path,) and image.sources[0].driver != netcdf.DRIVER


def _image(
    name: str, paths: tuple[Path, ...], metadata: RasterMetadata, parts: Sequence[_Opened], notes: tuple[str, ...] = ()
) -> Image:
    sources = tuple(source for part in parts for source in part.sources)
    for part in parts:
        notes = (*notes, *(note for note in part.notes if note not in notes))
    return Image(name, paths, metadata, finest_grid(sources), sources, notes)


def _container_error(path: Path, dataset: DatasetReader) -> SourceError:
    names = [name.rsplit(":", 1)[-1] for name in dataset.subdatasets]
    if not names:
        return SourceError(f"{path.name} holds no bands.", "Give a raster with at least one band.")
    return SourceError(
        f"{path.name} ({dataset.driver}) holds {len(names)} rasters: {', '.join(names[:8])}.",
        "Save the wanted ones as a GeoTIFF first, for instance with QGIS or gdal_translate.",
    )
