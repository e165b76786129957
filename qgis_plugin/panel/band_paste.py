"""Bands out of a spreadsheet: text with tabs, semicolons or commas, with or without headings, read into values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ...engine.errors import BandTableError, SmartiesError
from ...engine.spectrum import Band, BandTable, Sensor
from ...engine.spectrum.bands import POLARISATIONS
from ...engine.spectrum.layers import LAYER_BY_KEY
from ...engine.spectrum.units import parse_unit, width_to_nm
from ..translation import tr
from . import band_edits as edits
from .band_units import AUTOMATIC, plain_number, read_range, read_wavelength

#: What people write above each column, in lower case and without units.
_HEADINGS: Mapping[str, Tuple[str, ...]] = {
    "number": ("#", "no", "no.", "nr", "nr.", "number", "band number", "index", "band no", "n°"),
    "name": ("name", "band name", "bandname", "band id", "id", "description", "nom", "bande", "channel"),
    "centre": (
        "centre", "center", "cwl", "wl", "lambda", "λ", "wavelength", "wavelengths", "central wavelength",
        "center wavelength", "centre wavelength", "centre nm", "center nm", "longueur d'onde", "frequency", "wave",
    ),
    "fwhm": ("fwhm", "bandwidth", "band width", "width", "bw", "largeur"),
    "min": ("min", "minimum", "from", "lower", "lower limit", "start", "low", "begin", "min nm", "de"),
    "max": ("max", "maximum", "to", "upper", "upper limit", "end", "high", "stop", "max nm", "à"),
    "range": ("range", "limits", "interval", "spectral range", "wavelength range", "plage"),
    "polarisation": ("pol", "pol.", "polarisation", "polarization"),
    "layer": ("layer", "couche"),
    "enabled": ("on", "use", "used", "enabled", "good", "bbl", "active"),
}  # fmt: skip
_FIELD_OF: Mapping[str, str] = {word: field for field, words in _HEADINGS.items() for word in words}
_TRUE, _FALSE = ("1", "true", "yes", "on", "x", "oui", "vrai"), ("0", "false", "no", "off", "", "non", "faux")
_EMPTY = ("", "-", "–", "n/a", "na", "nan", "null", "none", "?")
_HEADING_UNIT = re.compile(r"[(\[]\s*([^)\]]+?)\s*[)\]]|[_ ](nm|µm|um|ghz)$", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_VALUE = re.compile(rf"({_NUMBER.pattern})\s*(?:[a-zµμåÅ]+|cm⁻¹)?", re.IGNORECASE)
_RANGE = re.compile(rf"({_NUMBER.pattern})\s*(?:-|–|—|\.\.|…)\s*({_NUMBER.pattern})\s*[a-zµμ]*", re.IGNORECASE)
#: A lone column of numbers below this, with commas, is micrometres with decimals, not two columns.
_MICROMETRES = 16


@dataclass(frozen=True)
class PastedBand:
    """One row: its line in the text and what it says; None, or "" for the name, where it says nothing."""

    line: int
    number: Optional[int] = None
    name: str = ""
    centre_nm: Optional[float] = None
    min_nm: Optional[float] = None
    max_nm: Optional[float] = None
    fwhm: str = ""
    fwhm_unit: Optional[str] = None
    polarisation: Optional[str] = None
    layer: Optional[str] = None
    enabled: Optional[bool] = None

    def put_on(self, band: Band, detected: Band, sensor: Optional[Sensor] = None) -> Band:
        """The band with what this row says. Raises BandTableError that names the row."""
        try:
            if self.name:
                band = edits.with_name(band, detected, self.name, sensor, ())
            low, high = self._limits(self.centre_nm or band.centre_nm)
            band = edits.located(band, detected, self.centre_nm, low, high, sensor)
            if self.polarisation is not None:
                band = edits.with_polarisation(band, detected, self.polarisation)
            if self.layer is not None:
                band = edits.with_layer(band, detected, self.layer)
            if self.enabled is not None:
                band = edits.with_enabled(band, detected, self.enabled)
        except BandTableError as error:
            raise in_row(self.line, error) from error
        return band

    def _limits(self, centre_nm: Optional[float]) -> Tuple[Optional[float], Optional[float]]:
        if self.min_nm is not None or not self.fwhm or centre_nm is None:
            return self.min_nm, self.max_nm
        width = width_to_nm(plain_number(self.fwhm), centre_nm, self.fwhm_unit)
        if width is None:
            raise BandTableError(tr("The width {value} is impossible.").format(value=self.fwhm))
        return centre_nm - width / 2, centre_nm + width / 2


def in_row(line: int, error: SmartiesError) -> BandTableError:
    """The error with the row of the text in front."""
    return BandTableError(tr("Row {line}: {problem}").format(line=line, problem=error.message), error.hint)


def pasted_bands(text: str, units: str = AUTOMATIC) -> Sequence[PastedBand]:
    """The rows of a copied piece of spreadsheet. ``units`` is that of numbers where neither they nor a heading say.

    Raises BandTableError that names the row of an impossible value, or says that there are no bands in it.
    """
    rows = _cells(text)
    if not rows:
        raise BandTableError(tr("There are no bands on the clipboard: copy rows of a spreadsheet first."))
    heading = _heading(rows[0][1])
    if heading is not None:
        fields, column_units = heading
        rows = rows[1:]
    else:
        fields, column_units = _guessed([cells for _, cells in rows]), {}
    if not rows or not fields or set(fields.values()) <= {"number"}:
        raise BandTableError(
            tr("No column of the pasted text tells of bands: give names, centre wavelengths or ranges.")
        )
    bands = []
    for line, cells in rows:
        values = {field: cells[column] for column, field in fields.items() if column < len(cells)}
        try:
            bands.append(
                _band(line, values, {field: column_units.get(column) for column, field in fields.items()}, units)
            )
        except SmartiesError as error:
            raise in_row(line, error) from error
    return bands


def spreadsheet_text(table: BandTable) -> str:
    """A table as text for a spreadsheet, with headings that `pasted_bands` reads back; wavelengths in nm."""
    lines: List[Tuple[str, ...]] = [("#", "Name", "Centre (nm)", "Min (nm)", "Max (nm)", "Polarisation", "Layer", "On")]
    for number, band in enumerate(table.bands, 1):
        lengths = ["" if value is None else f"{value:.10g}" for value in (band.centre_nm, band.min_nm, band.max_nm)]
        on = "1" if band.enabled else "0"
        lines.append((str(number), band.name, *lengths, band.polarisation or "", band.layer or "", on))
    return "\n".join("\t".join(line) for line in lines) + "\n"


# -- cells ----------------------------------------------------------------------------------------


def _cells(text: str) -> List[Tuple[int, List[str]]]:
    """The lines that are not empty, with their numbers from 1, cut into cells."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    contents = [line for _, line in lines]
    separator: Optional[str] = next((mark for mark in "\t;" if any(mark in line for line in contents)), None)
    if separator is None and any("," in line for line in contents) and not _is_one_column(contents):
        separator = ","
    cut = (line.split(separator) if separator else re.split(r"\s{2,}", line.strip()) for line in contents)
    return [(number, [cell.strip().strip('"').strip() for cell in cells]) for (number, _), cells in zip(lines, cut)]


