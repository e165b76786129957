"""The images of a run: a list that layers are dropped on, put in order and taken from."""

from __future__ import annotations

import functools
from typing import Any, Callable, List, Optional

from qgis.core import QgsMapLayer, QgsMimeDataUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QEvent, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPainter
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..translation import tr
from .panel_image import PanelImage
from .verdict_style import mixed, verdict_icon

_ID = Qt.ItemDataRole.UserRole


class LayerList(QWidget):
    """Holds the images in their order; ``changed`` comes after any change of the list, ``chosen`` with a row."""

    changed = pyqtSignal()
    chosen = pyqtSignal(object)
    refused = pyqtSignal(str)

    def __init__(self, selected_layers: Callable[[], List[QgsMapLayer]], parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._selected_layers = selected_layers
        self._images: List[PanelImage] = []
        self.view = _ImageView(self.add_layers, self)
        self.view.currentRowChanged.connect(self._choose)
        self.view.model().rowsMoved.connect(self._reordered)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.add_button = QPushButton(tr("Add"))
        self.add_button.setToolTip(tr("Add raster layers of the project"))
        self.add_button.setMenu(self.menu)
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.setToolTip(tr("Remove the chosen image from the list (Delete)"))
        self.up_button = _arrow(tr("Move the chosen image up (Alt+Up)"), Qt.ArrowType.UpArrow)
        self.down_button = _arrow(tr("Move the chosen image down (Alt+Down)"), Qt.ArrowType.DownArrow)
        self.remove_button.clicked.connect(self.remove_chosen)
        self.up_button.clicked.connect(lambda: self.move_chosen(-1))
        self.down_button.clicked.connect(lambda: self.move_chosen(1))
        self.view.remove_pressed.connect(self.remove_chosen)
        self.view.move_pressed.connect(self.move_chosen)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.remove_button)
        buttons.addStretch()
        buttons.addWidget(self.up_button)
        buttons.addWidget(self.down_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.view)
        layout.addLayout(buttons)
        self._refresh_buttons()

    @property
    def images(self) -> List[PanelImage]:
        """The images, in their order."""
        return list(self._images)

    @property
    def chosen_image(self) -> Optional[PanelImage]:
        """The image whose row is current."""
        row = self.view.currentRow()
        return self._images[row] if 0 <= row < len(self._images) else None

    def add_layers(self, layers: List[QgsMapLayer]) -> None:
        """Add raster layers that are not in the list; the last one added is chosen. ``refused`` tells of others."""
        known = {image.layer_id for image in self._images}
        added = False
        others = [layer.name() for layer in layers if not isinstance(layer, QgsRasterLayer)]
        if others:
            self.refused.emit(tr("Only raster layers can be embedded, not {names}.").format(names=", ".join(others)))
        for layer in layers:
            if isinstance(layer, QgsRasterLayer) and layer.id() not in known:
                image = PanelImage(layer.id(), layer.name())
                image.read()
                known.add(layer.id())
                self._append(image)
                added = True
        if added:
            self.view.setCurrentRow(len(self._images) - 1)
            self._changed()

    def set_images(self, images: List[PanelImage]) -> None:
        """Show these images instead of what is shown."""
        self._images = []
        self.view.clear()
        for image in images:
            self._append(image)
        self.view.setCurrentRow(0 if images else -1)
        self._changed()

    def remove_layers(self, layer_ids: List[str]) -> None:
        """Take the images of these layers from the list."""
        rows = [row for row, image in enumerate(self._images) if image.layer_id in layer_ids]
        for row in reversed(rows):
            del self._images[row]
            self.view.takeItem(row)
        if rows:
            self._changed()

    def remove_chosen(self) -> None:
        """Take the chosen image from the list."""
        image = self.chosen_image
        if image is not None:
            self.remove_layers([image.layer_id])

    def move_chosen(self, step: int) -> None:
        """Move the chosen image down by ``step`` rows."""
        row = self.view.currentRow()
        target = row + step
        if not (0 <= row < len(self._images) and 0 <= target < len(self._images)):
            return
        self._images.insert(target, self._images.pop(row))
        blocked = self.view.blockSignals(True)
        self.view.insertItem(target, self.view.takeItem(row))
        self.view.setCurrentRow(target)
        self.view.blockSignals(blocked)
        self._changed()

    def refresh(self, image: PanelImage) -> None:
        """Show an image as it is known now."""
        if image in self._images:
            self._dress(self.view.item(self._images.index(image)), image)

    def _append(self, image: PanelImage) -> None:
        self._images.append(image)
        item = QListWidgetItem()
        item.setData(_ID, image.layer_id)
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
        self.view.addItem(item)
        self._dress(item, image)

    def _dress(self, item: QListWidgetItem, image: PanelImage) -> None:
        item.setText(f"{image.name}\n{image.summary()}")
        item.setIcon(verdict_icon(image.worst))
        item.setData(_ID, image.layer_id)
        problem = str(image.problem) if image.problem is not None else image.summary()
        item.setToolTip("\n".join(text for text in (image.name, problem, image.source) if text))

    def _choose(self, row: int) -> None:
        self._refresh_buttons()
        self.chosen.emit(self.chosen_image)

    def _reordered(self) -> None:
        """Rows were dragged: put the images in the order that is seen."""
        by_id = {image.layer_id: image for image in self._images}
        ids = [self.view.item(row).data(_ID) for row in range(self.view.count())]
        self._images = [by_id[layer_id] for layer_id in ids if layer_id in by_id]
        self._changed()

    def _changed(self) -> None:
        self._refresh_buttons()
        self.view.updateGeometry()
        self.chosen.emit(self.chosen_image)
        self.changed.emit()

    def _refresh_buttons(self) -> None:
        row, count = self.view.currentRow(), len(self._images)
        self.remove_button.setEnabled(0 <= row < count)
        self.up_button.setEnabled(0 < row < count)
        self.down_button.setEnabled(0 <= row < count - 1)

    def _fill_menu(self) -> None:
        self.menu.clear()
        known = {image.layer_id for image in self._images}
        selected = [
            layer for layer in self._selected_layers() if isinstance(layer, QgsRasterLayer) and layer.id() not in known
        ]
        action = self.menu.addAction(tr("Layers selected in the Layers panel"))
        action.setEnabled(bool(selected))
        action.triggered.connect(lambda: self.add_layers(selected))
        self.menu.addSeparator()
        rasters = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsRasterLayer) and layer.id() not in known
        ]
        for layer in sorted(rasters, key=lambda layer: layer.name().lower()):
            shown = self.menu.fontMetrics().elidedText(layer.name(), Qt.TextElideMode.ElideMiddle, 360)
            entry = self.menu.addAction(shown.replace("&", "&&"))
            entry.setToolTip(layer.source())
            entry.triggered.connect(functools.partial(self._add_by_id, layer.id()))
        if not rasters:
            none = self.menu.addAction(tr("No other raster layer in the project"))
            none.setEnabled(False)

    def _add_by_id(self, layer_id: str, _checked: bool = False) -> None:
        layer = QgsProject.instance().mapLayer(layer_id)
        if layer is not None:
            self.add_layers([layer])


