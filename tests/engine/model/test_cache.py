from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from engine.model.cache import WeightCache


def _step(layer: nn.Linear) -> None:
    layer(torch.ones(1, 3)).sum().backward()
    torch.optim.AdamW(layer.parameters(), lr=0.1).step()


CHANGES: dict[str, Callable[[nn.Linear], object]] = {
    "optimiser step": _step,
    "load_state_dict": lambda layer: layer.load_state_dict({k: v + 1 for k, v in layer.state_dict().items()}),
    "load_state_dict by assignment": lambda layer: layer.load_state_dict(
        {k: v + 1 for k, v in layer.state_dict().items()}, assign=True
    ),
    "half precision": lambda layer: layer.bfloat16(),
    "in place": lambda layer: nn.init.zeros_(layer.bias),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_weights_drops_what_was_derived_from_them(change: str):
    layer = nn.Linear(3, 2)
    cache: WeightCache[torch.Tensor] = WeightCache()

    def derived() -> torch.Tensor:
        return cache.get("sum", layer.parameters(), lambda: layer.weight.detach().sum() + layer.bias.detach().sum())

    before = derived()
    assert derived() is before
    CHANGES[change](layer)
    after = derived()
    assert after is not before
    assert torch.equal(after, layer.weight.detach().sum() + layer.bias.detach().sum())


def test_keys_are_kept_apart_and_forgotten_together():
    weight = torch.zeros(2)
    cache: WeightCache[int] = WeightCache()
    assert [cache.get(key, [weight], lambda key=key: key) for key in (1, 2, 1)] == [1, 2, 1]  # type: ignore[misc]
    assert len(cache) == 2
    cache.clear()
    assert len(cache) == 0


def test_tensors_made_in_inference_mode_can_be_watched():
    with torch.inference_mode():
        weight = torch.zeros(2)
    cache: WeightCache[int] = WeightCache()
    assert cache.get("a", [weight], lambda: 1) == 1
