"""Coordinate reference systems: from text, by name, points from one to another, metres on the ground."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import rasterio.warp
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError

from engine.errors import GridError

_WGS84 = (6378137.0, 298.257223563)
_FILE_WITH_PATH = r'(?:(?:grids|file|model|init)=|_GRIDS",\s*"|PARAMETERFILE\["[^"]{0,200}",\s*")[^"\s]{0,4000}[/\\:]'
_CODE = re.compile(
    r"(?:urn:ogc:def:crs:|https?://(?:www\.)?opengis\.net/def/crs/)?"
    r"(?P<authority>[A-Za-z]\w+)(?::[\w.]*:|/[\w.]+/|:)(?P<code>\w+)"
)
_NAMES = ("WGS84", "WGS72", "NAD27", "NAD83")


def parse_crs(crs: CRS | str | int) -> CRS:
    """A CRS from an EPSG number, ``EPSG:…``, its URN, PROJ string, WKT or PROJJSON.

    Whatever else is in the text, no file and no address that it names is looked at: GDAL would open both, and the
    texts come from metadata, too.

    Raises:
        GridError: the text names no CRS, or one that leads to a file.
    """
    text = str(crs).strip() if isinstance(crs, (int, str)) else crs
    try:
        found = _from_text(text) if isinstance(text, str) else CRS.from_user_input(text)
    except (CRSError, CPLE_BaseError, ValueError) as error:
        raise GridError(f"{_short(crs)} is not a coordinate reference system.", "Give it as EPSG:32633.") from error
    if names_a_file(found):
        raise GridError(f"The CRS {_short(crs)} names a file, which is not followed.", "Give it as EPSG:32633.")
    return found


def _from_text(text: str) -> CRS:
    if text.isdigit():
        return CRS.from_epsg(int(text))
    text = re.sub(r"^\+init=(?=epsg:)", "", text, flags=re.IGNORECASE)
    code = _CODE.fullmatch(text)
    if code:
        return CRS.from_authority(code["authority"].upper(), code["code"])
    described = re.match(r"\w+\s*[\[(]|\{", text)
    # Slashes stand in WKT, where names have them; in a PROJ string only where a file or an address is named.
    parameters = re.match(r"\+?\w+=", text) and not re.search(r"[/\\]|init=", text)
    if not (described or parameters or text.upper() in _NAMES):
        raise ValueError("neither a code nor a description of a CRS")
    return CRS.from_user_input(text)


def crs_label(crs: CRS | None) -> str:
    """``EPSG:32633``, else the name the CRS carries."""
    if crs is None:
        return "no CRS"
    authority = crs.to_authority()
    if authority is not None:
        return ":".join(authority)
    name = re.match(r'\w+\["([^"]+)"', crs.to_wkt())
    return name.group(1) if name else "a custom CRS"


def names_a_file(crs: CRS) -> bool:
    """True for a CRS of which a part, such as a datum shift, lies in a file named with a path or an address.

    PROJ would open it; grids that it finds by name in its own folders are no danger.
    """
    return re.search(_FILE_WITH_PATH, crs.to_wkt(), re.IGNORECASE) is not None


def ground_scale(crs: CRS, x: float, y: float) -> float:
    """Metres on the ground per unit of the CRS at a point, the root of the scale in area.

    Degrees are converted on the CRS's own ellipsoid, Mercator metres shortened to the ground's.
    """
    if crs.is_geographic:
        name, radians = crs.units_factor
        per_unit = math.radians(1.0) if "degree" in name.lower() else radians
        return per_unit * math.sqrt(_area_per_square_radian(crs, y * per_unit))
    scale: float = crs.units_factor[1] if crs.is_projected else 1.0
    if re.search(r"Mercator_(1SP|2SP|Auxiliary_Sphere)|Popular Visualisation", crs.to_wkt()):
        _, latitudes = transform_points(crs, CRS.from_epsg(4326), [x], [y])
        scale *= math.cos(math.radians(latitudes[0]))
    return scale


def transform_points(
    source: CRS, target: CRS, xs: Sequence[float], ys: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Points of one CRS in another.

    Raises:
        GridError: a point has no place there, or the two CRS do not relate (another planet, a local system).
    """
    message = f"There is no way from {crs_label(source)} to {crs_label(target)} for all of the image."
    hint = "Crop it, or choose a CRS that is made for this part of the world."
    try:
        out_x, out_y = rasterio.warp.transform(source, target, xs, ys)
    except (RasterioError, CPLE_BaseError) as error:
        raise GridError(message, hint) from error
    if not (np.isfinite(out_x).all() and np.isfinite(out_y).all()):
        raise GridError(message, hint)
    return np.asarray(out_x, dtype=float), np.asarray(out_y, dtype=float)


def _short(crs: object) -> str:
    text = repr(crs)
    return text if len(text) <= 160 else f"{text[:80]}…"


def _area_per_square_radian(crs: CRS, latitude: float) -> float:
    """Metres per radian of longitude times metres per radian of latitude, on the CRS's ellipsoid."""
    found = re.search(r'SPHEROID\["[^"]*",\s*([\d.eE+]+),\s*([\d.eE+]+)', crs.to_wkt())
    major, inverse_flattening = (float(found.group(1)), float(found.group(2))) if found else _WGS84
    flattening = 1 / inverse_flattening if inverse_flattening else 0.0
    e2 = flattening * (2 - flattening)
    w2 = 1 - e2 * math.sin(latitude) ** 2
    parallel = major * max(math.cos(latitude), 1e-6) / math.sqrt(w2)
    meridian = major * (1 - e2) / w2**1.5
    return parallel * meridian
