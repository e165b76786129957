"""Augmented images are those of scikit-image, all sensors of a sample see the same ground, and no rank matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pretraining_runs import RGB, made_image, s1_side, s2_side
from skimage.transform import resize

from engine.raster.harmonise import Harmoniser
from engine.raster.radiometry import Radiometry
from train.data.augment import Augment, Draws
from train.data.shards import Side
from train.data.views import View, views_one_by_one, views_together

CPU = torch.device("cpu")
#: The same pixels by the plain way, within this share of their range.
EXACT = 1e-4


def draws_of(crop: list[list[float]], turn: list[list[float]]) -> Draws:
    nothing = torch.zeros(len(crop), 4)
    return Draws(torch.tensor(crop), torch.tensor(turn), nothing, nothing)


def batch_of(side: Side, count: int, seed: int = 0) -> torch.Tensor:
    numbers = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([made_image(side, numbers) for _ in range(count)]))


def harmonised(side: Side, stored: torch.Tensor) -> torch.Tensor:
    """The engine's way."""
    bands = len(side.bands)
    radiometry = Radiometry((side.gain,) * bands, (side.bias,) * bands, (False,) * bands, side.sensor, "")
    valid = torch.ones(len(stored), *stored.shape[2:], dtype=torch.bool)
    if side.nodata is not None:
        valid = (stored.numpy() != side.nodata).any(axis=1)
        valid = torch.from_numpy(valid)
    return Harmoniser(radiometry, side.statistics, "cpu")(stored, valid)


@pytest.mark.parametrize("size", [48, 64, 96])
@pytest.mark.parametrize("way", [views_one_by_one, views_together])
def test_equals_scikit_image_on_the_crop(size, way):
    """Enlarged, shrunk with anti-aliasing, and kept, on all ways; the second is the one of a GPU."""
    side = replace(s2_side(100), bias=30.0, gain=0.5)
    stored = batch_of(side, 8)
    views = []
    numbers = np.random.default_rng(size)
    for turn in range(8):
        length = int(numbers.integers(50, 101)) if turn else size
        top, left = numbers.integers(0, 101 - min(length, 100), 2).tolist()
        views.append(View(min(length, 100), top, left, bool(turn & 1), bool(turn & 2), bool(turn & 4)))
    plain = harmonised(side, stored).numpy()
    found = way(stored, views, size, lambda crop: harmonised(side, crop))
    assert found.shape == (8, 4, size, size)
    assert found.dtype == torch.float32
    for view, whole, image in zip(views, plain, found.numpy(), strict=True):
        crop = whole[:, view.top : view.top + view.side, view.left : view.left + view.side]
        crop = crop[:, ::-1] if view.flip_rows else crop
        crop = crop[:, :, ::-1] if view.flip_columns else crop
        crop = crop.transpose(0, 2, 1) if view.transpose else crop
        wanted = resize(crop.transpose(1, 2, 0), (size, size), order=3, anti_aliasing=True, preserve_range=True)
        np.testing.assert_allclose(image, wanted.transpose(2, 0, 1), rtol=0, atol=EXACT * np.ptp(crop))


def test_flips_and_turns_are_the_eight_symmetries():
    side = s2_side(40)
    stored = batch_of(side, 1)
    turns = [[a, b, c] for a in (0.0, 0.5) for b in (0.49, 0.9) for c in (0.1, 0.7)]
    augment = Augment((side,), 40, CPU, (1.0, 1.0))
    (found,) = augment((stored.expand(8, -1, -1, -1),), draws_of([[0.3, 0.9, 0.9]] * 8, turns))
    plain = harmonised(side, stored)[0]
    wanted = [turned for k in range(4) for quarter in (plain.rot90(k, (1, 2)),) for turned in (quarter, quarter.mT)]
    close = [[bool((image - other).abs().max() < EXACT) for other in wanted] for image in found]
    assert [row.count(True) for row in close] == [1] * 8
    assert len({row.index(True) for row in close}) == 8


