from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.errors import JobError
from engine.model import load_autoencoder
from engine.model.autoencoder import AutoEncoder, TokenMasks
from engine.model.config import ModelConfig
from engine.model.position import sincos_table
from engine.spectrum.layers import LAYER_BY_KEY

RGB = ["red_1", "green_1", "blue_3"]
RADAR = ["microwave_1", "microwave_2"]
FIVE = ["aerosol", "blue_1", "red_2", "near_infrared_1", "short_wave_infrared_4"]
FOURTEEN = [*LAYER_BY_KEY][:14]
PAIRS = ("maxar_rgb+s2_l1c", "s2_l2a+s1_grd")


def _pair(bands_a: list[str], bands_b: list[str], height: int, width: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    tokens = (height // 4) * (width // 4)
    image_a = torch.randn(2, len(bands_a), height, width, generator=generator)
    image_b = torch.randn(2, len(bands_b), height, width, generator=generator)
    take_a = torch.rand(2, tokens, generator=generator) < 0.4
    order = torch.rand(2, tokens, generator=generator).argsort(1)
    return image_a, image_b, take_a, order >= tokens // 3


def _variance_of_slots(pixels: torch.Tensor) -> torch.Tensor:
    count = 12 * pixels.shape[1]
    return (pixels - pixels.mean()).square().mean() * count / (count - 1)


def _plain_stream(model, tokens, sources, own, masked, grid, norm_pix):
    """One stream of METHOD, section 5, sample by sample and token by token. ``own`` picks the source of each token."""
    rows, cols = grid
    positions = sincos_table(model.width, rows, cols)
    decoder_positions = sincos_table(model.mask_token.shape[2], rows, cols)
    losses, predictions = [], []
    for sample in range(len(tokens)):
        visible = [n for n in range(rows * cols) if not masked[sample, n]]
        x = torch.stack([model.cls_token[0, 0]] + [tokens[sample, n] + positions[1 + n] for n in visible])[None]
        for block in model.blocks:
            x = block(x)
        x = model.decoder_embed(model.norm(x))[0]
        rest = iter(x[1:])
        y = [x[0]] + [model.mask_token[0, 0] if masked[sample, n] else next(rest) for n in range(rows * cols)]
        y = (torch.stack(y) + decoder_positions)[None]
        for block in model.decoder_blocks:
            y = block(y)
        y = model.decoder_norm(y)[0, 1:]
        errors, predicted = [], []
        for n in range(rows * cols):
            image, bands = sources[own[sample, n]]
            row, col = divmod(n, cols)
            # The released code fills 12 slots by repeating the bands.
            slots = [bands[k % len(bands)] for k in range(max(12, len(bands), *(len(s[1]) for s in sources)))]
            pixels = image[sample, :, 4 * row : 4 * row + 4, 4 * col : 4 * col + 4].flatten(1)
            # Where 12 is no multiple of the number of bands, the count of values alone is that of 12 slots.
            filled = pixels.repeat(12 // len(bands), 1) if 12 % len(bands) == 0 else pixels
            variance = filled.var() if 12 % len(bands) == 0 or len(bands) > 12 else _variance_of_slots(filled)
            target = (pixels - filled.mean()) / (variance + 1e-6) ** 0.5 if norm_pix else pixels
            prediction = torch.stack([model.decoder_preds[LAYER_BY_KEY[key].index](y[n]) for key in slots])
            predicted.append(prediction)
            if masked[sample, n]:
                errors.append((target - prediction[: len(bands)]).square().mean())
        losses.append(torch.stack(errors).mean())
        predictions.append(predicted)
    return torch.stack(losses).mean(), torch.stack([torch.stack(p) for p in predictions])


def _plain(model, image_a, bands_a, image_b, bands_b, take_a, masked, norm_pix, mixup):
    """METHOD, section 5, read literally: loss and both predictions."""
    grid = image_a.shape[2] // 4, image_a.shape[3] // 4
    tokens_a, tokens_b = model.project(image_a, bands_a), model.project(image_b, bands_b)
    keep = take_a[:, :, None].float()
    mixed_a = keep * tokens_a + (1 - keep) * tokens_b
    mixed_b = (1 - keep) * tokens_a + keep * tokens_b if mixup == "paper" else tokens_b
    sources = (image_a, bands_a), (image_b, bands_b)
    own_a = (~take_a).int()
    own_b = take_a.int() if mixup == "paper" else torch.ones_like(own_a)
    loss_a, prediction_a = _plain_stream(model, mixed_a, sources, own_a, masked, grid, norm_pix)
    loss_b, prediction_b = _plain_stream(model, mixed_b, sources, own_b, masked, grid, norm_pix)
    return (loss_a + loss_b) / 2, prediction_a, prediction_b


@pytest.mark.parametrize("norm_pix", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
def test_golden_losses_are_met_within_1e_4(golden, pair: str, norm_pix: bool):
    output, expected = _golden_step(golden, pair, norm_pix)
    wanted = expected["loss_norm_pix" if norm_pix else "loss"]
    assert output.loss.item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("pair", PAIRS)
def test_golden_predictions_are_met_within_1e_4_of_the_largest_value(golden, pair: str):
    output, _ = _golden_step(golden, pair, norm_pix=False)
    for name, prediction in (("a", output.prediction_a), ("b", output.prediction_b)):
        expected = golden.pretraining[f"{pair}.pred_{name}_tokens_0_35"]
        difference = np.abs(prediction[:, [0, 35]].numpy() - expected).max()
        assert difference <= 1e-4 * np.abs(expected).max()


def _golden_step(golden, pair: str, norm_pix: bool):
    model = load_autoencoder(golden.weights)
    expected = golden.cases[pair]
    masks = {name: torch.from_numpy(golden.pretraining[f"{pair}.{name}"]) for name in ("take_a", "masked")}
    images = [golden.image("pretraining", f"{pair}.image_{side}") for side in "ab"]
    with torch.inference_mode():
        output = model.loss(images[0], expected["bands_a"], images[1], expected["bands_b"], norm_pix=norm_pix, **masks)
    return output, expected


@pytest.mark.parametrize("mixup", ["paper", "released"])
@pytest.mark.parametrize("norm_pix", [False, True])
@pytest.mark.parametrize(
    ("bands_a", "bands_b", "height", "width"),
    [(RGB, RADAR, 16, 16), (FIVE, RGB, 8, 20), (RADAR, FOURTEEN, 12, 12)],
    ids=["3+2 bands", "5+3 bands, rectangular", "2+14 bands"],
)
def test_the_step_equals_the_method_read_literally(
    small_model: AutoEncoder,
    mixup: str,
    norm_pix: bool,
    bands_a: list[str],
    bands_b: list[str],
    height: int,
    width: int,
):
    image_a, image_b, take_a, masked = _pair(bands_a, bands_b, height, width)
    with torch.no_grad():
        output = small_model.loss(
            image_a, bands_a, image_b, bands_b, take_a=take_a, masked=masked, norm_pix=norm_pix, mixup=mixup
        )
        loss, prediction_a, prediction_b = _plain(
            small_model, image_a, bands_a, image_b, bands_b, take_a, masked, norm_pix, mixup
        )
    torch.testing.assert_close(output.loss, loss, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(output.prediction_a, prediction_a, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(output.prediction_b, prediction_b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mixup", ["paper", "released"])
def test_gradients_equal_those_of_the_method_read_literally(small_model: AutoEncoder, mixup: str):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)

    def gradients(loss: torch.Tensor) -> dict[str, torch.Tensor]:
        small_model.zero_grad()
        loss.backward()
        return {name: p.grad.clone() for name, p in small_model.named_parameters() if p.grad is not None}

    ours = gradients(small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked, mixup=mixup).loss)
    plain = gradients(_plain(small_model, image_a, RGB, image_b, RADAR, take_a, masked, True, mixup)[0])
    assert {name for name in plain if plain[name].any()} == {name for name in ours if ours[name].any()}
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, plain[name], rtol=1e-3, atol=1e-6)


def test_only_visible_tokens_are_projected_and_encoded_both_streams_as_one_batch(small_model: AutoEncoder):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    visible = int((~masked[0]).sum())
    shapes = []
    small_model.spectrum_projection.register_forward_hook(lambda module, given, out: shapes.append(tuple(out.shape)))
    small_model.blocks[0].register_forward_hook(lambda module, given, out: shapes.append(tuple(out.shape)))
    small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked)
    assert shapes == [(2, visible, 24), (2, visible, 24), (4, 1 + visible, 24)]


def test_only_layers_of_the_two_images_are_trained(small_model: AutoEncoder):
    image_a, image_b, _, _ = _pair(RGB, RADAR, 16, 16)
    small_model.loss(image_a, RGB, image_b, RADAR).loss.backward()
    for layers in (small_model.spectrum_projection.layers, small_model.decoder_preds):
        trained = [key for key, layer in LAYER_BY_KEY.items() if layers[layer.index].weight.grad is not None]
        assert trained == [key for key in LAYER_BY_KEY if key in RGB + RADAR]
    assert small_model.pos_embed.grad is None
    assert small_model.decoder_pos_embed.grad is None


def test_drawn_masks_hide_75_percent_and_swap_half_of_every_sample(small_model: AutoEncoder):
    image_a, image_b, _, _ = _pair(RGB, RADAR, 32, 32)
    torch.manual_seed(7)
    with torch.no_grad():
        first = small_model.loss(image_a, RGB, image_b, RADAR)
        second = small_model.loss(image_a, RGB, image_b, RADAR)
        torch.manual_seed(7)
        again = small_model.loss(image_a, RGB, image_b, RADAR)
    assert first.masked.sum(1).tolist() == [48, 48]
    assert first.take_a.sum(1).tolist() == [32, 32]
    assert not torch.equal(first.masked, second.masked)
    assert not torch.equal(first.masked[0], first.masked[1])
    assert torch.equal(first.take_a, again.take_a)
    assert first.loss == again.loss


def test_every_token_is_as_likely_to_be_hidden():
    torch.manual_seed(0)
    masks = TokenMasks.drawn(torch.rand(4000, 16), torch.rand(4000, 16))
    share = torch.zeros(4000, 16).scatter(1, masks.hidden, 1.0).mean(0)
    together = torch.cat([masks.visible, masks.hidden], dim=1).sort(dim=1).values
    assert (together == torch.arange(16)).all()
    assert (masks.take_a.float().mean(0) - 0.5).abs().max() < 0.05
    assert (share - 0.75).abs().max() < 0.05


def test_hidden_pixels_do_not_reach_the_prediction(small_model: AutoEncoder):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    hidden = masked.reshape(2, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        one = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked)
        other = small_model.loss(
            image_a.masked_fill(hidden, 9.0), RGB, image_b.masked_fill(hidden, -9.0), RADAR, take_a, masked
        )
    assert torch.equal(one.prediction_a, other.prediction_a)
    assert one.loss != other.loss


def test_training_lowers_the_loss_and_the_compiled_projection_follows(small_model: AutoEncoder):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    small_model.train()
    optimiser = torch.optim.AdamW(small_model.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        with torch.no_grad():
            small_model.features(image_a, RGB)
    assert losses[-1] < 0.8 * losses[0]
    torch.testing.assert_close(small_model.pos_embed.detach(), sincos_table(24, 4, 4)[None])
    with torch.no_grad():
        kept = small_model.features(image_a, RGB).cls
        fresh = AutoEncoder(small_model.config)
        fresh.load_state_dict(small_model.state_dict())
        torch.testing.assert_close(fresh.eval().features(image_a, RGB).cls, kept)


def test_autocast_keeps_the_loss_in_single_precision_and_close(small_model: AutoEncoder):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    exact = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked).loss
    with torch.autocast("cpu", torch.bfloat16):
        rough = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked).loss
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(exact.item(), rel=0.02)


def test_called_as_a_module_it_gives_the_loss(small_model: AutoEncoder):
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    order = masked.to(torch.uint8).argsort(dim=1, stable=True)
    hidden = int(masked[0].sum())
    masks = TokenMasks(take_a, *order.split([masked.shape[1] - hidden, hidden], dim=1))
    called = small_model(image_a, RGB, image_b, RADAR, masks, norm_pix=False, mixup="released")
    loss = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked, norm_pix=False, mixup="released").loss
    assert torch.equal(called, loss)


def test_an_unpaired_image_gives_the_loss_of_both_streams_of_itself(small_model: AutoEncoder):
    image, _, _, _ = _pair(RGB, RADAR, 16, 16)
    masks = TokenMasks.drawn(torch.rand(2, 16), torch.rand(2, 16))
    masked = torch.zeros(2, 16, dtype=torch.bool).scatter(1, masks.hidden, True)
    alone = small_model(image, RGB, None, (), masks)
    twice = small_model.loss(image, RGB, image, RGB, masks.take_a, masked).loss
    assert alone.item() == pytest.approx(twice.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mixup": "half"}, "no mixup “half”"),
        ({"masked": torch.ones(2, 16, dtype=torch.bool)}, "16 of 16 tokens are masked"),
        ({"masked": torch.zeros(2, 16, dtype=torch.bool)}, "0 of 16 tokens are masked"),
        ({"masked": torch.arange(32).reshape(2, 16) < 3}, "as many tokens in every sample"),
        ({"take_a": torch.ones(2, 15, dtype=torch.bool)}, "take_a must be a boolean array of 2 × 16"),
        ({"take_a": torch.ones(2, 16)}, "take_a must be a boolean array"),
        ({"image_b": torch.zeros(2, 2, 16, 20)}, "not a pair"),
        ({"image_b": torch.zeros(1, 2, 16, 16)}, "not a pair"),
        ({"image_b": torch.zeros(2, 3, 16, 16)}, "has 3 bands, but 2 are named"),
        ({"image_a": torch.zeros(2, 3, 4, 4), "image_b": torch.zeros(2, 2, 4, 4)}, "1 of 1 tokens are masked"),
    ],
)
def test_a_step_that_does_not_fit_is_one_clear_sentence(small_model: AutoEncoder, change: dict, said: str):
    image_a, image_b, _, _ = _pair(RGB, RADAR, 16, 16)
    given = {"image_a": image_a, "bands_a": RGB, "image_b": image_b, "bands_b": RADAR} | change
    with pytest.raises(JobError, match=said):
        small_model.loss(**given)


