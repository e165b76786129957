"""A contact sheet: pictures in groups of captioned columns, a row per sample, drawn to be read without the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from PIL.ImageFont import ImageFont as BitmapFont

_PAPER, _INK, _FAINT, _RULE = (250, 250, 248), (28, 30, 33), (110, 114, 120), (205, 207, 210)
_MARGIN, _GAP, _GROUP_GAP, _NOTE_PX, _ROW_GAP = 24, 6, 26, 19, 10
_TITLE, _HEAD, _TEXT = 20, 15, 13


@dataclass(frozen=True, eq=False)
class Column:
    """``images`` (h, w, 3) uint8, one per row, below a ``caption``; ``notes`` stand below each, empty for none."""

    caption: str
    images: Sequence[np.ndarray]
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Group:
    """Columns that belong together under a ``title``; ``detail`` follows it, fainter."""

    title: str
    detail: str
    columns: Sequence[Column]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page: ``title``, ``detail`` below it, the groups side by side, a label per row, ``remarks`` at the foot."""

    title: str
    detail: str
    groups: Sequence[Group]
    rows: Sequence[str]
    remarks: Sequence[str] = field(default_factory=tuple)


def draw(sheet: Sheet, panel_px: int) -> np.ndarray:
    """The sheet (H, W, 3) uint8, each of its pictures ``panel_px`` wide and high."""
    step = panel_px + _GAP
    widths = [len(group.columns) * step - _GAP for group in sheet.groups]
    width = max(2 * _MARGIN + sum(widths) + _GROUP_GAP * (len(widths) - 1), 560)
    remarks = [line for remark in sheet.remarks for line in _wrapped(remark, width - 2 * _MARGIN)]
    top = _MARGIN + 66
    row_px = panel_px + _NOTE_PX + _NOTE_PX + _ROW_GAP
    head_px = 52
    height = top + head_px + len(sheet.rows) * row_px + 19 * len(remarks) + _MARGIN
    page = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(page)

    pen.text((_MARGIN, _MARGIN), _cut(sheet.title, _TITLE, width - 2 * _MARGIN), _INK, _font(_TITLE))
    pen.text((_MARGIN, _MARGIN + 28), _cut(sheet.detail, _TEXT, width - 2 * _MARGIN), _FAINT, _font(_TEXT))
    left = _MARGIN
    for group, group_px in zip(sheet.groups, widths, strict=True):
        title = _cut(group.title, _HEAD, group_px)
        pen.text((left, top), title, _INK, _font(_HEAD))
        after = left + round(_font(_HEAD).getlength(title)) + 8
        pen.text((after, top + 2), _cut(group.detail, _TEXT, left + group_px - after), _FAINT, _font(_TEXT))
        pen.line((left, top + 22, left + group_px - 1, top + 22), _RULE)
        for place, column in enumerate(group.columns):
            x = left + place * step
            pen.text((x, top + 27), _cut(column.caption, _TEXT, panel_px), _INK, _font(_TEXT))
            for row, image in enumerate(column.images):
                y = top + head_px + row * row_px + _NOTE_PX
                # Shrunk with care, enlarged in squares: a model's pixels are to be seen as they are.
                how = Image.Resampling.LANCZOS if image.shape[0] > panel_px else Image.Resampling.NEAREST
                page.paste(Image.fromarray(image).resize((panel_px, panel_px), how), (x, y))
                if column.notes:
                    pen.text((x, y + panel_px + 2), column.notes[row], _FAINT, _font(_TEXT))
        left += group_px + _GROUP_GAP
    for row, label in enumerate(sheet.rows):
        y = top + head_px + row * row_px
        pen.text((_MARGIN, y), _cut(label, _TEXT, width - 2 * _MARGIN), _FAINT, _font(_TEXT))
    for number, line in enumerate(remarks):
        pen.text((_MARGIN, height - _MARGIN - 19 * (len(remarks) - number)), line, _FAINT, _font(_TEXT))
    return np.asarray(page)


@lru_cache
def _font(size: int) -> FreeTypeFont | BitmapFont:
    return ImageFont.load_default(size)


def _cut(text: str, size: int, width_px: float) -> str:
    """``text``, shortened at its end to fit."""
    if _font(size).getlength(text) <= width_px:
        return text
    while text and _font(size).getlength(text + "…") > width_px:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def _wrapped(text: str, width_px: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _font(_TEXT).getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
