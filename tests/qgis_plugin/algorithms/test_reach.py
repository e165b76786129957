"""How far files lead a run that is started in QGIS: a VRT, and pictures that lie apart from their embedding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import processing
import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException
from qgis_runs import pixels, run_and_load
from smarties.engine.reach import ALLOWED_FOLDERS
from smarties.qgis_plugin.engine_link.settings import EngineSettings
from smarties.qgis_plugin.panel.embedding_layers import read_embedding


@pytest.mark.parametrize("temporary", [True, False])
def test_a_picture_apart_from_its_embedding_stands_for_it_in_the_project(
    scene: dict[str, Path], new_project: Any, tmp_path: Path, temporary: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOWED_FOLDERS, raising=False)
    image = tmp_path / "S2A_MSIL2A_part.tif"
    gdal.Translate(str(image), str(scene["s2"]), srcWin=[0, 0, 192, 192])
    folders = {"OUTPUT": tmp_path / "embeddings" / "e.tif", "PICTURE": tmp_path / "pictures" / "p.tif"}
    for path in folders.values():
        path.parent.mkdir()
    outputs = dict.fromkeys(folders, "TEMPORARY_OUTPUT") if temporary else folders
    layers = run_and_load("embed", {"INPUT": [str(image)], "OVERLAP": 0, **outputs}, ("OUTPUT", "PICTURE"))
    embedding, picture = Path(layers["OUTPUT"].source()), layers["PICTURE"]
    assert embedding.parent != Path(picture.source()).parent
    file = picture.source()
    new_project.removeMapLayer(layers["OUTPUT"].id())
    entry = read_embedding(picture)
    assert entry is not None and entry.is_picture and Path(entry.path) == embedding
    assert "bands" in picture.metadata().abstract()
    # The engine is given the embedding, for the picture's file alone leads it nowhere.
    results = processing.run("smarties:reduce", {"INPUT": [picture.id()], "OUTPUT": str(tmp_path / "components.tif")})
    assert pixels(results["OUTPUT"]).shape == (3, 24, 24)
    new_project.clear()
    parameters = {"INPUT": [file], "OUTPUT": str(tmp_path / "again.tif")}
    with pytest.raises(QgsProcessingException, match="outside its own folder"):
        processing.run("smarties:reduce", parameters)


def test_a_vrt_that_leads_elsewhere_is_refused_until_the_folder_is_allowed_in_the_settings(
    scene: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOWED_FOLDERS, raising=False)
    vrt = tmp_path / "S2A_MSIL2A_part.vrt"
    gdal.Translate(str(vrt), str(scene["s2"]), format="VRT", srcWin=[0, 0, 192, 192])
    parameters = {"INPUT": [str(vrt)], "OUTPUT_HTML": str(tmp_path / "d.html")}
    with pytest.raises(QgsProcessingException, match=r"outside its own folder.*Set up the engine.*Allowed folders"):
        processing.run("smarties:describe", parameters)
    assert [path.name for path in tmp_path.iterdir()] == [vrt.name]
    replace(EngineSettings.stored(), allowed_folders=(str(scene["s2"].parent),)).save()
    processing.run("smarties:describe", parameters)
    assert vrt.stem in (tmp_path / "d.html").read_text()
