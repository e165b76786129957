"""The provider: its algorithms are there, whole, and documented."""

from __future__ import annotations

from typing import Any

import processing
import pytest
from qgis.core import QgsApplication, QgsProcessingParameterDefinition, QgsVectorLayer
from smarties.qgis_plugin.algorithms import ALGORITHMS
from smarties.qgis_plugin.provider import SmartiesProvider

NAMES = (
    "change checkengine cluster describe embed fetchmodel reconstruct reduce samplescene segment similarity trainhead"
)
IDS = [f"smarties:{name}" for name in NAMES.split()]

#: What the algorithms that look at images have in common.
IMAGES = "INPUT SENSORS BANDS BAND_TABLES EXTENT CRS RESOLUTION REFERENCE DEVICE PRECISION BATCH"
READING = "STATISTICS STATISTICS_FILE INTERPOLATION ALLOW_OUTSIDE MODEL MODEL_FILE CHIP OVERLAP"
FEATURES = f"{IMAGES} {READING} FUSION LEVEL MIN_VALID PROJECTIONS"
#: Scripts, models and the panel call them by these names.
PARAMETERS = {
    "embed": f"{FEATURES} DTYPE COG RESUME OUTPUT PICTURE",
    "trainhead": f"{FEATURES} LABELS CLASS_FIELD IGNORE KIND FOLDS BALANCE BLOCK_PX EPOCHS LEARN_BANDS SEED OUTPUT "
    "REPORT TABLE",
    "segment": f"{IMAGES} HEAD SIEVE OVERLAP CONFIDENCE_KIND OUTPUT CONFIDENCE POLYGONS PROBABILITIES",
    "cluster": f"{FEATURES} CLUSTERS SEED OUTPUT",
    "similarity": f"{FEATURES} POINTS LIKE UNLIKE_POINTS UNLIKE CENTRED THRESHOLD OUTPUT POLYGONS",
    "reduce": f"{FEATURES} COMPONENTS BASIS DTYPE OUTPUT PICTURE SAVE_BASIS",
    "change": f"{FEATURES} AFTER AFTER_SENSORS AFTER_BANDS AFTER_BAND_TABLES OUTPUT",
    "reconstruct": f"{IMAGES} {READING} TARGETS HIDDEN_SHARE NORM_PIX SEED OUTPUT ANOMALY",
}
#: What is seen before «Advanced parameters» is unfolded.
SHOWN = {
    "embed": "INPUT MODEL MODEL_FILE CHIP OVERLAP FUSION EXTENT OUTPUT PICTURE",
    "trainhead": "INPUT LABELS CLASS_FIELD IGNORE KIND FOLDS MODEL MODEL_FILE CHIP OVERLAP FUSION EXTENT OUTPUT REPORT "
    "TABLE",
    "segment": "INPUT HEAD SIEVE EXTENT OUTPUT CONFIDENCE POLYGONS",
}


def algorithm(name: str) -> Any:
    found = QgsApplication.processingRegistry().algorithmById(name)
    assert found is not None, f"{name} is not in the toolbox"
    return found


def test_the_provider_has_all_algorithms() -> None:
    provider = QgsApplication.processingRegistry().providerById("smarties")
    assert provider is not None
    assert sorted(each.id() for each in provider.algorithms()) == IDS
    assert not provider.icon().isNull()


def test_a_provider_of_its_own_loads_and_refreshes() -> None:
    provider = SmartiesProvider()
    provider.refreshAlgorithms()
    provider.refreshAlgorithms()
    assert len(provider.algorithms()) == len(ALGORITHMS)
    assert provider.defaultRasterFileExtension() == "tif"


@pytest.mark.parametrize("name", IDS)
def test_every_algorithm_says_what_it_does(name: str) -> None:
    found = algorithm(name)
    assert found.displayName()
    assert found.group()
    assert found.shortDescription().endswith(".")
    # QGIS makes a paragraph of every line.
    assert "<p>" in found.shortHelpString() and "\n" not in found.shortHelpString()
    assert not found.icon().isNull()
    assert found.tags()


@pytest.mark.parametrize("name", IDS)
def test_every_parameter_has_a_title_and_a_help(name: str) -> None:
    for parameter in algorithm(name).parameterDefinitions():
        assert parameter.description(), parameter.name()
        assert parameter.help(), parameter.name()


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_keep_their_names(name: str) -> None:
    names = [parameter.name() for parameter in algorithm(f"smarties:{name}").parameterDefinitions()]
    assert sorted(names) == sorted(PARAMETERS[name].split())


@pytest.mark.parametrize("name", SHOWN)
def test_only_what_everyone_needs_is_shown_at_first(name: str) -> None:
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    shown = [
        parameter.name()
        for parameter in algorithm(f"smarties:{name}").parameterDefinitions()
        if not parameter.flags() & advanced
    ]
    assert shown == SHOWN[name].split()


@pytest.mark.parametrize("name", IDS)
def test_the_dialog_opens(name: str, new_project: Any, qtbot: Any) -> None:
    new_project.addMapLayer(QgsVectorLayer("Point?field=kind:string", "points", "memory"))
    dialog = processing.createAlgorithmDialog(name, {})
    dialog.show()
    assert dialog.isVisible()
    dialog.close()


def test_polygons_go_into_geopackages_and_tables_into_any_format() -> None:
    polygons = algorithm("smarties:segment").parameterDefinition("POLYGONS")
    table = algorithm("smarties:trainhead").parameterDefinition("TABLE")
    assert polygons.supportedOutputVectorLayerExtensions() == ["gpkg"]
    assert polygons.generateTemporaryDestination().endswith(".gpkg")
    assert {"gpkg", "csv"} <= set(table.supportedOutputVectorLayerExtensions())
