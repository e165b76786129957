"""AdamW as the method has it."""

from __future__ import annotations

import pytest
from pretraining_runs import TINY

from engine.model.initialise import random_autoencoder
from train.optimiser import learning_rate, make_optimiser
from train.recipe import Recipe, Source


def test_the_rate_warms_up_and_falls_to_zero():
    rates = [learning_rate(step, 100, 20, 2.0) for step in range(101)]
    assert rates[:20] == pytest.approx([2.0 * (step + 1) / 20 for step in range(20)])
    assert max(rates) == rates[19] == rates[20] == 2.0
    assert rates[60] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.0)
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert learning_rate(0, 1, 0, 1.0) == 1.0


def test_only_matrices_decay_and_tables_stay():
    model = random_autoencoder(TINY, 0)
    recipe = Recipe(data=(Source("a"),), weight_decay=0.05, beta_2=0.95)
    optimiser = make_optimiser(model, recipe)
    decayed, free = optimiser.param_groups
    assert (decayed["weight_decay"], free["weight_decay"], decayed["betas"]) == (0.05, 0.0, (0.9, 0.95))
    assert {p.ndim for p in free["params"]} == {1}
    assert min(p.ndim for p in decayed["params"]) == 2
    tables = {id(model.pos_embed), id(model.decoder_pos_embed)}
    trained = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert trained | tables == {id(p) for p in model.parameters()}
    assert not trained & tables
