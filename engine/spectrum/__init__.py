"""Bands, wavelengths, sensors, and the learnt layers that speak for them.

Standard library only: QGIS imports this very package.
"""

from .assign import MODES, Assignment, assign, assignment_for_key, family_of, verdict_of
from .bands import Band
from .detect import Detection, RasterMetadata, detect
from .layers import LAYERS, Layer
from .sensors import Sensor, load_sensor, sensor_names
from .table import BandTable, parse_table, read_table, table_to_json

__all__ = [
    "LAYERS",
    "MODES",
    "Assignment",
    "Band",
    "BandTable",
    "Detection",
    "Layer",
    "RasterMetadata",
    "Sensor",
    "assign",
    "assignment_for_key",
    "detect",
    "family_of",
    "load_sensor",
    "parse_table",
    "read_table",
    "sensor_names",
    "table_to_json",
    "verdict_of",
]
