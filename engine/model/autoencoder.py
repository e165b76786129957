"""The masked auto-encoder: the encoder, a decoder, and the pretraining loss (METHOD, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from engine.errors import JobError
from engine.model.config import ModelConfig
from engine.model.encoder import Encoder, LayerNorm, make_blocks
from engine.model.position import PositionEncoding
from engine.model.projection import BandList, layer_weights, mix_layers, patchify
from engine.spectrum.layers import C_MAX, LAYERS

MIXUPS = ("paper", "released")

#: Shares of tokens taken from the own image, and hidden (METHOD, section 5).
TAKE_SHARE = 0.5
MASK_SHARE = 0.75


class TokenMasks(NamedTuple):
    """Which tokens are mixed and which are hidden, for B samples of N tokens.

    ``take_a`` (B, N) bool is True where stream a' keeps the token of image a; ``visible`` (B, V) and ``hidden``
    (B, N − V) are the numbers of the tokens that the encoder sees, and that the decoder has to predict.
    """

    take_a: torch.Tensor
    visible: torch.Tensor
    hidden: torch.Tensor

    @staticmethod
    def drawn(take: torch.Tensor, hide: torch.Tensor) -> TokenMasks:
        """From random numbers (B, N) twice: half of the tokens are kept, 75 % hidden, as many in every sample."""
        tokens = take.shape[1]
        ranks = take.argsort(dim=1).argsort(dim=1)
        # As in MAE, the number of visible tokens is rounded down.
        seen = int(tokens * (1 - MASK_SHARE))
        visible, hidden = hide.argsort(dim=1).split([seen, tokens - seen], dim=1)
        return TokenMasks(ranks < round(tokens * TAKE_SHARE), visible, hidden)


@dataclass(frozen=True)
class _Reprojection:
    """The output layers of one image's bands, side by side: ``weight`` (C·P², width), ``bias`` (C·P²,)."""

    weight: torch.Tensor
    bias: torch.Tensor
    bands: int

    def __call__(self, decoded: torch.Tensor) -> torch.Tensor:
        """(…, width) → (…, C, P²)."""
        flat = functional.linear(decoded, self.weight.to(decoded.dtype), self.bias.to(decoded.dtype))
        return flat.unflatten(-1, (self.bands, -1)).float()


@dataclass(frozen=True, eq=False)
class PretrainingOutput:
    """One pretraining step.

    ``loss`` is the mean of the two streams' losses, a float32 scalar. ``take_a`` and
    ``masked``, (B, N) bool, are what was given or drawn. Streams a' and b' are those
    of METHOD, section 5: a token of a' comes from image a where ``take_a``, else from b.
    """

    loss: torch.Tensor
    take_a: torch.Tensor
    masked: torch.Tensor
    _decoded: tuple[torch.Tensor, torch.Tensor]
    _from_a: tuple[torch.Tensor, torch.Tensor]
    _reprojections: tuple[_Reprojection, _Reprojection]

    @property
    def prediction_a(self) -> torch.Tensor:
        """Stream a' for every token, (B, N, K, P²), made when asked for: the loss does not need it.

        K is the larger of 12 and the two images' numbers of bands. Slot k holds band
        (k mod C) of the C bands of the token's own source, pixels row by row, in the
        scale of the targets (per token normalised if ``norm_pix``).
        """
        return self._predict(0)

    @property
    def prediction_b(self) -> torch.Tensor:
        """Stream b', as ``prediction_a``."""
        return self._predict(1)

    def _predict(self, stream: int) -> torch.Tensor:
        slots = torch.arange(max(C_MAX, *(r.bands for r in self._reprojections)), device=self.loss.device)
        of_a, of_b = (r(self._decoded[stream])[:, :, slots % r.bands] for r in self._reprojections)
        return torch.where(self._from_a[stream][:, :, None, None], of_a, of_b)


