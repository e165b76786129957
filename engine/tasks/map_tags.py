"""The metadata that every map of a task carries: the task, its settings, and the model behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import engine
from engine.jobs.image import ImageJob


def map_tags(task: str, job: ImageJob, description: str, model: Mapping[str, Any]) -> dict[str, str]:
    """Tags for ``MapWriter``.

    ``task`` is the method's name in ``engine.tasks.registry``, ``description`` one line for people, ``model`` that of
    the embedding (``FeatureRecord.model``).
    """
    return {
        "TIFFTAG_SOFTWARE": f"SMARTIES for QGIS {engine.__version__}",
        "TIFFTAG_IMAGEDESCRIPTION": description,
        "SMARTIES_TASK": task,
        "SMARTIES_JOB": job.to_json(),
        "SMARTIES_MODEL": json.dumps(dict(model), ensure_ascii=False),
    }
