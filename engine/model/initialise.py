"""Fresh weights from a seed, the same on every machine (METHOD, section 5)."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import nn

from engine.model.autoencoder import AutoEncoder
from engine.model.config import ModelConfig
from engine.model.encoder import ModelInfo
from engine.model.position import sincos_table


def random_autoencoder(config: ModelConfig, seed: int, name: str = "untrained") -> AutoEncoder:
    """An auto-encoder of ``config`` with fresh weights; its ``info`` says that they are random.

    ``config`` has a decoder (ValueError otherwise).
    """
    with torch.device("meta"):
        model = AutoEncoder(config)
    model.to_empty(device="cpu")
    initialise(model, seed)
    model.info = ModelInfo(
        name=name,
        title=f"{name} (random weights, not trained)",
        sha256=weights_sha256(model),
        random=True,
        parameters=count_parameters(model),
        has_decoder=True,
    )
    return model


def initialise(model: AutoEncoder, seed: int) -> None:
    """Overwrites all weights of ``model``, on the CPU in float32: linear layers Xavier-uniform with zero bias.

    CLS and mask tokens are normal with deviation 0.02, norms are the identity, position
    encodings the sine-cosine table. Numbers come from numpy's generator, whose stream
    does not depend on the processor as that of torch does.
    """
    numbers = np.random.default_rng(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                bound = (6 / (module.in_features + module.out_features)) ** 0.5
                drawn = numbers.random(tuple(module.weight.shape), dtype=np.float32)
                drawn -= np.float32(0.5)
                drawn *= np.float32(2 * bound)
                module.weight.copy_(torch.from_numpy(drawn))
                module.bias.zero_()
            elif isinstance(module, nn.LayerNorm):
                module.weight.fill_(1)
                module.bias.zero_()
        for token in (model.cls_token, model.mask_token):
            token.copy_(torch.from_numpy(0.02 * numbers.standard_normal(tuple(token.shape))))
        for table in (model.pos_embed, model.decoder_pos_embed):
            table.copy_(sincos_table(table.shape[2], model.config.grid, model.config.grid)[None])


def weights_sha256(model: nn.Module) -> str:
    """A digest of names, shapes, types and values of all weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(values.shape)} {values.dtype}\n".encode())
        digest.update(values.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def count_parameters(model: nn.Module) -> int:
    """The number of values in the state of ``model``, position encodings included."""
    return sum(tensor.numel() for tensor in model.state_dict().values())
