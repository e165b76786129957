"""`smarties:checkengine` inside QGIS: what it reports, and what it says without an engine."""

from __future__ import annotations

from pathlib import Path

import processing
import pytest
from qgis.core import QgsProcessingException, QgsProcessingFeedback
from smarties.qgis_plugin.algorithms.models import MODELS
from smarties.qgis_plugin.engine_link.settings import EngineSettings


class Said(QgsProcessingFeedback):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(False)
        self.lines: list[str] = []

    def pushInfo(self, info: str) -> None:  # noqa: N802
        self.lines.append(info)


def test_the_report_tells_versions_device_and_models() -> None:
    feedback = Said()
    results = processing.run("smarties:checkengine", {}, feedback=feedback)
    lines = results["REPORT"].split("\n")
    assert [line for line in feedback.lines if line in lines] == lines
    assert lines[0] == f"Engine {results['VERSION']}"
    assert f"Device: {results['DEVICE']}" in lines and results["DEVICE"]
    assert f"Precision: {results['PRECISION']}" in lines
    assert results["PRECISION"] in ("fp32", "fp16", "bf16", "tf32")
    for library in ("python", "torch", "timm", "rasterio"):
        assert any(line.lower().startswith(f"{library} ") for line in lines), library
    for model in MODELS:
        assert any(line.startswith(f"{model}: ") for line in lines), model
    assert f"{MODELS[0]}: SMARTIES ViT-Ti, a small demonstration model (built in)" in lines


@pytest.mark.parametrize("missing", ["a Python that is gone", "no environment at all"])
def test_without_an_engine_it_says_what_to_do(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMARTIES_ENGINE_PYTHON", raising=False)
    monkeypatch.setenv("SMARTIES_HOME", str(tmp_path / "home"))
    if missing.startswith("a Python"):
        settings = EngineSettings(mode="interpreter", interpreter=str(tmp_path / "absent" / "python"), build="cpu")
    else:
        settings = EngineSettings(mode="managed", interpreter="", build="cpu")
    settings.save()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("smarties:checkengine", {})
    said = str(caught.value)
    assert "engine" in said.lower()
    assert said.rstrip().endswith(".") and "Traceback" not in said
    if missing.startswith("a Python"):
        assert str(tmp_path / "absent" / "python") in said
