"""Products that come as one file per band: which files of a folder are bands, and of which product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SourceError
from engine.raster.opening import shorten

RASTER_SUFFIXES = frozenset((".tif", ".tiff", ".jp2", ".img", ".vrt", ".dat", ".bsq", ".bil", ".bip", ".nc"))

_EDGE = r"(?:^|(?<=[_\-. ]))"
_END = r"(?=$|[_\-. ])"
#: Band tokens as operators write them: B02, B8A, B10, B6_VCID_1, SR_B4, sr_band4, VV.
_CODE = re.compile(
    rf"{_EDGE}((?:(?:SR|ST|TOA|BT)_)?(?:B|BAND_?)(?:0?\d|1\d|8A)(?:_VCID_[12])?|VV|VH|HH|HV){_END}", re.IGNORECASE
)
#: Colour words count only at the end of a name, where catalogues put them: red.tif, scene_nir08.tif.
_WORD = re.compile(
    rf"{_EDGE}(coastal|blue|green|yellow|red|red_?edge_?\d?|nir(?:0?[89]|narrow|_?\d)?|swir(?:_?\d|16|22)?"
    r"|cirrus|pan|lwir(?:11|12|_?\d)?|thermal)$",
    re.IGNORECASE,
)
#: Parts of a name that differ between the bands of one product: the resolution of Sentinel-2's L2A
#: files, the running number of Sentinel-1's.
_VARYING = re.compile(r"_(?:10|20|60)m$|(?<=[0-9a-f]{6})-\d{3}$", re.IGNORECASE)
_WORD_ORDER = ("coastal", "blue", "green", "yellow", "red", "pan", "nir", "cirrus", "swir", "lwir", "thermal")


@dataclass(frozen=True)
class BandFile:
    """A file that holds one band: its token ("B02", "VV") and what its name has before and after it."""

    path: Path
    token: str
    before: str
    after: str

    @property
    def key(self) -> str:
        """The same for all bands of a product."""
        return f"{self.before}*{self.after}".lower()

    @property
    def shared_name(self) -> str:
        """The file's name without the band; empty for names that are nothing but a band."""
        return f"{self.before.rstrip('_-. ')}{self.after}".strip("_-. ")

    @property
    def resolution_m(self) -> int:
        """The resolution that Sentinel-2's L2A file names carry, 0 where there is none."""
        found = re.search(r"_(10|20|60)m$", self.path.stem, re.IGNORECASE)
        return int(found.group(1)) if found else 0


@dataclass(frozen=True)
class Product:
    """The band files of one product, one per band, in the order of the bands; ``notes`` say what was left out."""

    name: str
    folder: Path
    bands: tuple[BandFile, ...]
    notes: tuple[str, ...]
    sidecars: tuple[Path, ...]


def split_token(stem: str) -> tuple[str, str, str] | None:
    """A name in three: before its band token, the token, after it; None when it has none.

    ``L8-B10-Elkton`` is ``("L8-", "B10", "-Elkton")``. With several, the last one counts.
    """
    codes = list(_CODE.finditer(stem))
    match = codes[-1] if codes else _WORD.search(stem)
    return (stem[: match.start(1)], match.group(1), stem[match.end(1) :]) if match else None


def band_file(path: Path) -> BandFile | None:
    """The band that a file holds by its name; None when the name has no band token."""
    parts = split_token(_VARYING.sub("", path.stem))
    if parts is None:
        return None
    before, token, after = parts
    return BandFile(path, token, before, after)


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


def product_name(bands: Sequence[BandFile], folder: Path) -> str:
    """What the files' names share where that says something, else the folder's name."""
    shared = bands[0].shared_name
    # A SAFE folder says platform and level, which the names of its images do not.
    return folder.name if folder.name.upper().endswith(".SAFE") or len(shared) < 4 else shared


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
