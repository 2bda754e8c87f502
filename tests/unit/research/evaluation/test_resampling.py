"""Whole clusters are drawn, and what follows from it."""

import numpy as np

from proximity.research.evaluation import resampling
from proximity.research.evaluation.resampling import (
    REPLICATES,
    draw_clusters,
    interval_of,
)


def test_items_of_one_cluster_weigh_the_same():
    cluster = np.array([[0], [0], [1], [2]])
    weight = draw_clusters(cluster, np.random.default_rng(1))

    assert weight.shape == (REPLICATES, 4)
    assert np.array_equal(weight[:, 0], weight[:, 1])
    # Each draw takes as many clusters as there are.
    assert np.all(weight[:, 1:].sum(axis=1) == 3)


def test_a_pair_weighs_the_product_of_its_phones():
    cluster = np.array([[0, 1], [0, 0], [1, 1]])
    weight = draw_clusters(cluster, np.random.default_rng(1))

    assert np.array_equal(weight[:, 0] ** 2, weight[:, 1] * weight[:, 2])


def test_the_same_seed_draws_the_same():
    cluster = np.arange(5)[:, None]
    first, second = (draw_clusters(cluster, np.random.default_rng(3)) for _ in "ab")

    assert np.array_equal(first, second)


def test_an_interval_leaves_out_replicates_without_a_figure():
    assert interval_of(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert interval_of(np.array([np.nan])) is None
    low, high = interval_of(np.arange(1_001.0))
    assert (low, high) == (25.0, 975.0)


def test_very_many_items_are_drawn_fewer_times(monkeypatch):
    monkeypatch.setattr(resampling, "MAX_WEIGHTS", 1_000)
    cluster = np.arange(5)[:, None]

    assert len(draw_clusters(cluster, np.random.default_rng(0))) == 200
