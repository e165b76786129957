"""Every format of an embedding opens in QGIS as docs/formats.md says, with the values the engine wrote."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr
from qgis.core import QgsProviderRegistry, QgsRasterDataProvider, QgsRasterLayer, QgsVectorLayer

ROOT = Path(__file__).resolve().parents[2]
DTYPES = ("float32", "int8")
NAMES = ("plain.tif", "cog.tif", "store.zarr", "table.parquet")

#: Embeds one image in every format and type, in one process, and says of each type what rasterio reads of it.
EMBED = """
import json, pathlib, sys
import numpy as np, rasterio
from engine.jobs.embed import EmbedJob
from engine.tasks import embed
image, model, out = sys.argv[1:4]
for dtype in sys.argv[4].split(","):
    folder = pathlib.Path(out, dtype)
    folder.mkdir()
    for name in sys.argv[5].split(","):
        embed.run(EmbedJob(inputs=(image,), output=str(folder / name), model=model, chip=56, overlap=0.0, device="cpu",
                           dtype=dtype, cog=name.startswith("cog")))
    with rasterio.open(folder / "plain.tif") as raster:
        stored = raster.read()
        np.save(folder / "stored.npy", stored)
        (folder / "scales.json").write_text(json.dumps(raster.scales))
"""


@dataclass
class Written:
    """The files of one type, their values as stored (feature, y, x) and the scale of each feature."""

    folder: Path
    stored: np.ndarray
    scales: list[float]

    @property
    def values(self) -> np.ndarray:
        """What a user is to see; NaN for no data."""
        kept = self.stored.astype(np.float64)
        if self.stored.dtype == np.int8:
            kept[self.stored == -128] = np.nan
        return kept * np.array(self.scales)[:, None, None]


@pytest.fixture(scope="module")
def written(
    scene: dict[str, Path], untrained: Path, engine_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Written]:
    folder = tmp_path_factory.mktemp("formats")
    # A corner of the image, so that no test waits; with a corner of its own that has no data.
    source = gdal.Open(str(scene["s2"]))
    small = gdal.Translate(str(folder / "S2_small.tif"), source, srcWin=[0, 0, 112, 112])
    for number in range(1, small.RasterCount + 1):
        small.GetRasterBand(number).WriteArray(np.zeros((56, 56)))
        small.GetRasterBand(number).SetNoDataValue(0)
    del small
    command = [str(engine_python), "-c", EMBED, str(folder / "S2_small.tif"), str(untrained), str(folder)]
    command += [",".join(DTYPES), ",".join(NAMES)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {
        dtype: Written(
            folder / dtype,
            np.load(folder / dtype / "stored.npy"),
            json.loads((folder / dtype / "scales.json").read_text()),
        )
        for dtype in DTYPES
    }


def values_of(provider: QgsRasterDataProvider, band: int) -> np.ndarray:
    """The values of a band as QGIS shows them, NaN for no data."""
    block = provider.block(band, provider.extent(), provider.xSize(), provider.ySize())
    rows = range(block.height())
    return np.array(
        [[np.nan if block.isNoData(r, c) else block.value(r, c) for c in range(block.width())] for r in rows]
    )


def opened(uri: str) -> QgsRasterLayer:
    layer = QgsRasterLayer(uri, "e", "gdal")
    assert layer.isValid(), layer.error().message()
    assert layer.crs().isValid()
    return layer


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["plain.tif", "cog.tif"])
def test_a_geotiff_opens_with_its_values(written: dict[str, Written], name: str, dtype: str) -> None:
    if dtype == "int8" and int(gdal.VersionInfo()) < 3070000:
        pytest.skip(f"GDAL {gdal.VersionInfo('RELEASE_NAME')} reads int8 as unsigned: from 3.7 on it knows the type")
    expected = written[dtype].values
    assert 0 < np.isnan(expected).mean() < 1
    layer = opened(str(written[dtype].folder / name))
    assert layer.bandCount() == len(expected)
    for band in (1, len(expected)):
        np.testing.assert_allclose(values_of(layer.dataProvider(), band), expected[band - 1], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_zarr_store_opens_by_the_names_of_its_features(written: dict[str, Written], dtype: str) -> None:
    path = written[dtype].folder / "store.zarr"
    stored, scales = written[dtype].stored, written[dtype].scales
    plain = opened(str(written["float32"].folder / "plain.tif"))
    for feature in (0, len(stored) - 1):
        layer = opened(f'ZARR:"{path}":/embedding:{feature}')
        assert layer.crs() == plain.crs() and layer.extent() == plain.extent()
        # A store has its scales in its metadata, for the reader to apply.
        read = values_of(layer.dataProvider(), 1) * scales[feature]
        np.testing.assert_allclose(read, written[dtype].values[feature], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_geoparquet_opens_as_cells(written: dict[str, Written], dtype: str) -> None:
    assert "ogr" in QgsProviderRegistry.instance().providerList()
    if ogr.GetDriverByName("Parquet") is None:
        pytest.skip(f"the GDAL of this QGIS ({gdal.VersionInfo('RELEASE_NAME')}) has no Parquet driver")
    layer = QgsVectorLayer(str(written[dtype].folder / "table.parquet"), "e", "ogr")
    assert layer.isValid(), layer.error().message()
    values = written[dtype].stored
    kept = ~np.isnan(written[dtype].values[0])
    assert layer.featureCount() == kept.sum()
    for cell in layer.getFeatures():
        assert kept[cell["row"], cell["col"]]
        np.testing.assert_allclose(cell["embedding"], values[:, cell["row"], cell["col"]], rtol=1e-6)
