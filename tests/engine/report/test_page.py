"""The page of a head's accuracy: true to the figures, whole in itself, harmless whatever a class is called."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from engine.report import Picture, accuracy_page

FACTS = {"Head": "cover.safetensors", "Model": "made by hand"}
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Text and attributes of a page; fails on tags that are not closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.attributes = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def words(self):
        return " ".join(" ".join(self.text).split())


def summary_of(matrix, names=None, **changes):
    counts = np.asarray(matrix)
    true, named, right = counts.sum(1), counts.sum(0), counts.diagonal()
    per_class = [
        {
            "value": k + 1,
            "name": names[k] if names else f"class {k + 1}",
            "colour": f"#{k + 1:06x}",
            "groups": 9,
            "pixels": int(true[k]),
            "precision": right[k] / max(named[k], 1) if true[k] else None,
            "recall": right[k] / true[k] if true[k] else None,
            "f1": 2 * right[k] / (true[k] + named[k]) if true[k] else None,
            "iou": right[k] / (true[k] + named[k] - right[k]) if true[k] else None,
        }
        for k in range(len(counts))
    ]
    known = [each for each in per_class if each["f1"] is not None]
    return {
        "grouped_by": "polygon",
        "folds": 5,
        "overall": right.sum() / counts.sum(),
        "mean_f1": float(np.mean([each["f1"] for each in known])),
        "mean_iou": float(np.mean([each["iou"] for each in known])),
        "per_class": per_class,
        "confusion": counts.tolist(),
        "warnings": [],
        **changes,
    }


def test_the_sentence_comes_first_and_says_what_guessing_would_reach():
    words = Reader(accuracy_page(summary_of([[80, 20], [40, 260]]), FACTS, [])).words()
    assert words.index("named 85 right") < words.index("The classes")
    assert "everywhere would get 75" in words
    assert "How good is cover.safetensors?" in words


@pytest.mark.parametrize(
    "matrix, grade",
    [([[95, 5], [5, 95]], "good"), ([[70, 30], [25, 75]], "fair"), ([[2, 98], [3, 897]], "poor")],
)
def test_the_grade_is_measured_against_guessing(matrix, grade):
    assert f'class="verdict {grade}"' in accuracy_page(summary_of(matrix), FACTS, [])


def test_the_weakest_class_is_named_with_what_it_is_taken_for():
    page = accuracy_page(summary_of([[90, 5, 5], [2, 95, 3], [60, 0, 40]], ["wood", "lake", "heath"]), FACTS, [])
    assert "heath is found badly (F1 0.54): 60 % of its places were taken for wood." in page


def test_counts_and_shares_stand_in_the_row_of_the_true_class():
    page = accuracy_page(summary_of([[75, 25], [0, 1000]], ["wood", "lake"]), FACTS, [])
    rows = [row for row in page.splitlines() if row.startswith("<tr>") and "<small>" in row]
    assert [re.findall(r"([\d.]+ %)<small>([^<]+)", row) for row in rows] == [
        [("75 %", "75"), ("25 %", "25")],
        [("100 %", "1\u202f000")],
    ]


def test_whatever_a_class_is_called_it_is_text():
    names = ["<script>alert(1)</script>", 'лес & "雪"']
    summary = summary_of([[9, 1], [1, 9]], names, warnings=["<b>few</b>"])
    summary["per_class"][0]["colour"] = "red;background:url(http://x)"
    page = accuracy_page(summary, {"Head": "<i>"}, [])
    reader = Reader(page)
    assert names[0] in reader.words() and names[1] in reader.words() and "<b>few</b>" in reader.words()
    assert "url(" not in page and not re.search(r"https?:", page)


def test_it_needs_nothing_beside_it():
    picture = Picture(np.zeros((2, 3, 4), np.uint8), "A map", legend=(("wood", "#112233"),))
    reader = Reader(accuracy_page(summary_of([[9, 1], [1, 9]]), FACTS, [picture]))
    links = [value for name, value in reader.attributes if name in ("src", "href")]
    assert len(links) == 1 and links[0].startswith("data:image/png;base64,iVBOR")
    assert "A map" in reader.words() and "wood" in reader.words()


def test_what_was_not_measured_is_a_dash_and_not_a_nought():
    words = Reader(accuracy_page(summary_of([[9, 1, 0], [1, 9, 0], [0, 0, 0]]), FACTS, [])).words()
    assert words.count("–") == 4
    nothing = summary_of([[1, 0], [0, 1]], folds=0, overall=None, mean_f1=None, mean_iou=None, confusion=[])
    words = Reader(accuracy_page(nothing, FACTS, [])).words()
    assert "was not measured" in words and "What was taken for what" not in words


def test_five_hundred_classes_list_their_commonest_confusions():
    matrix = np.diag(np.full(500, 40))
    matrix[17, 400] = 33
    page = accuracy_page(summary_of(matrix), FACTS, [])
    words = Reader(page).words()
    assert "class 18 class 401 33 45 %" in words
    assert len(page) < 1_000_000
