"""What the model makes of the same few samples of every collection: hidden tokens, predicted, beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.model.autoencoder import AutoEncoder, pixel_targets
from engine.model.projection import patchify
from engine.spectrum.sensors import load_sensor, sensor_names
from train.data.augment import Augment, Draws
from train.data.shards import Collection, Side
from train.recipe import Recipe
from train.watch.contact_sheet import Column, Group, Sheet, draw
from train.watch.flops import visible_tokens

SAMPLES = 3
_PANEL_PX = 160
_HIDDEN_TONE = 0.87
#: Shares of the truth's pixels below and above the tones of a picture.
_STRETCH = (0.02, 0.98)
#: No stretch of less than this share of a sensor's range: flat ground stays flat.
_LEAST_RANGE = 0.08


@dataclass(frozen=True, eq=False)
class Prediction:
    """One sensor of S samples as the model expects it, harmonised: ``image`` (S, C, H, W).

    ``error`` (S,) is the loss of the hidden tokens, in the scale of the targets.
    """

    image: torch.Tensor
    error: torch.Tensor


class Pictures:
    """Contact sheets of the ``collections`` of a run: ``SAMPLES`` records of each, spread evenly over it."""

    def __init__(self, recipe: Recipe, collections: Sequence[Collection], device: torch.device, bf16: bool) -> None:
        self._recipe, self._device, self._bf16 = recipe, device, bf16
        self._collections = collections
        self._records = [np.linspace(0, len(c) - 1, min(SAMPLES, len(c))).astype(int) for c in collections]
        self._origins = [c.origins(chosen) for c, chosen in zip(collections, self._records, strict=True)]

    def sheets(self, model: AutoEncoder, title: str) -> Iterator[np.ndarray]:
        """The sheet of each collection, (H, W, 3) uint8; ``title`` stands below its name."""
        for number, collection in enumerate(self._collections):
            groups = self._groups(model, number)
            remarks = _remarks(collection, self._recipe.norm_pix)
            sheet = Sheet(collection.name, title, groups, self._origins[number], remarks)
            yield draw(sheet, _PANEL_PX)

    def _groups(self, model: AutoEncoder, number: int) -> list[Group]:
        collection = self._collections[number]
        images = self._whole(collection, self._records[number])
        visible_first = self._orders(number)
        groups = []
        for place, (side, truth) in enumerate(zip(collection.sides, images, strict=True)):
            stretch = Stretch(side, truth)
            own = self._from_itself(model, truth, side, visible_first)
            hidden = _hidden(visible_first, 0).to(truth.device)
            grey = _pasted(torch.full_like(truth, torch.nan), truth, hidden, model.patch)
            columns = [
                Column("truth", stretch(truth)),
                Column("visible", stretch(grey)),
                Column("from itself", stretch(own.image), _notes(own.error)),
            ]
            if len(images) > 1:
                other = 1 - place
                crossed = self._from_other(model, images[other], collection.sides[other], truth, side, visible_first)
                source = _title(collection.sides[other])
                if source == _title(side):
                    source = shown_bands(collection.sides[other].bands)[1]
                columns.append(Column(f"from {source}", stretch(crossed.image), _notes(crossed.error)))
            groups.append(Group(_title(side), stretch.words, columns))
        return groups

    def _whole(self, collection: Collection, records: np.ndarray) -> tuple[torch.Tensor, ...]:
        """The records harmonised, whole and unturned, (S, C, size, size) each."""
        augment = Augment(collection.sides, self._recipe.size, self._device, scale=(1.0, 1.0))
        count = len(records)
        nothing = torch.zeros(count, 3)
        stored = tuple(torch.from_numpy(image) for image in collection.read(records))
        return augment(stored, Draws(nothing, nothing, nothing, nothing))

    def _orders(self, number: int) -> torch.Tensor:
        """(S, N): the tokens of each sample in an order of chance, the same at every look."""
        orders = [
            np.random.default_rng([number, record]).permutation(self._recipe.tokens) for record in self._records[number]
        ]
        return torch.from_numpy(np.stack(orders))

    def _from_itself(self, model: AutoEncoder, truth: torch.Tensor, side: Side, order: torch.Tensor) -> Prediction:
        """Hidden tokens from the visible ones, which stay as they are."""
        hidden = _hidden(order, 0).to(truth.device)
        predicted = self._predicted(model, truth, side, hidden, side)
        image = _pasted(self._in_scale(predicted, truth, model.patch), truth, hidden, model.patch)
        return Prediction(image, self._error(predicted, truth, hidden, model.patch))

    def _from_other(
        self, model: AutoEncoder, seen: torch.Tensor, seen_side: Side, truth: torch.Tensor, side: Side,
        order: torch.Tensor,
    ) -> Prediction:  # fmt: skip
        """Every token of a sensor that is hidden altogether, from tokens of the other one elsewhere."""
        first, second = (_hidden(order, turn).to(truth.device) for turn in (0, 1))
        # What the decoder gives for a visible token means nothing: those are predicted with others visible.
        predicted = torch.where(
            first[:, :, None, None],
            self._predicted(model, seen, seen_side, first, side),
            self._predicted(model, seen, seen_side, second, side),
        )
        return Prediction(
            self._in_scale(predicted, truth, model.patch), self._error(predicted, truth, first, model.patch)
        )

    def _predicted(
        self, model: AutoEncoder, image: torch.Tensor, side: Side, hidden: torch.Tensor, wanted: Side
    ) -> torch.Tensor:
        """(S, N, C, P²) in the scale of the targets."""
        with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            return model.reconstruct(image, side.bands, hidden, wanted.bands)

    def _in_scale(self, predicted: torch.Tensor, truth: torch.Tensor, patch: int) -> torch.Tensor:
        """Predictions (S, N, C, P²) as a harmonised image: with norm_pix, in the truth's brightness and contrast."""
        if self._recipe.norm_pix:
            deviation, mean = torch.std_mean(patchify(truth, patch), dim=2, correction=0)
            predicted = predicted * deviation[:, :, None, None] + mean[:, :, None, None]
        return _unpatchify(predicted, truth.shape[-1] // patch)

    def _error(self, predicted: torch.Tensor, truth: torch.Tensor, hidden: torch.Tensor, patch: int) -> torch.Tensor:
        target = pixel_targets(patchify(truth, patch), truth.shape[1], self._recipe.norm_pix)
        errors = (predicted - target).square().mean(dim=(2, 3))
        return (errors * hidden).sum(1) / hidden.sum(1)


class Stretch:
    """A sensor's images as colours or greys, in tones that the truth (S, C, H, W) of each sample sets.

    ``words`` say what is shown.
    """

    def __init__(self, side: Side, truth: torch.Tensor) -> None:
        self._bands, self.words = shown_bands(side.bands)
        self._mean, self._std = (
            torch.tensor([values[band] for band in self._bands], dtype=torch.float32).reshape(-1, 1, 1)
            for values in (side.statistics.mean, side.statistics.std)
        )
        values = self._values(truth).flatten(1)
        # Of some 10⁵ pixels: an exact quantile of more is slow, and torch refuses it.
        shares = torch.tensor(_STRETCH)
        darkest, brightest = values[:, :: max(1, values.shape[1] // 100_000)].quantile(shares, dim=1)
        middle, half = (darkest + brightest) / 2, ((brightest - darkest) / 2).clamp_min(_LEAST_RANGE / 2)
        self._low, self._range = (value.view(-1, 1, 1, 1) for value in (middle - half, 2 * half))

    def __call__(self, images: torch.Tensor) -> list[np.ndarray]:
        """(S, C, H, W) harmonised → S pictures (H, W, 3) uint8; what is not a number is grey."""
        tones = ((self._values(images) - self._low) / self._range).clamp(0, 1).nan_to_num(_HIDDEN_TONE)
        colours = tones if tones.shape[1] == 3 else tones.expand(-1, 3, -1, -1)
        return [*(colours * 255).round().byte().permute(0, 2, 3, 1).numpy()]

    def _values(self, images: torch.Tensor) -> torch.Tensor:
        """(S, 3 or 1, H, W) from 0 to 1, the limits of the sensor's statistics: what is clipped there is white."""
        values = images[:, self._bands].float().cpu() * self._std + self._mean
        return values if len(self._bands) == 3 else values.mean(dim=1, keepdim=True)


def shown_bands(bands: Sequence[str]) -> tuple[list[int], str]:
    """Which of ``bands`` (keys of layers) are shown, and the words for it.

    Three are red, green and blue; one, or the two of a radar, whose mean has less speckle, become grey.
    """
    natural = [
        next((place for place, band in enumerate(bands) if band.startswith(start) and "edge" not in band), None)
        for start in ("red_", "green_", "blue_")
    ]
    found = [place for place in natural if place is not None]
    if len(found) == 3:
        return found, "natural colours"
    if len(bands) == 2 and all(band.startswith("microwave") for band in bands):
        return [0, 1], "mean of VV and VH"
    return [0], bands[0].rstrip("0123456789").replace("_", " ").strip()


def save_picture(picture: np.ndarray, path: Path) -> None:
    """Write a picture (H, W, 3) uint8 as PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        Image.fromarray(picture).save(temporary, "png", optimize=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _remarks(collection: Collection, norm_pix: bool) -> list[str]:
    remarks = [
        "Visible: 25 % of the patches, the rest hidden (grey). From itself: hidden patches predicted from the visible"
        " ones, which stay as they are."
    ]
    if len(collection.sides) > 1:
        remarks.append(
            "From the other sensor: this one hidden altogether, every patch predicted from 25 % of the other's patches,"
            " none of them at its place."
        )
    if norm_pix:
        remarks.append(
            "The model predicts patches normalised each by itself (norm_pix): brightness and contrast of a patch are"
            " the truth's, the pattern within it is the model's. An error of 1 is that of no pattern at all."
        )
    return remarks


def _notes(errors: torch.Tensor) -> list[str]:
    return [f"error {error:.2f}" for error in errors.tolist()]


def _title(side: Side) -> str:
    return load_sensor(side.sensor).title if side.sensor in sensor_names() else side.sensor


def _hidden(order: torch.Tensor, turn: int) -> torch.Tensor:
    """(S, N) bool: all but the tokens that come ``turn``-th in the orders (S, N)."""
    seen = visible_tokens(order.shape[1])
    visible = order[:, turn * seen : (turn + 1) * seen]
    return torch.ones_like(order, dtype=torch.bool).scatter(1, visible, False)


def _pasted(image: torch.Tensor, truth: torch.Tensor, hidden: torch.Tensor, patch: int) -> torch.Tensor:
    """The ``image`` (S, C, H, W) where tokens (S, N) are ``hidden``, elsewhere the truth."""
    rows = truth.shape[-1] // patch
    where = hidden.unflatten(1, (rows, rows)).repeat_interleave(patch, 1).repeat_interleave(patch, 2)
    return torch.where(where[:, None], image, truth)


def _unpatchify(patches: torch.Tensor, rows: int) -> torch.Tensor:
    """(S, rows², C, P²) → (S, C, rows·P, rows·P)."""
    samples, _, bands, pixels = patches.shape
    side = int(pixels**0.5)
    tiles = patches.reshape(samples, rows, rows, bands, side, side).permute(0, 3, 1, 4, 2, 5)
    return tiles.reshape(samples, bands, rows * side, rows * side)