def _is_one_column(lines: Sequence[str]) -> bool:
    """True for numbers with decimal commas, one a line: "0,49", not "490,65"."""
    values = [_VALUE.fullmatch(line.strip()) for line in lines[1:] or lines]
    return all(value is not None and _number(value.group(1)) < _MICROMETRES for value in values)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


# -- columns --------------------------------------------------------------------------------------


def _heading(cells: Sequence[str]) -> Optional[Tuple[Dict[int, str], Dict[int, str]]]:
    """Which field and unit each column has, if this row is a heading."""
    if any(_VALUE.fullmatch(cell) or _RANGE.fullmatch(cell) for cell in cells):
        return None
    fields: Dict[int, str] = {}
    units: Dict[int, str] = {}
    for column, cell in enumerate(cells):
        unit = _HEADING_UNIT.search(cell)
        bare = re.sub(r"[\s_]+", " ", _HEADING_UNIT.sub("", cell)).strip().lower()
        field = "name" if bare == "band" else _FIELD_OF.get(bare)
        if field is None or field in fields.values():
            continue
        fields[column] = field
        if unit is not None:
            units[column] = unit.group(1) or unit.group(2)
    return (fields, units) if fields else None


def _guessed(rows: Sequence[Sequence[str]]) -> Dict[int, str]:
    """Which field each column of a table without headings has, by what stands in it."""
    count = max(len(row) for row in rows)
    columns = [[row[column] if column < len(row) else "" for row in rows] for column in range(count)]
    fields: Dict[int, str] = {}
    numeric: List[int] = []
    for column, cells in enumerate(columns):
        told = [cell for cell in cells if cell.lower() not in _EMPTY]
        if not told:
            continue
        if all(cell.upper() in POLARISATIONS for cell in told):
            field = "polarisation"
        elif all(cell in LAYER_BY_KEY for cell in told):
            field = "layer"
        elif all(_RANGE.fullmatch(cell) for cell in told):
            field = "range"
        elif all(_VALUE.fullmatch(cell) for cell in told) and not _are_names(told):
            numeric.append(column)
            continue
        else:
            field = "name"
        if field not in fields.values():
            fields[column] = field
    counted = [str(number) for number in range(1, len(rows) + 1)]
    if len(numeric) > 1 and len(rows) > 1 and columns[numeric[0]] == counted:
        fields[numeric.pop(0)] = "number"
    fields.update(_lengths(columns, numeric))
    return fields


