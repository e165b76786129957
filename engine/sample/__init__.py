"""A simulated scene for the demonstration and the tests: no download, every sensor, known ground truth."""

from engine.sample.scene import SIZE_M, write_sample

__all__ = ["SIZE_M", "write_sample"]
