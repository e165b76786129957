"""The panel: pick images, see their bands, embed. It only builds parameters and runs the Processing algorithms."""

from __future__ import annotations

import functools
import time
from typing import Any, Callable, Dict, List, Optional

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
)
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QKeySequence
from qgis.PyQt.QtWidgets import QApplication, QTabWidget, QVBoxLayout, QWidget

from ...engine.errors import SmartiesError
from ..compat import QShortcut
from ..engine_link.diagnostics import diagnostics
from ..engine_link.engine import EngineWatcher, engine
from ..engine_link.environment import environment_state
from ..engine_link.paths import log_folder
from ..translation import tr
from .algorithm_run import AlgorithmRun
from .copy_as import python_call, qgis_process_command
from .embed_tab import EmbedTab
from .engine_query import EngineQuery
from .log_view import LogView
from .message import show_error, show_note
from .plan_query import ALGORITHM, plan_params
from .project_state import load_state, save_state
from .quantities import duration_text, plan_text, time_left_text
from .run_bar import RunBar
from .setup_card import SetupCard
from .setup_dialog import SetupDialog, stop_setup
from .setup_task import SetupTask

_STATE = "panel/embed"


class SmartiesPanel(QWidget):
    """Everything in the dock; ``close_panel`` lets go of QGIS before it is deleted."""

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._algorithm = ALGORITHM
        self._started_at = 0.0
        self._ready = False
        self._diagnostics: Optional[SetupTask] = None
        self._setup_dialog: Optional[SetupDialog] = None
        self._connections: List[Callable[[], None]] = []
        self.card = SetupCard()
        self.embed = EmbedTab(iface, _model_names())
        self.log = LogView()
        self.run_bar = RunBar()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.embed, tr("Embed"))
        self.tabs.addTab(self.log, tr("Log"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.card)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.run_bar)
        self.setMinimumWidth(300)

        self.run = AlgorithmRun(self)
        self.plan_query = EngineQuery("plan", self)
        self.model_query = EngineQuery("models", self, quiet_ms=0)
        self.watcher = EngineWatcher(self)
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.start)
        self._connect_parts()
        self._connect_project()
        self.check_environment()
        self._restore()
        self._engine_changed()

    # -- what the user does ---------------------------------------------------------------------

    def start(self) -> None:
        """Embed the images as the panel stands."""
        if self.run.running or not self.run_bar.run_button.isEnabled():
            return
        self.plan_query.stop()
        parameters = self.embed.parameters()
        project = QgsProject.instance()
        for name in ("OUTPUT", "PICTURE"):
            if name in parameters:
                parameters[name] = QgsProcessingOutputLayerDefinition(parameters[name], project)
        self._algorithm = ALGORITHM
        self.run.start(ALGORITHM, parameters)

    def cancel(self) -> None:
        """Stop the run under way."""
        if self.run.running:
            self.run_bar.set_cancelling()
            self.run.cancel()

    def set_up_engine(self) -> None:
        """Open the dialog that makes the engine's environment."""
        if self._setup_dialog is None:
            self._setup_dialog = SetupDialog(self._iface.mainWindow())
            self._setup_dialog.environment_ready.connect(self.check_environment)
        self._setup_dialog.refresh()
        self._setup_dialog.show()
        self._setup_dialog.raise_()
        self._setup_dialog.activateWindow()

    def show_log(self) -> None:
        """Bring the log to the front."""
        self.tabs.setCurrentWidget(self.log)

    # -- what follows from it -------------------------------------------------------------------

    def check_environment(self) -> None:
        """Look whether the engine can be used; show the card where it cannot."""
        state = environment_state()
        self._ready = state.kind == "ready"
        self.card.show_state(state.kind, state.text)
        self._refresh()

    def close_panel(self) -> None:
        """Stop what runs, give back the map tool, and let go of every signal of QGIS."""
        self.run.abandon()
        self.plan_query.stop()
        self.model_query.stop()
        self.embed.extent.close_tool()
        self.watcher.close()
        stop_setup()
        if self._setup_dialog is not None:
            self._setup_dialog.close()
            self._setup_dialog.deleteLater()
            self._setup_dialog = None
        for disconnect in self._connections:
            disconnect()
        self._connections.clear()

    def _connect_parts(self) -> None:
        self.card.set_up.connect(self.set_up_engine)
        self.embed.changed.connect(self._refresh)
        self.embed.layers.refused.connect(lambda reason: show_note(self._iface, reason, Qgis.MessageLevel.Warning))
        self.embed.model.download.connect(self._download)
        self.run_bar.run.connect(self.start)
        self.run_bar.cancel.connect(self.cancel)
        self.run_bar.set_up.connect(self.set_up_engine)
        self.run_bar.copy_command.connect(lambda: self._copy(qgis_process_command))
        self.run_bar.copy_python.connect(lambda: self._copy(python_call))
        self.log.open_log_folder.connect(_open_log_folder)
        self.log.copy_diagnostics.connect(self._copy_diagnostics)
        self.run.started.connect(self._run_started)
        self.run.progressed.connect(self.run_bar.set_progress)
        self.run.step.connect(self.log.add)
        self.run.timed.connect(self._run_timed)
        self.run.said.connect(self.log.add)
        self.run.finished.connect(self._run_finished)
        self.run.failed.connect(self._run_failed)
        self.run.cancelled.connect(self._run_cancelled)
        self.plan_query.answered.connect(self._planned)
        self.plan_query.refused.connect(self._not_planned)
        self.model_query.answered.connect(self.embed.model.set_listing)
        self.watcher.changed.connect(self._engine_changed)

    def _connect_project(self) -> None:
        project = QgsProject.instance()
        for signal, slot in (
            (project.layersRemoved, self._layers_removed),
            (project.readProject, self._restore),
            (project.cleared, self._cleared),
            (project.writeProject, self._save),
            (project.layerTreeRoot().nameChanged, self._renamed),
        ):
            signal.connect(slot)
            self._connections.append(functools.partial(signal.disconnect, slot))

    def _refresh(self) -> None:
        """Something was chosen: plan anew, and offer what can be done."""
        images = self.embed.images
        reason = ""
        if not images:
            reason = tr("Add an image first.")
        elif not self._ready:
            reason = tr("Set up the engine first.")
        self.run_bar.set_runnable(not reason, reason)
        if self.run.running:
            return
        if reason:
            self.plan_query.stop()
            self.run_bar.set_plan(reason)
            self.embed.grid.show_nothing()
            return
        if not self.embed.model.known and not self.model_query.busy:
            self.model_query.ask(dict)
        self.run_bar.set_plan(self.run_bar.plan.text() or tr("Planning…"), waiting=True)
        self.embed.grid.show_waiting()
        self.plan_query.ask(lambda: plan_params(self.embed.parameters()))

    def _planned(self, plan: Dict[str, Any]) -> None:
        self.embed.grid.show_plan(plan)
        self.run_bar.set_plan(plan_text(plan))
        self.run_bar.plan.setToolTip("\n".join(plan.get("notes", [])))

    def _not_planned(self, error: SmartiesError) -> None:
        self.embed.grid.show_nothing()
        self.run_bar.set_plan(f"⚠ {error}")
        self.run_bar.plan.setToolTip("")

    def _download(self, name: str) -> None:
        if self.run.running:
            return
        self.plan_query.stop()
        self._algorithm = "smarties:fetchmodel"
        self.run.start(self._algorithm, {"MODEL": name})

    def _copy(self, write: Callable[[str, Dict[str, Any]], str]) -> None:
        try:
            text = write(ALGORITHM, self.embed.parameters(as_text=True))
        except SmartiesError as error:
            show_error(self._iface, str(error), self.show_log)
            return
        QApplication.clipboard().setText(text)
        show_note(self._iface, tr("Copied to the clipboard."))

    def _copy_diagnostics(self) -> None:
        self._diagnostics = SetupTask(tr("Gather diagnostics"), lambda _progress, _cancelled: diagnostics())
        self._diagnostics.ended.connect(self._diagnostics_ready)
        self._diagnostics.start()

    def _diagnostics_ready(self) -> None:
        task, self._diagnostics = self._diagnostics, None
        if task is None:
            return
        if task.error is not None:
            show_error(self._iface, str(task.error), self.show_log)
            return
        QApplication.clipboard().setText(task.result)
        show_note(self._iface, tr("Diagnostics were copied to the clipboard, without names or folders of yours."))

    # -- the run --------------------------------------------------------------------------------

    def _run_started(self) -> None:
        self._started_at = time.monotonic()
        self.log.add(tr("Started {algorithm}.").format(algorithm=self._algorithm))
        self.run_bar.set_running(True)

    def _run_timed(self, message: str, seconds_left: Optional[float]) -> None:
        left = time_left_text(seconds_left)
        self.run_bar.set_step(f"{message}, {left}" if left else message)

    def _run_finished(self, results: Dict[str, Any]) -> None:
        took = duration_text(time.monotonic() - self._started_at)
        self.log.add(tr("Finished after {duration}.").format(duration=took))
        if self._algorithm == ALGORITHM:
            text = tr("The embedding is on the map, after {duration}.").format(duration=took)
        else:
            text = tr("The model was downloaded.")
        self._run_ended()
        show_note(self._iface, text, Qgis.MessageLevel.Success)

    def _run_failed(self, reason: str) -> None:
        self._run_ended()
        self.check_environment()
        show_error(self._iface, reason, self.show_log)

    def _run_cancelled(self) -> None:
        self._run_ended()
        show_note(self._iface, tr("Cancelled; nothing was written."))

    def _run_ended(self) -> None:
        self.run_bar.set_running(False)
        if self._algorithm != ALGORITHM:
            self.model_query.ask(dict)
        self._refresh()

    def _engine_changed(self, _state: str = "") -> None:
        self.run_bar.set_badge(engine().badge())

    # -- the project ----------------------------------------------------------------------------

    def _layers_removed(self, layer_ids: List[str]) -> None:
        self.embed.layers.remove_layers(list(layer_ids))

    def _renamed(self, _node: object, _name: str) -> None:
        self.embed.refresh_names()

    def _restore(self, _document: object = None) -> None:
        self.embed.restore(load_state(_STATE))

    def _cleared(self) -> None:
        self.embed.restore({})

    def _save(self, _document: object = None) -> None:
        save_state(_STATE, self.embed.state())


def _model_names() -> List[str]:
    """The models that the algorithm offers."""
    algorithm = QgsApplication.processingRegistry().algorithmById(ALGORITHM)
    definition = algorithm.parameterDefinition("MODEL") if algorithm is not None else None
    return list(definition.options()) if definition is not None else []


def _open_log_folder() -> None:
    folder = log_folder()
    folder.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
