"""The conv head learns in small steps, the same ones for the same seed."""

from __future__ import annotations

import pytest
import torch
from made_heads import clouds, described

from engine.errors import CancelledError
from engine.heads.conv import ConvHead, fit_conv
from engine.heads.sample import pixel_probabilities


def fit(sample, seed=0, epochs=20):
    return fit_conv(described("conv"), sample, True, epochs, seed, lambda: False)


def test_it_tells_apart_what_differs_and_repeats_by_its_seed():
    sample = clouds(3000)
    head = fit(sample)
    assert isinstance(head, ConvHead)
    assert (pixel_probabilities(head, sample).argmax(axis=1) == sample.classes).mean() > 0.97
    assert torch.equal(head.weight, fit(sample).weight)
    assert not torch.equal(head.weight, fit(sample, seed=1).weight)
    with pytest.raises(CancelledError):
        fit_conv(described("conv"), sample, True, None, 0, lambda: True)
