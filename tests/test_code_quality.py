"""The code's own rules, checked like any other promise: ruff, mypy, the arrows between the parts."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STANDARD_LIBRARY_ONLY = [
    *sorted((ROOT / "engine/spectrum").glob("*.py")), *sorted((ROOT / "engine/jobs").glob("*.py")),
    *(ROOT / "engine" / f"{name}.py" for name in ("__init__", "errors", "options", "partial", "progress", "protocol",
                                                  "reach")),
    ROOT / "engine/vector/__init__.py", ROOT / "engine/vector/palette.py",
]  # fmt: skip

#: Their names as modules. In QGIS they are part of the package ``smarties``, hence their relative imports.
OWN = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in STANDARD_LIBRARY_ONLY
}


def run_tool(*arguments: str) -> None:
    result = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


def test_ruff_finds_nothing():
    run_tool("ruff", "check", ".")


def test_code_is_formatted():
    run_tool("ruff", "format", "--check", ".")


def test_types_hold():
    run_tool("mypy")


def test_types_of_the_plugin_hold(tmp_path):
    # In QGIS the repository is the package `smarties`: checked under that name, with its relative imports.
    (tmp_path / "smarties").symlink_to(ROOT, target_is_directory=True)
    environment = {**os.environ, "MYPYPATH": str(tmp_path)}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "-p",
        "smarties.qgis_plugin",
        "--config-file",
        str(ROOT / "mypy-plugin.ini"),
    ]
    result = subprocess.run(
        [*command, "--cache-dir", str(ROOT / ".mypy_cache" / "plugin")],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(absolute(path, node.level, node.module or ""))
    return names


def absolute(path: Path, level: int, module: str) -> str:
    """What a relative import of ``path`` means, with the repository's root as the top."""
    if level == 0:
        return module
    package = path.relative_to(ROOT).with_suffix("").parts[:-level]
    return ".".join((*package, *module.split("."))).rstrip(".")


@pytest.mark.parametrize("path", STANDARD_LIBRARY_ONLY, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_qgis_imports_is_standard_library_only(path):
    for name in imported_modules(path):
        assert name in OWN or name.split(".")[0] in sys.stdlib_module_names, name
    # QGIS 3.22 runs Python 3.9
    ast.parse(path.read_text(), feature_version=(3, 9))


PLUGIN = sorted((ROOT / "qgis_plugin").rglob("*.py"))


@pytest.mark.parametrize("path", PLUGIN, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_plugin_takes_from_the_engine_only_what_needs_nothing_else(path):
    # In the package `smarties` the engine is a sibling, reached by relative imports.
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = absolute(path, node.level, node.module or "")
            if module == "engine":
                assert {f"engine.{alias.name}" for alias in node.names} <= {*OWN, "engine.__version__"}
            elif module.split(".")[0] == "engine":
                assert module in OWN, f"{path.name}:{node.lineno} imports {module}"


@pytest.mark.parametrize("path", PLUGIN, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_of_the_plugin_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


def test_importing_the_spectrum_loads_nothing_heavy():
    code = (
        "import sys, engine.spectrum.detect, engine.spectrum.assign, engine.spectrum.table, engine.protocol;"
        "print([m for m in ('torch', 'rasterio', 'numpy', 'timm', 'sklearn', 'skimage') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted((ROOT / "engine").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_engine_knows_neither_qgis_nor_training(path):
    for name in imported_modules(path):
        assert name.split(".")[0] not in {"qgis", "osgeo", "qgis_plugin", "train"}, name


@pytest.mark.parametrize("path", sorted((ROOT / "train").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_training_is_small_modules_without_qgis(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 400
    names = {name.split(".")[0] for name in imported_modules(path)}
    assert not names & {"qgis", "osgeo", "qgis_plugin"}


def test_every_released_version_is_in_the_changelog():
    import engine

    assert f"## {engine.__version__}" in (ROOT / "CHANGELOG.md").read_text()
