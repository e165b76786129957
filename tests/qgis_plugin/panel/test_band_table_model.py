from __future__ import annotations

import time

import pytest
from qgis.PyQt.QtCore import Qt
from smarties.engine.errors import BandTableError
from smarties.engine.spectrum import Band, Detection, detect, load_sensor, parse_table, table_to_json
from smarties.qgis_plugin.layer_bands import raster_metadata_of
from smarties.qgis_plugin.panel.band_columns import Column
from smarties.qgis_plugin.panel.band_table_model import BandTableModel

EDIT, CHECK = Qt.ItemDataRole.EditRole, Qt.ItemDataRole.CheckStateRole


def sentinel2() -> Detection:
    sensor = load_sensor("sentinel-2-l2a")
    bands = tuple(
        Band(
            band.name, band.centre_nm, band.min_nm, band.max_nm, None, band.layer,
            sources={field: f"band name {band.name}" for field in ("centre_nm", "min_nm", "max_nm", "layer")},
        )
        for band in sensor.bands
    )  # fmt: skip
    return Detection(bands, sensor, "band names", None, ())


@pytest.fixture
def model():
    model = BandTableModel()
    model.set_bands(sentinel2())
    return model


def cell(model, row, column, role=Qt.ItemDataRole.DisplayRole):
    return model.data(model.index(row, int(column)), role)


def test_qt_finds_the_model_sound(model, qtmodeltester):
    qtmodeltester.check(model, force_py=True)


def test_it_shows_what_was_detected(model):
    assert [cell(model, 3, column) for column in (Column.NUMBER, Column.NAME, Column.CENTRE, Column.VERDICT)] == [
        "4", "B04", "664.6 nm", "seen"
    ]  # fmt: skip
    assert cell(model, 3, Column.LAYER) == "red_2"
    assert cell(model, 3, Column.SOURCE) == "band name B04"
    assert model.stated_table() is None


def test_an_edit_changes_value_source_and_verdict_and_can_be_undone(model, qtbot):
    before = model.bands
    with qtbot.waitSignal(model.table_changed):
        assert model.setData(model.index(3, Column.CENTRE), "1375 nm", EDIT)
    assert [cell(model, 3, column) for column in (Column.CENTRE, Column.VERDICT, Column.SOURCE)] == [
        "1375 nm", "outside", "you"
    ]  # fmt: skip
    assert cell(model, 3, Column.CENTRE, Qt.ItemDataRole.FontRole).bold()
    assert model.undo_stack.undoText() == "Change centre of B04"
    model.undo_stack.undo()
    assert model.bands == before and model.stated_table() is None
    model.undo_stack.redo()
    assert cell(model, 3, Column.VERDICT) == "outside"


@pytest.mark.parametrize(
    ("column", "text"),
    [(Column.CENTRE, "-5"), (Column.CENTRE, "20 nm"), (Column.CENTRE, "red"), (Column.RANGE, "696–634"),
     (Column.RANGE, "650"), (Column.NAME, "B03"), (Column.POLARISATION, "VV"), (Column.LAYER, "purple_1")],
)  # fmt: skip
def test_an_impossible_value_is_refused_with_a_sentence_and_changes_nothing(model, qtbot, column, text):
    before = model.bands
    with qtbot.waitSignal(model.refused) as caught:
        assert not model.setData(model.index(3, column), text, EDIT)
    assert caught.args[:2] == [3, column] and caught.args[2].endswith((".", "µm”."))
    assert model.problem_with(model.index(3, column), text) == caught.args[2]
    assert model.bands == before and model.undo_stack.count() == 0


def test_committing_what_the_editor_showed_is_no_edit(model):
    for units in ("auto", "nm", "µm", "GHz"):
        model.set_units(units)
        for column in (Column.NAME, Column.CENTRE, Column.RANGE, Column.LAYER):
            index = model.index(3, column)
            assert model.setData(index, model.data(index, EDIT), EDIT)
    assert model.undo_stack.count() == 0


def test_units_hold_for_display_and_entry(model):
    model.set_units("µm")
    assert cell(model, 3, Column.CENTRE) == "0.6646"
    assert model.headerData(int(Column.CENTRE), Qt.Orientation.Horizontal) == "Centre (µm)"
    model.setData(model.index(3, Column.CENTRE), "0,67", EDIT)
    assert model.bands[3].centre_nm == pytest.approx(670)
    model.set_units("GHz")
    model.setData(model.index(3, Column.CENTRE), "450000", EDIT)
    assert model.bands[3].centre_nm == pytest.approx(299_792_458 / 450_000)


def test_bands_are_switched_one_by_one_and_all_at_once(model):
    assert model.setData(model.index(0, Column.ON), Qt.CheckState.Unchecked, CHECK)
    assert cell(model, 0, Column.VERDICT) == "off" and not model.bands[0].enabled
    model.switch(False)
    assert not any(band.enabled for band in model.bands)
    model.undo_stack.undo()
    model.undo_stack.undo()
    assert model.stated_table() is None


def test_reset_goes_back_and_can_be_undone(model):
    model.setData(model.index(3, Column.CENTRE), "700", EDIT)
    changed = model.bands
    model.reset()
    assert model.stated_table() is None
    model.undo_stack.undo()
    assert model.bands == changed


def test_a_paste_is_one_command_and_a_bad_one_changes_nothing(model):
    before = model.bands
    assert model.paste("name\tcentre\nB02\t480\nB04\t670") == 2
    assert model.undo_stack.count() == 1
    with pytest.raises(BandTableError, match="Row 3"):
        model.paste("name\tcentre\nB02\t500\nB04\t-1")
    model.undo_stack.undo()
    assert model.bands == before


