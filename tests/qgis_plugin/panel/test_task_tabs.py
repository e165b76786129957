"""What all tabs of the panel promise: where they are, what they say, what they keep, and how little room they need."""

from __future__ import annotations

import shlex

import pytest
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication
from smarties.qgis_plugin.panel.copy_as import qgis_process_command
from smarties.qgis_plugin.panel.result_layer import ResultLayer
from smarties.qgis_plugin.panel.source_choice import IMAGES
from smarties.qgis_plugin.panel.task_tab import known_parameters

NAMES = ("embed", "train", "segment", "cluster", "similar", "reduce", "change", "reconstruct")


def tab_of(panel, name: str):
    return next(tab for tab in panel.task_tabs if tab.NAME == name)


def test_a_tab_per_task_and_the_log_by_key_or_mouse(panel, qtbot):
    rail = panel.tabs
    assert [tab.NAME for tab in panel.task_tabs] == list(NAMES)
    assert rail.list.count() == len(NAMES) + 1
    for row, tab in enumerate(panel.task_tabs):
        item = rail.list.item(row)
        assert item.toolTip() == item.data(Qt.ItemDataRole.AccessibleTextRole) == tab.title() == tab.accessibleName()
        assert not item.icon().isNull() and tab.sentence().endswith(".")
        assert QgsApplication.processingRegistry().algorithmById(tab.ALGORITHM) is not None
    qtbot.keyClick(rail.list, Qt.Key.Key_Down)
    assert rail.currentWidget() is tab_of(panel, "train")
    place = rail.list.visualItemRect(rail.list.item(3)).center()
    qtbot.mouseClick(rail.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert rail.currentWidget() is panel.tab is tab_of(panel, "cluster")
    assert panel.run_bar.run_button.text() == "Find clusters"
    # Behind the log, the bar stays with the task.
    panel.show_log()
    assert rail.currentWidget() is panel.log and panel.tab is tab_of(panel, "cluster")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_project_gives_a_reason_and_no_run(panel, name):
    tab = tab_of(panel, name)
    panel.tabs.setCurrentWidget(tab)
    assert tab.reason() and "Add an image" in tab.reason()
    assert not panel.run_bar.run_button.isEnabled()
    assert panel.run_bar.run_button.toolTip() == panel.run_bar.plan.text() == tab.reason()


@pytest.mark.parametrize("name", NAMES)
def test_no_tab_needs_more_room_than_a_narrow_dock(panel, pair, embedding, name):
    panel.embed.layers.add_layers(pair)
    embedding.setName("a very long name of an embedding " * 4)
    tab = tab_of(panel, name)
    panel.tabs.setCurrentWidget(tab)
    QApplication.processEvents()
    # A dock of 300 px, less the icons, the border and a scroll bar.
    room = 300 - panel.tabs.list.width() - 1 - tab.verticalScrollBar().sizeHint().width()
    assert tab.widget().minimumSizeHint().width() <= room


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("train", "segment", "change", "similar")])
def test_with_images_each_task_can_run_and_be_copied_as_a_command(panel, pair, name):
    panel.embed.layers.add_layers(pair)
    tab = tab_of(panel, name)
    panel.tabs.setCurrentWidget(tab)
    assert tab.reason() == "" and panel.run_bar.run_button.isEnabled()
    values = tab.parameters()
    assert known_parameters(tab.ALGORITHM, values) == values
    panel._copy(qgis_process_command)
    words = shlex.split(QApplication.clipboard().text())
    assert words[:3] == ["qgis_process", "run", tab.ALGORITHM]
    assert [f"--INPUT={layer.source()}" for layer in pair] == [word for word in words if word.startswith("--INPUT=")]


def test_the_tabs_come_back_with_the_project_and_damage_is_left_out(panel, pair, embedding, new_project, tmp_path):
    cluster, reduce, similar = (tab_of(panel, name) for name in ("cluster", "reduce", "similar"))
    panel.embed.layers.add_layers(pair)
    cluster.settings.clusters.setValue(17)
    cluster.source.choice.setCurrentIndex(1)
    cluster.source.choice.activated.emit(1)
    reduce.output.with_picture.setChecked(False)
    tab_of(panel, "train").details.ignore.setText("cloud")
    tab_of(panel, "reconstruct").targets.restore({"bands": ["sentinel-1-grd:VV"]})
    tab_of(panel, "change").after.layers.add_layers([pair[0]])
    wanted, embedding_id = [tab.state() for tab in panel.task_tabs], embedding.id()
    assert new_project.write(str(tmp_path / "project.qgz"))
    new_project.clear()
    assert cluster.settings.clusters.value() == 8 and cluster.source.of_images
    assert new_project.read(str(tmp_path / "project.qgz"))
    assert [tab.state() for tab in panel.task_tabs] == wanted
    assert cluster.source.embedding.layer_id == embedding_id
    for tab in panel.task_tabs:
        tab.restore(
            {"source": {"source": 7}, "settings": {"CLUSTERS": "x"}, "labels": [], "examples": {"examples": [3]}}
        )
    assert cluster.settings.clusters.value() == 8 and similar.examples.examples == []


