"""SMARTIES for QGIS: embeddings and maps from the bands of any satellite.

The repository root is the plugin folder: QGIS imports it as the package `smarties`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .qgis_plugin.plugin import SmartiesPlugin


def classFactory(iface: Any) -> SmartiesPlugin:  # noqa: N802 - QGIS asks for this very name
    """Give QGIS the plugin; what it needs is imported only here, so that others may import the package for free."""
    from .qgis_plugin.plugin import SmartiesPlugin

    return SmartiesPlugin(iface)
