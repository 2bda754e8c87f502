"""The mixed model of levels, on small tables whose answer can be named."""

import numpy as np
import pytest

from proximity.research.fitting import level_fit
from proximity.research.fitting.level_fit import LevelRows, fit_levels


def table(level_db, log10_m, *, sender=None, receiver=None, send_key=None):
    """Return rows of encounters that have nothing in common but what is told."""
    n = len(level_db)
    own = np.arange(n)
    unknown = np.full(n, -1)
    return LevelRows(
        np.asarray(level_db, np.float64),
        np.asarray(log10_m, np.float64),
        np.full(n, 1.0),
        own if sender is None else np.asarray(sender),
        own + n if receiver is None else np.asarray(receiver),
        own,
        unknown if send_key is None else np.asarray(send_key),
        unknown,
    )


def test_a_line_is_found():
    log10_m = np.linspace(-0.5, 1.0, 24)
    noise = np.where(np.arange(24) % 2, 1.0, -1.0)
    found = fit_levels([table(60 + 20 * log10_m + noise, log10_m)], 0)

    assert found.level_db == pytest.approx(60, abs=0.5)
    assert found.slope_db == pytest.approx(20, abs=1)
    assert found.offsets == ()


def test_what_a_model_loses_is_found_against_the_others():
    log10_m = np.tile(np.linspace(0, 1, 10), 2)
    key = np.repeat([0, 1], 10)
    level_db = 60 + 20 * log10_m + np.where(key == 0, 4.0, -4.0)
    found = fit_levels([table(level_db, log10_m, send_key=key)], 2)

    assert found.offsets[0].send_db == pytest.approx(4.0, rel=0.15)
    assert found.offsets[1].send_db == pytest.approx(-4.0, rel=0.15)
    assert [offset.hear_db for offset in found.offsets] == pytest.approx([0, 0])
    assert found.key_send_sd > found.key_hear_sd


def test_a_model_that_was_never_heard_keeps_the_mean():
    log10_m = np.linspace(0, 1, 10)
    found = fit_levels(
        [table(60 + 20 * log10_m, log10_m, send_key=np.zeros(10, np.int64))], 2
    )

    assert tuple(found.offsets[1]) == pytest.approx((0.0, 0.0))


def test_senders_that_differ_are_told_from_receivers_that_do_not():
    generator = np.random.default_rng(0)
    sender, receiver = (each.ravel() for each in np.mgrid[0:8, 8:14])
    log10_m = generator.uniform(0, 1, len(sender))
    send_db = 6 * generator.standard_normal(8)
    level_db = 60 + 20 * log10_m + send_db[sender]
    level_db += generator.standard_normal(len(sender))
    rows = table(level_db, log10_m, sender=sender, receiver=receiver)
    found = fit_levels([rows], 0)

    assert found.send_sd == pytest.approx(np.std(send_db), rel=0.35)
    assert found.hear_sd < 1.0


def test_the_loss_is_the_restricted_likelihood_of_the_dense_model():
    """By the definition: a normal density, its line integrated out."""
    generator = np.random.default_rng(1)
    n = 7
    log10_m = generator.uniform(0, 1, n)
    level_db = 60 + 20 * log10_m + 3 * generator.standard_normal(n)
    sender, receiver = generator.integers(0, 3, n), generator.integers(2, 5, n)
    rows = table(level_db, log10_m, sender=sender, receiver=receiver)
    spreads = level_fit._Spreads(1.0, 1.0, 2.0, 3.0, 0.4, 1.5, 0.7, 0.5)
    block = level_fit._block(rows, 0)
    covariance = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            covariance[i, j] = 0.5**2
            covariance[i, j] += 4.0 * (sender[i] == sender[j])
            covariance[i, j] += 9.0 * (receiver[i] == receiver[j])
            both = int(sender[i] == receiver[j]) + int(receiver[i] == sender[j])
            covariance[i, j] += 0.4 * 2.0 * 3.0 * both
            if i == j:
                covariance[i, j] += 1.5**2 + 0.7**2 + 1.0
    design = np.stack((np.ones(n), log10_m), axis=1)
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    line = np.linalg.solve(information, design.T @ inverse @ level_db)
    rest = level_db - design @ line
    expected = 0.5 * (
        np.linalg.slogdet(covariance)[1]
        + np.linalg.slogdet(information)[1]
        + rest @ inverse @ rest
    )

    assert level_fit._loss(spreads, [block], 0) == pytest.approx(expected, abs=1e-4)


def test_two_rows_are_enough_to_answer():
    found = fit_levels([table([60.0, 66.0], [0.0, 0.3])], 0)

    assert np.isfinite(found[:-1]).all()
