"""Which band of a layer a row of a table or a spreadsheet speaks of."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from ...engine.errors import BandTableError
from ...engine.spectrum import Band, BandTable
from ..translation import tr
from .band_edits import applied
from .band_paste import PastedBand

_NAMED = 6


def table_rows(detected: Sequence[Band], table: BandTable, only_users: bool = False) -> Dict[int, Band]:
    """The bands, by row, that ``table`` makes of the detected ones. Raises BandTableError: it does not fit.

    As the engine does it: by name where every name is one of the layer's, else by order.
    """
    found = _by_name([band.name for band in table.bands], [band.name for band in detected])
    if found is None:
        if len(table.bands) != len(detected):
            raise BandTableError(
                tr("The band table has {given} bands and the layer {known}, and the names differ: {names}.").format(
                    given=len(table.bands), known=len(detected), names=_listed(table.bands, detected)
                )
            )
        found = list(range(len(detected)))
    return {row: applied(detected[row], band, only_users) for row, band in zip(found, table.bands)}


def matched(
    pasted: Sequence[PastedBand], bands: Sequence[Band], detected: Sequence[Band], first_row: int
) -> Mapping[int, PastedBand]:
    """The pasted rows by the row of their band: by number, by name, else in order from ``first_row``.

    Raises BandTableError where they fit nowhere.
    """
    if all(entry.number is not None for entry in pasted):
        return _numbered(pasted, len(bands))
    names = [entry.name for entry in pasted]
    if all(names):
        for known in (bands, detected):
            found = _by_name(names, [band.name for band in known])
            if found is not None:
                return dict(zip(found, pasted))
    first = 0 if len(pasted) == len(bands) else max(first_row, 0)
    if first + len(pasted) <= len(bands) and (not any(names) or len(pasted) == len(bands)):
        return {first + offset: entry for offset, entry in enumerate(pasted)}
    if any(names):
        raise BandTableError(
            tr("{given} bands were pasted and the layer has {known}, and the names differ: {names}.").format(
                given=len(pasted), known=len(bands), names=_listed(pasted, bands)
            )
        )
    raise BandTableError(
        tr("{given} rows were pasted, and only {left} bands are there from the chosen one on.").format(
            given=len(pasted), left=len(bands) - first
        )
    )


def _numbered(pasted: Sequence[PastedBand], count: int) -> Mapping[int, PastedBand]:
    rows: Dict[int, PastedBand] = {}
    for entry in pasted:
        number = entry.number or 0
        if not 1 <= number <= count:
            raise BandTableError(
                tr("Row {line}: there is no band {number}, the layer has {count}.").format(
                    line=entry.line, number=number, count=count
                )
            )
        if number - 1 in rows:
            raise BandTableError(tr("Row {line}: band {number} comes twice.").format(line=entry.line, number=number))
        rows[number - 1] = entry
    return rows


def _by_name(given: Sequence[str], known: Sequence[str]) -> Optional[List[int]]:
    """The row of each name; None unless each is one row's alone."""
    places: Dict[str, List[int]] = {}
    for row, name in enumerate(known):
        places.setdefault(name.strip().casefold(), []).append(row)
    found = [places.get(name.strip().casefold(), []) for name in given]
    rows = [each[0] for each in found if len(each) == 1]
    return rows if len(rows) == len(given) == len(set(rows)) else None


def _listed(given: Sequence[object], known: Sequence[Band]) -> str:
    names = {band.name.casefold() for band in known}
    lost = [str(getattr(each, "name", "")) or "?" for each in given]
    lost = [name for name in lost if name.casefold() not in names] or lost
    return ", ".join(lost[:_NAMED]) + (" …" if len(lost) > _NAMED else "")
