"""What the plugin's code must keep to so that one source runs on QGIS 3.22 (Qt 5, Python 3.9) and QGIS 4 (Qt 6).

`problems(source)` needs no QGIS; `enum_problems(source)` looks the names up in a real one.
"""

from __future__ import annotations

import ast
import enum
import importlib
from collections.abc import Iterator
from typing import Any

BINDINGS = {"PyQt4", "PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}
#: Never inside QGIS: they bring their own GDAL or OpenMP, or do not exist there.
HEAVY = {"torch", "torchvision", "timm", "rasterio", "sklearn", "skimage", "scipy", "safetensors", "huggingface_hub"}
#: Widgets' names in Qt 5, Gui's in Qt 6: compat.py gives them.
MOVED = {"QAction", "QActionGroup", "QShortcut", "QUndoCommand", "QUndoStack", "QUndoGroup"}
REMOVED_CLASSES = {
    "QRegExp", "QRegExpValidator", "QDesktopWidget", "QTextCodec", "QGLWidget", "QMatrix", "QSignalMapper",
    "QStateMachine", "QXmlSimpleReader", "QXmlInputSource", "QWebView", "QWebPage", "QDirModel", "QSound",
}  # fmt: skip
#: Methods that Qt 6 or PyQt 6 dropped and that no other class of ours is likely to have.
REMOVED_METHODS = {
    "exec_": "exec()",
    "print_": "print()",
    "setMargin": "setContentsMargins()",
    "setTabStopWidth": "setTabStopDistance()",
    "setResizeMode": "setSectionResizeMode()",
    "toTime_t": "toSecsSinceEpoch()",
    "desktop": "QGuiApplication.primaryScreen()",
    "getContentsMargins": "contentsMargins()",
    "setCodec": "setEncoding()",
}
#: Members and attributes that Qt 6 dropped.
REMOVED_MEMBERS = {
    "AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps", "MidButton", "HighQualityAntialiasing", "SystemLocaleLongDate",
    "SystemLocaleShortDate", "ItemIsTristate",
}  # fmt: skip
#: Palette roles of Qt 4 that Qt 6 dropped; `Background` alone is too common a word to forbid everywhere.
REMOVED_CHAINS = {"QPalette.Background", "QPalette.Foreground", "QPalette.ColorRole.Background"}

#: What Qt 6 dropped from the events that such methods get.
EVENT_METHODS = {
    "mouse": {"globalPos", "globalX", "globalY", "x", "y", "localPos", "screenPos", "windowPos"},
    "wheel": {"pos", "x", "y", "delta", "orientation", "globalPos"},
    "drop": {"pos", "mouseButtons", "keyboardModifiers"},
    "drag": {"pos", "mouseButtons", "keyboardModifiers"},
    "enter": {"pos", "globalPos", "localPos"},
}


def problems(source: str, is_compat: bool = False, in_child: bool = False) -> list[str]:
    """Give each breach of the rules that shows in the text alone, as «line: what».

    ``in_child`` is for a script that the engine's Python runs, and older ones refuse.
    """
    try:
        tree = ast.parse(source, feature_version=(3, 9))
    except SyntaxError as error:
        return [f"{error.lineno}: not Python 3.9: {error.msg}"]
    found = []
    for node in ast.walk(tree):
        found += [f"{getattr(node, 'lineno', 1)}: {text}" for text in _node_problems(node, is_compat, in_child)]
    if (
        not in_child
        and not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        and any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in tree.body)
    ):
        found.append("1: no `from __future__ import annotations`")
    return sorted(found, key=lambda text: int(text.split(":")[0]))


