"""netCDF: variables that are bands, steps of time series, coordinates that GDAL does not find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError
from scipy.io import netcdf_file

from engine.errors import SourceError
from engine.raster.grid import common_grid
from engine.raster.image import Image
from engine.raster.netcdf import choose_variables, group_name
from engine.raster.reader import GridReader
from engine.raster.sources import open_images

WGS84_WKT = rasterio.CRS.from_epsg(4326).to_wkt()
UTM_WKT = rasterio.CRS.from_epsg(32631).to_wkt()

WriteNetcdf = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def driver() -> None:
    try:
        with rasterio.Env() as environment:
            available = "netCDF" in environment.drivers()
    except RasterioIOError:
        available = False
    if not available:
        pytest.skip("this GDAL has no netCDF driver")


@pytest.fixture
def write_netcdf(tmp_path: Path) -> WriteNetcdf:
    """A netCDF-3 file with variables (T, 4, 5) or (4, 5): a ramp that grows downwards, + 100 per step."""

    def write(
        variables: dict[str, tuple[str, ...]],
        times: list[float] | None = None,
        units: str = "days since 2018-05-01",
        north_up: bool = True,
        cf: bool = True,
        attributes: dict[str, str] | None = None,
        bands: list[float] | None = None,
    ) -> Path:
        path = tmp_path / "cube.nc"
        with netcdf_file(path, "w") as file:
            for name, value in (attributes or {}).items():
                setattr(file, name, value)
            ys = 5_000_000 - 10.0 * np.arange(4) - 5
            for name, values in (("x", 500_005 + 10.0 * np.arange(5)), ("y", ys if north_up else ys[::-1])):
                file.createDimension(name, len(values))
                variable = file.createVariable(name, "f8", (name,))
                variable[:] = values
                if cf:
                    variable.units, variable.standard_name = "m", f"projection_{name}_coordinate"
            for name, axis in (("time", times), ("band", bands)):
                if axis is not None:
                    file.createDimension(name, len(axis))
                    variable = file.createVariable(name, "f8", (name,))
                    variable[:] = axis
                    if name == "time":
                        variable.units, variable.standard_name = units, "time"
            crs = file.createVariable("spatial_ref", "i4", ())
            crs.spatial_ref = crs.crs_wkt = UTM_WKT
            for name, dimensions in variables.items():
                variable = file.createVariable(name, "i2", (*dimensions, "y", "x"))
                sizes = [len((times if d == "time" else bands) or []) for d in dimensions]
                steps = np.arange(int(np.prod(sizes))).reshape(*sizes, 1, 1) * 100
                rows = np.arange(4) if north_up else np.arange(4)[::-1]
                variable[:] = (steps + rows[:, None] + np.zeros(5)).astype("i2")
                if cf or not attributes:
                    variable.grid_mapping = "spatial_ref"
        return path

    return write


def first_column(image: Image) -> list[list[int]]:
    """Values of each band down the first column of the image's own grid."""
    with GridReader(image, common_grid([image]), range(image.band_count)) as reader:
        values, valid = reader.read(0, image.grid.height)
    assert valid.all()
    return values[:, :, 0].astype(int).tolist()


def test_variables_become_bands_by_name(write_netcdf: WriteNetcdf) -> None:
    (image,) = open_images([write_netcdf({"B02": (), "B03": (), "SCL": ()})])
    assert image.metadata.band_names == ("B02", "B03")
    assert image.notes == ("left out, not bands: SCL",)
    assert image.grid.describe() == "5×4 px, 10 m, EPSG:32631"
    assert image.grid.bounds == (500_000, 4_999_960, 500_050, 5_000_000)


