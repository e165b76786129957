"""Bands, wavelengths, sensors, and the learnt layers that speak for them.

Standard library only: QGIS imports this very package.
"""

from engine.spectrum.assign import MODES, Assignment, assign, assignment_for_key, verdict_of
from engine.spectrum.bands import Band
from engine.spectrum.detect import Detection, RasterMetadata, detect
from engine.spectrum.layers import LAYERS, Layer
from engine.spectrum.sensors import Sensor, load_sensor, sensor_names
from engine.spectrum.table import BandTable, parse_table, read_table, table_to_json

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
    "load_sensor",
    "parse_table",
    "read_table",
    "sensor_names",
    "table_to_json",
    "verdict_of",
]
