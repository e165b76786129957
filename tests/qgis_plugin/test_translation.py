from __future__ import annotations

import pytest
from smarties.qgis_plugin import translation


@pytest.fixture
def french(tmp_path, monkeypatch):
    monkeypatch.setattr(translation, "FOLDER", tmp_path)
    (tmp_path / "smarties_fr.ts").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1" language="fr">'
        "<context><name>smarties</name>"
        "<message><source>Bands &amp; ranges</source><translation>Bandes &amp; plages</translation></message>"
        "<message><source>{count} tiles</source><translation>{count} tuiles</translation></message>"
        '<message><source>Run</source><translation type="unfinished">Lancer</translation></message>'
        '<message><source>Old</source><translation type="vanished">Vieux</translation></message>'
        "</context></TS>",
        encoding="utf-8",
    )
    yield translation.Translator("fr_CA")
    translation.Translator("C").remove()


def test_texts_are_translated_after_install_and_english_again_after_remove(french):
    assert translation.tr("{count} tiles").format(count=3) == "3 tiles"
    assert french.install()
    assert translation.tr("{count} tiles").format(count=3) == "3 tuiles"
    assert translation.tr("Bands & ranges") == "Bandes & plages"
    french.remove()
    assert translation.tr("Bands & ranges") == "Bands & ranges"


def test_unfinished_and_unknown_texts_stay_english(french):
    french.install()
    assert [translation.tr(text) for text in ("Run", "Old", "Never seen")] == ["Run", "Old", "Never seen"]


def test_a_language_without_a_file_is_english(french):
    assert not translation.Translator("de_CH").install()
    assert translation.tr("Run") == "Run"


def test_the_language_of_qgis_is_the_default(french):
    assert translation.Translator().locale.startswith("en")


def test_a_damaged_file_gives_what_stands_before_the_damage(french, tmp_path):
    path = tmp_path / "smarties_fr.ts"
    path.write_text(path.read_text(encoding="utf-8").split("<message><source>Run")[0] + "<oops", encoding="utf-8")
    french.install()
    assert translation.tr("Bands & ranges") == "Bandes & plages"
