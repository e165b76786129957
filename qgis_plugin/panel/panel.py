"""The panel: a tab per task, and one bar that runs them. It only builds parameters for the Processing algorithms."""

from __future__ import annotations

import functools
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from qgis.core import Qgis, QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QKeySequence
from qgis.PyQt.QtWidgets import QApplication, QVBoxLayout, QWidget

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
from .embedding_layers import EmbeddingLayers
from .engine_query import EngineQuery
from .heads import HeadList
from .layer_tree import once_arranged
from .log_view import LogView
from .message import show_error, show_note
from .plan_query import ALGORITHM
from .project_state import load_state, save_state
from .quantities import duration_text, plan_text, time_left_text
from .result_layer import layer_of_file
from .run_bar import RunBar
from .setup_card import SetupCard
from .setup_dialog import SetupDialog, stop_setup
from .setup_task import SetupTask
from .task_rail import TaskRail
from .task_tab import TaskRun, TaskTab, known_parameters
from .tasks import make_tabs

_FETCH = "smarties:fetchmodel"
#: A search that ends sooner does not make the bar jump at every click.
_QUIET_MS = 500

#: What makes a run once the engine is free; None: it is no longer wanted.
MakeRun = Callable[[], Optional[TaskRun]]


class SmartiesPanel(QWidget):
    """Everything in the dock; ``close_panel`` lets go of QGIS before it is deleted."""

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._run_tab: Optional[TaskTab] = None
        self._task_run = TaskRun(ALGORITHM, {})
        self._waiting: Optional[Tuple[TaskTab, MakeRun]] = None
        self._started_at = 0.0
        self._ready = False
        self._diagnostics: Optional[SetupTask] = None
        self._setup_dialog: Optional[SetupDialog] = None
        self._connections: List[Callable[[], None]] = []
        self.card = SetupCard()
        self.embed = EmbedTab(iface, _model_names())
        self.embeddings = EmbeddingLayers(self)
        self.heads = HeadList(self)
        self.task_tabs: List[TaskTab] = [self.embed, *make_tabs(iface, self.embed, self.embeddings, self.heads)]
        self._front: TaskTab = self.embed
        self.log = LogView()
        self.run_bar = RunBar()
        self.tabs = TaskRail()
        for tab in self.task_tabs:
            self.tabs.addTab(tab, tab.icon(), tab.title())
        self.tabs.addTab(self.log, QgsApplication.getThemeIcon("/mMessageLog.svg"), tr("Log"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.card)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.run_bar)
        self.setMinimumWidth(300)

        self.run = AlgorithmRun(self)
        self._quiet_timer = QTimer(self)
        self._quiet_timer.setSingleShot(True)
        self._quiet_timer.setInterval(_QUIET_MS)
        self._quiet_timer.timeout.connect(lambda: self.run_bar.set_running(self.run.running))
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

    @property
    def tab(self) -> TaskTab:
        """The task in front; behind the log, the one that was before."""
        return self._front

    def start(self) -> None:
        """Run the task in front as its tab stands."""
        if self.run.running or not self.run_bar.run_button.isEnabled():
            return
        self._start(self.tab, self.tab.run)

    def cancel(self) -> None:
        """Stop the run under way."""
        self._waiting = None
        if self.run.running:
            self.run_bar.set_cancelling()
            self.run.cancel()

    def set_up_engine(self) -> None:
        """Open the dialog that makes the engine's environment."""
        if self._setup_dialog is None:
            self._setup_dialog = SetupDialog(self._iface.mainWindow())
            self._setup_dialog.environment_ready.connect(self.check_environment)
            self._setup_dialog.folders.changed.connect(self.embeddings.look_anew)
            self._setup_dialog.folders.changed.connect(self.check_environment)
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
        self._waiting = None
        self._quiet_timer.stop()
        for tab in self.task_tabs:
            tab.close_tab()
        self.embeddings.close()
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
        self.tabs.changed.connect(self._tab_changed)
        for tab in self.task_tabs:
            tab.changed.connect(functools.partial(self._choices_changed, tab))
            tab.requested.connect(functools.partial(self._requested, tab))
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

    def _tab_changed(self) -> None:
        front = self.tabs.currentWidget()
        if isinstance(front, TaskTab) and front is not self._front:
            self._front = front
            self.run_bar.set_plan("")
            self._refresh()

    def _choices_changed(self, tab: TaskTab) -> None:
        if tab is self._front:
            self._refresh()

    def _refresh(self) -> None:
        """Something was chosen: plan anew, and offer what can be done."""
        tab = self.tab
        reason = tab.reason()
        if not reason and not self._ready:
            reason = tr("Set up the engine first.")
        self.run_bar.set_task(tab.verb(), tab.tip())
        self.run_bar.set_runnable(not reason, reason)
        if self.run.running and not self._task_run.quiet:
            return
        if self._ready and self.embed.images and not self.embed.model.known and not self.model_query.busy:
            self.model_query.ask(dict)
        question = tab.plan_parameters()
        if reason or question is None:
            self.plan_query.stop()
            self.run_bar.set_plan(reason or tab.note())
            self.run_bar.plan.setToolTip("")
            if tab is self.embed:
                self.embed.grid.show_nothing()
            return
        self.run_bar.set_plan(self.run_bar.plan.text() or tr("Planning…"), waiting=True)
        self.embed.grid.show_waiting()
        self.plan_query.ask(question)

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
        self._start(self.embed, lambda: TaskRun(_FETCH, {"MODEL": name}, ()))

    def _copy(self, write: Callable[[str, Dict[str, Any]], str]) -> None:
        try:
            values = known_parameters(self.tab.ALGORITHM, self.tab.parameters(as_text=True))
            text = write(self.tab.ALGORITHM, values)
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

    def _requested(self, tab: TaskTab, make: MakeRun) -> None:
        """A tab wants a run that nobody pressed Run for: now, or when the one under way has ended."""
        if not self._ready:
            self.check_environment()
        elif self.run.running:
            self._waiting = (tab, make)
        else:
            self._start(tab, make)

    def _start(self, tab: TaskTab, make: MakeRun) -> None:
        self.plan_query.stop()
        try:
            run = make()
        except SmartiesError as error:
            show_error(self._iface, str(error), self.show_log)
            return
        if run is not None:
            self._begin(tab, run)

    def _begin(self, tab: TaskTab, run: TaskRun) -> None:
        self._run_tab, self._task_run = tab, run
        self.run.start(run.algorithm, run.values())

    def _run_started(self) -> None:
        self._started_at = time.monotonic()
        self.log.add(tr("Started {algorithm}.").format(algorithm=self._task_run.algorithm))
        if self._task_run.quiet:
            self._quiet_timer.start()
        else:
            self.run_bar.set_running(True)

    def _run_timed(self, message: str, seconds_left: Optional[float]) -> None:
        left = time_left_text(seconds_left)
        self.run_bar.set_step(f"{message}, {left}" if left else message)

    def _run_finished(self, results: Dict[str, Any]) -> None:
        took = duration_text(time.monotonic() - self._started_at)
        self.log.add(tr("Finished after {duration}.").format(duration=took))
        tab, run = self._run_tab, self._task_run
        follow_up = None
        if run.algorithm == _FETCH or tab is None:
            text = tr("The model was downloaded.")
        else:
            text = tab.done_text(run, took)
            follow_up = tab.finished(run, results)
            loaded = [layer_of_file(str(results[name])) for name in run.loads if results.get(name)]
            ids = [layer.id() for layer in loaded if layer is not None]
            once_arranged(functools.partial(tab.place, ids))
        if follow_up is not None and tab is not None:
            self._begin(tab, follow_up)
            return
        self._run_ended()
        if not run.quiet:
            show_note(self._iface, text, Qgis.MessageLevel.Success)

    def _run_failed(self, reason: str) -> None:
        self._run_ended()
        self.check_environment()
        show_error(self._iface, reason, self.show_log)

    def _run_cancelled(self) -> None:
        self._run_ended()
        show_note(self._iface, tr("Cancelled; nothing was written."))

    def _run_ended(self) -> None:
        self._quiet_timer.stop()
        self.run_bar.set_running(False)
        if self._task_run.algorithm == _FETCH:
            self.model_query.ask(dict)
        if self._run_tab is not None:
            self._run_tab.ended()
        waiting, self._waiting = self._waiting, None
        self._refresh()
        if waiting is not None:
            self._start(*waiting)

    def _engine_changed(self, _state: str = "") -> None:
        self.run_bar.set_badge(engine().badge())

    # -- the project ----------------------------------------------------------------------------

    def _layers_removed(self, layer_ids: List[str]) -> None:
        for tab in self.task_tabs:
            tab.layers_removed(list(layer_ids))

    def _renamed(self, _node: object, _name: str) -> None:
        self.embed.refresh_names()

    def _restore(self, _document: object = None) -> None:
        for tab in self.task_tabs:
            tab.restore(load_state(f"panel/{tab.NAME}"))

    def _cleared(self) -> None:
        for tab in self.task_tabs:
            tab.restore({})

    def _save(self, _document: object = None) -> None:
        for tab in self.task_tabs:
            save_state(f"panel/{tab.NAME}", tab.state())


def _model_names() -> List[str]:
    """The models that the algorithm offers."""
    algorithm = QgsApplication.processingRegistry().algorithmById(ALGORITHM)
    definition = algorithm.parameterDefinition("MODEL") if algorithm is not None else None
    return list(definition.options()) if definition is not None else []


def _open_log_folder() -> None:
    folder = log_folder()
    folder.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
