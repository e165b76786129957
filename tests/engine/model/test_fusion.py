"""Fusion of sensors: as in the paper, the same on every run, and without a pattern of the mask in a map."""

from __future__ import annotations

import pytest
import torch

from engine.errors import JobError
from engine.model import load_encoder
from engine.model.fusion import check_fusion, checkerboard, fused_blocks, fused_features, fused_width

S1, RGB = ["microwave_1", "microwave_2"], ["red_1", "green_1", "blue_3"]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("smarties-tiny")


@pytest.fixture(scope="module")
def images():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, channels, 64, 96, generator=generator) for channels in (2, 3)]


@torch.inference_mode()
def test_stack_is_one_image_of_all_bands(encoder, images):
    fused = fused_features(encoder, images, [S1, RGB], "stack")
    expected = encoder.features(torch.cat(images, dim=1), [*S1, *RGB])
    torch.testing.assert_close(fused.tokens, expected.tokens)
    assert fused.cls.shape == (2, fused_width(encoder.width, "stack", 2))


@torch.inference_mode()
def test_concat_is_each_sensor_alone_side_by_side(encoder, images):
    fused = fused_features(encoder, images, [S1, RGB], "concat")
    assert fused.tokens.shape == (2, fused_width(encoder.width, "concat", 2), 4, 6)
    torch.testing.assert_close(fused.tokens[:, : encoder.width], encoder.features(images[0], S1).tokens)
    torch.testing.assert_close(fused.cls[:, encoder.width :], encoder.features(images[1], RGB).cls)


@torch.inference_mode()
def test_mixup_swaps_tokens_by_the_papers_equations_and_sorts_maps_back(encoder, images):
    own = checkerboard(4, 6)
    tokens_a, tokens_b = encoder.project(images[0], S1), encoder.project(images[1], RGB)
    keep = own.reshape(1, -1, 1).float()
    mixed_a = encoder.encode(keep * tokens_a + (1 - keep) * tokens_b, (4, 6))
    mixed_b = encoder.encode((1 - keep) * tokens_a + keep * tokens_b, (4, 6))
    fused = fused_features(encoder, images, [S1, RGB], "mixup")
    torch.testing.assert_close(fused.cls, torch.cat([mixed_a.cls, mixed_b.cls], dim=1), atol=1e-5, rtol=1e-5)
    first, second = fused.tokens.split(encoder.width, dim=1)
    torch.testing.assert_close(first, torch.where(own, mixed_a.tokens, mixed_b.tokens), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(second, torch.where(own, mixed_b.tokens, mixed_a.tokens), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_mixup_of_two_equal_images_shows_no_pattern_of_the_mask(encoder, images):
    fused = fused_features(encoder, [images[1], images[1]], [RGB, RGB], "mixup")
    alone = encoder.features(images[1], RGB)
    torch.testing.assert_close(fused.tokens, torch.cat([alone.tokens, alone.tokens], dim=1), atol=1e-5, rtol=1e-5)


def test_half_of_the_mask_belongs_to_each_sensor():
    mask = checkerboard(14, 14)
    assert mask.sum() == 98 and not (mask[:, 1:] == mask[:, :-1]).any()


@torch.inference_mode()
def test_one_image_needs_no_fusion(encoder, images):
    alone = encoder.features(images[1], RGB)
    for fusion in ("stack", "concat"):
        torch.testing.assert_close(fused_features(encoder, images[1:], [RGB], fusion).tokens, alone.tokens)
    assert fused_width(encoder.width, "concat", 1) == encoder.width


@pytest.mark.parametrize(("fusion", "images"), [("mixup", 1), ("mixup", 3), ("sum", 2)])
def test_what_cannot_be_fused_is_refused(fusion, images):
    with pytest.raises(JobError):
        check_fusion(fusion, images)


@torch.inference_mode()
@pytest.mark.parametrize("fusion", ["stack", "concat"])
def test_blocks_are_those_of_the_encoder_fused_alike(encoder, images, fusion):
    found = fused_blocks(encoder, images, [S1, RGB], fusion, [3, -1, 3])
    assert [tuple(block.shape) for block in found] == [(2, fused_width(encoder.width, fusion, 2), 4, 6)] * 3
    torch.testing.assert_close(found[0], found[2])
    # Behind the last block only the final norm is left.
    normed = [encoder.norm(half.movedim(1, -1)).movedim(-1, 1) for half in found[1].split(encoder.width, dim=1)]
    torch.testing.assert_close(torch.cat(normed, dim=1), fused_features(encoder, images, [S1, RGB], fusion).tokens)


def test_mixed_tokens_have_no_blocks_to_look_into(encoder, images):
    with pytest.raises(JobError, match="mixup fusion has the tokens of two sensors mixed"):
        fused_blocks(encoder, images, [S1, RGB], "mixup", [0])
