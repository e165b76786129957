"""Votes are METHOD's, and neither a crowded cell nor a large class outvotes the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_heads import clouds, described

from engine.heads.knn import KnnHead, fit_knn


def test_votes_are_those_of_the_method():
    generator = torch.Generator().manual_seed(0)
    bank = torch.nn.functional.normalize(torch.randn(50, 4, generator=generator), dim=1).half()
    labels = torch.arange(50) % 3
    head = KnnHead(described("knn"), bank, labels, torch.ones(3))
    tokens = torch.randn(7, 4, generator=generator) * 5
    scores = head.scores(tokens)
    for token, row in zip(tokens, scores, strict=True):
        similar = bank.float() @ (token / token.norm())
        nearest = similar.argsort(descending=True)[:20]
        votes = torch.zeros(3)
        for each in nearest:
            votes[labels[each]] += torch.exp(similar[each] / 0.07)
        torch.testing.assert_close(row, votes / votes.sum())
    torch.testing.assert_close(head.probabilities(torch.stack([scores[0], scores[1]]).mean(0)).sum(), torch.tensor(1.0))


def test_a_cell_has_one_vote_per_class_however_many_pixels_it_holds():
    sample = clouds(60)
    crowded = sample.take(np.concatenate([np.arange(60), np.zeros(500, int)]))
    head, same = (fit_knn(described("knn"), each, True) for each in (sample, crowded))
    assert head.bank.dtype == torch.float16 and len(head.bank) == 60
    assert torch.equal(head.bank, same.bank) and torch.equal(head.class_weights, same.class_weights)


def test_balance_makes_classes_count_alike_and_without_it_they_count_by_their_pixels():
    sample = clouds(300)
    few = sample.take(np.flatnonzero((sample.classes != 2) | (sample.own < 30)))
    weights = fit_knn(described("knn"), few, True).class_weights
    assert weights[2] / weights[0] == pytest.approx(10)
    many = replace(few, stands_for=np.where(few.classes == 1, 5.0, 1.0))
    weights = fit_knn(described("knn"), many, False).class_weights
    assert weights[1] / weights[0] == pytest.approx(5) and weights[2] / weights[0] == pytest.approx(1)


def test_a_bank_smaller_than_the_neighbours_still_votes():
    sample = clouds(6)
    head = fit_knn(described("knn"), sample, True)
    scores = head.scores(torch.from_numpy(sample.vectors))
    assert scores.argmax(dim=1).tolist() == sample.classes.tolist()