@pytest.mark.parametrize("north_up", [True, False])
@pytest.mark.parametrize("cf", [True, False])
def test_north_is_up_however_the_rows_are_stored(write_netcdf: WriteNetcdf, north_up: bool, cf: bool) -> None:
    (image,) = open_images([write_netcdf({"B02": ()}, north_up=north_up, cf=cf)])
    column = first_column(image)[0]
    top_down = column if image.grid.transform.e < 0 else column[::-1]
    assert top_down == [0, 1, 2, 3]
    assert image.grid.crs is not None and image.grid.crs.to_epsg() == 32631
    assert image.grid.bounds == pytest.approx((500_000, 4_999_960, 500_050, 5_000_000))


def test_the_crs_may_stand_in_a_global_attribute(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ()}, cf=False, attributes={"crs": "+init=epsg:32631"})
    assert open_images([path])[0].grid.describe() == "5×4 px, 10 m, EPSG:32631"
    path = write_netcdf({"B02": ()}, cf=False, attributes={"epsg": "32632"})
    assert open_images([path])[0].grid.describe() == "5×4 px, 10 m, EPSG:32632"


def test_a_file_named_in_the_attribute_for_the_crs_is_not_read(write_netcdf: WriteNetcdf, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(UTM_WKT)
    path = write_netcdf({"B02": ()}, cf=False, attributes={"crs": str(tmp_path / "secret")})
    assert open_images([path])[0].grid.crs is None


@pytest.mark.parametrize("asked", ["2018-05-14", "2018-05-14T00", "1", "2018-05-1"])
def test_a_step_is_chosen_by_date_or_number(write_netcdf: WriteNetcdf, asked: str) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 13, 30])
    (image,) = open_images([f"{path}@{asked}"])
    assert first_column(image)[0] == [100, 101, 102, 103]


def test_one_date_serves_all_files_named_without_one(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 13, 30])
    (image,) = open_images([f"{path}@2018-05-31"])
    assert first_column(image)[0][0] == 200


def test_a_single_step_needs_no_date(write_netcdf: WriteNetcdf) -> None:
    (image,) = open_images([write_netcdf({"B02": ("time",)}, times=[3])])
    assert first_column(image)[0][0] == 0


def test_a_series_without_a_date_is_refused_with_its_span(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 13, 30])
    with pytest.raises(SourceError, match="3 time steps from 2018-05-01 to 2018-05-31") as caught:
        open_images([path])
    assert "cube.nc@2018-05-01" in caught.value.hint


def test_a_date_between_two_steps_is_refused_with_its_neighbours(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 13, 30])
    with pytest.raises(SourceError, match="no image of 2018-05-15") as caught:
        open_images([f"{path}@2018-05-15"])
    assert "2018-05-01, 2018-05-14, 2018-05-31" in caught.value.hint


def test_a_day_with_two_passes_is_told_apart_by_number(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"VV": ("time",)}, times=[0, 1.25, 1.75])
    with pytest.raises(SourceError, match="2 images of 2018-05-02") as caught:
        open_images([f"{path}@2018-05-02"])
    assert "@1 (2018-05-02T06:00:00), @2 (2018-05-02T18:00:00)" in caught.value.hint


def test_a_step_beyond_the_last_is_refused(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 13])
    with pytest.raises(SourceError, match="no time step 2"):
        open_images([f"{path}@2"])


def test_steps_of_an_unknown_calendar_are_still_counted(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": ("time",)}, times=[0, 1], units="months since 2018-05-01")
    assert first_column(open_images([f"{path}@1"])[0])[0][0] == 100


def test_a_dimension_that_is_not_time_holds_bands(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"reflectance": ("time", "band")}, times=[0, 1], bands=[490.0, 560.0, 665.0])
    (image,) = open_images([f'netcdf:"{path}":reflectance@2018-05-02'])
    assert image.metadata.band_names == ("reflectance 490", "reflectance 560", "reflectance 665")
    assert [column[0] for column in first_column(image)] == [300, 400, 500]


def test_a_variable_may_be_named(write_netcdf: WriteNetcdf) -> None:
    path = write_netcdf({"B02": (), "elevation": ()})
    (image,) = open_images([f'netcdf:"{path}":elevation'])
    assert image.metadata.band_names == ("elevation",)


