"""What runs in the processes of a worker: a reader that opens files, an encoder that holds the model and writes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import ray
import torch

import engine
from engine.memory import keep_memory_level
from engine.progress import Progress
from engine.raster.grid import Grid
from engine.scale.outcome import Outcome
from engine.scale.remote_pixels import RemotePixels
from engine.scale.results_folder import ResultsFolder
from engine.scale.scene_run import KeptEncoder, run_scene
from engine.scale.scenes import Scene
from engine.tasks.embed_setup import EmbedSetup
from engine.tasks.inputs import PreparedImage
from engine.tasks.pixels import LocalPixels, WindowReader


@dataclass(frozen=True)
class Greeting:
    """Where a worker's encoder runs, and which engine that is."""

    machine: str
    pid: int
    engine: str


class SceneReader:
    """Reads the scenes of one encoder, one scene at a time: what ``LocalPixels`` does, in a process of its own."""

    def __init__(self) -> None:
        keep_memory_level()
        self._pixels = LocalPixels()
        self._opened = ExitStack()
        self._readers: Sequence[WindowReader] = ()

    def greet(self) -> str:
        """The name of its machine."""
        return socket.gethostname()

    def prepare(self, setup: EmbedSetup) -> list[PreparedImage]:
        """As ``engine.tasks.inputs.prepare_images``."""
        self._opened.close()
        return self._pixels.prepare(setup, lambda _: None, lambda: False)

    def open(self, images: Sequence[PreparedImage], grid: Grid, in_order: bool) -> None:
        """Opens the images of a scene in place of the last one's; ``in_order``: for reading from top to bottom."""
        self._opened.close()
        with ExitStack() as stack:
            rows = [(0, grid.height)] if in_order else []
            self._readers = stack.enter_context(self._pixels.open(images, grid, rows))
            self._opened = stack.pop_all()

    def read(self, image: int, row0: int, row1: int, col0: int, col1: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Raw values (C, h, w) and validity (h, w) bool of a window of an opened image."""
        return self._readers[image].read(row0, row1, col0, col1)


class SceneEncoder:
    """Makes scenes one after the other with a model that stays loaded; ``threads`` are those of the processor."""

    def __init__(self, folder: str, overwrite: bool, threads: int) -> None:
        torch.set_num_threads(threads)
        self._folder = ResultsFolder(folder)
        self._overwrite = overwrite
        self._kept = KeptEncoder()
        self._stop = threading.Event()
        self._fraction = 0.0

    def greet(self, reader: Any) -> Greeting:
        """Who this is, once its reader is there, too."""
        ray.get(reader.greet.remote())
        return Greeting(socket.gethostname(), os.getpid(), engine.__version__)

    def make(self, scene: Scene, reader: Any) -> Outcome:
        """As ``run_scene``, with the pixels of ``reader``."""
        self._fraction = 0.0

        def show(event: Progress) -> None:
            self._fraction = event.fraction

        stopped = self._stop.is_set
        pixels = RemotePixels(reader, stopped)
        return run_scene(scene, self._folder, self._overwrite, pixels, self._kept, show, stopped)

    def fraction(self) -> float:
        """How much of the scene at work is done, 0 to 1."""
        return self._fraction

    def stop(self) -> None:
        """Ends the scene at work within a tile and lets no other begin."""
        self._stop.set()
