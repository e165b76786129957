"""The run in TensorBoard, where that is installed: files in the run's folder, no account anywhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Writes to ``folder`` for ``tensorboard --logdir``; says so in one line where it cannot, and then does nothing.

    A run that goes on from step ``start`` hides what came after it.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self._writer: SummaryWriter | None = None
        try:
            # Imported here: it takes a second, and may be absent.
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self._say("TensorBoard is not installed: the curve is in curve.csv alone (requirements-train.txt has it).")
            return
        try:
            self._writer = SummaryWriter(str(folder), purge_step=start + 1)
        except OSError as error:
            self._say(f"TensorBoard's files cannot be written: {error}.")

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Values of ``step`` by name; a slash makes groups."""
        if self._writer is not None:
            try:
                for name, value in scalars.items():
                    self._writer.add_scalar(name, value, step)
            except OSError as error:
                self._give_up(error)

    def add_image(self, step: int, name: str, image: np.ndarray) -> None:
        """A picture (H, W, 3) uint8."""
        if self._writer is not None:
            try:
                self._writer.add_image(name, image, step, dataformats="HWC")
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        """Write what is left, and end."""
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._writer = None
        self._say(f"TensorBoard's files cannot be written any more: {error}. The curve goes on in curve.csv.")

    @staticmethod
    def _say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)
