"""The job of training a head: from images and labelled places to something that makes maps."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JobError
from ..options import HEADS
from .features import FeatureJob, check_choice


@dataclass(frozen=True)
class TrainHeadJob(FeatureJob):
    """What to learn from; see ``FeatureJob`` for images and features.

    ``inputs`` are the images of one place, or embeddings of one or several places (each its own scene).
    ``labels``: vector files ("FILE" or "FILE|LAYER"; points, lines, polygons) or label rasters, one for all
    scenes or one per scene. ``class_field``: the vector field that holds the class; empty: the only field that can.
    ``ignore``: classes (as text) that are left out. ``class_names`` and ``class_colours``: "VALUE=NAME" and
    "VALUE=#rrggbb". ``kind``: one of ``HEADS``. ``balance``: every class counts alike. ``folds``: parts of the
    cross-validation, 0 for none. ``block_px``: side in source pixels of the blocks that a label raster's pixels
    are grouped by (None: one chip). ``epochs``: passes over the labels of "conv" and "upernet" and of
    ``learn_bands`` (None: by kind). ``learn_bands``: first learn projections for the bands that have none.
    ``output``: the head's .safetensors; a .json that describes it and its accuracy comes beside it.
    ``report``: an HTML page; empty for none.
    """

    labels: tuple[str, ...] = ()
    class_field: str = ""
    ignore: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    class_colours: tuple[str, ...] = ()
    kind: str = HEADS[0]
    balance: bool = True
    folds: int = 5
    block_px: int | None = None
    epochs: int | None = None
    learn_bands: bool = False
    seed: int = 0
    output: str = ""
    report: str = ""
    overwrite: bool = False

    def check(self) -> None:
        """As ``FeatureJob.check``, and the settings of the training."""
        super().check()
        check_choice("kind", self.kind, HEADS)
        if not self.labels:
            raise JobError("No labels were given.", "Name a vector file with a class field, or a label raster.")
        if self.folds != 0 and not 2 <= self.folds <= 20:
            raise JobError(f"A cross-validation of {self.folds} parts is impossible.", "Use 2 to 20, or 0 for none.")
        if self.block_px is not None and self.block_px < 1:
            raise JobError(f"Blocks of {self.block_px} px are impossible.", "Use 1 px or more.")
        if self.epochs is not None and self.epochs < 1:
            raise JobError(f"Training for {self.epochs} epochs is impossible.", "Use 1 or more.")
        if self.level == "chips" and self.kind in ("conv", "upernet"):
            raise JobError(
                f"A {self.kind} head needs tokens; with one vector per chip there are none.",
                "Use a linear or knn head, or level tokens.",
            )
        for option, name in ((self.class_names, "name"), (self.class_colours, "colour")):
            for entry in option:
                if "=" not in entry:
                    raise JobError(f"The {name} “{entry}” names no class.", f"Write it as VALUE={name.upper()}.")
