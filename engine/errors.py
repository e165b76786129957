"""What can go wrong, by cause. Standard library only.

A message states the value, the reason and the remedy in one or two sentences an
analyst understands. ``code`` is stable: it travels over the worker's protocol.
"""

from __future__ import annotations


class SmartiesError(Exception):
    """An error a user can act on: a message, and a hint that says what to do next."""

    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UnknownBandError(SmartiesError):
    """A band whose wavelength or polarisation nothing tells."""

    code = "unknown_band"


class BandTableError(SmartiesError):
    """A band table (JSON, user input, metadata) with an impossible or malformed value."""

    code = "band_table"


class OutsideSpectrumError(SmartiesError):
    """A band where no learnt layer can speak for it."""

    code = "outside_spectrum"


class UnknownSensorError(SmartiesError):
    """A sensor name that the catalogue does not hold."""

    code = "unknown_sensor"


class RadiometryError(SmartiesError):
    """Pixel values that do not fit what the sensor records."""

    code = "radiometry"


class SourceError(SmartiesError):
    """An input that cannot be opened or read as a raster."""

    code = "source"


class GridError(SmartiesError):
    """Rasters that cannot be brought onto one grid."""

    code = "grid"


class StatisticsError(SmartiesError):
    """Band statistics that are missing, malformed or unusable."""

    code = "statistics"


class CheckpointError(SmartiesError):
    """Weights that are missing, damaged or of another model."""

    code = "checkpoint"


class OutputError(SmartiesError):
    """An output that cannot be written where it was asked for."""

    code = "output"


class JobError(SmartiesError):
    """A job whose settings contradict each other or are out of range."""

    code = "job"


class DeviceError(SmartiesError):
    """A device or a precision that this machine does not offer."""

    code = "device"


class EngineEnvironmentError(SmartiesError):
    """A library of the engine's environment that is missing or cannot be loaded."""

    code = "environment"


class ProtocolError(SmartiesError):
    """A message over the worker's protocol that is not understood."""

    code = "protocol"

    def __init__(
        self, message: str, hint: str = "Engine and plugin may be of different releases: install both from the same."
    ) -> None:
        super().__init__(message, hint)


class OtherReleaseError(ProtocolError):
    """Engine and plugin speak different versions of the protocol."""

    code = "other_release"


class CancelledError(SmartiesError):
    """The user stopped the run; nothing was written."""

    code = "cancelled"


class ManifestError(SmartiesError):
    """A list of scenes with lines that cannot be run."""

    code = "manifest"


class LostWorkerError(SmartiesError):
    """A process or a machine that went away in the middle of its work."""

    code = "lost_worker"
