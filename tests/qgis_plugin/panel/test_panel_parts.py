"""The parts of the panel that can be looked at one by one."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsMimeDataUtils, QgsRasterLayer, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QDropEvent, QMouseEvent
from smarties.qgis_plugin.panel.copy_as import python_call, qgis_process_command
from smarties.qgis_plugin.panel.extent_choice import ALL, CANVAS, DRAWN, ExtentChoice
from smarties.qgis_plugin.panel.layer_list import LayerList, layers_of
from smarties.qgis_plugin.panel.model_choice import FILE, ModelChoice
from smarties.qgis_plugin.panel.quantities import duration_text, plan_text, size_text, time_left_text
from smarties.qgis_plugin.panel.run_settings import AdvancedSettings, OutputSettings, RunSettings

PLAN = {
    "grid": {"text": "1068 × 1068 px", "width": 1068, "height": 1068, "gsd_m": 10.0, "crs": "EPSG:32631"},
    "rows": 134,
    "cols": 134,
    "dims": 192,
    "tiles": 169,
    "seconds": 7.2,
    "memory_bytes": 8e8,
    "output_bytes": 13_790_208,
}


@pytest.fixture
def layers(scene, new_project):
    made = [QgsRasterLayer(str(scene[key]), key) for key in ("s1", "s2", "rgb")]
    new_project.addMapLayers(made)
    return made


class TestQuantities:
    @pytest.mark.parametrize(
        ("count", "text"),
        [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (812e6, "812 MB"), (2.5e15, "2500.0 TB")],
    )
    def test_sizes(self, count, text):
        assert size_text(count) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0.01, "1 s"),
            (59.4, "59 s"),
            (59.6, "1 min 0 s"),
            (200, "3 min 20 s"),
            (1800, "30 min"),
            (7500, "2 h 5 min"),
        ],
    )
    def test_durations(self, seconds, text):
        assert duration_text(seconds) == text

    def test_time_left_is_empty_while_unknown(self):
        assert time_left_text(None) == ""
        assert time_left_text(12.3) == "about 12 s left"

    def test_a_plan_is_one_line(self):
        assert plan_text(PLAN) == (
            "1068 × 1068 px at 10 m → 134 × 134 cells × 192, 169 tiles, about 7 s, 800 MB memory, 14 MB on disk at most"
        )

    def test_a_plan_without_resolution_and_rate(self):
        plan = {**PLAN, "grid": {**PLAN["grid"], "gsd_m": None}, "seconds": None, "tiles": 1, "memory_bytes": None}
        assert plan_text(plan) == "1068 × 1068 px → 134 × 134 cells × 192, 1 tile, 14 MB on disk at most"


class TestCopyAs:
    PARAMETERS = {  # noqa: RUF012 - never changed
        "INPUT": ["/a b/s1.tif", "/a b/s'2.tif"],
        "OVERLAP": 0.25,
        "ALLOW_OUTSIDE": True,
        "BAND_TABLES": '[null, {"bands": [{"name": "é"}]}]',
        "CHIP": None,
    }

    def test_a_shell_reads_the_same_words(self):
        words = shlex.split(qgis_process_command("smarties:embed", self.PARAMETERS, windows=False))
        assert words[:3] == ["qgis_process", "run", "smarties:embed"]
        assert words[3:] == [
            "--INPUT=/a b/s1.tif",
            "--INPUT=/a b/s'2.tif",
            "--OVERLAP=0.25",
            "--ALLOW_OUTSIDE=true",
            '--BAND_TABLES=[null, {"bands": [{"name": "é"}]}]',
        ]

    def test_windows_quotes_its_own_way(self):
        command = qgis_process_command("smarties:embed", self.PARAMETERS, windows=True)
        assert '"--INPUT=/a b/s1.tif"' in command and r"\"bands\"" in command

    def test_the_python_lines_are_python(self, monkeypatch):
        import processing

        ran = []
        monkeypatch.setattr(processing, "run", lambda *arguments: ran.append(arguments))
        exec(python_call("smarties:embed", self.PARAMETERS))
        wanted = {name: value for name, value in self.PARAMETERS.items() if value is not None}
        assert ran == [("smarties:embed", wanted)]


class TestExtentChoice:
    @pytest.fixture
    def choice(self, iface, qtbot):
        choice = ExtentChoice(iface.mapCanvas())
        qtbot.addWidget(choice)
        yield choice
        choice.close_tool()

    def test_all_is_no_parameter(self, choice):
        assert choice.choice.currentData() == ALL
        assert choice.parameter() is None

    def test_the_canvas_in_its_crs(self, choice, iface, qtbot):
        canvas = iface.mapCanvas()
        canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32631"))
        choice.choice.setCurrentIndex(choice.choice.findData(CANVAS))
        with qtbot.waitSignal(choice.changed):
            canvas.setExtent(QgsRectangle(500000, 5000000, 501000, 5001000))
        extent = canvas.extent()
        numbers = [float(number) for number in choice.parameter().split(" ")[0].split(",")]
        assert numbers == [extent.xMinimum(), extent.xMaximum(), extent.yMinimum(), extent.yMaximum()]
        assert choice.parameter().endswith("[EPSG:32631]")

    def test_a_layer_and_what_becomes_of_it(self, choice, layers, new_project):
        choice.set_layers([(layer.id(), layer.name()) for layer in layers])
        choice.choice.setCurrentIndex(choice.choice.findData("layer:" + layers[1].id()))
        assert choice.rectangle().crs() == layers[1].crs()
        assert choice.rectangle().width() == layers[1].extent().width()
        new_project.removeMapLayer(layers[1].id())
        assert choice.parameter() is None
        choice.set_layers([])
        assert choice.choice.currentData() == ALL

    def test_a_rectangle_drawn_with_the_mouse(self, choice, iface, qtbot):
        canvas = iface.mapCanvas()
        canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32631"))
        canvas.setExtent(QgsRectangle(500000, 5000000, 501000, 5001000))
        before = canvas.mapTool()
        choice.draw_button.click()
        assert canvas.mapTool() is not before
        for kind, place, buttons in (
            (QEvent.Type.MouseButtonPress, QPoint(50, 50), Qt.MouseButton.LeftButton),
            (QEvent.Type.MouseMove, QPoint(120, 100), Qt.MouseButton.LeftButton),
            (QEvent.Type.MouseButtonRelease, QPoint(120, 100), Qt.MouseButton.NoButton),
        ):
            button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
            event = QMouseEvent(kind, QPointF(place), button, buttons, Qt.KeyboardModifier.NoModifier)
            qtbot.wait(20)
            from qgis.PyQt.QtWidgets import QApplication

            QApplication.sendEvent(canvas.viewport(), event)
        assert choice.choice.currentData() == DRAWN
        assert canvas.mapTool() is before
        assert not choice.draw_button.isChecked()
        assert 0 < choice.rectangle().width() < canvas.extent().width()
        state = choice.state()
        drawn = choice.parameter()
        choice.restore({})
        assert choice.parameter() is None
        choice.restore(state)
        assert choice.parameter() == drawn

    @pytest.mark.parametrize("state", [{"choice": 7}, {"choice": DRAWN}, {"choice": DRAWN, "drawn": ["a", 1, 2, 3]}])
    def test_damage_gives_way_to_all(self, choice, state):
        choice.restore(state)
        assert choice.choice.currentData() == ALL


class TestLayerList:
    @pytest.fixture
    def images(self, qtbot):
        images = LayerList(lambda: [])
        qtbot.addWidget(images)
        return images

    def test_layers_once_and_only_rasters(self, images, layers):
        images.add_layers([layers[0], layers[0], QgsVectorLayer("Point", "points", "memory"), layers[1]])
        images.add_layers([layers[0]])
        assert [image.name for image in images.images] == ["s1", "s2"]
        assert "Sentinel-1" in images.view.item(0).text()

    def test_order_by_button_and_by_mouse(self, images, layers, qtbot):
        images.add_layers(layers)
        with qtbot.waitSignal(images.changed):
            images.up_button.click()
        assert [image.name for image in images.images] == ["s1", "rgb", "s2"]
        assert images.chosen_image.name == "rgb"
        images.view.model().moveRow(images.view.rootIndex(), 0, images.view.rootIndex(), 3)
        assert [image.name for image in images.images] == ["rgb", "s2", "s1"]

    def test_remove(self, images, layers, qtbot):
        images.add_layers(layers)
        qtbot.keyClick(images.view, Qt.Key.Key_Delete)
        images.remove_layers([layers[0].id()])
        assert [image.name for image in images.images] == ["s2"]
        images.remove_button.click()
        assert images.images == [] and not images.remove_button.isEnabled()

    def test_layers_dropped_from_the_layer_tree(self, images, layers, iface):
        mime = (
            iface.layerTreeView()
            .model()
            .mimeData([iface.layerTreeView().model().index(row, 0) for row in range(len(layers))])
        )
        assert set(layers_of(mime)) == set(layers)
        event = QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        images.view.dropEvent(event)
        assert {image.name for image in images.images} == {"s1", "s2", "rgb"}

    def test_a_file_dropped_from_the_browser_joins_the_project(self, images, scene, new_project):
        uri = QgsMimeDataUtils.Uri()
        uri.layerType, uri.providerKey, uri.name, uri.uri = "raster", "gdal", "from disk", str(scene["s2"])
        mime = QgsMimeDataUtils.encodeUriList([uri])
        assert [layer.name() for layer in layers_of(mime)] == ["from disk"]
        assert len(new_project.mapLayers()) == 1
        assert layers_of(QMimeData()) == []

    def test_the_menu_offers_what_is_not_in_the_list(self, images, layers):
        images.add_layers([layers[0]])
        images.menu.aboutToShow.emit()
        texts = [action.text() for action in images.menu.actions()]
        assert "rgb" in texts and "s2" in texts and "s1" not in texts
        next(action for action in images.menu.actions() if action.text() == "s2").trigger()
        assert [image.name for image in images.images] == ["s1", "s2"]

    def test_a_layer_whose_bands_cannot_be_read(self, images, new_project):
        wms = QgsRasterLayer("url=http://localhost/wms&layers=a&styles=&format=image/png&crs=EPSG:4326", "web", "wms")
        new_project.addMapLayer(wms)
        images.add_layers([wms])
        (image,) = images.images
        assert image.problem is not None and image.detection is None
        assert image.problem.message in images.view.item(0).text()


class TestModelChoice:
    LISTING = (
        {"name": "tiny", "title": "Tiny", "state": "built in", "kind": "bundled", "bytes": 15e6},
        {"name": "big", "title": "Big, as released", "state": "not downloaded", "kind": "released", "bytes": 343e6},
    )

    @pytest.fixture
    def choice(self, qtbot):
        choice = ModelChoice(["tiny", "big"])
        qtbot.addWidget(choice)
        choice.show()
        return choice

    def test_states(self, choice, qtbot):
        assert choice.parameters() == {"MODEL": "tiny"}
        choice.set_listing(self.LISTING)
        assert "demonstration model" in choice._words.text() and not choice.download_button.isVisible()
        choice.choice.setCurrentIndex(1)
        assert choice._words.text() == "Not downloaded yet (343 MB)."
        with qtbot.waitSignal(choice.download) as caught:
            choice.download_button.click()
        assert caught.args == ["big"]

    def test_a_file(self, choice, tmp_path: Path):
        choice.choice.setCurrentIndex(choice.choice.findData(FILE))
        assert choice.file.isVisible()
        choice.file.setFilePath(str(tmp_path / "m.safetensors"))
        assert choice.parameters() == {"MODEL_FILE": str(tmp_path / "m.safetensors")}
        state = choice.state()
        choice.restore({})
        assert choice.parameters() == {"MODEL": "tiny"}
        choice.restore(state)
        assert choice.parameters() == {"MODEL_FILE": str(tmp_path / "m.safetensors")}


class TestSettings:
    def test_defaults_are_the_jobs(self, qtbot):
        from smarties.engine.jobs.embed import EmbedJob

        settings, advanced = RunSettings(), AdvancedSettings()
        for widget in (settings, advanced):
            qtbot.addWidget(widget)
        settings.set_image_count(2)
        job = EmbedJob(("a",))
        for name, value in {**settings.parameters(), **advanced.parameters()}.items():
            assert value == getattr(job, name.lower()), name

    def test_fusion_needs_two_images(self, qtbot):
        settings = RunSettings()
        qtbot.addWidget(settings)
        settings.set_image_count(1)
        assert "FUSION" not in settings.parameters() and not settings.fusion.isEnabled()
        settings.set_image_count(2)
        assert settings.parameters()["FUSION"] == "stack"

    def test_state_and_damage(self, qtbot):
        settings = RunSettings()
        qtbot.addWidget(settings)
        settings.set_image_count(2)
        settings.chip.setValue(96)
        settings.overlap.setValue(40)
        settings.fusion.setCurrentIndex(2)
        state, wanted = settings.state(), settings.parameters()
        settings.restore({})
        assert settings.parameters()["OVERLAP"] == 0.25 and "CHIP" not in settings.parameters()
        settings.restore(state)
        assert settings.parameters() == wanted
        settings.restore({"CHIP": "x", "OVERLAP": None, "FUSION": ["?"], "STATISTICS": 3})
        assert settings.parameters() == {"FUSION": "stack", "OVERLAP": 0.25, "STATISTICS": "auto"}

    def test_a_statistics_file(self, qtbot):
        settings = RunSettings()
        qtbot.addWidget(settings)
        settings.statistics_file.setFilePath("/x/stats.json")
        assert "STATISTICS_FILE" not in settings.parameters()
        settings.statistics.setCurrentIndex(3)
        assert settings.parameters() == {"OVERLAP": 0.25, "STATISTICS_FILE": "/x/stats.json"}

    def test_outputs(self, qtbot):
        output = OutputSettings()
        qtbot.addWidget(output)
        assert output.parameters() == {"OUTPUT": "TEMPORARY_OUTPUT", "PICTURE": "TEMPORARY_OUTPUT"}
        output.output.setFilePath("/x/embedding")
        output.with_picture.setChecked(False)
        assert output.parameters() == {"OUTPUT": "/x/embedding.tif"}

    def test_the_reference_is_kept_while_it_exists(self, qtbot):
        advanced = AdvancedSettings()
        qtbot.addWidget(advanced)
        advanced.set_images(["a", "b"])
        advanced.reference.setCurrentIndex(2)
        advanced.set_images(["a", "b", "c"])
        assert advanced.parameters()["REFERENCE"] == 2
        advanced.set_images(["a"])
        assert "REFERENCE" not in advanced.parameters()
