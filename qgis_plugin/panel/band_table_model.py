"""The bands of a layer as a table: what was detected, what the person changed, and what the model makes of each."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Set, Tuple

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QBrush, QFont, QGuiApplication

from ...engine.errors import BandTableError
from ...engine.spectrum import Band, BandTable, Detection, Sensor, family_of
from ...engine.spectrum.bands import MICROWAVE_MIN_NM
from ..compat import QUndoStack
from ..translation import tr
from . import band_edits as edits
from .band_columns import FIELD, NUMERIC, Column, all_sources, explanations, source_text, titles
from .band_commands import BandsCommand
from .band_matching import matched, table_rows
from .band_paste import pasted_bands
from .band_status import BandStatus, status_of
from .band_units import AUTOMATIC, UNITS, centre_text, range_text
from .verdict_style import layer_sentence, mixed, verdict_icon, verdict_label, verdict_sentence

_EDITABLE = (Column.NAME, Column.CENTRE, Column.RANGE, Column.POLARISATION, Column.LAYER)
#: As many digits as an editor shows: enough to bring back any value just as it was.
_EDIT_DIGITS = 10


class BandTableModel(QAbstractTableModel):
    """Bands in rows. Every change is a command on ``undo_stack``; ``table_changed`` comes after each one.

    An impossible value changes nothing: `setData` gives False, and ``refused`` the cell and the sentence.
    """

    table_changed = pyqtSignal()
    refused = pyqtSignal(int, int, str)

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.units = AUTOMATIC
        self.interpolation = "log"
        self.sensor: Optional[Sensor] = None
        self.radiometry: Optional[str] = None
        self.states_sensor = False
        self._detected: Tuple[Band, ...] = ()
        self._bands: List[Band] = []
        self._statuses: List[BandStatus] = []
        self._family = ""

    # -- what it holds ----------------------------------------------------------------------------

    @property
    def bands(self) -> Tuple[Band, ...]:
        """The bands as they stand."""
        return tuple(self._bands)

    @property
    def statuses(self) -> Tuple[BandStatus, ...]:
        """The status of each band."""
        return tuple(self._statuses)

    @property
    def is_changed(self) -> bool:
        """True where a band differs from what was detected."""
        return tuple(self._bands) != self._detected

    def set_bands(self, detection: Detection, table: Optional[BandTable] = None) -> str:
        """Show a layer's bands: what the raster says and, over it, the person's ``table``.

        ``detection`` is the one without the table, to which `reset` goes back. Gives "", or the sentence that says
        why the table does not fit; it is left out then. Whatever could be undone is forgotten.
        """
        self.beginResetModel()
        self.sensor = detection.sensor
        self.states_sensor = detection.sensor is not None and edits.is_users(detection.sensor_from)
        self.radiometry = table.radiometry if table is not None else None
        self._detected = detection.bands
        self._bands = list(detection.bands)
        problem = ""
        if table is not None:
            try:
                for row, band in table_rows(self._detected, table, self.is_other_sensor(table)).items():
                    self._bands[row] = band
            except BandTableError as error:
                problem = error.message
        self.undo_stack.clear()
        self._judge(range(len(self._bands)))
        self.endResetModel()
        return problem

    def shows(self, detection: Detection, table: Optional[BandTable]) -> bool:
        """True where `set_bands` with these would change nothing."""
        if detection.sensor != self.sensor or len(detection.bands) != len(self._detected):
            return False
        return table == self.stated_table() and (table is not None or detection.bands == self._detected)

    def clear(self) -> None:
        """Show no bands."""
        self.set_bands(Detection((), None, "", None, ()))

    def is_other_sensor(self, table: BandTable) -> bool:
        """True where a table names another sensor than the one that the person has chosen or the raster told."""
        return table.sensor is not None and (self.sensor is None or table.sensor != self.sensor.name)

    def table(self) -> BandTable:
        """All that is known of the bands, such that the engine reads these very bands from it."""
        bands = tuple(edits.stated(band, detected) for band, detected in zip(self._bands, self._detected))
        return BandTable(bands, self.sensor.name if self.sensor is not None else None, self.radiometry)

    def stated_table(self) -> Optional[BandTable]:
        """`table` where the person changed a band, chose the sensor or said the radiometry; else None."""
        said = self.is_changed or self.states_sensor or self.radiometry is not None
        return self.table() if said and self._bands else None

    def said_table(self) -> Optional[BandTable]:
        """Only what the person said of bands, whatever the sensor; None where that is nothing."""
        if not self.is_changed and self.radiometry is None:
            return None
        pairs = zip(self._bands, self._detected)
        return BandTable(tuple(edits.said(band, detected) for band, detected in pairs), None, self.radiometry)

    # -- changes ----------------------------------------------------------------------------------

    def set_units(self, units: str) -> None:
        """Show and take wavelengths in one of `band_units.UNITS`."""
        if units in UNITS and units != self.units:
            self.units = units
            self._tell(range(len(self._bands)))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, int(Column.CENTRE), int(Column.RANGE))

    def set_interpolation(self, mode: str) -> None:
        """Judge the bands for another interpolation of the run."""
        if mode != self.interpolation:
            self.interpolation = mode
            self._judge(range(len(self._bands)))
            self._tell(range(len(self._bands)))

    def change(self, bands: Mapping[int, Band], text: str) -> None:
        """Put bands, by row, as one command called ``text``; nothing where they are the same."""
        after = {row: band for row, band in bands.items() if band != self._bands[row]}
        if after:
            before = {row: self._bands[row] for row in after}
            self.undo_stack.push(BandsCommand(self._put, before, after, text))

    def switch(self, enabled: bool, rows: Optional[Sequence[int]] = None) -> None:
        """Switch bands on or off, all by default."""
        chosen = range(len(self._bands)) if rows is None else rows
        text = tr("Switch bands on") if enabled else tr("Switch bands off")
        changed = {row: edits.with_enabled(self._bands[row], self._detected[row], enabled) for row in chosen}
        self.change(changed, text)

    def reset(self, rows: Optional[Sequence[int]] = None) -> None:
        """Go back to what was detected, in all rows by default."""
        chosen = range(len(self._bands)) if rows is None else rows
        said, self.radiometry = self.radiometry, None
        if self.is_changed:
            self.change({row: self._detected[row] for row in chosen}, tr("Reset to detected"))
        elif said is not None:
            self.table_changed.emit()

    def apply_table(self, table: BandTable) -> int:
        """Take a table over as one command; gives how many bands changed. Raises BandTableError: it does not fit."""
        rows = table_rows(self._detected, table)
        if table.radiometry in (None, self.radiometry):
            return self._take(rows, tr("Load a band table"))
        self.radiometry = table.radiometry
        changed = self._take(rows, tr("Load a band table"))
        if not changed:
            self.table_changed.emit()
        return changed

    def paste(self, text: str, first_row: int = 0) -> int:
        """Take rows of a spreadsheet over as one command; gives how many bands changed.

        Rows find their band by number or name, or go to as many rows from ``first_row`` on. Raises BandTableError
        that names the row which is impossible or fits nowhere; nothing changes then.
        """
        pasted = pasted_bands(text, self.units)
        rows = matched(pasted, self._bands, self._detected, first_row)
        changed = {row: entry.put_on(self._bands[row], self._detected[row], self.sensor) for row, entry in rows.items()}
        return self._take(changed, tr("Paste bands"))

    # -- Qt's questions ---------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """One row for each band."""
        return 0 if parent.isValid() else len(self._bands)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """The columns of `Column`."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802
        """Titles of the columns, with the unit where the whole column has one."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            unit = f" ({self.units})" if self.units != AUTOMATIC and column in (Column.CENTRE, Column.RANGE) else ""
            return titles()[column] + unit
        if role == Qt.ItemDataRole.ToolTipRole:
            return explanations()[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMERIC:
            return int(Qt.AlignmentFlag.AlignRight) | int(Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: QModelIndex) -> Any:
        """Cells that hold a choice can be edited; a polarisation only where the band may be radar."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        column, band = Column(index.column()), self._bands[index.row()]
        if column == Column.ON:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        optical = band.centre_nm is not None and band.centre_nm <= MICROWAVE_MIN_NM and band.polarisation is None
        if column in _EDITABLE and not (column == Column.POLARISATION and optical):
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Texts, icons and tooltips of a cell; changed cells stand in bold, bands that are off are pale."""
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        band, status = self._bands[row], self._statuses[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.EditRole:
            return self._edit_text(row, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == Column.ON:
            return Qt.CheckState.Checked if band.enabled else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == Column.VERDICT:
            return verdict_icon(status.verdict)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMERIC:
            return int(Qt.AlignmentFlag.AlignRight) | int(Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and not band.enabled:
            return QBrush(mixed(QGuiApplication.palette(), 0.55))
        if role == Qt.ItemDataRole.FontRole and self._is_users(row, column):
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.AccessibleTextRole and column == Column.ON:
            return tr("On") if band.enabled else tr("Off")
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = 2) -> bool:  # noqa: N802
        """Take what a person entered; False, and ``refused``, where it is impossible."""
        if not index.isValid():
            return False
        row, column = index.row(), Column(index.column())
        if column == Column.ON and role == Qt.ItemDataRole.CheckStateRole:
            enabled = Qt.CheckState(value) == Qt.CheckState.Checked
            band = edits.with_enabled(self._bands[row], self._detected[row], enabled)
            text = tr("Switch {band} on") if enabled else tr("Switch {band} off")
        elif role == Qt.ItemDataRole.EditRole and column in _EDITABLE:
            try:
                band = self._edited(row, column, "" if value is None else str(value))
            except BandTableError as error:
                self.refused.emit(row, int(column), error.message)
                return False
            text = tr("Change {column} of {band}")
        else:
            return False
        title = titles()[column].lower()
        self.change({row: band}, text.format(band=self._bands[row].name, column=title))
        return True

    def problem_with(self, index: QModelIndex, value: str) -> str:
        """Why a value cannot stand in a cell, "" where it can; changes nothing."""
        try:
            self._edited(index.row(), Column(index.column()), value)
        except BandTableError as error:
            return error.message
        return ""

    # -- parts ------------------------------------------------------------------------------------

    def _edited(self, row: int, column: Column, value: str) -> Band:
        band, detected = self._bands[row], self._detected[row]
        if value == self._edit_text(row, column):
            return band
        if column == Column.NAME:
            return edits.with_name(band, detected, value, self.sensor, self._names_but(row))
        if column == Column.CENTRE:
            return edits.with_centre(band, detected, value, self.units, self.sensor)
        if column == Column.RANGE:
            return edits.with_range(band, detected, value, self.units, self.sensor)
        if column == Column.POLARISATION:
            return edits.with_polarisation(band, detected, value or None)
        return edits.with_layer(band, detected, value or None)

    def _names_but(self, row: int) -> Set[str]:
        names = {band.name.casefold() for each, band in enumerate(self._bands) if each != row}
        return names | self._file_names_but(row)

    def _file_names_but(self, row: int) -> Set[str]:
        """The names that other bands have in the file: the engine finds the bands of a table by them."""
        others = (band for each, band in enumerate(self._detected) if each != row)
        return {
            band.name.casefold() for band in others if not band.sources.get("centre_nm", "").startswith("band order")
        }

    def _take(self, bands: Mapping[int, Band], text: str) -> int:
        changed = {row: band for row, band in bands.items() if band != self._bands[row]}
        after = [changed.get(row, band).name.casefold() for row, band in enumerate(self._bands)]
        for row, band in changed.items():
            name = band.name.casefold()
            if after.count(name) > 1 or name in self._file_names_but(row):
                raise BandTableError(tr("Two bands would be called {name}.").format(name=band.name))
        self.change(changed, text)
        return len(changed)

    def _put(self, bands: Mapping[int, Band]) -> None:
        for row, band in bands.items():
            self._bands[row] = band
        self._tell(self._judge(bands))
        self.table_changed.emit()

    def _judge(self, rows: Any) -> Any:
        family = family_of(self._bands, self.sensor.family if self.sensor is not None else None)
        if family != self._family:
            # One band can make an image a true-colour picture, or end it: then every band is judged anew.
            self._family, rows = family, range(len(self._bands))
        count = len(self._bands)
        self._statuses = (self._statuses + [BandStatus("off", "unknown")] * count)[:count]
        for row in rows:
            self._statuses[row] = status_of(self._bands[row], self.interpolation, family)
        return rows

    def _tell(self, rows: Any) -> None:
        if len(rows):
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), len(Column) - 1))

    def _is_users(self, row: int, column: Column) -> bool:
        if column == Column.NAME:
            return self._bands[row].name != self._detected[row].name
        field = FIELD.get(column)
        return field is not None and edits.is_users(self._bands[row].sources.get(field, ""))

    def _text(self, row: int, column: Column) -> str:
        band, status = self._bands[row], self._statuses[row]
        if column == Column.ON:
            return ""
        if column == Column.NUMBER:
            return str(row + 1)
        if column == Column.NAME:
            return band.name
        if column == Column.CENTRE:
            return centre_text(band.centre_nm, self.units)
        if column == Column.RANGE:
            return range_text(band.min_nm, band.max_nm, self.units)
        if column == Column.POLARISATION:
            return band.polarisation or ""
        if column == Column.LAYER:
            return status.layers
        if column == Column.VERDICT:
            return verdict_label(status.verdict)
        return self._source(band)

    def _edit_text(self, row: int, column: Column) -> str:
        band = self._bands[row]
        if column == Column.CENTRE:
            return centre_text(band.centre_nm, self.units, _EDIT_DIGITS)
        if column == Column.RANGE:
            return range_text(band.min_nm, band.max_nm, self.units, _EDIT_DIGITS)
        if column == Column.LAYER:
            return band.layer or ""
        return self._text(row, column)

    def _source(self, band: Band) -> str:
        """Where the wavelength came from; for a band without one, where its polarisation or layer did."""
        found = (band.sources.get(field) for field in ("centre_nm", "polarisation", "layer"))
        source = next((text for text in found if text), "")
        return source_text(source)

    def _tooltip(self, row: int, column: Column) -> str:
        band, status = self._bands[row], self._statuses[row]
        if column == Column.VERDICT:
            return verdict_sentence(status, band.note)
        if column == Column.LAYER:
            return layer_sentence(status.layer_keys)
        if column == Column.SOURCE:
            return all_sources(band)
        if column == Column.ON:
            return band.note or tr("Space switches the chosen bands on and off.")
        if column in (Column.CENTRE, Column.RANGE) and band.centre_nm is not None:
            exact = centre_text(band.centre_nm, AUTOMATIC, 7)
            limits = range_text(band.min_nm, band.max_nm, AUTOMATIC, 7)
            return f"{exact} ({limits})" if limits else exact
        return self._text(row, column)
