"""The plugin in QGIS: its provider, its menu entry and button, its dock; and nothing left when it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon

from .compat import QAction
from .engine_link.engine import engine
from .provider import SmartiesProvider
from .translation import Translator, tr

ICON = Path(__file__).parent / "icons" / "smarties.svg"
MENU = "SMARTIES"
DOCK_NAME = "SmartiesDock"


class SmartiesPlugin:
    """What QGIS loads; ``iface`` is None in qgis_process."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.provider: Optional[SmartiesProvider] = None
        self.action: Optional[QAction] = None
        self.setup_action: Optional[QAction] = None
        self.dock: Optional[QgsDockWidget] = None
        self.panel: Any = None
        self._translator = Translator()
        self._translator.install()

    def initProcessing(self) -> None:  # noqa: N802 - QGIS's name
        """Register the algorithms; all that qgis_process asks for."""
        if self.provider is None:
            self.provider = SmartiesProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:  # noqa: N802 - QGIS's name
        """Add the algorithms, the menu entry, the button and the dock."""
        self.initProcessing()
        # Widgets are imported only where there is a window.
        from .panel.panel import SmartiesPanel

        self.panel = SmartiesPanel(self.iface)
        dock = QgsDockWidget("SMARTIES", self.iface.mainWindow())
        dock.setObjectName(DOCK_NAME)
        dock.setWidget(self.panel)
        self.dock = dock
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        dock.hide()
        action = QAction(QIcon(str(ICON)), tr("SMARTIES panel"), self.iface.mainWindow())
        action.setObjectName("SmartiesAction")
        action.setCheckable(True)
        action.setToolTip(tr("SMARTIES: embed images of any sensor"))
        self.action = action
        dock.setToggleVisibilityAction(action)
        self.setup_action = QAction(tr("Set up the engine…"), self.iface.mainWindow())
        self.setup_action.triggered.connect(self.panel.set_up_engine)
        for each in (action, self.setup_action):
            self.iface.addPluginToRasterMenu(MENU, each)
        self.iface.addToolBarIcon(action)

    def unload(self) -> None:
        """Remove everything, and end the engine."""
        if self.action is not None:
            self.iface.removeToolBarIcon(self.action)
            for action in (self.action, self.setup_action):
                if action is not None:
                    self.iface.removePluginRasterMenu(MENU, action)
                    action.deleteLater()
            self.action = self.setup_action = None
        if self.panel is not None:
            self.panel.close_panel()
            self.panel = None
        if self.dock is not None:
            self.iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        engine().shutdown()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        self._translator.remove()
