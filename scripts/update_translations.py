"""Brings qgis_plugin/i18n/smarties_*.ts up to date with the texts in the code.

update_translations.py [--check] [LANGUAGE…]: translations are kept, new texts come in unfinished, texts no longer used
go. A language named that has no file yet gets one. With --check nothing is written; the exit code is 1 where
something would be.
"""

from __future__ import annotations

import ast
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "qgis_plugin" / "i18n"


def texts_of(source: str) -> list[str]:
    """Give the literal of every tr("…") of a module; anything else inside tr(…) is a ValueError with its line."""
    texts = []
    tree = ast.parse(source)
    wrappers = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "tr"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in wrappers:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name != "tr":
            continue
        if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.Constant):
            raise ValueError(f"line {node.lineno}: tr() takes one literal: {ast.unparse(node)}")
        texts.append((node.lineno, node.col_offset, node.args[0].value))
    return [text for _, _, text in sorted(texts)]


def texts_in_code(root: Path = ROOT) -> list[str]:
    """Every text to translate, once, in the order of the files and their lines."""
    texts: dict[str, None] = {}
    for path in sorted((root / "qgis_plugin").rglob("*.py")):
        try:
            texts.update(dict.fromkeys(texts_of(path.read_text(encoding="utf-8"))))
        except ValueError as error:
            raise ValueError(f"{path.relative_to(root)}, {error}") from error
    return list(texts)


def read_ts(path: Path) -> dict[str, str]:
    """Give source → translation, "" where there is none yet."""
    messages = ElementTree.parse(path).getroot().iter("message")
    return {
        message.findtext("source", ""): translation.text or ""
        for message in messages
        if (translation := message.find("translation")) is not None and translation.get("type") != "vanished"
    }


def ts_text(language: str, texts: list[str], known: dict[str, str]) -> str:
    """Write the file as Qt Linguist does."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>"]
    lines += [f'<TS version="2.1" language="{language}" sourcelanguage="en">', "<context>", "    <name>smarties</name>"]
    for text in texts:
        translation = known.get(text, "")
        state = "" if translation else ' type="unfinished"'
        lines += ["    <message>", f"        <source>{escape(text)}</source>"]
        lines += [f"        <translation{state}>{escape(translation)}</translation>", "    </message>"]
    return "\n".join([*lines, "</context>", "</TS>", ""])


def update(path: Path, texts: list[str], check: bool = False) -> bool:
    """Renew one file; True where it changes."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    new = ts_text(path.stem.split("_", 1)[1], texts, read_ts(path) if old else {})
    if not check and new != old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8")
    return new != old


def main(arguments: list[str]) -> int:
    """Renew every file and tell how far each is."""
    check = "--check" in arguments
    named = [FOLDER / f"smarties_{language}.ts" for language in arguments if language != "--check"]
    texts = texts_in_code()
    changed = False
    for path in sorted({*FOLDER.glob("smarties_*.ts"), *named}):
        changed |= update(path, texts, check)
        if path.exists():
            known = read_ts(path)
            done = sum(bool(known.get(text)) for text in texts)
            print(f"{path.relative_to(ROOT)}: {done} of {len(texts)} texts translated")
    return int(check and changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
