"""The grid that the images share, one line for each image, as the engine plans it."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ..translation import tr
from .fields import words


class GridLines(QWidget):
    """Lines such as «S1: 10 m EPSG:32631 → grid of S2»."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._label: QLabel = words()
        self._label.setAccessibleName(tr("Common grid"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._label)
        self.show_nothing()

    @property
    def text(self) -> str:
        """What stands there."""
        return str(self._label.text())

    def show_nothing(self) -> None:
        """There is no grid: no image, or images that do not go together."""
        self._say(tr("The images' common grid appears here."), dim=True)

    def show_waiting(self) -> None:
        """A plan is being made; what is shown is of yesterday."""
        self._label.setEnabled(False)

    def show_plan(self, plan: Mapping[str, Any]) -> None:
        """Show each image's way to the grid, and the grid."""
        lines: List[str] = [str(image["text"]) for image in plan["images"]]
        if len(lines) > 1:
            lines.append(tr("Grid: {grid}").format(grid=plan["grid"]["text"]))
        self._say("\n".join(lines))

    def _say(self, text: str, dim: bool = False) -> None:
        self._label.setText(text)
        self._label.setEnabled(not dim)
