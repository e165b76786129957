"""One batch of chips through the auto-encoder, several times with other tokens hidden: predictions and errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch.nn import functional

from engine.errors import JobError
from engine.model.autoencoder import AutoEncoder, pixel_targets
from engine.model.projection import patchify
from engine.raster.tiles import Tile
from engine.spectrum.assign import Assignment
from engine.tasks.features import FeatureExtractor
from engine.tasks.inputs import PreparedImage
from engine.tasks.reconstruct_targets import Target, anchors

#: The chips go through the model at most so many times.
_MOST_PASSES = 8
#: What counts for a token's own contrast against that fitted to its predictions, whose variance is about 1: where
#: these hardly vary the fit is bounded, and a flat token stays flat.
_PRIOR = 0.01


@dataclass(frozen=True)
class HiddenPasses:
    """Which tokens are hidden when: each of ``passes`` hides ``hidden`` of as many groups, each group as often."""

    passes: int
    hidden: int

    @classmethod
    def of(cls, share: float, tokens: int) -> HiddenPasses:
        """The passes that come nearest to hiding ``share`` of ``tokens``; JobError for a model of one token."""
        if tokens < 2:
            raise JobError("The model looks at one token at a time, of which none can be hidden.", "Use another model.")
        nearest = Fraction(share).limit_denominator(min(_MOST_PASSES, tokens))
        if not 0 < nearest < 1:
            passes = min(_MOST_PASSES, tokens)
            return cls(passes, 1 if nearest == 0 else passes - 1)
        return cls(nearest.denominator, nearest.numerator)

    @property
    def share(self) -> float:
        """The share of tokens that each pass hides, up to rounding."""
        return self.hidden / self.passes

    def masks(self, tiles: Sequence[Tile], tokens: int, seed: int) -> torch.Tensor:
        """Hidden tokens (passes, B, N) bool of tiles; a tile's depend on its place and the seed alone."""
        groups = np.empty((len(tiles), tokens), np.int64)
        for row, tile in zip(groups, tiles, strict=True):
            order = np.random.default_rng([seed, tile.row, tile.col]).permutation(tokens)
            row[order] = np.arange(tokens) % self.passes
        turns = (groups - np.arange(self.passes)[:, None, None]) % self.passes
        return torch.from_numpy(turns < self.hidden)


