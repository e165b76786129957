"""From a dataset's numbers to the model's inputs: harmonised and resized in batches, on the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from engine.errors import GridError, JobError
from engine.raster.harmonise import Harmoniser
from engine.raster.radiometry import Radiometry
from engine.raster.resize import resize
from train.evaluation.dataset import Modality
from train.evaluation.names import RESIZES


def harmoniser_of(modality: Modality, device: torch.device) -> Harmoniser:
    """The harmonisation of images that are in the unit of their statistics."""
    count = len(modality.bands)
    identity = Radiometry((1.0,) * count, (0.0,) * count, (False,) * count, "unit of the statistics", "used as it is")
    return Harmoniser(identity, modality.statistics, device)


class InputMaker:
    """Makes (B, C, ``side_px``, ``side_px``) inputs of one modality's images, float32 on ``device``.

    ``resize_name`` is "exact" (what the model was trained with) or "bicubic" (antialiased). JobError for another.
    """

    def __init__(self, modality: Modality, side_px: int, resize_name: str, device: torch.device) -> None:
        if resize_name not in RESIZES:
            raise JobError(f"The resize {resize_name!r} is not known.", f"Use one of {', '.join(RESIZES)}.")
        self.modality, self.side_px, self.resize_name, self.device = modality, side_px, resize_name, device
        self._harmonise = harmoniser_of(modality, device)

    def __call__(
        self, images: Sequence[np.ndarray], valid: Sequence[np.ndarray | None], shrink: float = 1.0
    ) -> torch.Tensor:
        """Inputs of images (C, h, w), each of any size; ``valid`` (h, w) bool, None where every pixel is.

        With ``shrink`` < 1 the images are first shrunk to that share of their sides, so that they lose the detail.
        GridError for an image of another number of bands.
        """
        shapes: dict[tuple[int, ...], list[int]] = {}
        for place, image in enumerate(images):
            if image.ndim != 3 or len(image) != len(self.modality.bands):
                raise GridError(
                    f"An image of {self.modality.name} is {' × '.join(map(str, image.shape))},"
                    f" where {len(self.modality.bands)} bands of pixels are expected.",
                    "Check that the dataset's files are whole and in the published layout.",
                )
            shapes.setdefault(image.shape, []).append(place)
        made = torch.empty(len(images), len(self.modality.bands), self.side_px, self.side_px, device=self.device)
        for shape, places in shapes.items():
            values = torch.from_numpy(np.stack([images[place] for place in places]))
            masks = np.ones((len(places), *shape[1:]), bool)
            for mask, place in zip(masks, places, strict=True):
                given = valid[place]
                if given is not None:
                    mask[:] = given
            harmonised = self._harmonise(values, torch.from_numpy(masks))
            if shrink < 1:
                harmonised = self._resize(harmonised, *(max(1, int(side * shrink)) for side in shape[1:]))
            made[torch.tensor(places, device=self.device)] = self._resize(harmonised, self.side_px, self.side_px)
        return made

    def _resize(self, images: torch.Tensor, height: int, width: int) -> torch.Tensor:
        if self.resize_name == "exact":
            return resize(images, height, width)
        if images.shape[-2:] == (height, width):
            return images
        return functional.interpolate(images, (height, width), mode="bicubic", align_corners=False, antialias=True)