def test_a_variable_that_is_not_there_is_refused(write_netcdf: WriteNetcdf) -> None:
    with pytest.raises(SourceError, match="no variable 'B99'") as caught:
        open_images([f'netcdf:"{write_netcdf({"B02": (), "B03": ()})}":B99'])
    assert "B02, B03" in caught.value.hint


def test_a_variable_of_another_format_is_refused(write_raster: Callable[..., Path]) -> None:
    path = write_raster("a.tif", np.ones((1, 4, 4), np.uint8))
    with pytest.raises(SourceError, match="no netCDF"):
        open_images([f'netcdf:"{path}":B02'])


def test_radar_and_optical_variables_become_two_images() -> None:
    groups, notes = choose_variables(Path("a.nc"), ["S2-L2A-B02", "S1-SIGMA0-VH", "S2-L2A-B03", "slope"])
    assert groups == (("S2-L2A-B02", "S2-L2A-B03"), ("S1-SIGMA0-VH",))
    assert [group_name(group) for group in groups] == ["S2-L2A", "S1-SIGMA0"]
    assert notes == ("left out, not bands: slope",)


def test_reflectance_and_temperature_of_landsat_stay_together() -> None:
    groups, _ = choose_variables(Path("a.nc"), ["SR_B4", "ST_B10", "QA_PIXEL"])
    assert groups == (("SR_B4", "ST_B10"),)


def test_one_variable_of_any_name_is_the_image() -> None:
    assert choose_variables(Path("a.nc"), ["ndvi"]) == ((("ndvi",),), ())


def test_several_variables_of_other_names_are_refused() -> None:
    with pytest.raises(SourceError, match="named like a band: LC, CT"):
        choose_variables(Path("a.nc"), ["LC", "CT"])


# Real files


def test_worldcereal_sites_lie_where_their_attributes_say(data_dir: Path) -> None:
    site = data_dir / "worldcereal_sites" / "00002806639B424A"
    (image,) = open_images([f"{next(site.glob('S2_L2A_10m_*'))}@2018-05-06"])
    assert image.grid.bounds == (501_360, 5_629_040, 502_000, 5_629_680)
    assert image.grid.crs is not None and image.grid.crs.to_epsg() == 32631
    assert image.metadata.band_names == ("B02", "B03", "B04", "B08")
    assert set(image.scales) == {0.0001}


def test_worldcereal_10_m_and_20_m_bands_show_the_same_fields(data_dir: Path) -> None:
    site = data_dir / "worldcereal_sites" / "00002806639B424A"
    names = [next(site.glob(f"S2_L2A_{size}m_*")) for size in (10, 20)]
    ten, twenty = open_images([f"{name}@2018-06-28" for name in names])
    grid = common_grid([ten, twenty])
    bands = [ten.metadata.band_names.index("B08"), twenty.metadata.band_names.index("B8A")]
    values = []
    for image, band in zip((ten, twenty), bands, strict=True):
        with GridReader(image, grid, [band]) as reader:
            values.append(reader.read(0, grid.height)[0][0].astype(float))
    upright = np.corrcoef(values[0].ravel(), values[1].ravel())[0, 1]
    turned = np.corrcoef(values[0].ravel(), values[1][::-1].ravel())[0, 1]
    assert upright > 0.8 > turned + 0.3


def test_worldcereal_monthly_gives_sentinel_2_and_sentinel_1(data_dir: Path) -> None:
    path = data_dir / "worldcereal_monthly" / "worldcereal_preprocessed_inputs.nc"
    optical, radar = open_images([f"{path}@2021-06"])
    assert optical.metadata.band_names[0] == "S2-L2A-B02" and optical.band_count == 9
    assert radar.metadata.band_names == ("S1-SIGMA0-VH", "S1-SIGMA0-VV")
    assert optical.title == "worldcereal_preprocessed_inputs.nc:S2-L2A"
    assert "slope" in optical.notes[0]
