"""Radar values are told apart by their percentiles; what is no backscatter is refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from engine.errors import RadiometryError
from engine.raster.backscatter import asked_backscatter, find_backscatter, unit_of
from engine.raster.histograms import BandValues
from engine.raster.statistics import StreamingStatistics

VV_DB = BandValues(-26.5, -19.0, -12.3, -5.2, 4.1, 100)
VH_DB = BandValues(-34.6, -24.7, -17.2, -11.3, -7.2, 100)


def figures_of(values):
    return values.minimum, values.p1, values.p50, values.p99, values.maximum


def power(decibels):
    minimum, p1, p50, p99, maximum = (10 ** (figure / 10) for figure in figures_of(decibels))
    return BandValues(minimum, p1, p50, p99, maximum, decibels.count)


def amplitude(decibels, calibration=350.0):
    minimum, p1, p50, p99, maximum = (calibration * 10 ** (figure / 20) for figure in figures_of(decibels))
    return BandValues(minimum, p1, p50, p99, maximum, decibels.count)


def found(vv, vh, estimate=False):
    return find_backscatter(["VV", "VH"], ["VV", "VH"], [vv, vh], estimate)


def test_decibels_are_used_as_they_are():
    finding = found(VV_DB, VH_DB)
    assert (finding.found, finding.gain, finding.log10) == ("backscatter in dB", 1.0, False)


def test_linear_power_is_converted_to_decibels():
    finding = found(power(VV_DB), power(VH_DB))
    assert (finding.gain, finding.log10, finding.action) == (1.0, True, "converted to dB")


@pytest.mark.parametrize("factor", [100, 10000])
def test_decibels_in_scaled_integers_are_divided(factor):
    finding = found(VV_DB.converted(factor, 0), VH_DB.converted(factor, 0))
    assert (finding.gain, finding.log10) == (1 / factor, False)
    assert str(factor) in finding.found


def test_noise_subtraction_may_leave_linear_power_a_little_below_zero():
    vh = power(VH_DB)
    assert unit_of(BandValues(-1e-4, vh.p1, vh.p50, vh.p99, vh.maximum, 100)) == "linear"


@pytest.mark.parametrize("estimate", [False, True])
def test_bands_of_two_units_are_refused_and_both_are_named(estimate):
    with pytest.raises(RadiometryError) as caught:
        found(VV_DB, power(VH_DB), estimate)
    message = caught.value.message
    assert "VV is backscatter in dB (median -12.3)" in message
    assert "VH is backscatter as linear power (median 0.01905)" in message


def test_uncalibrated_amplitudes_are_refused_with_the_way_out():
    with pytest.raises(RadiometryError, match="uncalibrated digital numbers") as caught:
        found(amplitude(VV_DB), amplitude(VH_DB))
    assert "sigma nought" in caught.value.hint and "--statistics estimate" in caught.value.hint


def test_uncalibrated_amplitudes_serve_where_statistics_are_estimated():
    assert found(amplitude(VV_DB), amplitude(VH_DB), estimate=True).log10


def test_reflectance_given_as_radar_is_refused():
    red = BandValues(0.01, 0.02, 0.04, 0.12, 0.3, 100)
    infrared = BandValues(0.05, 0.12, 0.3, 0.45, 0.7, 100)
    with pytest.raises(RadiometryError, match="VH exceeds VV"):
        found(red, infrared)


@pytest.mark.parametrize(
    "values",
    [
        BandValues(0, 0, 0, 0, 0, 100),
        BandValues(-120, -80, -60, -50, -46, 100),
        BandValues(-2, -1.5, 0.1, 1.8, 60, 100).converted(1000, 0),
        BandValues(0, 0.1, 3, 40, 60, 100),
    ],
)
def test_what_no_backscatter_looks_like_is_refused_with_its_percentiles(values):
    with pytest.raises(RadiometryError, match=r"98 % of the values lie between") as caught:
        found(values, values)
    assert '"radiometry": "db" or "linear"' in caught.value.hint


def test_unknown_units_serve_where_statistics_are_estimated():
    standardised = BandValues(-60, -45, 0.0, 45, 60, 100)
    assert found(standardised, standardised, estimate=True).gain == 1.0


def test_what_the_user_states_is_done():
    assert not asked_backscatter("db").log10
    assert asked_backscatter("linear").log10


def values_of(path, band=1, scaled=False):
    with rasterio.open(path) as raster:
        array = raster.read([band])
        scale = raster.scales[band - 1] if scaled else 1.0
        valid = np.isfinite(array[0]) & ((array[0] != raster.nodata) if raster.nodata is not None else True)
    statistics = StreamingStatistics(1, array.dtype)
    statistics.update(array, valid)
    return statistics.values()[0].converted(scale, 0.0)


@pytest.mark.parametrize("tile", ["282D_485L_3_3", "433D_629L_3_1", "637U_59R_1_3"])
def test_terramesh_is_in_decibels(data_dir, tile):
    path = data_dir / "terramesh_s1s2" / "S1RTC" / f"{tile}.tif"
    assert found(values_of(path, 1), values_of(path, 2)).found == "backscatter in dB"


def test_sen1floods11_is_in_decibels(data_dir):
    path = data_dir / "sen1floods11_spain_left" / "S1" / "Spain_7370579_S1Hand.tif"
    assert found(values_of(path, 1), values_of(path, 2)).found == "backscatter in dB"


@pytest.mark.parametrize("folder", ["ssl4eo_s12_one_location/s1/0000200", "bigearthnet_pairs/s1-tiny"])
def test_band_files_are_in_decibels(data_dir, folder):
    for product in sorted((data_dir / folder).iterdir()):
        vv, vh = (values_of(next(product.glob(f"*{name}.tif"))) for name in ("VV", "VH"))
        assert found(vv, vh).found == "backscatter in dB"


@pytest.mark.parametrize(("scaled", "unit"), [(True, "backscatter in dB"), (False, "backscatter in dB × 10000")])
def test_worldcereal_sites_are_told_with_and_without_their_scale_tag(data_dir, scaled, unit):
    for path in sorted((data_dir / "worldcereal_sites").glob("*/S1_*.nc")):
        vv, vh = (values_of(f'netcdf:"{path}":{name}', 40, scaled) for name in ("VV", "VH"))
        assert found(vv, vh).found == unit


def test_worldcereal_monthly_amplitudes_are_refused(data_dir):
    path = data_dir / "worldcereal_monthly" / "worldcereal_preprocessed_inputs.nc"
    vv, vh = (values_of(f'netcdf:"{path}":S1-SIGMA0-{name}') for name in ("VV", "VH"))
    with pytest.raises(RadiometryError, match="uncalibrated"):
        found(vv, vh)
