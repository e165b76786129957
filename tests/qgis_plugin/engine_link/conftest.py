"""A home of its own for each test, and tiny wheels with the names and versions of the engine's libraries."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: The module that each package brings, where it has another name.
MODULES = {"scikit-image": "skimage", "scikit-learn": "sklearn"}
TORCH = """__version__ = "2.13.0+small"
class version:
    cuda = "13.0"
class cuda:
    is_available = staticmethod(lambda: False)
class library:
    Library = None
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder of the plugin, with a blank and accents in its name."""
    folder = tmp_path / "Zoé Ö home"
    monkeypatch.setenv("SMARTIES_HOME", str(folder))
    monkeypatch.delenv("SMARTIES_ENGINE_PYTHON", raising=False)
    return folder


@pytest.fixture
def managed(home: Path) -> Path:
    """``home``, with the plugin set to make its own environment."""
    from smarties.qgis_plugin.engine_link.settings import EngineSettings

    EngineSettings().save()
    return home


@pytest.fixture(scope="session")
def small_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of the pinned requirements, a few bytes each: what installs them cannot tell."""
    folder = tmp_path_factory.mktemp("wheels für Zoé")
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        name, _, version = line.partition("#")[0].strip().partition("==")
        if name:
            text = TORCH if name == "torch" else f'__version__ = "{version}"\n'
            write_wheel(folder, name, version, {f"{MODULES.get(name, name)}/__init__.py": text})
    return folder


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in {**content, f"{info}/RECORD": record}.items():
            archive.writestr(inner, text)
    return path
