"""What the names and neighbours of raster files tell of bands, without opening a raster. Standard library only.

The engine reads rasters with rasterio, QGIS with osgeo; what both ask of names and of the
small files beside a raster is here, so that they find the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

#: GDAL's own bookkeeping, and profiles of kilobytes that say nothing about bands.
SKIPPED_DOMAINS = frozenset(
    "SUBDATASETS DERIVED_SUBDATASETS COLOR_PROFILE xml:XMP xml:ESRI EXIF GEOLOCATION vrt_sources".split()
)
MAX_VALUE_CHARACTERS = 65_536
_MAX_SIDECAR_BYTES = 2**20
_MAX_SIDECARS = 16
_PARENTS = 3
#: Folders inside a product that do not name it.
_INNER_FOLDERS = frozenset("granule img_data r10m r20m r60m measurement images image data".split())

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


def split_token(stem: str) -> Optional[Tuple[str, str, str]]:
    """A name in three: before its band token, the token, after it; None when it has none.

    ``L8-B10-Elkton`` is ``("L8-", "B10", "-Elkton")``. With several, the last one counts.
    """
    codes = list(_CODE.finditer(stem))
    match = codes[-1] if codes else _WORD.search(stem)
    return (stem[: match.start(1)], match.group(1), stem[match.end(1) :]) if match else None


def band_file(path: Path) -> Optional[BandFile]:
    """The band that a file holds by its name; None when the name has no band token."""
    parts = split_token(_VARYING.sub("", path.stem))
    if parts is None:
        return None
    before, token, after = parts
    return BandFile(path, token, before, after)


def product_name(bands: Sequence[BandFile], folder: Path) -> str:
    """What the files' names share where that says something, else the folder's name."""
    shared = bands[0].shared_name
    # A SAFE folder says platform and level, which the names of its images do not.
    return folder.name if folder.name.upper().endswith(".SAFE") or len(shared) < 4 else shared


def parents_of(path: Path) -> Tuple[str, ...]:
    """Names of the folders above, nearest first, without those that every product has inside."""
    names = [parent.name for parent in path.absolute().parents]
    return tuple(name for name in names if name and name.lower() not in _INNER_FOLDERS)[:_PARENTS]


def sidecars_beside(path: Path, stem: Optional[str] = None) -> List[Path]:
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
    texts: Dict[str, str] = {}
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


def is_read_domain(domain: str) -> bool:
    """True for a GDAL metadata domain in which bands may be told."""
    return domain not in SKIPPED_DOMAINS and not domain.startswith(("xml:", "json:"))
