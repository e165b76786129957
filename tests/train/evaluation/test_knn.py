from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from train.evaluation import knn
from train.evaluation.knn import knn_accuracy, knn_votes


def plain_votes(bank: np.ndarray, targets: np.ndarray, query: np.ndarray, neighbours: int) -> np.ndarray:
    cosines = [(float(b @ query / np.linalg.norm(b) / np.linalg.norm(query)), n) for n, b in enumerate(bank)]
    votes = np.zeros(targets.shape[1])
    for cosine, number in sorted(cosines, reverse=True)[:neighbours]:
        votes += math.exp(cosine / 0.07) * targets[number]
    return votes


@pytest.mark.parametrize("several", [False, True])
def test_votes_equal_a_plain_loop(several, monkeypatch):
    monkeypatch.setattr(knn, "_PAIRS", 100)  # several parts
    rng = np.random.default_rng(0)
    bank, queries = rng.normal(size=(40, 6)), rng.normal(size=(15, 6))
    labels = rng.integers(4, size=40)
    targets = rng.random((40, 4)) < 0.4 if several else np.eye(4)[labels]
    found = knn_votes(torch.from_numpy(bank), torch.from_numpy(targets), torch.from_numpy(queries)).numpy()
    for query, votes in zip(queries, found, strict=True):
        nearest = plain_votes(bank, np.ones((40, 1)), query, 20)
        np.testing.assert_allclose(votes, plain_votes(bank, targets * 1.0, query, 20) / nearest, rtol=1e-4, atol=1e-6)
    truth = found.argmax(1)
    truth[0] = (truth[0] + 1) % 4
    if not several:
        rows = [torch.from_numpy(each) for each in (bank, labels, queries, truth)]
        assert knn_accuracy(*rows, 4) == pytest.approx(14 / 15)


def test_a_small_bank_votes_as_a_whole():
    bank = torch.eye(3)
    votes = knn_votes(bank, torch.eye(3), bank)
    assert votes.argmax(1).tolist() == [0, 1, 2]
    torch.testing.assert_close(votes.sum(1), torch.ones(3))