def test_an_auto_encoder_needs_a_decoder():
    with pytest.raises(ValueError, match="decoder"):
        AutoEncoder(ModelConfig(24, 1, 2))


def test_loss_matches_a_hand_computed_case_without_a_network(small_model: AutoEncoder):
    """With all reprojections zero the prediction is the bias, and the loss is the targets' mean square about it."""
    image_a, image_b, take_a, masked = _pair(RGB, RADAR, 16, 16)
    with torch.no_grad():
        for layer in small_model.decoder_preds:
            layer.weight.zero_()
            layer.bias.zero_()
        loss = small_model.loss(image_a, RGB, image_b, RADAR, take_a, masked, norm_pix=False).loss
        squares = [functional.avg_pool2d(i.square().mean(1), 4).flatten(1)[masked].mean() for i in (image_a, image_b)]
    torch.testing.assert_close(loss, (squares[0] + squares[1]) / 2)


def test_reconstruct_gives_the_predictions_of_pretraining_where_one_image_is_seen_alone(golden):
    pair = "maxar_rgb+s2_l1c"
    model = load_autoencoder(golden.weights)
    images = [golden.image("pretraining", f"{pair}.image_{side}") for side in "ab"]
    bands = [golden.cases[pair][f"bands_{side}"] for side in "ab"]
    masked = torch.from_numpy(golden.pretraining[f"{pair}.masked"])
    with torch.inference_mode():
        alone = torch.ones_like(masked)
        step = model.loss(images[0], bands[0], images[1], bands[1], take_a=alone, masked=masked)
        own = model.reconstruct(images[0], bands[0], masked, bands[0])
        both = model.reconstruct(images[0], bands[0], masked, [*bands[1], *bands[0]])
    torch.testing.assert_close(own, step.prediction_a[:, :, : len(bands[0])])
    torch.testing.assert_close(both[:, :, len(bands[1]) :], own)
    assert both.shape == (*masked.shape, len(bands[0]) + len(bands[1]), 256)


def test_reconstruct_does_not_look_at_what_is_hidden_and_refuses_to_hide_all(small_model: AutoEncoder):
    image, _, _, masked = _pair(RGB, RADAR, 16, 16)
    hidden = masked.reshape(2, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        one = small_model.reconstruct(image, RGB, masked, ["near_infrared_1"])
        other = small_model.reconstruct(image.masked_fill(hidden, 9.0), RGB, masked, ["near_infrared_1"])
    assert torch.equal(one, other)
    with pytest.raises(JobError, match="16 of 16 tokens are masked"):
        small_model.reconstruct(image, RGB, torch.ones_like(masked), RGB)
    with pytest.raises(JobError, match="hidden must be a boolean array of 2 × 16"):
        small_model.reconstruct(image, RGB, masked[:, :-1], RGB)