class _ImageView(QListWidget):
    """Rows of two lines; takes layers from the layer tree and files from the browser."""

    remove_pressed = pyqtSignal()
    move_pressed = pyqtSignal(int)

    def __init__(self, add_layers: Callable[[List[QgsMapLayer]], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._add_layers = add_layers
        self.setAccessibleName(tr("Images"))
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setUniformItemSizes(True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as its rows, between two and five of them."""
        line = self.fontMetrics().lineSpacing()
        rows = min(5, max(2, self.count()))
        row = self.sizeHintForRow(0) if self.count() else 2 * line + 4
        return QSize(200, rows * row + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Narrow enough for a narrow dock."""
        return QSize(100, self.sizeHint().height())

    def event(self, event: Any) -> bool:
        """Keep Delete from QGIS, which would delete features with it."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Delete removes; Alt with an arrow moves."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() == Qt.Key.Key_Delete:
            self.remove_pressed.emit()
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in steps:
            self.move_pressed.emit(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def mimeTypes(self) -> List[str]:  # noqa: N802 - Qt's name
        """What can be dropped here."""
        return [*super().mimeTypes(), "application/x-vnd.qgis.qgis.uri"]

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Welcome layers."""
        if QgsMimeDataUtils.isUriList(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Welcome layers, wherever they hover."""
        if QgsMimeDataUtils.isUriList(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            super().dragMoveEvent(event)

    def dropEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take layers in; a row of this list moves."""
        if QgsMimeDataUtils.isUriList(event.mimeData()):
            self._add_layers(layers_of(event.mimeData()))
            # A move would tell the layer tree to forget the layer.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        elif event.source() is self:
            super().dropEvent(event)

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Say what belongs here while nothing does."""
        super().paintEvent(event)
        if self.count():
            return
        painter = QPainter(self.viewport())
        painter.setPen(mixed(self.palette(), 0.55))
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_LayoutLeftMargin)
        area = self.viewport().rect().adjusted(margin, 0, -margin, 0)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(area, int(flags), tr("Drag raster layers here, or press Add. Any sensors, any bands."))
        painter.end()


def layers_of(mime: Any) -> List[QgsMapLayer]:
    """The layers of a drag: those of the project, and files, which are added to the project."""
    project = QgsProject.instance()
    layers: List[QgsMapLayer] = []
    for uri in QgsMimeDataUtils.decodeUriList(mime):
        layer = project.mapLayer(uri.layerId) if uri.layerId else None
        if layer is None and uri.layerType == "raster":
            same = [other for other in project.mapLayers().values() if other.source() == uri.uri]
            layer = same[0] if same else QgsRasterLayer(uri.uri, uri.name, uri.providerKey or "gdal")
            if not same and layer.isValid():
                project.addMapLayer(layer)
        if layer is not None and layer.isValid():
            layers.append(layer)
    return layers


def _arrow(tip: str, arrow: Qt.ArrowType) -> QToolButton:
    button = QToolButton()
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setArrowType(arrow)
    # Reached with Tab as well as with the mouse.
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
