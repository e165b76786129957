"""The resize as matrix products is scikit-image's, and fast."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import resize as skimage_resize

from engine.raster.resize import resize, resize_matrix

SIZE = st.integers(1, 60)


def reference(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """What the released loader does, sample by sample, on (B, C, h, w)."""
    out = [
        skimage_resize(
            image.transpose(1, 2, 0), (height, width), order=3, anti_aliasing=True, preserve_range=True
        ).transpose(2, 0, 1)
        for image in images
    ]
    return np.stack(out)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, shape).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(height=SIZE, width=SIZE, target_height=SIZE, target_width=SIZE, seed=st.integers(0, 99))
def test_equals_scikit_image_for_any_sizes(height, width, target_height, target_width, seed):
    images = noise(2, 3, height, width, seed=seed)
    expected = reference(images, target_height, target_width)
    got = resize(torch.from_numpy(images), target_height, target_width).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("source", [64, 100, 112, 120, 224, 264, 448, 1000])
def test_equals_scikit_image_at_the_sizes_the_engine_uses(source):
    images = noise(1, 2, source, source)
    got = resize(torch.from_numpy(images), 224, 224).numpy()
    np.testing.assert_allclose(got, reference(images, 224, 224), atol=1e-5)


def test_clips_each_sample_to_its_own_range_over_all_its_bands():
    steps = np.zeros((2, 2, 16, 16), np.float32)
    steps[0, 0, :, 8:] = 1.0  # overshoots beyond 0..1, but band 1 of the sample reaches to -5..5
    steps[0, 1, 0, 0], steps[0, 1, 0, 1] = -5.0, 5.0
    steps[1, 0, :, 8:] = 1.0
    got = resize(torch.from_numpy(steps), 40, 40)
    assert got[0, 0].max() > 1.01
    assert got[1].max() == 1.0 and got[1].min() == 0.0


def test_leaves_an_image_of_the_right_size_untouched():
    images = torch.from_numpy(noise(1, 1, 7, 9))
    assert resize(images, 7, 9) is images


def test_an_empty_batch_stays_empty():
    assert resize(torch.zeros(0, 3, 10, 10), 20, 30).shape == (0, 3, 20, 30)


@given(source=st.integers(1, 120), target=st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_rows_sum_to_one_so_that_a_constant_stays_constant(source, target):
    matrix = resize_matrix(source, target)
    assert matrix.shape == (target, source)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-7)


def test_matrix_holds_no_negligible_weight_and_cannot_be_changed():
    matrix = resize_matrix(100, 224)
    assert np.abs(matrix[matrix != 0]).min() >= 1e-9
    assert resize_matrix(100, 224) is matrix
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 1.0


@pytest.mark.parametrize(("source", "target"), [(0, 5), (5, 0), (-1, 5)])
def test_sizes_below_one_pixel_are_refused(source, target):
    with pytest.raises(ValueError, match="at least 1 px"):
        resize_matrix(source, target)


def test_a_matrix_cached_in_inference_mode_serves_training():
    with torch.inference_mode():
        resize(torch.ones(1, 1, 13, 13), 29, 29)
    images = torch.randn(1, 1, 13, 13, requires_grad=True)
    resize(images, 29, 29).sum().backward()
    assert images.grad is not None and torch.isfinite(images.grad).all()


def test_is_many_times_faster_than_scikit_image():
    images = noise(1, 12, 100, 100)
    tensor = torch.from_numpy(images)
    resize(tensor, 224, 224)

    def best(action, repeats):
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
        return min(times)

    slow = best(lambda: reference(images, 224, 224), 2)
    fast = best(lambda: resize(tensor, 224, 224), 20)
    assert fast * 10 < slow, f"{fast * 1e3:.2f} ms against {slow * 1e3:.0f} ms"
