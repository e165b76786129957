"""Whether a Sentinel-2 product's values carry the +1000 offset, as far as its metadata tell.

ESA's products do since processing baseline 04.00 (25 January 2022), also old scenes
processed anew (Collection 1, baseline 05.xx). Copies may have taken it out again: Element 84's
items say so, Earth Engine's harmonised collections do not. Standard library only.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, Optional, Tuple

from .raster_metadata import RasterMetadata
from .stac import items_in

#: The first processing baseline whose values carry the offset.
FIRST_BASELINE_WITH_OFFSET = 4.0
#: Baselines from here on are no operational ones: N9999 marks products of a user's own processor.
_BASELINE_MAX = 90.0

_PRODUCT = re.compile(r"S2[A-D]_MSIL(?:1C|2A)_\d{8}T\d{5,6}_N(\d{2})(\d{2})_", re.IGNORECASE)
_DATASTRIP = re.compile(r"S2[A-D]_OPER_MSI_L(?:1C|2A)_DS_\w{1,60}_N(\d{2})\.(\d{2})", re.IGNORECASE)
_XML_BASELINE = re.compile(r"<PROCESSING_BASELINE>\s{0,99}(\d{2})\.(\d{2})\s{0,99}</PROCESSING_BASELINE>")
_XML_OFFSET = re.compile(r"<(?:BOA|RADIO)_ADD_OFFSET\b[^>]{0,200}>\s{0,99}(-?\d{1,9})\s{0,99}<")
_BASELINE_KEYS = ("processing_baseline", "s2:processing_baseline")
_OFFSET_KEY = re.compile(r"(?:BOA|RADIO)_ADD_OFFSET", re.IGNORECASE)


def offset_in_values(metadata: RasterMetadata) -> Optional[bool]:
    """True where the metadata say that +1000 is in the values, False where they deny it, None where they are silent.

    The product's own offsets go first, then what a STAC item says of them, then the
    processing baseline: of the name, the tags, the parent folders, the sidecars.
    """
    for answer in (_stated_offset(metadata), _applied_flag(metadata)):
        if answer is not None:
            return answer
    for baseline, earth_engine in _baselines(metadata):
        if baseline >= _BASELINE_MAX:
            continue
        if baseline < FIRST_BASELINE_WITH_OFFSET:
            return False
        # Earth Engine keeps the baseline of products it has harmonised, and does not say which collection it was.
        return None if earth_engine else True
    return None


def _stated_offset(metadata: RasterMetadata) -> Optional[bool]:
    for text in metadata.sidecars.values():
        found = _XML_OFFSET.search(text)
        if found:
            return int(found.group(1)) != 0
    for tags in metadata.tags.values():
        for key, value in tags.items():
            if _OFFSET_KEY.search(key) and re.fullmatch(r"\s*-?\d+(?:\.0*)?\s*", value):
                return float(value) != 0
    return None


def _applied_flag(metadata: RasterMetadata) -> Optional[bool]:
    """Earth Search says whether it has subtracted the offset already."""
    for item in items_in(metadata):
        applied = _value(item, "earthsearch:boa_offset_applied")
        if applied is True:
            return False
    return None


def _baselines(metadata: RasterMetadata) -> Iterator[Tuple[float, bool]]:
    """Processing baselines in the order of trust, and whether Earth Engine states them."""
    yield from _in_text(metadata.name)
    for tags in metadata.tags.values():
        for key, value in tags.items():
            if key.lower() in _BASELINE_KEYS:
                yield from _plain(value)
            yield from _in_text(value)
    for parent in metadata.parents:
        yield from _in_text(parent)
    for item in items_in(metadata):
        earth_engine = any(key.startswith("system:") for key in item)
        for wanted in ("PROCESSING_BASELINE", "s2:processing_baseline", "processing:version"):
            value = _value(item, wanted)
            if isinstance(value, str):
                yield from ((baseline, earth_engine) for baseline, _ in _plain(value))
    for text in metadata.sidecars.values():
        earth_engine = '"system:' in text
        found = _XML_BASELINE.search(text)
        if found:
            yield _number(found), False
        yield from ((baseline, earth_engine) for baseline, _ in _in_text(text))


def _in_text(text: str) -> Iterator[Tuple[float, bool]]:
    for pattern in (_PRODUCT, _DATASTRIP):
        found = pattern.search(text)
        if found:
            yield _number(found), False


def _plain(text: str) -> Iterator[Tuple[float, bool]]:
    found = re.fullmatch(r"\s*\"?(\d{1,2})\.(\d{2})\"?\s*", text)
    if found:
        yield _number(found), False


def _number(found: re.Match[str]) -> float:
    return int(found.group(1)) + int(found.group(2)) / 100


def _value(item: Mapping[str, Any], key: str) -> Any:
    properties = item.get("properties")
    return item.get(key, properties.get(key) if isinstance(properties, dict) else None)