class AutoEncoder(Encoder):
    """The whole model of pretraining. As an encoder it is used like one."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        decoder = config.decoder
        if decoder is None:
            raise ValueError("an auto-encoder needs a decoder in its configuration")
        self.mask_token = nn.Parameter(torch.zeros(1, 1, decoder.width))
        self.decoder_embed = nn.Linear(config.width, decoder.width)
        self.decoder_pos_embed = nn.Parameter(torch.zeros(1, 1 + config.grid**2, decoder.width), requires_grad=False)
        self.decoder_blocks = make_blocks(decoder.depth, decoder.width, decoder.num_heads)
        self.decoder_norm = LayerNorm(decoder.width)
        self.decoder_preds = nn.ModuleList(nn.Linear(decoder.width, config.patch**2) for _ in LAYERS)
        self._decoder_positions = PositionEncoding()

    def forward(
        self,
        image_a: torch.Tensor,
        bands_a: BandList,
        image_b: torch.Tensor | None,
        bands_b: BandList,
        masks: TokenMasks,
        norm_pix: bool = True,
        mixup: str = "paper",
    ) -> torch.Tensor:
        """The loss of :meth:`loss` for ``masks`` that are known to fit: what a training loop wraps and compiles.

        Without ``image_b`` (``bands_b`` empty) the images are unpaired: one stream, nothing to mix, the plain masked
        auto-encoder's loss.
        """
        if image_b is None:
            return self._lone_loss(image_a, bands_a, masks, norm_pix)
        return self._pair_loss(image_a, bands_a, image_b, bands_b, masks, norm_pix, mixup).loss

    def loss(
        self,
        image_a: torch.Tensor,
        bands_a: BandList,
        image_b: torch.Tensor,
        bands_b: BandList,
        take_a: torch.Tensor | None = None,
        masked: torch.Tensor | None = None,
        norm_pix: bool = True,
        mixup: str = "paper",
    ) -> PretrainingOutput:
        """One pretraining step on aligned images of two sensors.

        ``image_a`` (B, C_a, H, W) and ``image_b`` (B, C_b, H, W) are harmonised and
        floating, ``bands_*`` name their bands. ``take_a`` (B, N) bool is True where stream
        a' keeps the token of image a; drawn, it is so for half the tokens of each sample.
        ``masked`` (B, N) bool hides tokens of both streams, as many in every sample;
        drawn, it hides 75 %. Draws use torch's generator of the model's device.
        ``norm_pix`` normalises each token's target over its bands × pixels. ``mixup``
        is "paper" (stream b' mirrors a') or "released" (stream b' is image b).

        Only visible tokens are projected, both streams go through the encoder as one
        batch, and only masked tokens are predicted, each band once. JobError when images,
        bands or masks do not fit each other.
        """
        if mixup not in MIXUPS:
            raise JobError(f"There is no mixup “{mixup}”.", f"Choose one of {', '.join(MIXUPS)}.")
        self.check_image(image_a, len(bands_a))
        self.check_image(image_b, len(bands_b))
        if image_a.shape[0] != image_b.shape[0] or image_a.shape[2:] != image_b.shape[2:]:
            raise JobError(f"The images are not a pair: {tuple(image_a.shape)} and {tuple(image_b.shape)}.")
        tokens = image_a.shape[2] // self.patch * (image_a.shape[3] // self.patch)
        masks = self._masks(torch.Size((len(image_a), tokens)), take_a, masked)
        return self._pair_loss(image_a, bands_a, image_b, bands_b, masks, norm_pix, mixup)

    def _pair_loss(
        self,
        image_a: torch.Tensor,
        bands_a: BandList,
        image_b: torch.Tensor,
        bands_b: BandList,
        masks: TokenMasks,
        norm_pix: bool,
        mixup: str,
    ) -> PretrainingOutput:
        patches_a = patchify(image_a.to(self.device), self.patch)
        patches_b = patchify(image_b.to(self.device), self.patch)
        rows, cols = image_a.shape[2] // self.patch, image_a.shape[3] // self.patch
        take_a, visible, hidden = masks

        tokens_a = self.spectrum_projection(_take(patches_a, visible), bands_a)
        tokens_b = self.spectrum_projection(_take(patches_b, visible), bands_b)
        own = take_a.gather(1, visible)[:, :, None]
        mixed_a = torch.where(own, tokens_a, tokens_b)
        mixed_b = torch.where(own, tokens_b, tokens_a) if mixup == "paper" else tokens_b
        both = torch.cat([mixed_a, mixed_b])
        decoded_a, decoded_b = self._autoencode(both, visible.repeat(2, 1), rows, cols).chunk(2)

        heads = self._reprojection(bands_a), self._reprojection(bands_b)
        from_a = take_a.gather(1, hidden)
        hidden_a, hidden_b = _take(decoded_a, hidden), _take(decoded_b, hidden)
        target_a = pixel_targets(_take(patches_a, hidden), len(bands_a), norm_pix)
        target_b = pixel_targets(_take(patches_b, hidden), len(bands_b), norm_pix)
        if mixup == "paper":
            # Each hidden token of each image is in exactly one of the streams: gathered by image,
            # the two sums are those of the streams, and every token is predicted once.
            swap = from_a[:, :, None]
            error_a = _error(heads[0](torch.where(swap, hidden_a, hidden_b)), target_a)
            error_b = _error(heads[1](torch.where(swap, hidden_b, hidden_a)), target_b)
            stream_b_from_a = ~take_a
        else:
            error_a = torch.where(from_a, _error(heads[0](hidden_a), target_a), _error(heads[1](hidden_a), target_b))
            error_b = _error(heads[1](hidden_b), target_b)
            stream_b_from_a = torch.zeros_like(take_a)
        loss = (error_a.mean() + error_b.mean()) / 2
        masked = torch.zeros_like(take_a).scatter(1, hidden, True)
        return PretrainingOutput(loss, take_a, masked, (decoded_a, decoded_b), (take_a, stream_b_from_a), heads)

    def _lone_loss(self, image: torch.Tensor, bands: BandList, masks: TokenMasks, norm_pix: bool) -> torch.Tensor:
        patches = patchify(image.to(self.device), self.patch)
        rows, cols = image.shape[2] // self.patch, image.shape[3] // self.patch
        tokens = self.spectrum_projection(_take(patches, masks.visible), bands)
        decoded = self._autoencode(tokens, masks.visible, rows, cols)
        target = pixel_targets(_take(patches, masks.hidden), len(bands), norm_pix)
        return _error(self._reprojection(bands)(_take(decoded, masks.hidden)), target).mean()

    def reconstruct(
        self, image: torch.Tensor, bands: BandList, hidden: torch.Tensor, targets: BandList
    ) -> torch.Tensor:
        """What the decoder expects where it cannot look: predictions of ``targets`` for every token.

        ``image`` (B, C, H, W) is harmonised and floating, ``bands`` name its bands. ``hidden`` (B, N) bool are the
        tokens kept from the encoder, as many in every sample. ``targets`` may be any bands, of the image or not.
        Returns (B, N, K, P²) float32, pixels row by row, in the scale of the pretraining targets; the decoder was
        trained on hidden tokens, those of the others mean nothing. JobError as :meth:`loss`.
        """
        self.check_image(image, len(bands))
        patches = patchify(image.to(self.device), self.patch)
        rows, cols = image.shape[2] // self.patch, image.shape[3] // self.patch
        _check_mask("hidden", hidden, patches.shape[:2])
        hidden = hidden.to(self.device)
        count = _hidden_count(hidden)
        visible = hidden.to(torch.uint8).argsort(dim=1, stable=True)[:, : rows * cols - count]
        tokens = self.spectrum_projection(_take(patches, visible), bands)
        return self._reprojection(targets)(self._autoencode(tokens, visible, rows, cols))

    def _masks(self, shape: torch.Size, take_a: torch.Tensor | None, masked: torch.Tensor | None) -> TokenMasks:
        """The given masks, checked, or drawn ones, on the model's device."""
        for name, mask in (("take_a", take_a), ("masked", masked)):
            if mask is not None:
                _check_mask(name, mask, shape)
        drawn = TokenMasks.drawn(torch.rand(shape, device=self.device), torch.rand(shape, device=self.device))
        take_a = drawn.take_a if take_a is None else take_a.to(self.device)
        if masked is None:
            _check_count(drawn.hidden.shape[1], shape[1])
            return drawn._replace(take_a=take_a)
        masked = masked.to(self.device)
        count = _hidden_count(masked)
        order = masked.to(torch.uint8).argsort(dim=1, stable=True)
        return TokenMasks(take_a, *order.split([shape[1] - count, count], dim=1))

    def _autoencode(self, tokens: torch.Tensor, visible: torch.Tensor, rows: int, cols: int) -> torch.Tensor:
        """Visible tokens (B, V, D) without position and their numbers (B, V) → decoded (B, N, decoder width)."""
        positions = self._positions(self.pos_embed, rows, cols)
        x = self.add_cls(tokens + _take(positions[:, 1:].expand(len(tokens), -1, -1), visible), positions[:, :1])
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))

        index = visible[:, :, None].expand(-1, -1, x.shape[2])
        whole = self.mask_token.to(x.dtype).expand(len(x), rows * cols, -1).scatter(1, index, x[:, 1:])
        x = torch.cat([x[:, :1], whole], dim=1) + self._decoder_positions(self.decoder_pos_embed, rows, cols)
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_norm(x)[:, 1:]

    def _reprojection(self, bands: BandList) -> _Reprojection:
        weight, bias = mix_layers(list(self.decoder_preds), layer_weights(bands))  # type: ignore[arg-type]
        return _Reprojection(torch.cat(weight), torch.cat(bias), len(bands))