class ChipReconstructor:
    """Predicts ``targets`` for chips, and how far the bands they have are from what the model expects.

    Every token is predicted only where it is hidden, and its predictions are averaged. ``errors`` says whether these
    are wanted. ``norm_pix``: the model predicts tokens normalised over their bands and pixels, to be put back to
    scale by the bands that are known.
    """

    def __init__(
        self,
        model: AutoEncoder,
        extractor: FeatureExtractor,
        images: Sequence[PreparedImage],
        targets: Sequence[Target],
        passes: HiddenPasses,
        interpolation: str,
        norm_pix: bool,
        seed: int,
        errors: bool,
        autocast: bool,
    ) -> None:
        self._model, self._extractor = model, extractor
        self._passes, self._norm_pix, self._seed, self._autocast = passes, norm_pix, seed, autocast
        self._counts = [len(image.assignments) for image in images]
        self._bands = [band for image in images for band in image.assignments]
        self._targets = list(targets)
        #: What the decoder is asked for: the targets, what tells their scale, and the image's own bands.
        self._asked: list[Assignment] = [target.assignment for target in targets]
        self._groups: list[_Group] = []
        for family in dict.fromkeys(target.family for target in targets):
            known = anchors(family, self._bands, interpolation) if norm_pix else []
            wanted = [place for place, target in enumerate(targets) if target.family == family]
            self._groups.append(_Group(family, wanted, self._ask([band for _, band in known]), [n for n, _ in known]))
        self._own = self._ask(self._bands) if errors else []

    @property
    def unscaled(self) -> list[str]:
        """The targets for whose brightness and contrast no band is known."""
        groups = [group for group in self._groups if self._norm_pix and not group.known]
        return [self._targets[place].name for group in groups for place in group.wanted]

    @torch.inference_mode()
    def __call__(
        self, values: Sequence[np.ndarray], valid: Sequence[np.ndarray], tiles: Sequence[Tile]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predictions (B, K, chip, chip) in the targets' units, and errors (B, T, T) (zeros where not wanted).

        ``values``: per image (B, C, chip, chip) raw; ``valid``: per image (B, chip, chip) bool.
        """
        model, device = self._model, self._extractor.device
        inputs = self._extractor.harmonised(values, valid)
        image = torch.cat(inputs, dim=1)
        side, batch = image.shape[-1] // model.patch, len(image)
        measured = torch.from_numpy(np.logical_and.reduce(valid)).to(device)[:, None].float()
        weights = patchify(functional.interpolate(measured, image.shape[-2:], mode="nearest"), model.patch)[:, :, None]
        patches = patchify(image.float(), model.patch)
        known = patches.unflatten(2, (len(self._bands), -1))
        masks = self._passes.masks(tiles, side * side, self._seed).to(device)
        predicted = torch.zeros((batch, side * side, len(self._targets), model.patch**2), device=device)
        errors = torch.zeros((batch, side * side), device=device)
        expected = self._expected(patches) if self._own else None
        for hidden in masks:
            with torch.autocast(device.type, torch.bfloat16, enabled=self._autocast):
                decoded = model.reconstruct(image, self._bands, hidden, self._asked)
            for group in self._groups:
                scaled = group.scaled(decoded, known, weights)
                predicted[:, :, group.wanted] += torch.where(hidden[:, :, None, None], scaled, 0)
            if expected is not None:
                squares = (decoded[:, :, self._own] - expected).square() * weights
                mean = squares.mean(dim=2).sum(dim=2) / weights.sum(dim=(2, 3)).clamp_min(1)
                errors += torch.where(hidden, mean, 0)
        whole = _unpatchify(predicted / self._passes.hidden, side, model.patch)
        pixels = _resized(whole, values[0].shape[-1])
        return self._in_units(pixels), (errors / self._passes.hidden).unflatten(1, (side, side)).cpu().numpy()

    def _ask(self, bands: Sequence[Assignment]) -> list[int]:
        """Where the predictions of ``bands`` are among those asked for; each made once, whoever needs it."""
        known = {assignment.weights: place for place, assignment in enumerate(self._asked)}
        for band in bands:
            if known.setdefault(band.weights, len(self._asked)) == len(self._asked):
                self._asked.append(band)
        return [known[band.weights] for band in bands]

    def _expected(self, patches: torch.Tensor) -> torch.Tensor:
        """Patches (B, N, C·P²) → what the decoder was trained to give (B, N, C, P²): every sensor by itself."""
        pixels = self._model.patch**2
        parts = patches.split([count * pixels for count in self._counts], dim=2)
        targets = (pixel_targets(part, n, self._norm_pix) for part, n in zip(parts, self._counts, strict=True))
        return torch.cat([*targets], dim=2)

    def _in_units(self, pixels: torch.Tensor) -> np.ndarray:
        found: np.ndarray = pixels.cpu().numpy()
        for number, target in enumerate(self._targets):
            found[:, number] = target.values(found[:, number])
        return found


@dataclass(frozen=True)
class _Group:
    """Targets that the model predicts together: numbers ``wanted``, and the bands that tell their scale.

    ``known`` are the numbers of these bands in the image, ``asked`` their predictions among those asked for.
    """

    family: str
    wanted: list[int]
    asked: list[int]
    known: list[int]

    def scaled(self, decoded: torch.Tensor, known: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Predictions (B, N, K, P²) of ``wanted``, as standardised values.

        ``decoded`` (B, N, asked, P²) are all predictions, ``known`` (B, N, C, P²) the image's standardised values,
        ``weights`` (B, N, 1, P²) 1 where they were measured. Per token, contrast and brightness are those with which
        the predictions of the known bands come nearest to these (least squares, held by the token's own contrast).
        """
        wanted = decoded[:, :, self.wanted]
        if not self.known:
            return wanted
        guess, truth = decoded[:, :, self.asked], known[:, :, self.known]
        total = (weights.sum(dim=(2, 3), keepdim=True) * len(self.known)).clamp_min(1)

        def mean(values: torch.Tensor) -> torch.Tensor:
            return (values * weights).sum(dim=(2, 3), keepdim=True) / total

        guess_mean, truth_mean = mean(guess), mean(truth)
        guess_off, truth_off = guess - guess_mean, truth - truth_mean
        contrast = mean(truth_off.square()).sqrt()
        slope = (mean(guess_off * truth_off) + _PRIOR * contrast) / (mean(guess_off.square()) + _PRIOR)
        return (wanted - guess_mean) * slope.clamp_min(0) + truth_mean


def _unpatchify(patches: torch.Tensor, side: int, patch: int) -> torch.Tensor:
    """(B, side², K, P²) → (B, K, side·P, side·P)."""
    batch, _, bands, _ = patches.shape
    tiles = patches.reshape(batch, side, side, bands, patch, patch).permute(0, 3, 1, 4, 2, 5)
    return tiles.reshape(batch, bands, side * patch, side * patch)


def _resized(image: torch.Tensor, side: int) -> torch.Tensor:
    """The chip's own pixels (B, K, side, side) from the model's."""
    if image.shape[-1] == side or not image.shape[1]:
        return image[..., :side, :side] if image.shape[-1] != side else image
    return functional.interpolate(image, (side, side), mode="bilinear", align_corners=False, antialias=True)
