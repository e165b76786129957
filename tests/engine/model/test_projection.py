from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from engine.errors import JobError, UnknownBandError
from engine.model.projection import SpectrumProjection, layer_weights, patchify
from engine.spectrum.layers import LAYERS

WIDTH, PATCH = 6, 4
KEYS = [layer.key for layer in LAYERS]


@pytest.fixture
def projection() -> SpectrumProjection:
    torch.manual_seed(0)
    return SpectrumProjection(WIDTH, PATCH)


def _plain(projection: SpectrumProjection, image: torch.Tensor, keys: list[str]) -> torch.Tensor:
    """METHOD, section 2: e_c = W_i p + b_i for every patch and band, token = 12 · mean_c(e_c)."""
    batch, _, height, width = image.shape
    tokens = torch.zeros(batch, (height // PATCH) * (width // PATCH), projection.layers[0].out_features)
    for n, row in enumerate(range(0, height, PATCH)):
        for m, col in enumerate(range(0, width, PATCH)):
            embedded = []
            for band, key in enumerate(keys):
                layer = projection.layers[KEYS.index(key)]
                pixels = image[:, band, row : row + PATCH, col : col + PATCH].reshape(batch, -1)
                embedded.append(pixels @ layer.weight.T + layer.bias)
            tokens[:, n * (width // PATCH) + m] = 12 * torch.stack(embedded).mean(0)
    return tokens


@settings(max_examples=25, deadline=None)
@given(
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=17),
    rows=st.integers(1, 3),
    cols=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_tokens_are_twelve_times_the_mean_over_bands(keys: list[str], rows: int, cols: int, seed: int):
    torch.manual_seed(seed)
    projection = SpectrumProjection(WIDTH, PATCH)
    image = torch.randn(2, len(keys), rows * PATCH, cols * PATCH)
    with torch.no_grad():
        tokens = projection(patchify(image, PATCH), keys)
        torch.testing.assert_close(tokens, _plain(projection, image, keys), rtol=1e-4, atol=1e-4)


def test_the_compiled_projection_is_an_ordinary_patch_embedding(projection: SpectrumProjection):
    keys = ["red_1", "microwave_2", "aerosol"]
    image = torch.randn(2, 3, 8, 12)
    with torch.no_grad():
        weight, bias = projection.compile(keys)
        assert weight.shape == (WIDTH, 3, PATCH, PATCH)
        assert bias.shape == (WIDTH,)
        convolved = functional.conv2d(image, weight, bias, stride=PATCH).flatten(2).transpose(1, 2)
        torch.testing.assert_close(projection(patchify(image, PATCH), keys), convolved, rtol=1e-5, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(5)))
def test_the_order_of_bands_does_not_matter(order: list[int]):
    torch.manual_seed(3)
    projection = SpectrumProjection(WIDTH, PATCH)
    keys = ["aerosol", "red_2", "near_infrared_1", "short_wave_infrared_3", "microwave_1"]
    image = torch.randn(1, 5, 8, 8)
    with torch.no_grad():
        tokens = projection(patchify(image, PATCH), keys)
        shuffled = projection(patchify(image[:, list(order)], PATCH), [keys[i] for i in order])
    torch.testing.assert_close(tokens, shuffled, rtol=1e-5, atol=1e-5)


def test_an_interpolated_band_is_the_weighted_average_of_its_layers(projection: SpectrumProjection):
    (shares,) = layer_weights(["thermal_infrared_1"])
    assert len(shares) == 2
    image = torch.randn(1, 1, 4, 4)
    with torch.no_grad():
        patches = patchify(image, PATCH)
        expected = sum(share * projection(patches, [KEYS[index]]) for index, share in shares)
        torch.testing.assert_close(projection(patches, ["thermal_infrared_1"]), expected, rtol=1e-4, atol=1e-4)


def test_a_list_of_bands_is_compiled_once_until_the_weights_change(projection: SpectrumProjection):
    keys = ["red_1", "green_1"]
    with torch.no_grad():
        first = projection.compile(keys)
        assert projection.compile(list(keys)).weight is first.weight
        assert projection.compile(keys[::-1]).weight is not first.weight
        projection.layers[5].weight += 1
        torch.testing.assert_close(
            projection.compile(keys).weight, first.weight + torch.tensor([6.0, 0.0])[:, None, None]
        )


def test_changing_between_training_and_evaluation_compiles_anew(projection: SpectrumProjection):
    with torch.no_grad():
        first = projection.compile(["red_1"]).bias
        projection.layers[5].bias.data += 1
        projection.eval()
        torch.testing.assert_close(projection.compile(["red_1"]).bias, first + 12)


def test_gradients_reach_the_layers_of_the_bands_and_no_other(projection: SpectrumProjection):
    projection(torch.randn(1, 1, 2 * PATCH**2), ["green_2", "microwave_1"]).square().sum().backward()
    with_gradient = [
        layer.key for layer, linear in zip(LAYERS, projection.layers, strict=True) if linear.weight.grad is not None
    ]
    assert with_gradient == ["green_2", "microwave_1"]


def test_what_inference_mode_compiled_serves_a_later_gradient(projection: SpectrumProjection):
    projection.requires_grad_(False)
    patches = torch.randn(1, 1, PATCH**2)
    with torch.inference_mode():
        projection(patches, ["red_1"])
    image = patches.requires_grad_()
    projection(image, ["red_1"]).sum().backward()
    assert image.grad is not None


def test_half_precision_weights_are_summed_in_single_precision(projection: SpectrumProjection):
    keys = KEYS[:12]
    with torch.no_grad():
        projection.bfloat16()
        bias = projection.compile(keys).bias
        exact = sum(layer.bias.double() for layer in projection.layers[:12])
        assert bias.dtype == torch.bfloat16
        assert torch.equal(bias, exact.float().bfloat16())


def test_patches_run_by_band_then_row_then_column():
    image = torch.arange(2 * 4 * 8).reshape(1, 2, 4, 8).float()
    patches = patchify(image, 4)
    assert patches.shape == (1, 2, 32)
    assert patches[0, 1, :5].tolist() == [4, 5, 6, 7, 12]
    assert patches[0, 1, 16] == 32 + 4


@pytest.mark.parametrize("bands", [[], "red_1"])
def test_no_list_of_bands_is_an_error(projection: SpectrumProjection, bands: list[str]):
    with pytest.raises(JobError, match="No bands"):
        projection.compile(bands)


def test_a_key_that_names_no_layer_is_an_error(projection: SpectrumProjection):
    with pytest.raises(UnknownBandError, match="infrared_9"):
        projection.compile(["infrared_9"])