def test_both_sensors_see_the_same_ground_at_any_resolution():
    """Ramps over the ground, in 40 coarse and 80 fine pixels: where the crop is, and how it is turned, can be read."""
    coarse, fine = s1_side(40), replace(s1_side(40), height=80, width=80)

    def ramp(length: int) -> torch.Tensor:
        places = (np.arange(length) + 0.5) / length * 1700 - 2800
        return torch.from_numpy(np.stack(np.broadcast_arrays(places[:, None], places)).round().astype(np.int16))

    count = 64
    draws = Draws.of_part(1, 2, count, 4)
    augment = Augment((coarse, fine), 64, CPU)
    images = [ramp(length).expand(count, -1, -1, -1) for length in (40, 80)]
    first, second = augment(images, draws)
    inner = slice(12, -12)
    difference = (first - second)[:, :, inner, inner].abs().max()
    assert difference < 0.01 * (first.max() - first.min())
    # Areas of a quarter to the whole, in every corner; and not all alike.
    spread = second.amax((2, 3)) - second.amin((2, 3))
    whole = harmonised(fine, images[1])[:1]
    sides = (spread / (whole.amax((2, 3)) - whole.amin((2, 3))))[:, 0]
    assert sides.min() > 0.4
    assert sides.min() < 0.6
    assert sides.max() > 0.9


def test_crops_fill_their_range_and_stay_inside():
    views = Augment((s2_side(40),), 64, CPU)._views(Draws.of_part(0, 0, 4000, 4), 40)
    sides = np.array([view.side for view in views])
    assert (sides.min(), sides.max()) == (20, 40)
    # The area is uniform: half of the crops have less than 62.5 %.
    assert np.mean(sides**2 < 0.625 * 1600) == pytest.approx(0.5, abs=0.05)
    assert all(0 <= view.top <= 40 - view.side and 0 <= view.left <= 40 - view.side for view in views)
    assert {view.top for view in views if view.side == 30} == set(range(11))
    # In pixels that do not divide into each other, crops still end inside.
    views = Augment((s2_side(40), s2_side(75)), 64, CPU)._views(Draws.of_part(0, 0, 4000, 4), 75)
    assert all(0 <= view.top and view.top + view.side <= 75 for view in views)


def test_what_was_not_measured_is_zero():
    side = s2_side(40)
    stored = batch_of(side, 2)
    values = stored.numpy()
    values[0, :, 5, 7] = 0
    values[0, 0, 20, 20] = 0
    (found,) = Augment((side,), 40, CPU, (1.0, 1.0))((stored,), draws_of([[0.0] * 3] * 2, [[0.0] * 3] * 2))
    assert found[0, :, 5, 7].abs().max() < EXACT
    # One band without a value is a value: black.
    assert found[0, :, 20, 20].abs().max() > 0.5
    torch.testing.assert_close(found, harmonised(side, stored), atol=EXACT, rtol=0)
    unmasked = replace(side, nodata=None)
    (found,) = Augment((unmasked,), 40, CPU, (1.0, 1.0))((stored,), draws_of([[0.0] * 3] * 2, [[0.0] * 3] * 2))
    assert found[0, :, 5, 7].abs().max() > 0.5


def test_a_sample_does_not_depend_on_its_neighbours():
    sides = (RGB, s2_side(40))
    images = [batch_of(side, 6, seed) for seed, side in enumerate(sides)]
    draws = Draws.of_part(4, 9, 6, 16)
    augment = Augment(sides, 64, CPU)
    together = augment(images, draws)
    for start, stop in ((0, 3), (3, 6)):
        apart = augment([image[start:stop] for image in images], draws.rows(start, stop))
        for whole, part in zip(together, apart, strict=True):
            assert torch.equal(whole[start:stop], part)


def test_draws_are_known_from_seed_and_part():
    draws, same = Draws.of_part(1, 5, 8, 16), Draws.of_part(1, 5, 8, 16)
    assert torch.equal(draws.take, same.take)
    assert not torch.equal(draws.take, Draws.of_part(1, 6, 8, 16).take)
    assert not torch.equal(draws.take, Draws.of_part(2, 5, 8, 16).take)
    assert [tuple(values.shape) for values in (draws.crop, draws.turn, draws.take, draws.hide)] == [
        (8, 3), (8, 3), (8, 16), (8, 16),
    ]  # fmt: skip
    assert torch.equal(draws.rows(2, 4).hide, draws.hide[2:4])
    with pytest.raises(ValueError, match="square"):
        Augment((replace(s2_side(40), width=30),), 64, CPU)
