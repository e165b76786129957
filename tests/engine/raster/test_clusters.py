"""K-means on directions: finds what is there, moves to where all cells put it, numbers alike groups side by side."""

from __future__ import annotations

import numpy as np

from engine.raster.clusters import Recentring, directions, fit_clusters


def planted(count=6, dims=10, each=300, seed=0):
    """Unit vectors around ``count`` directions along an arc, so that their order is known."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, np.pi / 2, count)
    poles = np.zeros((count, dims))
    poles[:, 0], poles[:, 1] = np.cos(angles), np.sin(angles)
    order = rng.permutation(np.repeat(np.arange(count), each))
    cells = poles[order] + rng.normal(0, 0.02, (len(order), dims))
    return directions(cells.T.astype(np.float32)), order


def test_groups_are_found_and_numbered_along_what_makes_them_alike():
    cells, truth = planted()
    found = fit_clusters(cells, 6, seed=3).nearest(cells)
    assert all(len(np.unique(found[truth == each])) == 1 for each in range(6))
    numbers = [found[truth == each][0] for each in range(6)]
    assert numbers in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])


def test_directions_know_no_length_and_leave_out_what_has_no_data():
    cells = np.array([[3, np.nan, 0], [4, np.nan, 0]], np.float32)
    np.testing.assert_allclose(directions(cells), [[0.6, 0.8], [0, 0]], atol=1e-6)


def test_recentring_moves_centres_to_the_mean_of_all_their_cells():
    cells, truth = planted(count=3)
    step = Recentring(fit_clusters(cells[:60], 3, seed=0))
    for part in np.array_split(cells, 7):
        step.add(part)
    moved = step.result()
    means = np.stack([cells[truth == each].mean(axis=0) for each in range(3)])
    if moved.centres[0, 0] < moved.centres[-1, 0]:
        means = means[::-1]
    np.testing.assert_allclose(moved.centres, means, atol=1e-5)


def test_there_are_no_more_clusters_than_distinct_cells():
    cells = directions(np.array([[1, 1, 0, 0, 5], [0, 0, 1, 1, 5]], np.float32))
    clusters = fit_clusters(cells, 8, seed=0)
    assert len(clusters.centres) == 3 and len(np.unique(clusters.nearest(cells))) == 3
    assert fit_clusters(cells[:2], 8, seed=0).nearest(cells[:2]).tolist() == [0, 0]
