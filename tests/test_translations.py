"""Every text of the plugin can be translated, and is, in every language that comes along."""

from __future__ import annotations

import string
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from update_translations import FOLDER, read_ts, texts_in_code, texts_of, update  # noqa: E402

FILES = sorted(FOLDER.glob("smarties_*.ts"))


def placeholders(text: str) -> list[str]:
    return sorted(f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name is not None)


def test_french_comes_along():
    assert FOLDER / "smarties_fr.ts" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_holds_the_texts_of_the_code_and_no_others(path):
    assert not update(path, texts_in_code(), check=True), "run `make translations`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated(path):
    assert [source for source, translation in read_ts(path).items() if not translation.strip()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_translations_keep_placeholders_ends_and_line_breaks(path):
    for source, translation in read_ts(path).items():
        if not translation:
            continue  # another test's matter
        assert placeholders(translation) == placeholders(source), source
        assert source.count("\n") == translation.count("\n"), source
        # « px» is put behind a number, with its blank
        assert translation.replace(translation.strip(), "") == source.replace(source.strip(), ""), source
        assert source.endswith("…") == translation.endswith("…"), source


def test_texts_in_english_keep_the_house_style():
    for text in texts_in_code():
        assert "!" not in text and "..." not in text, text
        assert text.strip() and text == text.rstrip(), repr(text)


@pytest.mark.parametrize(
    "code", ['tr(f"{x} tiles")', 'tr("a" + name)', "tr(name)", 'tr("a", "b")', 'self.tr("{}".format(3))']
)
def test_only_literals_can_be_translated(code):
    with pytest.raises(ValueError, match="one literal"):
        texts_of(code)


def test_adjacent_literals_are_one_text_and_the_wrapper_itself_is_none():
    code = 'def tr(text):\n    return qt.tr(text)\nx = [tr("one " "text"), self.tr("two")]'
    assert texts_of(code) == ["one text", "two"]


def test_an_update_keeps_translations_adds_new_texts_and_drops_old_ones(tmp_path):
    path = tmp_path / "smarties_fr.ts"
    update(path, ["Run", "Cancel & close <all>"])
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            '<source>Run</source>\n        <translation type="unfinished"></translation>',
            "<source>Run</source>\n        <translation>Lancer</translation>",
        ),
        encoding="utf-8",
    )
    assert read_ts(path) == {"Run": "Lancer", "Cancel & close <all>": ""}
    assert update(path, ["Run", "New"])
    assert read_ts(path) == {"Run": "Lancer", "New": ""}
    assert not update(path, ["Run", "New"])
