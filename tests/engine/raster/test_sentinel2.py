"""Sentinel-2 values are told apart: reflectance, digital numbers, the +1000 offset; nothing is guessed silently."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import rasterio

from engine.errors import RadiometryError
from engine.raster.histograms import BandValues
from engine.raster.sentinel2 import asked_sentinel2, find_sentinel2
from engine.raster.statistics import StreamingStatistics
from engine.spectrum.bands import Band
from engine.spectrum.sensors import load_sensor

CENTRES = {band.name: band.centre_nm for band in load_sensor("sentinel-2-l1c").bands}
L1C = tuple(CENTRES)
L2A = tuple(name for name in CENTRES if name != "B10")
EUROSAT = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B8A")
SUBSETS = {
    "all": L1C,
    "without B10": L2A,
    "ten": tuple(name for name in L2A if name not in ("B01", "B09")),
    "six": ("B02", "B03", "B04", "B8A", "B11", "B12"),
    "four": ("B02", "B03", "B04", "B08"),
    "three": ("B02", "B03", "B04"),
}


def found(values, level="l2a", metadata=None, scale=1.0, offset=0.0):
    bands = [Band(name, centre_nm=CENTRES[name]) for name in values]
    count = len(bands)
    return find_sentinel2(bands, list(values.values()), [scale] * count, [offset] * count, level, metadata)


def brightness(p1, p50=None, p99=None):
    p50 = 3 * p1 if p50 is None else p50
    return BandValues(p1, p1, p50, 2 * p50 if p99 is None else p99, 3 * p50, 1000)


def moved(values, shift, gain=1.0):
    return {name: band.converted(gain, shift) for name, band in values.items()}


#: A vegetated scene in digital numbers without offset: figures of one of BigEarthNet.
FOREST = {
    "B02": BandValues(154, 195, 322, 1465, 2939, 14400),
    "B03": BandValues(350, 452, 736, 1960, 3183, 14400),
    "B04": BandValues(177, 216, 400, 2030, 3170, 14400),
    "B08": BandValues(1182, 2315, 4512, 6497, 6699, 14400),
    "B11": BandValues(975, 1055, 2005, 3537, 3744, 3600),
    "B12": BandValues(400, 483, 976, 3135, 3372, 3600),
}


def has_offset(finding):
    return "without" not in finding.found


def test_digital_numbers_are_used_as_they_are():
    finding = found(FOREST)
    assert (finding.gain, finding.bias, finding.action) == (1.0, 0.0, "used as they are")
    assert finding.found.startswith("Sentinel-2 digital numbers without the +1000 offset")


def test_the_offset_is_subtracted():
    finding = found(moved(FOREST, 1000))
    assert (finding.gain, finding.bias, finding.action) == (1.0, -1000.0, "1000 subtracted")
    assert finding.doubt == ""


def test_reflectance_is_multiplied():
    finding = found(moved(FOREST, 0, 1e-4))
    assert (finding.gain, finding.bias, finding.action) == (1e4, 0.0, "multiplied by 10000")


def test_reflectance_that_kept_the_offset_is_recognised():
    finding = found(moved(FOREST, 0.1, 1e-4))
    assert (finding.gain, finding.bias) == (1e4, -1000.0)
    assert finding.action == "multiplied by 10000, 1000 subtracted"


def test_a_scale_tag_leads_to_reflectance():
    finding = found(FOREST, scale=1e-4)
    assert (finding.gain, finding.bias, finding.apply_scale) == (1e4, 0.0, True)


def test_an_offset_tag_is_applied_where_the_offset_is_in_the_values():
    finding = found(moved(FOREST, 1000), scale=1e-4, offset=-0.1)
    assert (finding.gain, finding.bias, finding.apply_offset) == (1e4, 0.0, True)


def test_an_offset_tag_on_harmonised_values_is_not_applied_twice():
    finding = found(FOREST, scale=1e-4, offset=-0.1)
    assert (finding.gain, finding.bias, finding.apply_offset) == (1e4, 0.0, False)
    assert "the offset tag is not applied" in finding.action


def test_another_offset_tag_is_applied_as_it_is():
    finding = found(FOREST, scale=1e-4, offset=-0.2)
    assert (finding.gain, finding.bias, finding.apply_offset) == (1e4, 0.0, True)


def test_metadata_decide_where_the_values_leave_it_open():
    desert = {"B02": brightness(1700), "B04": brightness(4000), "B11": brightness(6000, 7000)}
    assert has_offset(found(desert, metadata=True))
    assert not has_offset(found(desert, metadata=False))
    assert found(desert, metadata=True).doubt == found(desert, metadata=False).doubt == ""


def test_metadata_of_the_digital_numbers_do_not_speak_of_reflectance_made_from_them():
    desert = {"B02": brightness(0.17), "B04": brightness(0.4), "B11": brightness(0.6, 0.7)}
    assert not has_offset(found(desert, metadata=True))
    numbers = {name: band.converted(1e4, 0) for name, band in desert.items()}
    assert has_offset(found(numbers, metadata=True, scale=1e-4))


def test_values_overrule_metadata_where_they_cannot_carry_the_offset():
    finding = found(FOREST, metadata=True)
    assert finding.bias == 0.0
    assert "the metadata speak of it, but the darkest band begins at 195" in finding.found


@pytest.mark.parametrize(("cirrus", "expected"), [(5, False), (1005, True)])
@pytest.mark.parametrize("metadata", [None, True, False])
def test_the_cirrus_band_decides_by_itself(cirrus, expected, metadata):
    scene = {"B02": brightness(1700), "B04": brightness(2000), "B10": brightness(cirrus, cirrus + 5, cirrus + 20)}
    assert has_offset(found(scene, "l1c", metadata)) is expected


def test_a_bright_desert_without_offset_is_left_alone_and_said():
    desert = {
        "B01": brightness(1300, 1500, 1800),
        "B02": brightness(1600, 1900, 2300),
        "B04": brightness(3400, 3900, 4300),
        "B11": brightness(5000, 5600, 6200),
    }
    finding = found(desert)
    assert (finding.bias, has_offset(finding)) == (0.0, False)
    assert '"dn+1000"' in finding.doubt


def test_top_of_atmosphere_blue_is_not_taken_for_the_offset():
    soil = {  # EuroSAT, AnnualCrop 1, without B01, B09 and B10: nothing is darker than 0.09
        "B02": brightness(1018, 1112, 1412),
        "B03": brightness(926, 1025, 1484),
        "B04": brightness(934, 1122, 1951),
        "B8A": brightness(1406, 1982, 2929),
        "B11": brightness(2271, 2692, 3325),
    }
    assert not has_offset(found(soil, "l1c"))


def test_bands_without_wavelength_never_lead_to_a_subtraction():
    bands = [Band(name) for name in FOREST]
    values = list(moved(FOREST, 1000).values())
    finding = find_sentinel2(bands, values, [1.0] * 6, [0.0] * 6, "l2a", None)
    assert (finding.bias, bool(finding.doubt)) == (0.0, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"B02": BandValues(-32, -26, -16, -9, 4, 9), "B03": BandValues(-25, -22, -12, -5, 4, 9)}, "backscatter in dB"),
        ({"B02": BandValues(0, 5, 90, 250, 255, 9), "B03": BandValues(0, 5, 90, 250, 255, 9)}, "8-bit picture"),
        ({"B02": BandValues(240, 262, 287, 305, 317, 9)}, "temperature in K"),
        ({"B02": BandValues(0, 20000, 30000, 60000, 65535, 9)}, "brighter than any scene"),
        ({"B02": BandValues(0, 0, 0, 0, 0, 9)}, "almost zero"),
    ],
)
def test_values_of_something_else_are_refused_with_what_they_look_like(values, message):
    with pytest.raises(RadiometryError, match=message) as caught:
        found(values)
    assert "98 % of the values lie between" in caught.value.message
    assert "--sensor" in caught.value.hint


def test_what_the_user_states_is_done():
    assert asked_sentinel2("reflectance").gain == 1e4
    assert asked_sentinel2("dn+1000").bias == -1000.0
    plain = asked_sentinel2("dn")
    assert (plain.gain, plain.bias, plain.apply_scale, plain.apply_offset) == (1.0, 0.0, False, False)


# Real scenes: folder or file, layout, level, whether the +1000 offset is in the values.
SCENES = [
    ("terramesh_s1s2/S2L1C/282D_485L_3_3.tif", L1C, "l1c", True),
    ("terramesh_s1s2/S2L1C/433D_629L_3_1.tif", L1C, "l1c", True),
    ("terramesh_s1s2/S2L1C/637U_59R_1_3.tif", L1C, "l1c", False),
    ("terramesh_s1s2/S2L2A/282D_485L_3_3.tif", L2A, "l2a", False),
    ("terramesh_s1s2/S2L2A/433D_629L_3_1.tif", L2A, "l2a", True),
    ("terramesh_s1s2/S2L2A/637U_59R_1_3.tif", L2A, "l2a", False),
    ("sen1floods11_spain_left/S2/Spain_7370579_S2Hand.tif", L1C, "l1c", False),
    ("eurosat_ms/AnnualCrop_1.tif", EUROSAT, "l1c", False),
    ("eurosat_ms/Highway_2.tif", EUROSAT, "l1c", False),
    ("s2_l1c_13band/20201002T221611_20201002T221610_T60HWB.tif", L1C, "l1c", False),
    ("s2_100k/patch_252161.tif", L2A, "l2a", True),
    ("s2_100k/patch_445.tif", L2A, "l2a", True),
    ("s2_100k/patch_57755.tif", L2A, "l2a", True),
    ("s2_100k/patch_74721.tif", L2A, "l2a", True),
    ("s2_100k/patch_766272.tif", L2A, "l2a", True),
    ("s2_100k/patch_25630.tif", L2A, "l2a", False),
    ("s2_100k/patch_33188.tif", L2A, "l2a", False),
    ("s2_100k/patch_58000.tif", L2A, "l2a", False),
    ("s2_100k/patch_511198.tif", L2A, "l2a", False),
    ("bigearthnet_pairs/s2-tiny/S2A_MSIL2A_20170617T113321_4_55", L2A, "l2a", False),
    ("bigearthnet_s2/S2A_MSIL2A_20180510T94033_19_86", L2A, "l2a", False),
    ("ssl4eo_s12_one_location/s2a/0000200/20200604T054639_20200604T054831_T43RCP", L2A, "l2a", False),
    ("ssl4eo_s12_one_location/s2c/0000200/20200604T054639_20200604T054831_T43RCP", L1C, "l1c", False),
]


@cache
def scene_values(path: Path, layout: tuple[str, ...]) -> dict[str, BandValues]:
    if path.is_dir():
        files = {file.stem.split("_")[-1]: file for file in path.glob("*.tif")}
        names = {name if name == "B8A" else f"B{int(name[1:]):02d}": file for name, file in files.items()}
        arrays = {name: rasterio.open(names[name]).read() for name in layout if name in names}
    else:
        with rasterio.open(path) as raster:
            arrays = {name: band[None] for name, band in zip(layout, raster.read(), strict=True)}
    values = {}
    for name, array in arrays.items():
        statistics = StreamingStatistics(1, array.dtype)
        statistics.update(array, array[0] != 0)
        values[name] = statistics.values()[0]
    return values


@pytest.mark.parametrize(("scene", "layout", "level", "truth"), SCENES, ids=[scene[0] for scene in SCENES])
def test_real_scenes_with_all_their_bands_are_told_right(data_dir, scene, layout, level, truth):
    finding = found(scene_values(data_dir / scene, layout), level)
    assert has_offset(finding) is truth, finding.found
    assert finding.doubt == ""


@pytest.mark.parametrize("subset", SUBSETS)
def test_real_scenes_and_their_shifted_twins_are_never_told_wrong(data_dir, subset):
    right = 0
    for scene, layout, level, truth in SCENES:
        values = scene_values(data_dir / scene, layout)
        values = {name: band for name, band in values.items() if name in SUBSETS[subset]}
        twin = moved(values, -1000 if truth else 1000)
        if truth:  # what an old product would have clipped at 1
            twin = {
                name: replace(band, minimum=max(band.minimum, 1), p1=max(band.p1, 1)) for name, band in twin.items()
            }
        for candidate, expected in ((values, truth), (twin, not truth)):
            finding = found(candidate, level)
            assert has_offset(finding) is expected or finding.doubt, f"{scene} {expected}: {finding.found}"
            right += has_offset(finding) is expected
    assert right >= 0.85 * 2 * len(SCENES)


def test_a_cloud_mask_data_set_of_reflectance_is_recognised(data_dir):
    image = np.load(data_dir / "cloudmask_ukis" / "sentinel2.npz")["img"]
    statistics = StreamingStatistics(6, image.dtype)
    statistics.update(image.transpose(2, 0, 1), np.ones(image.shape[:2], bool))
    finding = found(dict(zip(("B02", "B03", "B04", "B08", "B11", "B12"), statistics.values(), strict=True)), "l1c")
    assert (finding.gain, finding.bias) == (1e4, 0.0)
