"""The provider: its algorithms are there, whole, and documented."""

from __future__ import annotations

from typing import Any

import pytest
from qgis.core import QgsApplication, QgsProcessingParameterDefinition
from smarties.qgis_plugin.algorithms import ALGORITHMS
from smarties.qgis_plugin.provider import SmartiesProvider

IDS = ["smarties:checkengine", "smarties:describe", "smarties:embed", "smarties:fetchmodel", "smarties:samplescene"]


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
    assert "<p>" in found.shortHelpString()
    assert not found.icon().isNull()
    assert found.tags()


@pytest.mark.parametrize("name", IDS)
def test_every_parameter_has_a_title_and_a_help(name: str) -> None:
    for parameter in algorithm(name).parameterDefinitions():
        assert parameter.description(), parameter.name()
        assert parameter.help(), parameter.name()


def test_the_parameters_of_embed_keep_their_names() -> None:
    names = [parameter.name() for parameter in algorithm("smarties:embed").parameterDefinitions()]
    assert sorted(names) == sorted(
        "INPUT SENSORS BANDS BAND_TABLES MODEL MODEL_FILE CHIP OVERLAP FUSION STATISTICS STATISTICS_FILE EXTENT CRS "
        "RESOLUTION REFERENCE INTERPOLATION ALLOW_OUTSIDE DTYPE LEVEL MIN_VALID DEVICE PRECISION BATCH OUTPUT "
        "PICTURE".split()
    )


def test_only_what_everyone_needs_is_shown_at_first() -> None:
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    shown = [
        parameter.name()
        for parameter in algorithm("smarties:embed").parameterDefinitions()
        if not parameter.flags() & advanced
    ]
    assert shown == "INPUT MODEL MODEL_FILE CHIP OVERLAP FUSION EXTENT OUTPUT PICTURE".split()
