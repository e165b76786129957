"""Bands of a STAC item that lies beside a raster or in its tags (EO extension). Standard library only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from .raster_metadata import RasterMetadata
from .sensor_files import band_key

#: Keys in tags under which programs keep an item or its list of bands.
_TAG_KEYS = ("stac", "stac_item", "stac:item", "eo:bands", "bands")


@dataclass(frozen=True)
class StacBand:
    """One entry of ``eo:bands`` (STAC 1.0) or ``bands`` (1.1); wavelengths as they stand there, µm by specification."""

    name: Optional[str]
    common_name: Optional[str]
    wavelength: Optional[float]
    width: Optional[float]


def stac_bands(metadata: RasterMetadata) -> Tuple[Optional[StacBand], ...]:
    """The STAC band of each band of the raster, None where there is none.

    By name (the band's, its common name, or its asset's), each at most once; in order only
    for the asset that is this very file, or where the item has one list, of equal length.
    """
    for item in _items(metadata):
        lists = dict(_band_lists(item))
        own = _own_list(item, lists, metadata)
        if own is not None:
            return tuple(own)
        by_name = _by_name(lists)
        matched = tuple(by_name.get(band_key(name)) if name else None for name in metadata.band_names)
        if any(band is not None for band in matched):
            return matched
    return (None,) * metadata.band_count


def items_in(metadata: RasterMetadata) -> Iterator[Mapping[str, Any]]:
    """All JSON objects among the sidecars."""
    for name, text in metadata.sidecars.items():
        if name.lower().endswith(".json"):
            value = _parsed(text)
            if isinstance(value, dict):
                yield value


def _items(metadata: RasterMetadata) -> Iterator[Mapping[str, Any]]:
    yield from items_in(metadata)
    for tags in metadata.tags.values():
        for key, text in tags.items():
            if key.lower() in _TAG_KEYS:
                value = _parsed(text)
                if isinstance(value, list):
                    yield {"eo:bands": value}
                elif isinstance(value, dict):
                    yield value


def _parsed(text: str) -> Any:
    """The JSON value of a text, None for a text that is none: any file may be called .json."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _band_lists(item: Mapping[str, Any]) -> Iterator[Tuple[str, List[StacBand]]]:
    """The lists of bands of an item by where they are: "" for the item itself, else the asset's key."""
    properties = item.get("properties")
    places: List[Tuple[str, Any]] = [("", item), ("", properties)]
    assets = item.get("assets")
    if isinstance(assets, dict):
        places += list(assets.items())
    for key, place in places:
        if not isinstance(place, dict):
            continue
        for field in ("eo:bands", "bands"):
            values = place.get(field)
            if isinstance(values, list) and values and all(isinstance(value, dict) for value in values):
                bands = [_band(value) for value in values]
                if any(band.wavelength is not None for band in bands):
                    yield key, bands
                    break


def _band(values: Mapping[str, Any]) -> StacBand:
    def read(field: str, kind: Any) -> Any:
        value = values.get(field, values.get(f"eo:{field}"))
        return value if isinstance(value, kind) and not isinstance(value, bool) else None

    return StacBand(
        read("name", str),
        read("common_name", str),
        read("center_wavelength", (int, float)),
        read("full_width_half_max", (int, float)),
    )


def _own_list(
    item: Mapping[str, Any], lists: Mapping[str, List[StacBand]], metadata: RasterMetadata
) -> Optional[List[StacBand]]:
    """The list that describes this very file in its order."""
    assets = item.get("assets")
    for key, bands in lists.items():
        asset = assets.get(key) if isinstance(assets, dict) else None
        href = asset.get("href") if isinstance(asset, dict) else None
        if isinstance(href, str) and href.rpartition("/")[2] == metadata.name and len(bands) == metadata.band_count:
            return bands
    only = lists.get("")
    if only is not None and len(lists) == 1 and len(only) == metadata.band_count and not any(metadata.band_names):
        return only
    return None


def _by_name(lists: Mapping[str, List[StacBand]]) -> Mapping[str, StacBand]:
    """Bands by every name that means one wavelength only."""
    found: Dict[str, List[StacBand]] = {}
    for key, bands in lists.items():
        for band in bands:
            names = [band.name, band.common_name, key if len(bands) == 1 else None]
            for name in {band_key(name) for name in names if name}:
                found.setdefault(name, []).append(band)
    return {name: bands[0] for name, bands in found.items() if len({band.wavelength for band in bands}) == 1}
