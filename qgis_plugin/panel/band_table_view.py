"""The band table with its tools: sensor, units, paste, files, undo, and the spectrum above it."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QItemSelection, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence, QPalette
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import BandTableError, SmartiesError
from ...engine.spectrum import BandTable, Detection, load_sensor, read_table, table_to_json
from ...engine.spectrum.bands import MICROWAVE_MIN_NM
from ..compat import QAction
from ..translation import tr
from .band_columns import Column
from .band_editors import BandGrid
from .band_paste import spreadsheet_text
from .band_table_model import BandTableModel
from .band_units import AUTOMATIC, UNITS
from .presets import SensorCombo
from .spectrum_chart import SpectrumChart
from .verdict_style import OFF, OUTSIDE, verdict_color

#: What each column is wide enough for; the first five fit a panel of 320 px.
_SAMPLES = {
    Column.ON: "On", Column.NUMBER: "224", Column.NAME: "band 224", Column.CENTRE: "1613.7 nm",
    Column.VERDICT: "interpolated", Column.RANGE: "2114.9–2289.9 nm", Column.POLARISATION: "Pol.",
    Column.LAYER: "short_wave_infrared_4", Column.SOURCE: "band name B04 of Sentinel-2 L1C",
}  # fmt: skip
_ROWS_SHOWN = 7


class BandTableView(QWidget):
    """Bands of one layer, to look at and to correct.

    ``table_changed`` carries the table to keep on the layer, None where nothing was changed;
    ``sensor_chosen`` the name of a sensor (None: automatic), upon which whoever listens
    detects the layer again and calls `set_layer`.
    """

    table_changed = pyqtSignal(object)
    sensor_chosen = pyqtSignal(object)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.model = BandTableModel(self)
        self.chart = SpectrumChart(self)
        self.chart.set_model(self.model)
        self.grid = BandGrid(self)
        self.grid.setModel(self.model)
        self.sensor_combo = SensorCombo(self)
        self.units_combo = self._units_combo()
        self.summary = _label(self)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.message = _label(self)
        self.message.setWordWrap(True)
        self._name = self._notes = ""
        self._sensor_asked = False
        self._setting = False
        self._lay_out()
        self._connect()
        self._arrange_columns()
        self.clear()

    # -- what it shows ----------------------------------------------------------------------------

    def set_layer(self, name: str, detection: Detection, table: Optional[BandTable] = None) -> None:
        """Show a layer's bands. ``detection`` is what raster and sensor tell without ``table``, the person's own.

        A call that changes nothing leaves selection and undo alone, so that it may answer ``table_changed``.
        """
        asked, self._sensor_asked = self._sensor_asked and name == self._name, False
        if name == self._name and self.model.shows(detection, table) and not asked:
            return
        self._name, self._setting = name, True
        problem = self.model.set_bands(detection, table)
        self._setting = False
        self.setEnabled(True)
        self.sensor_combo.show_sensor(detection.sensor, self.model.states_sensor)
        self.grid.setAccessibleName(tr("Bands of {layer}").format(layer=name))
        self._notes = "\n".join(note for note in (problem, *detection.notes) if note)
        self._tell("")
        self._summarise()
        if asked:
            self.table_changed.emit(self.model.stated_table())
        elif table is not None and self.model.is_other_sensor(table) and not self.model.states_sensor:
            # A table read back from the project names the sensor chosen back then.
            self.sensor_chosen.emit(table.sensor)

    def clear(self, text: str = "") -> None:
        """Show no layer, and a sentence instead: why there are no bands."""
        self._name, self._setting = "", True
        self.model.clear()
        self._setting = False
        self.sensor_combo.show_sensor(None, False)
        self.setEnabled(False)
        self._notes = text
        self._tell("")
        self._summarise()

    def select_band(self, row: int) -> None:
        """Choose a band, in the table and in the chart."""
        column = max(self.grid.currentIndex().column(), Column.NAME)
        self.grid.setCurrentIndex(self.model.index(row, column))
        self.grid.scrollTo(self.model.index(row, column))

    # -- what the tools do ------------------------------------------------------------------------

    def paste(self, text: Optional[str] = None) -> None:
        """Take bands from the clipboard, or from ``text``."""
        text = QgsApplication.clipboard().text() if text is None else text
        first = self.grid.chosen_rows()
        self._attempt(lambda: self.model.paste(text, first[0] if first else 0))

    def copy(self) -> None:
        """Put the table on the clipboard as a spreadsheet takes it."""
        QgsApplication.clipboard().setText(spreadsheet_text(self.model.table()))
        self._tell(tr("The table is on the clipboard."))

    def load(self, path: Optional[str] = None) -> None:
        """Take a table from a file: JSON, or text of a spreadsheet."""
        if path is None:
            filters = tr("Band tables") + " (*.json *.csv *.tsv *.txt)"
            path, _ = QFileDialog.getOpenFileName(self, tr("Load a band table"), "", filters)
        if path:
            self._attempt(lambda: self._load(Path(path or "")))

    def save(self, path: Optional[str] = None) -> None:
        """Write the whole table to a JSON file, for other layers and for the shell (--bands)."""
        if path is None:
            name = f"{self._name or 'bands'}.json"
            path, _ = QFileDialog.getSaveFileName(self, tr("Save the band table"), name, "JSON (*.json)")
        if not path:
            return
        target = Path(path if Path(path).suffix else f"{path}.json")
        try:
            target.write_text(table_to_json(self.model.table()), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            self._tell(tr("{file} cannot be written: {reason}.").format(file=target.name, reason=reason), bad=True)
            return
        self._tell(tr("Saved to {file}.").format(file=target.name))

    def _load(self, path: Path) -> int:
        if path.suffix.lower() != ".json":
            try:
                return self.model.paste(path.read_text(encoding="utf-8-sig"))
            except (OSError, UnicodeDecodeError) as error:
                raise BandTableError(tr("{file} cannot be read as text.").format(file=path.name)) from error
        table = read_table(path)
        if table.sensor is not None and self.model.is_other_sensor(table):
            # Whoever listens detects the layer again, as a band of that sensor; the table comes over it.
            self._choose_sensor(load_sensor(table.sensor).name)
        return self.model.apply_table(table)

    def _attempt(self, action: Callable[[], int]) -> None:
        """Do something with a table from elsewhere; what is impossible is told in a sentence and changes nothing."""
        try:
            changed = action()
        except SmartiesError as error:
            self._tell(error.message + " " + tr("Nothing was changed."), bad=True)
            return
        told = tr("{count} of {total} bands changed.").format(count=changed, total=len(self.model.bands))
        self._tell(told if changed else tr("The table says the same already."))

    # -- construction -----------------------------------------------------------------------------

    def _units_combo(self) -> QComboBox:
        combo = QComboBox(self)
        for units in UNITS:
            combo.addItem(tr("Auto unit") if units == AUTOMATIC else units, units)
        combo.setAccessibleName(tr("Units"))
        combo.setToolTip(tr("Unit in which wavelengths are shown, and read where none is written"))
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.sensor_combo, 1)
        top.addWidget(self.units_combo)
        tools = QHBoxLayout()
        tools.setSpacing(0)
        for part in self._tools():
            tools.addWidget(part) if part is not None else tools.addSpacing(2)
        tools.addWidget(self.summary, 1)
        tools.addSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.chart)
        layout.addLayout(tools)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.message)
        for before, after in zip(order := self._focus_order(), order[1:]):
            QWidget.setTabOrder(before, after)

    def _tools(self) -> List[Optional[QToolButton]]:
        """The buttons in their order; None is a gap."""
        stack = self.model.undo_stack
        self.undo_action = stack.createUndoAction(self, tr("Undo"))
        self.redo_action = stack.createRedoAction(self, tr("Redo"))
        redo_keys = [*QKeySequence.keyBindings(QKeySequence.StandardKey.Redo), QKeySequence("Ctrl+Y")]
        self.undo_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        self.redo_action.setShortcuts(list(dict.fromkeys(key.toString() for key in redo_keys)))
        for action, icon in ((self.undo_action, "mActionUndo.svg"), (self.redo_action, "mActionRedo.svg")):
            action.setIcon(QgsApplication.getThemeIcon(icon))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.addAction(action)
        self.paste_action = self._action(
            tr("Paste bands from a spreadsheet"), "mActionEditPaste.svg", self.paste, "Ctrl+V"
        )
        self.copy_action = self._action(
            tr("Copy the table for a spreadsheet"), "mActionEditCopy.svg", self.copy, "Ctrl+C"
        )
        self.load_action = self._action(tr("Load a band table (JSON or CSV)"), "mActionFileOpen.svg", self.load)
        self.save_action = self._action(tr("Save the band table (JSON)"), "mActionFileSave.svg", self.save)
        self.on_action = self._action(
            tr("Switch all bands on"), "mActionSelectAll.svg", lambda: self.model.switch(True)
        )
        self.off_action = self._action(
            tr("Switch all bands off"), "mActionDeselectAll.svg", lambda: self.model.switch(False)
        )
        self.reset_action = self._action(
            tr("Reset to what was detected"), "mActionRefresh.svg", lambda: self.model.reset()
        )
        groups = (
            (self.paste_action, self.copy_action), (self.load_action, self.save_action),
            (self.on_action, self.off_action), (self.undo_action, self.redo_action, self.reset_action),
        )  # fmt: skip
        buttons: List[Optional[QToolButton]] = []
        for group in groups:
            buttons += [self._button(action) for action in group]
            buttons.append(None)
        return buttons

    def _action(self, text: str, icon: str, slot: Callable[[], None], keys: str = "") -> QAction:
        action = QAction(QgsApplication.getThemeIcon(icon), text, self)
        action.setToolTip(
            f"{text} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})" if keys else text
        )
        action.triggered.connect(lambda _checked=False: slot())
        return action

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        side = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        button.setIconSize(QSize(side, side))
        return button

    def _focus_order(self) -> List[QWidget]:
        buttons = [child for child in self.findChildren(QToolButton) if child.parent() is self]
        return [self.sensor_combo, self.units_combo, self.chart, *buttons, self.grid]

    def _connect(self) -> None:
        self.model.table_changed.connect(self._changed)
        self.model.modelReset.connect(self._can)
        self.model.refused.connect(lambda _row, _column, sentence: self._tell(sentence, bad=True))
        self.grid.refusal_ended.connect(lambda: self._tell(""))
        self.grid.paste_asked.connect(self.paste)
        self.grid.copy_asked.connect(self.copy)
        self.grid.selectionModel().selectionChanged.connect(self._selected)
        self.chart.band_clicked.connect(self.select_band)
        self.sensor_combo.chosen.connect(self._choose_sensor)
        self.units_combo.activated.connect(lambda row: self.model.set_units(self.units_combo.itemData(row)))

    def _arrange_columns(self) -> None:
        self.grid.fit_rows()
        metrics, header = self.grid.fontMetrics(), self.grid.horizontalHeader()
        header.setMinimumSectionSize(metrics.averageCharWidth() * 3)
        icon = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        for column, sample in _SAMPLES.items():
            extra = icon + 4 if column == Column.VERDICT else 0
            header.resizeSection(int(column), metrics.horizontalAdvance(sample) + 10 + extra)
        header.setStretchLastSection(True)
        self.grid.setMinimumHeight(self.grid.verticalHeader().defaultSectionSize() * (_ROWS_SHOWN + 1) + 4)

    # -- reactions --------------------------------------------------------------------------------

    def _choose_sensor(self, name: Optional[str]) -> None:
        # First what holds for any sensor: a table that still named the former one would bring it back.
        self.table_changed.emit(self.model.said_table())
        self._sensor_asked = True
        self.sensor_chosen.emit(name)

    def _changed(self) -> None:
        self._summarise()
        self._can()
        self._tell("")
        if not self._setting:
            self.table_changed.emit(self.model.stated_table())

    def _selected(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.chart.set_selected(self.grid.chosen_rows())

    def _can(self) -> None:
        optical = all(
            0 < (band.centre_nm or 0) <= MICROWAVE_MIN_NM and not band.polarisation for band in self.model.bands
        )
        self.grid.setColumnHidden(int(Column.POLARISATION), optical)
        self.reset_action.setEnabled(self.model.is_changed or self.model.radiometry is not None)

    def _summarise(self) -> None:
        verdicts = [status.verdict for status in self.model.statuses]
        on = sum(verdict != OFF for verdict in verdicts)
        total = len(verdicts)
        # Short, for it shares a line with the tools in a narrow panel.
        self.summary.setText(tr("{on}/{total} on").format(on=on, total=total) if total else "")
        self.summary.setToolTip(tr("{on} of {total} bands go into the model").format(on=on, total=total))

    def _tell(self, text: str, bad: bool = False) -> None:
        """Show a sentence below the table; for "" what is to be said of the layer at any time."""
        text = text or self._notes
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self.message.setAccessibleDescription(tr("Problem") if bad else "")
        palette = self.palette()
        if bad:
            palette.setColor(QPalette.ColorRole.WindowText, verdict_color(OUTSIDE, palette))
        self.message.setPalette(palette)


def _label(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
