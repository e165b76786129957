from __future__ import annotations

import pytest
import torch

from train.evaluation.linear_probe import ProbeSettings, fit_probe, probe_accuracy, probe_scores


def blobs(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    # Far off 0 and of unlike scales: the norm without affine takes care of that.
    return 100 + 5 * torch.eye(3)[labels] + torch.randn(count, 3, generator=generator), labels


def test_the_rate_falls_to_a_tenth_at_epochs_60_and_80_and_scales_with_the_batch():
    settings = ProbeSettings()
    rates = [settings.rate(epoch, 5000) for epoch in (0, 59, 60, 79, 80, 99)]
    assert rates == pytest.approx([4e-3, 4e-3, 4e-4, 4e-4, 4e-5, 4e-5])
    assert settings.rate(0, 840) == pytest.approx(1e-3 * 840 / 256)
    assert [ProbeSettings(epochs=10).rate(epoch, 256) for epoch in (5, 6, 8)] == pytest.approx([1e-3, 1e-4, 1e-5])


def test_it_learns_what_can_be_told_and_nothing_from_shuffled_labels():
    train, labels = blobs(301, 0)
    test, truth = blobs(120, 1)
    right = probe_accuracy(train, labels, test, truth, 3, seed=0, epochs=40, batch=64)
    assert right > 0.9
    assert right == probe_accuracy(train, labels, test, truth, 3, seed=0, epochs=40, batch=64)
    mixed = labels[torch.randperm(301, generator=torch.Generator().manual_seed(4))]
    assert probe_accuracy(train, mixed, test, truth, 3, seed=0, epochs=40, batch=64) < 0.6


def test_several_labels_are_learnt_independently():
    train, labels = blobs(300, 0)
    targets = torch.stack([labels == 0, labels != 1, labels == 2], 1)
    probe = fit_probe(train, targets, 3, seed=0, settings=ProbeSettings(epochs=40, batch=50))
    assert float(((probe_scores(probe, train) > 0) == targets).float().mean()) > 0.9
    # Frozen statistics: one sample alone gets the scores that it gets among others.
    torch.testing.assert_close(probe_scores(probe, train[:1]), probe_scores(probe, train)[:1])
