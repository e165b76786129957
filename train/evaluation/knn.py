"""k nearest neighbours by cosine, as the paper measures frozen features (METHOD, section 6)."""

from __future__ import annotations

import torch
from torch.nn import functional

from engine.heads.knn import NEIGHBOURS, TEMPERATURE

#: Similarities in memory at once.
_PAIRS = 16_000_000


def knn_votes(
    bank: torch.Tensor,
    bank_targets: torch.Tensor,
    queries: torch.Tensor,
    neighbours: int = NEIGHBOURS,
    temperature: float = TEMPERATURE,
) -> torch.Tensor:
    """Shares of the votes (m, K) float32 that each query's nearest neighbours in the bank give to K classes.

    ``bank`` (n, D), ``queries`` (m, D); ``bank_targets`` (n, K) are 0 and 1, several ones in a row for several labels.
    A neighbour of cosine s votes with exp(s / ``temperature``); a bank of fewer than ``neighbours`` votes as a whole.
    """
    bank = functional.normalize(bank.float(), dim=1)
    targets = bank_targets.to(bank.device, torch.float32)
    queries = functional.normalize(queries.to(bank.device, torch.float32), dim=1)
    parts = []
    for part in queries.split(max(1, _PAIRS // len(bank))):
        nearest, where = (part @ bank.T).topk(min(neighbours, len(bank)), dim=1)
        # The largest is taken off first: votes are shares, and exp must not flow over.
        votes = torch.softmax(nearest / temperature, dim=1)
        parts.append(torch.einsum("mk,mkc->mc", votes, targets[where]))
    return torch.cat(parts) if parts else targets.new_zeros(0, targets.shape[1])


def knn_accuracy(
    bank: torch.Tensor, bank_labels: torch.Tensor, queries: torch.Tensor, labels: torch.Tensor, classes: int
) -> float:
    """The share of queries whose class wins the votes of the 20 nearest.

    ``bank`` (n, D) with ``bank_labels`` (n,), ``queries`` (m, D) with ``labels`` (m,); class numbers are below
    ``classes``. All on whatever devices; computed where ``bank`` is.
    """
    targets = functional.one_hot(bank_labels.long(), classes)
    found = knn_votes(bank, targets, queries).argmax(dim=1)
    return float((found == labels.to(found.device)).float().mean())
