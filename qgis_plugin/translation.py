"""Texts in the language of QGIS, read from i18n/smarties_<locale>.ts.

The .ts file itself is read, so that the working tree needs no compiled .qm. Texts are looked up in a dictionary and
not by a QTranslator written in Python: Qt would call that one for every text of QGIS itself, from any thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QFile, QIODevice, QXmlStreamReader

FOLDER = Path(__file__).parent / "i18n"

_texts: Dict[str, str] = {}


def tr(text: str) -> str:
    """Give the text in the user's language; give it as it is where no translation is known.

    Call it with one literal, which is how scripts/update_translations.py finds the texts, and fill in values
    afterwards: tr("{count} tiles").format(count=3).
    """
    return _texts.get(text, text)


class Translator:
    """The translation of the plugin's texts into the language of QGIS, or into the one given."""

    def __init__(self, locale: Optional[str] = None) -> None:
        self.locale = locale or QgsApplication.locale()

    @property
    def file(self) -> Optional[Path]:
        """The file for the locale, «fr_CA» before «fr»; None where there is none."""
        names = [self.locale.replace("-", "_")]
        names.append(names[0].split("_")[0])
        paths = (FOLDER / f"smarties_{name}.ts" for name in names)
        return next((path for path in paths if path.is_file()), None)

    def install(self) -> bool:
        """Show texts translated from now on; False, and English, where the language has no file."""
        self.remove()
        path = self.file
        if path is None:
            return False
        _texts.update(read_texts(path))
        return bool(_texts)

    def remove(self) -> None:
        """Show texts in English again."""
        _texts.clear()


def read_texts(path: Path) -> Dict[str, str]:
    """Read source → translation of every finished message of a .ts file; a damaged file gives what stands before it."""
    texts: Dict[str, str] = {}
    file = QFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.ReadOnly):
        return texts
    reader = QXmlStreamReader(file)
    source = ""
    while not reader.atEnd():
        if reader.readNext() != QXmlStreamReader.TokenType.StartElement:
            continue
        if reader.name() == "source":
            source = reader.readElementText()
        elif reader.name() == "translation":
            # Qt Linguist marks what is not translated, or no longer used, with a type.
            finished = reader.attributes().value("type") == ""
            translation = reader.readElementText()
            if finished and translation:
                texts[source] = translation
    file.close()
    return texts
