"""Which samples train: parts of a training split that are the same on every machine, and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from engine.errors import JobError


def split_hash(ids: Sequence[str]) -> str:
    """The SHA-256 of the sorted ids, one per line: equal exactly for equal sets of samples."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def training_part(ids: Sequence[str], share: float, seed: int, labels: np.ndarray | None = None) -> tuple[str, ...]:
    """A ``share`` (0 < share ≤ 1) of ``ids``, in their order.

    With ``labels`` (n,), the class numbers, every class keeps that share of its samples, at least one. Samples are
    drawn in the order of a hash of seed and id: the smaller part of two of one seed lies in the larger one, and
    neither their order nor versions of libraries matter. JobError for another share.
    """
    if not 0 < share <= 1:
        raise JobError(f"A training share of {share:g} is not a share.", "Give a number above 0 and up to 1.")
    if share == 1:
        return tuple(ids)
    groups = np.zeros(len(ids), np.int64) if labels is None else np.asarray(labels)
    drawn = sorted(range(len(ids)), key=lambda place: (_rank(ids[place], seed), ids[place]))
    left = {
        int(group): max(1, round(share * int(count)))
        for group, count in zip(*np.unique(groups, return_counts=True), strict=True)
    }
    kept = set()
    for place in drawn:
        group = int(groups[place])
        if left[group]:
            left[group] -= 1
            kept.add(place)
    return tuple(sample_id for place, sample_id in enumerate(ids) if place in kept)


def _rank(sample_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{sample_id}".encode()).digest()
