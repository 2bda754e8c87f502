"""The best that a scorer can reach: asked about signals that its own model made.

Devices, sightings, times and distances are those of a recording; only how strongly
each was heard is drawn anew. The scorer then knows the world that it is asked about, so
that what it misses there nobody finds: the same signal comes from near and from far.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from proximity.ranging.encounters import devices_of
from proximity.ranging.looks import LOOK_S, MS_PER_LOOK, Float64, Int64
from proximity.ranging.population import Parameters, Population
from proximity.research.datasets.signals import Collection, Dataset
from proximity.research.evaluation.default_scorer import DECIDES_AT, DefaultScorer
from proximity.research.evaluation.figures import Scored, figures_of
from proximity.research.evaluation.metrics import equal_weights
from proximity.research.evaluation.questions import Questions, batches
from proximity.research.evaluation.scorer import Answers
from proximity.research.fitting.labelled import (
    ASSUMED_TX_POWER_DBM,
    NEAREST_M,
    Found,
    encounters_in,
)


class Ceiling(NamedTuple):
    """Figures of one set of questions, one for each time the signals were drawn.

    Attributes
    ----------
    name, unit : str
    self_calibrated : bool
    auc, stratified_auc, brier_skill, ece : float64[draws]
        NaN where the data cannot tell.
    """

    name: str
    unit: str
    self_calibrated: bool
    auc: Float64
    stratified_auc: Float64
    brier_skill: Float64
    ece: Float64


def ceilings(
    dataset: Dataset,
    ask: Callable[[Dataset], Sequence[Questions]],
    parameters: Parameters,
    generators: Sequence[np.random.Generator],
) -> list[Ceiling]:
    """Draw signals from a model, and let the default scorer find contacts in them.

    Parameters
    ----------
    dataset : Dataset
    ask : callable
        Makes the same questions, in the same order, of every such data set.
    parameters : Parameters
        Of the model and of the scorer.
    generators : sequence of np.random.Generator
        One for each time the signals are drawn; at least one.

    Returns
    -------
    list of Ceiling
        One for each set of questions.
    """
    scorer = DefaultScorer(parameters, DECIDES_AT)
    rows: list[list[tuple[float, ...]]] = []
    asked: Sequence[Questions] = ()
    for generator in generators:
        drawn = tuple(
            drawn_anew(each, parameters, generator) for each in dataset.collections
        )
        asked = ask(replace(dataset, collections=drawn))
        rows.append([_figures(questions, scorer) for questions in asked])
    columns = np.array(rows, np.float64).transpose(1, 2, 0)
    return [
        Ceiling(each.name, each.unit.value, each.self_calibrated, *found)
        for each, found in zip(asked, columns, strict=True)
    ]


def drawn_anew(
    collection: Collection, parameters: Parameters, generator: np.random.Generator
) -> Collection:
    """Return a collection as the model would have it heard.

    Parameters
    ----------
    collection : Collection
    parameters : Parameters
    generator : np.random.Generator

    Returns
    -------
    Collection
        The same but for the RSSI. Where the true distance is not known it is the mean
        of the encounter's own or, of one never seen, one that is drawn. What belongs to
        no encounter stays.
    """
    calibrated = collection.calibrated_power
    population = parameters.calibrated if calibrated else parameters.uncalibrated
    heard, found = collection.sightings, encounters_in(collection)
    kept = found.encounter >= 0
    encounter = found.encounter[kept]
    receiver, sender = heard.receiver[kept], heard.sender[kept]
    forward = receiver == found.first[encounter]
    count = len(found.first)
    send_db, hear_db = _devices(collection, population, generator)
    link_db = generator.normal(0.0, population.link_sd, count)
    direction_db = generator.normal(0.0, population.direction_sd, (count, 2))
    row = encounter * 2 + forward
    attenuation_db = (
        population.level_db
        + generator.normal(0.0, population.place_sd)
        + population.slope_db * _log10_m(found, population, generator)[kept]
        + send_db[sender]
        + hear_db[receiver]
        + link_db[encounter]
        + direction_db.ravel()[row]
        + _fading(row, heard.t_ms[kept] // MS_PER_LOOK, population, generator)
    )
    stated = heard.tx_power_dbm.astype(np.float64)[kept]
    believed = np.isfinite(stated) & calibrated
    power_dbm = np.where(believed, stated, ASSUMED_TX_POWER_DBM)
    rssi_dbm = heard.rssi_dbm.copy()
    unmeasured = np.isnan(rssi_dbm[kept])
    drawn = np.where(unmeasured, np.nan, power_dbm - attenuation_db)
    rssi_dbm[kept] = drawn.astype(np.float32)
    return replace(collection, sightings=heard._replace(rssi_dbm=rssi_dbm))


def _figures(questions: Questions, scorer: DefaultScorer) -> tuple[float, ...]:
    parts = [scorer.answer(cases) for cases in batches(questions.plans)]
    score = np.concatenate([np.zeros(0), *(part.score for part in parts)])
    scored = Scored(Answers(score, score), None)
    # One row of weights: the figures themselves, and no interval worth its name.
    truth = questions.truth()
    figures = figures_of(scored, truth, equal_weights(len(truth.positive)))
    found = figures.auc, figures.stratified_auc, figures.brier_skill, figures.ece
    return tuple(np.nan if value is None else value for value in found)


def _devices(
    collection: Collection, population: Population, generator: np.random.Generator
) -> tuple[Float64, Float64]:
    """Draw what each device loses in sending and in hearing."""
    models = [device.model for device in collection.devices]
    known = devices_of(models, [""] * len(models), population)
    noise = generator.normal(size=(2, len(models)))
    together = np.where(
        known.known, population.known_correlation, population.send_hear_correlation
    )
    send_sd = np.where(known.known, population.known_send_sd, population.send_sd)
    hear_sd = np.where(known.known, population.known_hear_sd, population.hear_sd)
    hear = together * noise[0] + np.sqrt(1.0 - together**2) * noise[1]
    return known.send_db + send_sd * noise[0], known.hear_db + hear_sd * hear


def _log10_m(
    found: Found, population: Population, generator: np.random.Generator
) -> Float64:
    """Return the distance at each sighting, decades of metres."""
    log10_m = np.log10(np.maximum(found.metres, NEAREST_M))
    known = np.isfinite(log10_m) & (found.encounter >= 0)
    count = len(found.first)
    encounter = found.encounter[known]
    seen = np.bincount(encounter, minlength=count)
    sums = np.bincount(encounter, log10_m[known], count)
    spread = np.hypot(population.distance_pair_sd, population.distance_device_sd)
    usual = generator.normal(population.distance_log10, spread, count)
    mean = np.where(seen > 0, sums / np.maximum(seen, 1), usual)
    filled: Float64 = np.where(known, log10_m, mean[found.encounter])
    return filled


def _fading(
    row: Int64, look: Int64, population: Population, generator: np.random.Generator
) -> Float64:
    """Draw the fading of each sighting: lasting, of its look, and its own."""
    if len(look) == 0:
        return np.zeros(0)
    first, span = int(look.min()), int(look.max() - look.min()) + 1
    key, back = np.unique(row * span + look - first, return_inverse=True)
    gap_s = np.diff(key % span, prepend=0) * float(LOOK_S)
    kept = np.exp(-np.abs(gap_s) / population.memory_s)
    kept[np.diff(key // span, prepend=-1) != 0] = 0.0
    fresh = generator.normal(0.0, population.slow_sd, len(key))
    fresh *= np.sqrt(1.0 - kept**2)
    slow = np.empty(len(key))
    last = 0.0
    for i, (own, left) in enumerate(zip(fresh.tolist(), kept.tolist(), strict=True)):
        last = own + left * last
        slow[i] = last
    fast = generator.normal(0.0, population.fast_sd, len(key))
    packet = generator.normal(0.0, population.packet_sd, len(row))
    fading: Float64 = (slow + fast)[back] + packet
    return fading