def test_pasted_names_of_the_sensor_bring_its_wavelengths():
    bands = tuple(Band(f"band {number}") for number in (1, 2))
    model = BandTableModel()
    model.set_bands(Detection(bands, load_sensor("sentinel-2-l2a"), "user", None, ()))
    model.paste("Name\nB04\nB08")
    assert [status.layers for status in model.statuses] == ["red_2", "near_infrared_1"]


def test_names_cannot_be_swapped_under_the_engine(model):
    """The engine finds the bands of a table by the file's names: swapped ones would swap the rows."""
    names = [band.name for band in model.bands]
    names[0], names[1] = names[1], names[0]
    with pytest.raises(BandTableError, match="Two bands would be called"):
        model.paste("#\tName\n" + "\n".join(f"{number}\t{name}" for number, name in enumerate(names, 1)))


def test_a_polarisation_can_be_given_to_radar_only(model):
    editable = Qt.ItemFlag.ItemIsEditable
    assert not model.flags(model.index(3, Column.POLARISATION)) & editable
    radar = Band("x", 5.5e7)
    model.set_bands(Detection((radar,), None, "", None, ()))
    assert model.flags(model.index(0, Column.POLARISATION)) & editable
    assert cell(model, 0, Column.VERDICT) == "unknown"
    model.setData(model.index(0, Column.POLARISATION), "VH", EDIT)
    assert (cell(model, 0, Column.VERDICT), cell(model, 0, Column.LAYER)) == ("seen", "microwave_2")


def test_another_sensor_keeps_only_what_the_person_said(model):
    model.setData(model.index(3, Column.CENTRE), "670", EDIT)
    stated = model.stated_table()
    other = load_sensor("sentinel-2-l1c")
    bands = tuple(Band(f"b{n}", 500.0 + n, sources={"centre_nm": "catalogue"}) for n in range(len(model.bands)))
    model.set_bands(Detection(bands, other, "user", None, ()), stated)
    assert model.bands[3].centre_nm == 670
    assert model.bands[0] == bands[0] and model.stated_table() is not None


def test_a_table_that_does_not_fit_is_told_and_left_out(model):
    table = parse_table('[{"name": "Q", "centre": 500}]')
    assert "names differ: Q" in model.set_bands(sentinel2(), table)
    assert not model.is_changed


def test_two_hundred_bands_are_quick():
    bands = tuple(Band(f"band {n}", 420 + 9.0 * n, 416 + 9.0 * n, 424 + 9.0 * n) for n in range(224))
    model = BandTableModel()
    started = time.perf_counter()
    model.set_bands(Detection(bands, None, "", None, ()))
    model.switch(False)
    model.undo_stack.undo()
    assert time.perf_counter() - started < 0.3


# -- engine and panel agree -----------------------------------------------------------------------

RASTERS = (
    "terramesh_s1s2/S2L1C/282D_485L_3_3.tif", "terramesh_s1s2/S2L2A/282D_485L_3_3.tif",
    "terramesh_s1s2/S1RTC/282D_485L_3_3.tif", "terramesh_s1s2/S2RGB/282D_485L_3_3.tif",
    "naip_1m/m_3607717_sw_18_1_20160620_subset.tif", "hls_like_10band_nodata/regression_test_0_input.tif",
    "enmap_potsdam_tiles/images/enmap_potsdam_tile_128_0.tif",
    # And those of the simulated scene, where no real ones are at hand.
    "s2", "s1", "rgb",
)  # fmt: skip
EDITS = {
    "centre": [(0, Column.CENTRE, "457 nm")],
    "far centre": [(0, Column.CENTRE, "2,2 µm")],
    "range": [(0, Column.RANGE, "480–520 nm")],
    "name": [(1, Column.NAME, "mine")],
    "layer": [(0, Column.LAYER, "red_1")],
    "automatic layer": [(0, Column.LAYER, "")],
    "several": [(0, Column.RANGE, "600-620 nm"), (0, Column.CENTRE, "605 nm"), (1, Column.CENTRE, "865 nm")],
}


def values(bands, *also):
    fields = ("centre_nm", "min_nm", "max_nm", "polarisation", "layer", "enabled", *also)
    return [[getattr(band, field) for field in fields] for band in bands]


@pytest.mark.parametrize("path", RASTERS)
@pytest.mark.parametrize("edit", EDITS)
def test_the_engine_reads_the_same_bands_from_the_table(request, path, edit):
    simulated = request.getfixturevalue("scene").get(path)
    metadata = raster_metadata_of(simulated or request.getfixturevalue("data_dir") / path)
    detection = detect(metadata)
    model = BandTableModel()
    model.set_bands(detection)
    for row, column, text in EDITS[edit]:
        model.setData(model.index(row, column), text, EDIT)
    model.setData(model.index(1, Column.ON), Qt.CheckState.Unchecked, CHECK)
    table = model.stated_table()
    engine = detect(metadata, table=parse_table(table_to_json(table)))
    assert values(engine.bands) == values(model.bands)
    if "taken for" not in " ".join(engine.notes):
        # The engine calls a band at the place of another of its sensor's by that one's name.
        assert values(engine.bands, "name") == values(model.bands, "name")
    assert engine.sensor == detection.sensor

    reopened = BandTableModel()
    assert reopened.set_bands(detection, parse_table(table_to_json(table))) == ""
    assert values(reopened.bands, "name") == values(model.bands, "name")
    assert reopened.statuses == model.statuses
    assert reopened.stated_table() == table
    reopened.reset()
    assert reopened.bands == detection.bands
