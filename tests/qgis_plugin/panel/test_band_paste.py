from __future__ import annotations

import pytest
from smarties.engine.errors import BandTableError
from smarties.engine.spectrum import Band, BandTable
from smarties.qgis_plugin.panel.band_matching import matched, table_rows
from smarties.qgis_plugin.panel.band_paste import pasted_bands, spreadsheet_text

BANDS = tuple(Band(name) for name in ("Blue", "Green", "Red", "NIR"))


def values(text, units="auto"):
    return [(each.name, each.centre_nm, each.min_nm, each.max_nm) for each in pasted_bands(text, units)]


def put(text, bands=BANDS, units="auto"):
    rows = matched(pasted_bands(text, units), bands, bands, 0)
    return {row: entry.put_on(bands[row], bands[row]) for row, entry in rows.items()}


@pytest.mark.parametrize(
    "text",
    [
        "Band\tCentre (nm)\tMin\tMax\nBlue\t490\t450\t520\nRed\t665\t630\t690\n",
        "name;wavelength;from;to\nBlue;490,0;450;520\nRed;665;630;690",
        "Name,CWL [µm],Lower [µm],Upper [µm]\nBlue,0.49,0.45,0.52\nRed,0.665,0.63,0.69",
        "Blue\t490\t450\t520\nRed\t665\t630\t690",
        "450\t490\t520\tBlue\n630\t665\t690\tRed",
        '"Blue"\t"0,49"\t"0,45"\t"0,52"\n"Red"\t"0,665"\t"0,63"\t"0,69"',
        "Blue   490   450   520\nRed   665   630   690",
        "band name\tcentral wavelength\trange\nBlue\t490 nm\t450-520 nm\nRed\t665 nm\t630–690 nm",
    ],
)
def test_tables_of_every_make_are_read(text):
    read = values(text)
    assert [each[0] for each in read] == ["Blue", "Red"]
    assert [each[1:] for each in read] == [pytest.approx((490, 450, 520)), pytest.approx((665, 630, 690))]


def test_a_width_becomes_limits_round_the_centre():
    bands = put("name\tcentre\tfwhm\nBlue\t490\t65\nRed\t0.665 µm\t0.031 µm")
    assert (bands[0].min_nm, bands[0].max_nm) == (457.5, 522.5)
    assert (bands[2].min_nm, bands[2].max_nm) == pytest.approx((649.5, 680.5))


def test_a_width_without_headings_is_told_from_limits():
    assert put("Blue\t490\t65")[0].min_nm == 457.5
    assert put("Blue\t450\t520")[0].centre_nm == 485


def test_a_lone_column_of_micrometres_with_commas_is_one_column():
    assert [each[1] for each in values("0,49\n0,56\n0,665\n0,842")] == pytest.approx([490, 560, 665, 842])
    assert [each.fwhm for each in pasted_bands("490,65\n560,35")] == ["65", "35"]


def test_numbers_of_bands_and_the_switch():
    bands = put("#\tOn\tcentre\n3\t0\t665\n1\tyes\t490")
    assert not bands[2].enabled and bands[2].centre_nm == 665
    assert bands[0].enabled and bands[0].centre_nm == 490


def test_polarisations_and_frequencies():
    radar = (Band("a"), Band("b"))
    bands = put("VV\t5.405\nVH\t5.405", radar)
    assert [band.polarisation for band in bands.values()] == ["VV", "VH"]
    assert bands[0].centre_nm == pytest.approx(5.5466e7, rel=1e-4)


def test_empty_cells_leave_the_band_as_it_is():
    known = (Band("Blue", 490.0, 450.0, 520.0), Band("Red"))
    bands = put("name\tcentre\nBlue\t\nRed\t665", known)
    assert bands[0] == known[0] and bands[1].centre_nm == 665


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name\tcentre\nBlue\t490\nRed\t-3", "Row 3: .*must be a positive number"),
        ("name\tcentre\nBlue\t50\nRed\t665", "Row 2: .*50, has no unit"),
        ("name\tcentre\tmin\tmax\nBlue\t490\t500\t520", "Row 2: .*not within its limits"),
        ("name\tmin\tmax\nBlue\t520\t450", "Row 2: .*down to"),
        ("name\tcentre\nViolet\t420\nRed\t665", "names differ: Violet"),
        ("1\n2\n3\n4\n5\n6", "6 rows were pasted"),
        ("#\tcentre\n9\t490", "Row 2: there is no band 9"),
        ("#\tcentre\n1\t490\n1\t560", "Row 3: band 1 comes twice"),
        ("", "copy rows of a spreadsheet"),
        ("name\tcentre", "No column"),
    ],
)
def test_what_is_impossible_is_named_by_its_row(text, sentence):
    with pytest.raises(BandTableError, match=sentence):
        put(text)


def test_a_table_copied_out_comes_back_the_same():
    bands = (
        Band("Blue", 490.0, 450.0, 520.0, sources={}),
        Band("VV", 55465763.3, polarisation="VV", enabled=False),
    )
    text = spreadsheet_text(BandTable(bands))
    blank = (Band("Blue"), Band("VV"))
    back = put(text, blank)
    for row, band in enumerate(bands):
        for field in ("name", "centre_nm", "min_nm", "max_nm", "polarisation", "enabled"):
            assert getattr(back[row], field) == getattr(band, field), field


def test_rows_go_from_the_chosen_band_on_when_they_have_no_names():
    rows = matched(pasted_bands("560\n665"), BANDS, BANDS, 1)
    assert {row: entry.centre_nm for row, entry in rows.items()} == {1: 560, 2: 665}
    with pytest.raises(BandTableError, match="only 1 bands"):
        matched(pasted_bands("560\n665"), BANDS, BANDS, 3)


def test_a_table_fits_by_name_or_by_order_or_not_at_all():
    by_name = table_rows(BANDS, BandTable((Band("red", 665.0, sources={"centre_nm": "user"}),)))
    assert by_name[2].centre_nm == 665
    by_order = table_rows(BANDS, BandTable(tuple(Band(f"x{n}") for n in range(4))))
    assert [by_order[row].name for row in range(4)] == ["x0", "x1", "x2", "x3"]
    with pytest.raises(BandTableError, match="names differ: x"):
        table_rows(BANDS, BandTable((Band("x"),)))