def _node_problems(node: ast.AST, is_compat: bool, in_child: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _import_problems(alias.name, in_child)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield from _import_problems(node.module or "", in_child)
        for alias in node.names:
            if alias.name in REMOVED_CLASSES and (node.module or "").startswith("qgis.PyQt"):
                yield f"{alias.name} is gone in Qt 6"
            if alias.name in MOVED and not is_compat:
                yield f"{alias.name} moved in Qt 6: import it from compat"
            if alias.name == "*":
                yield "a star import hides what is used"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in REMOVED_METHODS:
        yield f".{node.func.attr}() is gone in Qt 6: use {REMOVED_METHODS[node.func.attr]}"
    elif isinstance(node, ast.Attribute):
        chain = ast.unparse(node)
        if node.attr in REMOVED_MEMBERS or chain in REMOVED_CHAINS:
            yield f"{chain} is gone in Qt 6"
        if chain.startswith("QVariant.") and node.attr not in ("value", "isNull"):
            yield f"{chain}: QVariant has no types in Qt 6"
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        # combo.activated[str].connect: Qt 6 has one signature a signal for all that had two
        if node.value.attr in {"activated", "currentIndexChanged", "highlighted", "buttonClicked", "valueChanged"}:
            yield f"{ast.unparse(node)}: Qt 6 has no such overload"
    elif isinstance(node, ast.FunctionDef):
        yield from _event_problems(node)


def _event_problems(function: ast.FunctionDef) -> Iterator[str]:
    gone = next((names for start, names in EVENT_METHODS.items() if function.name.startswith(start)), set())
    for node in ast.walk(function) if gone and function.name.endswith("Event") else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in gone:
            if ast.unparse(node.func.value) == function.args.args[-1].arg:
                yield f"{ast.unparse(node)} is gone in Qt 6: its events have position(), globalPosition() and buttons()"


def _import_problems(name: str, in_child: bool) -> Iterator[str]:
    top = name.split(".")[0]
    if top in BINDINGS:
        yield f"imports {name}: only qgis.PyQt is there on both"
    elif top in HEAVY and not in_child:
        yield f"imports {name}, which belongs to the engine's process"
    elif top in {"engine", "qgis_plugin", "smarties", "tests", "train"}:
        yield f"imports {name} by an absolute name: the package may have another one; import it relatively"


def enum_problems(source: str) -> list[str]:
    """Give each enum member that is named without its enum, and each flags class, by looking into the real QGIS."""
    tree = ast.parse(source)
    names = dict(_imported_objects(tree))
    # triggers = QAbstractItemView.EditTrigger, then triggers.AnyKeyPressed
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _resolved(node.value, names)
            if isinstance(value, type):
                names[node.targets[0].id] = value
    others = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or (id(node) in inner and _resolves(node, names)):
            continue
        text = _chain_problem(node, names, others)
        if text:
            found.append(f"{node.lineno}: {text}")
    return found


def _chain_problem(node: ast.Attribute, names: dict[str, Any], others: set[str]) -> str | None:
    parts = _parts(node)
    if parts is None:
        return None
    if parts[0] not in names:
        # self.Accepted, dialog.Accepted: no class to look into, but the word gives it away.
        if parts[0][:1].islower() and parts[0] not in others and len(parts) == 2 and parts[1] in _unscoped_members():
            return f"{'.'.join(parts)}: {_unscoped_members()[parts[1]]} needs its enum's name"
        return None
    parent, value = None, names[parts[0]]
    for number, part in enumerate(parts[1:], 2):
        parent = value
        try:
            value = getattr(parent, part)
        except AttributeError:
            looks_like_member = part[:1].isupper() and isinstance(parent, type)
            return f"{'.'.join(parts[:number])} does not exist in this QGIS" if looks_like_member else None
        if _is_flags(value):
            return (
                f"{'.'.join(parts[:number])}: flags classes are gone in PyQt 6; or-ed members are flags by themselves"
            )
        if _is_member(value) and parent is not type(value) and isinstance(parent, type):
            return f"{'.'.join(parts[:number])} needs its enum's name, {type(value).__qualname__}"
        if not isinstance(value, type) and not hasattr(value, "__path__"):
            return None
    return None


def _resolves(node: ast.Attribute, names: dict[str, Any]) -> bool:
    """Whether an outer chain that contains this one will be looked at as a whole."""
    parts = _parts(node)
    return parts is not None and parts[0] in names


def _resolved(node: ast.AST, names: dict[str, Any]) -> Any:
    parts = _parts(node)
    value = names.get(parts[0]) if parts else None
    for part in parts[1:] if parts else ():
        value = getattr(value, part, None)
    return value


def _parts(node: ast.AST) -> list[str] | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [*parts, node.id][::-1] if isinstance(node, ast.Name) else None


def _imported_objects(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "qgis":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if hasattr(module, alias.name):
                    yield alias.asname or alias.name, getattr(module, alias.name)
                else:
                    try:
                        yield alias.asname or alias.name, importlib.import_module(f"{node.module}.{alias.name}")
                    except ImportError:
                        continue  # a name of the other Qt, inside try: compat.py


def _is_member(value: Any) -> bool:
    return isinstance(value, enum.Enum) or type(type(value)).__name__ == "enumtype"


def _is_flags(value: Any) -> bool:
    return (
        isinstance(value, type)
        and type(value).__name__ == "wrappertype"
        and all(hasattr(value, name) for name in ("__invert__", "__and__", "__xor__", "__int__"))
    )


_members: dict[str, str] = {}


def _unscoped_members() -> dict[str, str]:
    """Every enum member that a Qt class gives without its enum's name: member → class."""
    if not _members:
        for module_name in ("QtCore", "QtGui", "QtWidgets"):
            module = importlib.import_module(f"qgis.PyQt.{module_name}")
            for class_name, cls in vars(module).items():
                if isinstance(cls, type) and class_name.startswith("Q"):
                    for name, value in vars(cls).items():
                        if name[:1].isupper() and _is_member(value):
                            _members.setdefault(name, f"{class_name}.{name}")
    return _members
