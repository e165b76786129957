"""The job that Processing parameters stand for, made by the algorithm itself, so that plan and run cannot differ."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping

from qgis.core import QgsApplication, QgsProcessingContext, QgsProject

from ...engine.errors import JobError
from ..translation import tr

ALGORITHM = "smarties:embed"


def job_of(parameters: Mapping[str, Any], algorithm_id: str = ALGORITHM) -> Any:
    """The engine's job of an algorithm with these parameters, without outputs. Raises SmartiesError."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
    if algorithm is None:
        raise JobError(tr("Processing does not know {name}. Enable SMARTIES again.").format(name=algorithm_id))
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    return algorithm.job(dict(parameters), context)


def plan_params(parameters: Mapping[str, Any]) -> Dict[str, Any]:
    """What the engine's ``plan`` is asked with. Raises SmartiesError for what no run could honour."""
    params: Dict[str, Any] = json.loads(job_of(parameters).to_json())
    return params
