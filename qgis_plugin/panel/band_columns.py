"""The columns of the band table: their order, headings, and the words for where a value came from."""

from __future__ import annotations

from enum import IntEnum
from typing import Mapping

from ...engine.spectrum import Band
from ..translation import tr
from .band_edits import BY_NAME, BY_WAVELENGTH, MIDDLE


class Column(IntEnum):
    """The columns, those first that a narrow panel shall show."""

    ON = 0
    NUMBER = 1
    NAME = 2
    CENTRE = 3
    VERDICT = 4
    RANGE = 5
    POLARISATION = 6
    LAYER = 7
    SOURCE = 8


#: Columns of numbers.
NUMERIC = (Column.NUMBER, Column.CENTRE, Column.RANGE)

#: For each column the field of a band whose source it shows as changed.
FIELD = {
    Column.ON: "enabled", Column.CENTRE: "centre_nm", Column.RANGE: "min_nm",
    Column.POLARISATION: "polarisation", Column.LAYER: "layer",
}  # fmt: skip


def source_text(source: str) -> str:
    """A source for people: the engine's words, and the panel's own translated."""
    own = {
        "user": tr("you"), MIDDLE: tr("you: middle of the range"), BY_NAME: tr("you: by name"),
        BY_WAVELENGTH: tr("by the wavelength"),
    }  # fmt: skip
    return own.get(source, source)


def all_sources(band: Band) -> str:
    """Where each value of a band came from, one a line."""
    fields = {
        "centre_nm": tr("Centre"), "min_nm": tr("Range"), "polarisation": tr("Polarisation"),
        "layer": tr("Learnt layer"), "enabled": tr("On"),
    }  # fmt: skip
    lines = [
        f"{title}: {source_text(band.sources[field])}" for field, title in fields.items() if band.sources.get(field)
    ]
    return "\n".join(lines) or tr("Nothing tells what this band measures.")


def titles() -> Mapping[Column, str]:
    """The columns' headings."""
    return {
        Column.ON: tr("On"), Column.NUMBER: "#", Column.NAME: tr("Name"), Column.CENTRE: tr("Centre"),
        Column.VERDICT: tr("Verdict"), Column.RANGE: tr("Range"), Column.POLARISATION: tr("Pol."),
        Column.LAYER: tr("Learnt layer"), Column.SOURCE: tr("Source"),
    }  # fmt: skip


def explanations() -> Mapping[Column, str]:
    """What each column tells, for tooltips."""
    return {
        Column.ON: tr("Bands that go into the model"),
        Column.NUMBER: tr("Number of the band in the file"),
        Column.NAME: tr("Name of the band; a band name of the sensor sets its wavelengths"),
        Column.CENTRE: tr("Centre wavelength, or frequency of a radar band"),
        Column.VERDICT: tr("How well the model knows this part of the spectrum"),
        Column.RANGE: tr("Lower and upper limit of the band"),
        Column.POLARISATION: tr("Polarisation of a radar band"),
        Column.LAYER: tr("Learnt layers that read this band"),
        Column.SOURCE: tr("Where the wavelength was read"),
    }