class TestSource:
    def test_images_before_embeddings_until_somebody_chooses(self, panel, embedding, pair):
        source = tab_of(panel, "cluster").source
        assert source.embedding.layer_id == embedding.id() and source.reason() == ""
        assert source.parameters() == {"INPUT": [embedding.id()]}
        assert source.parameters(as_text=True) == {"INPUT": [embedding.source()]}
        panel.embed.layers.add_layers(pair)
        assert source.of_images
        parameters = source.parameters()
        assert parameters["INPUT"] == [layer.id() for layer in pair] and parameters["MODEL"] == "smarties-tiny"
        assert not {"OUTPUT", "PICTURE", "DTYPE"} & set(parameters)
        source.choice.setCurrentIndex(source.choice.findData(embedding.id()))
        source.choice.activated.emit(source.choice.currentIndex())
        panel.embed.layers.remove_layers([pair[0].id()])
        assert source.embedding.layer_id == embedding.id()

    def test_an_embedding_comes_is_renamed_and_goes(self, panel, embedding_files, new_project):
        source = tab_of(panel, "reduce").source
        assert source.choice.count() == 1
        picture = QgsRasterLayer(str(embedding_files["picture"]), "picture")
        new_project.addMapLayer(picture)
        assert source.embedding.layer_id == picture.id() and source.embedding.path == str(embedding_files["embedding"])
        # Its own layer stands for it where there is one.
        own = QgsRasterLayer(str(embedding_files["embedding"]), "own")
        new_project.addMapLayer(own)
        assert [each.layer_id for each in panel.embeddings.layers] == [own.id()]
        own.setName("another name")
        assert source.choice.itemText(1) == "another name"
        new_project.removeMapLayers([own.id(), picture.id()])
        assert source.choice.count() == 1 and source.choice.currentData() == IMAGES

    def test_an_image_is_no_embedding(self, panel, pair):
        assert panel.embeddings.layers == []


def test_a_second_date_of_the_kind_of_the_first(panel, embedding, pair, qtbot):
    change = tab_of(panel, "change")
    panel.tabs.setCurrentWidget(change)
    assert change.after.layers.isHidden() and "other embedding" in change.reason()
    panel.embed.layers.add_layers([pair[0]])
    assert not change.after.layers.isHidden() and "second date" in change.reason()
    change.after.layers.add_layers([pair[1]])
    assert change.reason() == ""
    assert change.parameters()["AFTER"] == [pair[1].id()]
    assert change.parameters(as_text=True)["AFTER"] == [pair[1].source()]
    QgsProject.instance().removeMapLayer(pair[1].id())
    assert "second date" in change.reason()


def test_bands_to_fill_in_and_a_model_without_a_decoder(panel, pair, tmp_path):
    fill = tab_of(panel, "reconstruct")
    panel.embed.layers.add_layers(pair)
    assert fill.parameters()["TARGETS"] == "sentinel-2-l2a:B08" and fill.reason() == ""
    assert "in the images" in fill.targets.choice.itemText(0)
    fill.targets.restore({"bands": []})
    assert "Choose a band" in fill.reason()
    fill.settings.anomaly.setChecked(True)
    assert fill.reason() == "" and "OUTPUT" not in fill.parameters() and fill.parameters()["ANOMALY"]
    header = b'{"cls_token":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    encoder = tmp_path / "encoder.safetensors"
    encoder.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")
    panel.embed.model.choice.setCurrentIndex(panel.embed.model.choice.count() - 1)
    panel.embed.model.file.setFilePath(str(encoder))
    assert "no decoder" in fill.reason() and "no decoder" in fill.model_note.text()


def test_a_renewed_layer_keeps_its_place_and_the_users_colours(scene, new_project, tmp_path):
    first, second = (tmp_path / name for name in ("first.tif", "second.tif"))
    for path in (first, second):
        path.write_bytes(scene["labels"].read_bytes())
    layer = QgsRasterLayer(str(first), "map")
    new_project.addMapLayer(layer)
    result = ResultLayer()
    assert result.renew(str(first), keep_style=True) is layer
    layer.renderer().setOpacity(0.25)
    assert result.renew(str(second), keep_style=True) is layer
    assert layer.source() == str(second) and layer.renderer().opacity() == 0.25
    assert len(new_project.mapLayers()) == 1
    # What the user removed is not missed: the next result gets a new layer.
    new_project.removeMapLayer(layer.id())
    assert result.layer is None
