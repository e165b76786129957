"""The page that tells how good a head is: a sentence first, then the classes, then what is taken for what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from engine.report.pictures import Picture

#: A table of more classes is larger than a screen: the commonest confusions are listed in its place.
MAX_MATRIX_CLASSES = 24
_LISTED_CONFUSIONS = 30
#: A class below this F1 is named as one to work on.
_WEAK_F1 = 0.7
#: How far above guessing the head is, as a share of what guessing leaves wrong, from poor to good.
_POOR, _GOOD = 0.2, 0.7


def accuracy_page(summary: Mapping[str, Any], facts: Mapping[str, str], pictures: Sequence[Picture]) -> str:
    """One HTML page, whole in itself, that an analyst reads.

    ``summary`` is the accuracy as a head stores it: "grouped_by" ("polygon" or "block"), "folds" (0 where nothing was
    measured), "overall", "mean_f1" and "mean_iou" (each may be None), "per_class" with "value", "name", "colour",
    "groups", "pixels", "precision", "recall", "f1" and "iou" (the last four may be None), "confusion" (rows true, as
    per_class; may be empty) and "warnings". ``facts`` are shown as they are, in their order; "Head" names the page.
    """
    classes = [dict(each) for each in summary["per_class"]]
    matrix = [[int(count) for count in row] for row in summary["confusion"]]
    measured = summary["overall"] is not None
    template = _environment().get_template("accuracy.html")
    return template.render(
        title=facts.get("Head", "Head"),
        verdict=_verdict(summary, matrix) if measured else None,
        measured=measured,
        advice=_advice(classes, matrix) if measured else [],
        summary=summary,
        classes=classes,
        rows=_rows(matrix) if len(classes) <= MAX_MATRIX_CLASSES else [],
        confusions=_confusions(classes, matrix) if len(classes) > MAX_MATRIX_CLASSES else [],
        facts=facts,
        pictures=pictures,
    )


@dataclass(frozen=True)
class Verdict:
    """How good the head is: ``grade`` is one of "good", "fair" and "poor", ``sentence`` says it with figures."""

    grade: str
    sentence: str


def _verdict(summary: Mapping[str, Any], matrix: Sequence[Sequence[int]]) -> Verdict:
    """Against what naming the commonest class everywhere would reach: 90 % is little where 90 % are water."""
    overall = float(summary["overall"])
    totals = [sum(row) for row in matrix]
    guess = max(totals, default=0) / max(sum(totals), 1)
    gain = (overall - guess) / max(1 - guess, 1e-9)
    mean_f1 = summary["mean_f1"]
    weakest = 0.0 if mean_f1 is None else float(mean_f1)
    grade = "poor" if gain < _POOR else "good" if gain >= _GOOD and weakest >= _WEAK_F1 else "fair"
    sentence = (
        f"Of 100 labelled places it had not seen, the head named {_per_hundred(overall)} right; naming the commonest "
        f"class everywhere would get {_per_hundred(guess)}."
    )
    if mean_f1 is not None:
        sentence += f" With every class counted alike, F1 is {weakest:.2f}."
    return Verdict(grade, sentence)


def _per_hundred(share: float) -> str:
    """A share as a count in a hundred: whole ones, with a digit where rounding would say none or all."""
    rounded = f"{100 * share:.0f}"
    return f"{100 * share:.1f}" if rounded in ("0", "100") and 0 < share < 1 else rounded


def _advice(classes: Sequence[Mapping[str, Any]], matrix: Sequence[Sequence[int]]) -> list[str]:
    """What to label next: the weakest classes, and what each is mostly taken for."""
    weak = sorted(
        (number for number, each in enumerate(classes) if each["f1"] is not None and each["f1"] < _WEAK_F1),
        key=lambda number: classes[number]["f1"],
    )
    lines = []
    for number in weak[:3]:
        name, row = classes[number]["name"], matrix[number]
        others = [(count, other) for other, count in enumerate(row) if other != number and count]
        line = f"{name} is found badly (F1 {classes[number]['f1']:.2f})"
        if others:
            count, other = max(others)
            line += f": {100 * count / sum(row):.0f} % of its places were taken for {classes[other]['name']}"
        lines.append(f"{line}. More polygons of it, in other parts of the image, help most.")
    return lines


def _rows(matrix: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """The matrix with every count's share of its row."""
    return [[(count, count / max(sum(row), 1)) for count in row] for row in matrix]


def _confusions(
    classes: Sequence[Mapping[str, Any]], matrix: Sequence[Sequence[int]]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any], int, float]]:
    """The commonest confusions: true class, what it was taken for, how often, and as a share of the class."""
    wrong = [
        (classes[true], classes[taken], count, count / sum(row))
        for true, row in enumerate(matrix)
        for taken, count in enumerate(row)
        if count and taken != true
    ]
    return sorted(wrong, key=lambda entry: -entry[2])[:_LISTED_CONFUSIONS]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("engine.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"colour": _safe_colour, "percent": _percent, "figure": _figure, "grouped": _grouped}
    return environment


def _safe_colour(text: object) -> str:
    """A colour as it may stand in a style; grey for what is none."""
    return str(text) if re.fullmatch(r"#[0-9a-fA-F]{6}", str(text)) else "#888888"


def _percent(share: float) -> str:
    """ "87 %"; one digit for small shares, nothing for none."""
    return "" if not share else f"{100 * share:.1f} %" if share < 0.01 else f"{100 * share:.0f} %"


def _figure(value: float | None) -> str:
    """Two digits, a dash for what was not measured."""
    return "–" if value is None else f"{value:.2f}"


def _grouped(count: int) -> str:
    """A count with narrow spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")