def _are_names(cells: Sequence[str]) -> bool:
    """True for cells such as "8A" beside "4": a unit that is none."""
    for cell in cells:
        number = _NUMBER.match(cell)
        try:
            parse_unit(cell[number.end() :] if number is not None else "")
        except BandTableError:
            return True
    return False


def _lengths(columns: Sequence[Sequence[str]], numeric: Sequence[int]) -> Dict[int, str]:
    """Columns of numbers as centre, width and limits, by how their first full row compares."""
    if not numeric:
        return {}
    if len(numeric) == 1:
        return {numeric[0]: "centre"}
    full = next((row for row in zip(*(columns[column] for column in numeric)) if all(row)), None)
    if full is None:
        return {numeric[0]: "centre"}
    first, second, *rest = (_number(found.group(0)) for found in map(_NUMBER.match, full) if found)
    if rest and second < first < rest[0]:
        return dict(zip(numeric, ("centre", "min", "max")))
    if rest and first < second < rest[0]:
        return dict(zip(numeric, ("min", "centre", "max")))
    if first < second:
        return dict(zip(numeric, ("min", "max", "fwhm")))
    return dict(zip(numeric, ("centre", "fwhm")))


# -- values ---------------------------------------------------------------------------------------


def _band(line: int, values: Mapping[str, str], column_units: Mapping[str, Optional[str]], units: str) -> PastedBand:
    told = {field: text for field, text in values.items() if text.lower() not in _EMPTY or field == "enabled"}
    name = told.get("name", "")
    what = name or tr("the band")
    polarisation = told["polarisation"].upper() if "polarisation" in told else None
    radar = polarisation is not None

    def length(field: str) -> Optional[float]:
        if field not in told:
            return None
        unit = column_units.get(field) or units
        return read_wavelength(told[field], unit, f"{field} of {what}", radar)

    low, high = length("min"), length("max")
    if "range" in told:
        low, high = read_range(told["range"], column_units.get("range") or units, what, radar)
    if (low is None) != (high is None):
        raise BandTableError(tr("{name} has only one limit.").format(name=what))
    if low is not None and high is not None and low > high and (radar or low > 1e6):
        # Frequencies: the lower one is the longer wave.
        low, high = high, low
    unit = column_units.get("fwhm") or (units if units != AUTOMATIC else None)
    return PastedBand(
        line, _whole(told.get("number")), name, length("centre"), low, high, told.get("fwhm", ""), unit, polarisation,
        told.get("layer"), _switch(told.get("enabled")),
    )  # fmt: skip


def _whole(text: Optional[str]) -> Optional[int]:
    if text is None:
        return None
    if not text.isdigit():
        raise BandTableError(tr("{text} is no number of a band.").format(text=text))
    return int(text)


def _switch(text: Optional[str]) -> Optional[bool]:
    if text is None:
        return None
    if text.lower() not in _TRUE + _FALSE:
        raise BandTableError(tr("{text} is neither on nor off: write 1 or 0.").format(text=text))
    return text.lower() in _TRUE