def _take(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """(B, N, F) values at (B, n) token numbers → (B, n, F)."""
    return values.gather(1, index[:, :, None].expand(-1, -1, values.shape[2]))


def _check_mask(name: str, mask: torch.Tensor, shape: torch.Size) -> None:
    """JobError unless ``mask`` is boolean and of this ``shape`` (B, N)."""
    if mask.shape != shape or mask.dtype != torch.bool:
        raise JobError(f"{name} must be a boolean array of {shape[0]} × {shape[1]}, one value per token.")


def _hidden_count(masked: torch.Tensor) -> int:
    """How many tokens of each sample ``masked`` (B, N) hides; JobError for none, all, or not as many in every one."""
    counts = masked.sum(1)
    count, tokens = int(counts[0]), masked.shape[1]
    if (counts != count).any():
        raise JobError("masked must hide as many tokens in every sample.")
    _check_count(count, tokens)
    return count


def _check_count(count: int, tokens: int) -> None:
    """JobError unless ``count`` of the ``tokens`` leave some hidden and some visible."""
    if not 0 < count < tokens:
        raise JobError(f"{count} of {tokens} tokens are masked: at least one must be, and one not.")


def pixel_targets(patches: torch.Tensor, bands: int, norm_pix: bool) -> torch.Tensor:
    """(B, n, C·P²) patches → (B, n, C, P²) targets, float32, normalised per token over all C·P² if ``norm_pix``."""
    patches = patches.float()
    if norm_pix:
        # The reference fills 12 slots by repeating bands, and its unbiased variance counts their pixels:
        # the golden losses are met with this count, and missed by 5e-4 with that of the distinct bands.
        count = patches.shape[2] // bands * max(C_MAX, bands)
        unbiased = count / (count - 1)
        # (x − mean) / √(unbiased · variance + 1e-6), by the one kernel that is quick on a CPU.
        patches = functional.layer_norm(patches, patches.shape[2:], eps=1e-6 / unbiased) / unbiased**0.5
    return patches.unflatten(2, (bands, -1))


def _error(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(B, n, C, P²) twice → (B, n): mean over bands × pixels of the squared difference."""
    return (prediction - target).square().mean(dim=(2, 3))
