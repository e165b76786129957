"""What every task's tab has: a heading, its Processing algorithm, and what the run bar asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from qgis.core import QgsApplication, QgsProcessingOutputLayerDefinition, QgsProject
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ..translation import tr
from .fields import words
from .layer_tree import raise_to_top


@dataclass(frozen=True)
class TaskRun:
    """A run of an algorithm; ``loads`` names the outputs that come onto the map.

    ``quiet``: its end is seen on the map and needs no word in the message bar.
    """

    algorithm: str
    parameters: Dict[str, Any]
    loads: Tuple[str, ...] = ("OUTPUT",)
    quiet: bool = False

    def values(self) -> Dict[str, Any]:
        """The parameters as Processing takes them, with the layers to load marked."""
        values = known_parameters(self.algorithm, self.parameters)
        for name in self.loads:
            if values.get(name):
                values[name] = QgsProcessingOutputLayerDefinition(values[name], QgsProject.instance())
        return values


class TaskTab(QScrollArea):
    """Holds what the user chose for one task; ``changed`` after any change of it.

    ``requested`` carries what makes a `TaskRun` (or None) once the engine is free: a run nobody pressed Run for.
    """

    #: The id of the algorithm, and the tab's name in the project's state.
    ALGORITHM = ""
    NAME = ""

    changed = pyqtSignal()
    requested = pyqtSignal(object)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._restoring = False
        self._heading = QLabel(self.title())
        font = self._heading.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._heading.setFont(font)
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        sentence = words(self.sentence())
        content = QWidget()
        content.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(6, 6, 6, 6)
        self._layout.setSpacing(8)
        heading = QVBoxLayout()
        heading.setSpacing(1)
        heading.addWidget(self._heading)
        heading.addWidget(sentence)
        self._layout.addLayout(heading)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName(self.title())

    # -- what the panel asks ---------------------------------------------------------------------

    def title(self) -> str:
        """The heading, and the tooltip of the icon."""
        raise NotImplementedError

    def sentence(self) -> str:
        """What the task does, in one plain sentence."""
        raise NotImplementedError

    def verb(self) -> str:
        """The text of the button that runs it."""
        return tr("Run")

    def tip(self) -> str:
        """What that button does."""
        return self.title()

    def icon(self) -> QIcon:
        """The algorithm's."""
        algorithm = QgsApplication.processingRegistry().algorithmById(self.ALGORITHM)
        return algorithm.icon() if algorithm is not None else QIcon()

    def parameters(self, as_text: bool = False) -> Dict[str, Any]:
        """The parameters of the run; ``as_text``: with files instead of the project's layers."""
        raise NotImplementedError

    def run(self) -> TaskRun:
        """What Run starts."""
        return TaskRun(self.ALGORITHM, self.parameters())

    def reason(self) -> str:
        """Why it cannot run, and what to do; "" where it can."""
        return ""

    def note(self) -> str:
        """What a run will do, where no plan is made."""
        return ""

    def plan_parameters(self) -> Optional[Callable[[], Dict[str, Any]]]:
        """What gives the engine's question for a plan of the run; None for a task without one."""
        return None

    def done_text(self, run: TaskRun, duration: str) -> str:
        """What to say when a run has ended well."""
        return tr("{task}: done after {duration}.").format(task=self.title(), duration=duration)

    def finished(self, run: TaskRun, results: Mapping[str, Any]) -> Optional[TaskRun]:
        """Take in the results; gives the run that follows, None for none."""
        return None

    def place(self, layer_ids: List[str]) -> None:
        """Put the layers that a run has brought where one sees them."""
        raise_to_top(layer_ids)

    def ended(self) -> None:
        """A run of this tab has ended, however it did."""

    def layers_removed(self, layer_ids: List[str]) -> None:
        """Layers have left the project."""

    def state(self) -> Dict[str, Any]:
        """What the project keeps."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state`` gave; without one everything is as at first. Damage is left out."""

    def close_tab(self) -> None:
        """Let go of QGIS: the panel goes."""

    # -- for the tabs themselves -----------------------------------------------------------------

    def add_sections(self, sections: List[QWidget]) -> None:
        """Fill the tab from top to bottom."""
        for section in sections:
            self._layout.addWidget(section)
        self._layout.addStretch(1)

    def tell(self) -> None:
        """Something was chosen."""
        if not self._restoring:
            self.changed.emit()

    def restore_parts(self, state: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
        """Give each part what the project kept for it, and tell of the change once."""
        self._restoring = True
        try:
            for key, part in parts.items():
                values = state.get(key)
                part.restore(values if isinstance(values, dict) else {})
        finally:
            self._restoring = False
        self.tell()


def known_parameters(algorithm_id: str, parameters: Mapping[str, Any]) -> Dict[str, Any]:
    """Of these parameters, those that the algorithm declares; all of them where Processing does not know it."""
    algorithm = QgsApplication.processingRegistry().algorithmById(algorithm_id)
    if algorithm is None:
        return dict(parameters)
    return {name: value for name, value in parameters.items() if algorithm.parameterDefinition(name) is not None}
