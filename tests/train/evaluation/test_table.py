from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.errors import OutputError
from train.evaluation.published import published_figures
from train.evaluation.table import Row, line, markdown, merge_into, read_rows

ROW = Row(
    "eurosat", "linear", "accuracy", {"accuracy": 0.9871}, "smarties-v1-vit-b", "ab" * 32, False, 768, ("s2",), "", 0,
    "cls", "exact", "published", 1.0, 100, 0, {"train": "12" * 32, "test": "34" * 32}, "lists",
    {"train": 16, "test": 5}, "fp32", "cpu", "2.13.0", "2026-11-21", 1.5,
)  # fmt: skip


def test_rows_are_merged_and_a_repeated_one_replaces_the_earlier(tmp_path):
    merge_into(tmp_path / "results", [ROW, replace(ROW, protocol="knn")])
    again = replace(ROW, figures={"accuracy": 0.99}, date="2026-11-22", torch="2.14.0", seconds=9.0)
    other_split = replace(ROW, splits={"train": "56" * 32, "test": "34" * 32})
    rows = merge_into(tmp_path / "results", [again, other_split, replace(ROW, seed=1)])
    assert rows == read_rows(tmp_path / "results")
    assert [(row.protocol, row.seed, row.figures["accuracy"]) for row in rows if row.splits == ROW.splits] == [
        ("knn", 0, 0.9871), ("linear", 0, 0.99), ("linear", 1, 0.9871),
    ]  # fmt: skip
    assert len(rows) == 4
    text = (tmp_path / "results/evaluation.md").read_text()
    assert text == markdown(rows) and text.count("98.4 (ViT-B, table 2)") == 3
    header, *lines = [each for each in text.splitlines() if each.startswith("| ")]
    assert len(lines) == 4 and {each.count("|") for each in lines} == {header.count("|")}


def test_a_foreign_file_is_not_overwritten(tmp_path):
    (tmp_path / "evaluation.json").write_text(json.dumps({"rows": "mine"}))
    with pytest.raises(OutputError, match="no table"):
        merge_into(tmp_path, [ROW])
    assert json.loads((tmp_path / "evaluation.json").read_text()) == {"rows": "mine"}
    with pytest.raises(OutputError, match="cannot be written"):
        merge_into(tmp_path / "evaluation.json", [ROW])


@pytest.mark.parametrize(
    ("change", "paper"),
    [
        ({}, "98.4 (ViT-B, table 2)"),
        ({"width": 1024}, "98.9 (ViT-L, table 2)"),
        ({"width": 192}, "98.4 (ViT-B, table 2), 98.9 (ViT-L, table 2)"),
        ({"protocol": "multiscale-knn"}, "93.7 (table 4)"),
        ({"protocol": "knn"}, ""),
        ({"dataset": "sickle", "protocol": "conv", "metric": "miou"},
         "50.2 (ViT-B, table 6), accuracy 75.5 (ViT-B, table 6), f1 63.7 (ViT-B, table 6)"),
        ({"dataset": "bigearthnet-mm", "inputs": ("s2", "s1"), "fusion": "mixup", "width": 1024, "train_share": 0.1,
          "metric": "map_micro"}, "86.7 (ViT-L, table 1)"),
        ({"dataset": "bigearthnet-mm", "inputs": ("s1", "s2"), "fusion": "stack", "width": 1024, "train_share": 0.01,
          "metric": "map_micro"}, "75.9 (ViT-L, table 8)"),
        ({"dataset": "bigearthnet-s1", "inputs": ("s1",), "metric": "map_micro"},
         "78.9 (ViT-B, 10 % of the training set, table 1)"),
    ],
)  # fmt: skip
def test_the_papers_figure_stands_beside(change, paper):
    row = replace(ROW, **change, figures={change.get("metric", "accuracy"): 0.5})
    assert line(row).partition("; paper: ")[2] == paper


def test_all_figures_of_the_paper_are_known():
    found = [
        published_figures(name, protocol, inputs, fusion, share, width)[0].value
        for name, protocol, inputs, fusion, share, width in (
            ("bigearthnet-s2", "finetune", ("s2",), "", 0.1, 768),
            ("bigearthnet-mm", "linear", ("s1", "s2"), "mixup", 0.1, 768),
            ("bigearthnet-mm", "linear", ("s1", "s2"), "concat", 0.1, 1024),
            ("resisc45", "finetune", ("rgb",), "", 1.0, 1024),
            ("burnscars", "upernet", ("hls",), "", 1.0, 768),
            ("dynamicearthnet", "upernet", ("planet",), "", 1.0, 768),
            ("spacenet7", "upernet", ("planet",), "", 1.0, 768),
            ("uc-merced", "multiscale-knn", ("rgb",), "", 1.0, 192),
            ("whu-rs19", "multiscale-knn", ("rgb",), "", 1.0, 192),
        )
    ]
    assert found == [86.9, 85.4, 84.7, 95.8, 82.8, 38.5, 62.2, 77.0, 80.4]
