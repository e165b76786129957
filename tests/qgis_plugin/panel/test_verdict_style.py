"""Colours that can be read on every ground."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtGui import QColor, QPalette
from smarties.qgis_plugin.panel.verdict_style import is_dark, mixed, text_color, verdict_color


def palette(base: str, text: str) -> QPalette:
    made = QPalette()
    made.setColor(QPalette.ColorRole.Base, QColor(base))
    made.setColor(QPalette.ColorRole.Text, QColor(text))
    return made


def test_a_palette_that_can_be_read_is_taken_as_it_is():
    assert text_color(palette("#ffffff", "#303030")).name() == "#303030"
    assert text_color(palette("#232629", "#eff0f1")).name() == "#eff0f1"


@pytest.mark.parametrize(("base", "dark"), [("#222222", True), ("#eeeeee", False)])
def test_a_style_sheets_leftovers_are_not(base, dark):
    """«Night Mapping» of QGIS 3.22: base #222222, text #111111."""
    left_over = palette(base, "#111111" if dark else "#dddddd")
    assert is_dark(left_over) is dark
    assert abs(text_color(left_over).lightness() - QColor(base).lightness()) > 120
    assert abs(mixed(left_over, 0.5).lightness() - QColor(base).lightness()) > 50
    assert verdict_color("seen", left_over) == verdict_color("seen", palette(base, "#ffffff" if dark else "#000000"))
