"""Fits how levels depend on distance, devices and places: a linear mixed model.

level = level_db + slope * log10(distance) + send(sender) + hear(receiver) + link +
place + fading, each of the last five a normal variable; those of a model of phone (or a
way to carry it) are estimated one by one. Maximum restricted likelihood; the covariance
is one dense block for each collection.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from proximity.ranging.looks import Float64, Int64
from proximity.ranging.population import Offset

# In every covariance, dB^2: what is known exactly cannot be inverted.
_FLOOR = 1e-6


class LevelRows(NamedTuple):
    """Levels of one collection, a row for each direction of each encounter.

    Attributes
    ----------
    level_db, log10_m : float64[n]
        Measured, and the true distance of the same looks.
    variance : float64[n]
        Of fading about the level, dB^2.
    sender, receiver, encounter : int64[n]
    send_key, hear_key : int64[n]
        Model (or carriage) of sender and receiver; -1 where it is not known.
    """

    level_db: Float64
    log10_m: Float64
    variance: Float64
    sender: Int64
    receiver: Int64
    encounter: Int64
    send_key: Int64
    hear_key: Int64


class LevelFit(NamedTuple):
    """What was fitted; as in `Population`.

    Attributes
    ----------
    level_db, slope_db : float
    key_send_sd, key_hear_sd : float
        Between models.
    send_sd, hear_sd, correlation : float
        Between devices of one model.
    link_sd, direction_sd, place_sd : float
    offsets : tuple of Offset
        Of each model, in order.
    """

    level_db: float
    slope_db: float
    key_send_sd: float
    key_hear_sd: float
    send_sd: float
    hear_sd: float
    correlation: float
    link_sd: float
    direction_sd: float
    place_sd: float
    offsets: tuple[Offset, ...]


class _Spreads(NamedTuple):
    key_send: float
    key_hear: float
    send: float
    hear: float
    correlation: float
    link: float
    direction: float
    place: float


class _Block(NamedTuple):
    """A collection as the search needs it.

    Attributes
    ----------
    design_and_level : float64[n, 2 + 2 keys + 1]
    parts : tuple of float64[n, n]
        Of the covariance: senders, receivers, devices in both roles, encounters.
    variance : float64[n]
    """

    design_and_level: Float64
    parts: tuple[Float64, ...]
    variance: Float64


# Where the search begins, and a weak prior that keeps what the data cannot tell apart
# (a sender that is always heard by the same receiver) from running off.
_START = _Spreads(2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 1.0, 0.5)
_PRIOR_WEIGHT = 0.5
_LOG_BOUNDS = (np.log(0.05), np.log(30.0))
_MOST_ITERATIONS = 60


def fit_levels(collections: Sequence[LevelRows], keys: int) -> LevelFit:
    """Fit the model.

    Parameters
    ----------
    collections : sequence of LevelRows
        At least two rows in all.
    keys : int
        Number of models.
    """
    blocks = [_block(rows, keys) for rows in collections]
    start = _packed(_START)
    bounds = [_LOG_BOUNDS] * len(start)
    bounds[4] = (-2.0, 2.0)
    found = minimize(
        lambda packed: (
            _loss(_unpacked(packed), blocks, keys)
            + _PRIOR_WEIGHT * float(np.sum((packed - start) ** 2))
        ),
        start,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MOST_ITERATIONS},
    )
    spreads = _unpacked(found.x)
    weights = _solution(spreads, blocks, keys)[0]
    send, hear = weights[2 : 2 + keys], weights[2 + keys :]
    return LevelFit(
        float(weights[0]),
        float(weights[1]),
        spreads.key_send,
        spreads.key_hear,
        spreads.send,
        spreads.hear,
        spreads.correlation,
        spreads.link,
        spreads.direction,
        spreads.place,
        tuple(Offset(*pair) for pair in zip(send.tolist(), hear.tolist(), strict=True)),
    )


def _packed(spreads: _Spreads) -> Float64:
    values = np.log(np.array(spreads._replace(correlation=1.0)))
    values[4] = np.arctanh(spreads.correlation)
    packed: Float64 = values
    return packed


def _unpacked(values: Float64) -> _Spreads:
    spreads = _Spreads(*np.exp(values).tolist())
    return spreads._replace(correlation=float(np.tanh(values[4])))


def _loss(spreads: _Spreads, blocks: Sequence[_Block], keys: int) -> float:
    """Return minus the restricted log-likelihood."""
    _, log_determinant, squares = _solution(spreads, blocks, keys)
    return 0.5 * (log_determinant + squares)


def _solution(
    spreads: _Spreads, blocks: Sequence[_Block], keys: int
) -> tuple[Float64, float, float]:
    """Return the weights, the log-determinant and the weighted sum of squares."""
    size = 2 + 2 * keys
    normal, right = np.zeros((size, size)), np.zeros(size)
    squares = log_determinant = 0.0
    for block in blocks:
        factor = np.linalg.cholesky(_covariance(block, spreads))
        white = solve_triangular(
            factor, block.design_and_level, lower=True, check_finite=False
        )
        design, level = white[:, :-1], white[:, -1]
        normal += design.T @ design
        right += design.T @ level
        squares += float(level @ level)
        log_determinant += 2.0 * float(np.sum(np.log(np.diag(factor))))
    variances = np.repeat([spreads.key_send**2, spreads.key_hear**2], keys)
    prior = np.concatenate((np.zeros(2), 1.0 / np.maximum(variances, _FLOOR)))
    factored = cho_factor(normal + np.diag(prior + 1e-9))
    weights = cho_solve(factored, right)
    log_determinant += 2.0 * float(np.sum(np.log(np.diag(factored[0]))))
    log_determinant += float(np.sum(np.log(np.maximum(variances, _FLOOR))))
    return weights, log_determinant, squares - float(right @ weights)


def _block(rows: LevelRows, keys: int) -> _Block:
    n = len(rows.level_db)
    design = np.zeros((n, 2 + 2 * keys + 1))
    design[:, 0] = 1.0
    design[:, 1] = rows.log10_m
    for key, first in ((rows.send_key, 2), (rows.hear_key, 2 + keys)):
        known = np.flatnonzero(key >= 0)
        design[known, first + key[known]] = 1.0
    design[:, -1] = rows.level_db

    def same(left: Int64, right: Int64) -> Float64:
        equal: Float64 = (left[:, None] == right[None, :]).astype(np.float64)
        return equal

    crossed = same(rows.sender, rows.receiver)
    parts = (
        same(rows.sender, rows.sender),
        same(rows.receiver, rows.receiver),
        crossed + crossed.T,
        same(rows.encounter, rows.encounter),
    )
    return _Block(design, parts, rows.variance)


def _covariance(block: _Block, spreads: _Spreads) -> Float64:
    send, hear = spreads.send, spreads.hear
    scale = (send**2, hear**2, spreads.correlation * send * hear, spreads.link**2)
    covariance = np.full_like(block.parts[0], spreads.place**2)
    for each, part in zip(scale, block.parts, strict=True):
        covariance += each * part
    own = block.variance + spreads.direction**2 + _FLOOR
    covariance[np.diag_indices_from(covariance)] += own
    return covariance
