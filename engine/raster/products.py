"""Products that come as one file per band: which files of a folder are bands, and of which product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SourceError
from engine.raster.opening import shorten
from engine.spectrum.raster_files import BandFile, band_file, product_name

RASTER_SUFFIXES = frozenset((".tif", ".tiff", ".jp2", ".img", ".vrt", ".dat", ".bsq", ".bil", ".bip", ".nc"))

_WORD_ORDER = ("coastal", "blue", "green", "yellow", "red", "pan", "nir", "cirrus", "swir", "lwir", "thermal")


@dataclass(frozen=True)
class Product:
    """The band files of one product, one per band, in the order of the bands; ``notes`` say what was left out."""

    name: str
    folder: Path
    bands: tuple[BandFile, ...]
    notes: tuple[str, ...]
    sidecars: tuple[Path, ...]


def band_order(token: str) -> tuple[int, float, str]:
    """Sort key that puts B8A behind B8, B10 behind B9, VV before VH, blue before red."""
    upper = token.upper()
    number = re.search(r"B(?:AND)?_?0?(\d+)(A?)", upper)
    if number:
        return 0, int(number.group(1)) + (0.5 if number.group(2) else 0.0), upper
    if upper in ("VV", "VH", "HH", "HV"):
        return 1, ("VV", "VH", "HH", "HV").index(upper), upper
    rank = next((index for index, word in enumerate(_WORD_ORDER) if token.lower().startswith(word)), len(_WORD_ORDER))
    return 2, rank + (0.5 if "edge" in token.lower() else 0.0), upper


def find_product(folder: Path) -> Product | Path:
    """The product in a folder, or the one raster in it when its files are not bands.

    Raises:
        SourceError: no raster, several products, or several rasters that are not bands.
    """
    root, folder = folder, _image_folder(folder)
    rasters = _rasters(folder)
    if not rasters:
        inner = sorted(child.name for child in folder.iterdir() if child.is_dir())
        hint = f"Give one of the folders in it ({_names(inner)})." if inner else "Give the folder with the band files."
        raise SourceError(f"The folder {root.name} holds no raster.", hint)
    groups: dict[str, list[BandFile]] = {}
    for path in rasters:
        band = band_file(path)
        if band is not None and path.suffix.lower() != ".nc":
            groups.setdefault(band.key, []).append(band)
    if not groups:
        if len(rasters) == 1:
            return rasters[0]
        names = _names([path.name for path in rasters])
        raise SourceError(
            f"The folder {root.name} holds {len(rasters)} rasters that are not bands of one product ({names}).",
            "Give the files one by one.",
        )
    main = max(groups, key=lambda key: (len(groups[key]), -len(key)))
    others = [key for key in groups if key != main]
    for key in others:
        # "L8-B4-Elkton-4326" beside "L8-B4-Elkton": a copy of one band, not a second product.
        if not key.startswith(main):
            products = [groups[each][0].shared_name or groups[each][0].path.name for each in (main, *others)]
            raise SourceError(
                f"The folder {root.name} holds several products: {_names(products)}.",
                "Give the band files of one of them.",
            )
    bands, notes = one_per_band(groups[main])
    left_out = [path.name for path in rasters if path not in {band.path for band in groups[main]}]
    if left_out:
        notes = (*notes, f"left out, not bands: {', '.join(left_out)}")
    return Product(product_name(bands, root), root, bands, notes, tuple(_sidecars(root, folder)))


def one_per_band(files: Iterable[BandFile]) -> tuple[tuple[BandFile, ...], tuple[str, ...]]:
    """One file for each band, the finest by name where there are several, in the order of the bands; and notes."""
    chosen: dict[tuple[int, float, str], BandFile] = {}
    notes = []
    for file in sorted(files, key=lambda file: (band_order(file.token), file.resolution_m, file.path.name)):
        kind, number, text = band_order(file.token)
        slot = (kind, number, "" if kind == 0 and "VCID" not in text else text)
        if slot in chosen:
            notes.append(f"left out, a second {chosen[slot].token}: {file.path.name}")
        else:
            chosen[slot] = file
    return tuple(chosen.values()), tuple(notes)


def _image_folder(folder: Path) -> Path:
    """Where a product keeps its images: SAFE folders hold them further down."""
    if (folder / "GRANULE").is_dir():
        granules = [child for child in sorted((folder / "GRANULE").iterdir()) if (child / "IMG_DATA").is_dir()]
        if len(granules) > 1:
            raise SourceError(
                f"{folder.name} holds {len(granules)} granules ({_names([child.name for child in granules])}).",
                "Give the IMG_DATA folder of one of them.",
            )
        if granules:
            return granules[0] / "IMG_DATA"
    for inner in ("IMG_DATA", "measurement"):
        if (folder / inner).is_dir():
            return folder / inner
    return folder


def _rasters(folder: Path) -> list[Path]:
    """Raster files of a folder, with those of R10m, R20m and R60m in it; sorted by name."""
    folders = [folder, *(folder / name for name in ("R10m", "R20m", "R60m") if (folder / name).is_dir())]
    files = [path for place in folders for path in place.iterdir()]
    return sorted(
        path
        for path in files
        if path.suffix.lower() in RASTER_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _sidecars(root: Path, folder: Path) -> list[Path]:
    found = []
    for path in sorted({*root.iterdir(), *folder.iterdir()}):
        name = path.name.lower()
        known = name.endswith(("_mtl.txt", "_mtl.json", "_mtl.xml", ".json")) or name.startswith("mtd_")
        if known and path.is_file():
            found.append(path)
    return found


def _names(names: Sequence[str]) -> str:
    shown = [shorten(name, 50) for name in names[:4]]
    return ", ".join(shown) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
