from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.errors import JobError
from engine.model import load_encoder
from engine.model.autoencoder import AutoEncoder

BANDS = ["red_1", "green_1", "blue_3"]
CASES = (
    "s2_l2a",
    "s1_grd",
    "maxar_rgb",
    "hls",
    "nir_only",
    "s2_and_s1_stacked",
    "landsat8_released_interpolation",
)


def _image(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("case", CASES)
def test_golden_features_are_met_within_1e_4_of_the_largest_value(golden, case: str):
    encoder = load_encoder(golden.weights)
    with torch.inference_mode():
        features = encoder.features(
            golden.image("encoder", f"{case}.image"), golden.cases["cases"][case]["bands"], norm=False
        )
    for name, value in (("cls", features.cls), ("dense_prenorm", features.tokens)):
        expected = golden.encoder[f"{case}.{name}"]
        assert value.shape == expected.shape
        assert np.abs(value.numpy() - expected).max() <= 1e-4 * np.abs(expected).max()


def test_all_golden_cases_are_tested(golden):
    assert set(golden.cases["cases"]) == set(CASES)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (4, 4), (8, 20), (24, 12)])
def test_features_have_the_grid_of_the_image(small_model: AutoEncoder, height: int, width: int):
    with torch.no_grad():
        features = small_model.features(_image(2, 3, height, width), BANDS)
    assert features.cls.shape == (2, 24)
    assert features.tokens.shape == (2, 24, height // 4, width // 4)
    assert features.cls.dtype == features.tokens.dtype == torch.float32
    assert features.blocks == {}


def test_tokens_come_before_or_after_the_final_norm_and_cls_always_after(small_model: AutoEncoder):
    image = _image(2, 3, 16, 16)
    with torch.no_grad():
        small_model.norm.weight.mul_(2)
        after = small_model.features(image, BANDS)
        before = small_model.features(image, BANDS, norm=False)
        norm = small_model.norm
        expected = functional.layer_norm(before.tokens.movedim(1, -1), (24,), norm.weight, norm.bias, 1e-6)
    torch.testing.assert_close(after.tokens, expected.movedim(-1, 1))
    torch.testing.assert_close(after.cls, before.cls)


def test_blocks_are_given_under_the_numbers_they_were_asked_with(small_model: AutoEncoder):
    with torch.no_grad():
        features = small_model.features(_image(2, 3, 8, 16), BANDS, norm=False, blocks=(0, 1, -1, 2))
    assert list(features.blocks) == [0, 1, -1, 2] or set(features.blocks) == {0, 1, -1, 2}
    assert features.blocks[0].shape == (2, 24, 2, 4)
    assert torch.equal(features.blocks[-1], features.tokens)
    assert torch.equal(features.blocks[2], features.tokens)
    assert not torch.equal(features.blocks[0], features.blocks[1])


def test_the_grid_runs_as_the_image_does(small_model: AutoEncoder):
    """Changing one patch changes the tokens of its place most."""
    image = _image(1, 3, 8, 16)
    changed = image.clone()
    changed[:, :, 4:8, 12:16] += 5
    with torch.no_grad():
        difference = small_model.project(changed, BANDS) - small_model.project(image, BANDS)
    places = difference.abs().sum(2).reshape(2, 4)
    assert places.nonzero().tolist() == [[1, 3]]


def test_project_then_encode_equals_features(small_model: AutoEncoder):
    image = _image(2, 3, 8, 16)
    with torch.no_grad():
        tokens = small_model.project(image, BANDS)
        assert tokens.shape == (2, 8, 24)
        parts = small_model.encode(tokens, (2, 4))
        whole = small_model.features(image, BANDS)
    assert torch.equal(parts.tokens, whole.tokens)
    assert torch.equal(parts.cls, whole.cls)


def test_a_sample_does_not_depend_on_its_batch(small_model: AutoEncoder):
    image = _image(3, 3, 16, 16)
    with torch.no_grad():
        together = small_model.features(image, BANDS)
        alone = small_model.features(image[1:2], BANDS)
    torch.testing.assert_close(together.tokens[1:2], alone.tokens, rtol=1e-4, atol=1e-5)


def test_bfloat16_weights_give_float32_features_close_to_the_exact_ones(small_model: AutoEncoder):
    image = _image(2, 3, 16, 24)
    with torch.no_grad():
        exact = small_model.features(image, BANDS)
        rough = small_model.bfloat16().features(image, BANDS)
    assert rough.cls.dtype == torch.float32
    assert torch.cosine_similarity(rough.tokens, exact.tokens).min() > 0.99


def test_a_frozen_model_can_be_trained_after_inference(small_model: AutoEncoder):
    image = _image(1, 3, 8, 12)
    small_model.spectrum_projection.requires_grad_(False)
    with torch.inference_mode():
        small_model.features(image, BANDS)
    small_model.features(image, BANDS).cls.sum().backward()
    assert small_model.blocks[0].attn.qkv.weight.grad is not None


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (torch.zeros(1, 3, 15, 16), "15 × 16 px does not divide into patches of 4"),
        (torch.zeros(1, 3, 0, 16), "0 × 16 px"),
        (torch.zeros(1, 2, 16, 16), "has 2 bands, but 3 are named"),
        (torch.zeros(3, 16, 16), "shape 3 × 16 × 16"),
        (torch.zeros(1, 3, 16, 16, dtype=torch.uint8), "not uint8"),
    ],
)
def test_an_image_that_does_not_fit_is_one_clear_sentence(small_model: AutoEncoder, image: torch.Tensor, said: str):
    with pytest.raises(JobError, match=said):
        small_model.features(image, BANDS)


@pytest.mark.parametrize("block", [3, -4])
def test_a_block_that_does_not_exist_is_an_error(small_model: AutoEncoder, block: int):
    with pytest.raises(JobError, match="blocks 0 to 2"):
        small_model.features(torch.zeros(1, 3, 16, 16), BANDS, blocks=(block,))


def test_tokens_that_do_not_fill_the_grid_are_an_error(small_model: AutoEncoder):
    with pytest.raises(JobError, match="8 tokens do not fill a grid of 3 × 3"):
        small_model.encode(torch.zeros(1, 8, 24), (3, 3))
