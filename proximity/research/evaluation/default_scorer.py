"""The engine's own estimator as a scorer: frozen parameters, posterior answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from proximity.ranging.encounters import Devices, Encounters, devices_of
from proximity.ranging.estimator import estimate
from proximity.ranging.looks import LOOK_S, Float64, Heard, Int64
from proximity.ranging.population import Parameters, Population, default_parameters
from proximity.ranging.posterior import Minutes, minutes_within
from proximity.research.datasets.signals import Collection
from proximity.research.evaluation.link_signal import ASSUMED_TX_POWER_DBM
from proximity.research.evaluation.scorer import (
    Answers,
    Calibrates,
    Case,
    Scorer,
    Unit,
)
from proximity.research.fitting.fitter import fitter

NEAR_M = 2.0
# On the grids "within 6 ft" is everything nearer than the next distance, 8 ft: the
# limit lies halfway between the two.
CLOSE_M = 2.1
CONTACT_MIN = 15.0
# Frozen: from which probability on an item is called positive.
DECIDES_AT = {Unit.PAIR: 0.5, Unit.WINDOW: 0.5, Unit.RUN: 0.5, Unit.MINUTE: 0.5}
_HALF = 0.5
_MS_PER_MINUTE = 60_000
# Before, within and after what is asked about.
_PARTS = 3
_BETWEEN_MS = 500 * LOOK_S


class _View(NamedTuple):
    """A case as the estimator takes it."""

    heard: Heard
    encounters: Encounters
    devices: Devices
    # The encounter of each ask.
    asked: Int64


@dataclass(frozen=True, slots=True)
class DefaultScorer:
    """Posterior probabilities of the estimator under some parameters.

    Attributes
    ----------
    parameters : Parameters
    thresholds : mapping of Unit to float
        Frozen; see docs/reference/accuracy.md.
    name : str
    calibrates : Calibrates
    """

    parameters: Parameters
    thresholds: dict[Unit, float]
    name: str = "default"
    calibrates: Calibrates = Calibrates.IF_POSSIBLE

    def threshold(self, unit: Unit) -> float | None:
        """See `Scorer`."""
        return self.thresholds.get(unit)

    def answer(self, cases: Sequence[Case]) -> Answers:
        """See `Scorer`."""
        found = [_answer(case, self.parameters) for case in cases]
        probability = np.concatenate([np.zeros(0), *(p for p, _, _ in found)])
        minutes = np.concatenate([np.zeros(0), *(m for _, m, _ in found)])
        distances = [d for _, _, d in found if d is not None]
        return Answers(
            probability,
            probability,
            minutes,
            np.concatenate(distances) if distances else None,
        )


@dataclass(frozen=True, slots=True)
class DefaultRefit:
    """The whole procedure of the default, its parameters fitted anew for each fold.

    Of recordings on which no model of phone can be told from its place, and of people,
    alike: whatever is fitted is asked.
    """

    name: str = "default-refitted"
    calibrates: Calibrates = Calibrates.IF_POSSIBLE

    def threshold(self, unit: Unit) -> float | None:
        """Those of the default."""
        return DECIDES_AT.get(unit)

    def refit(self, collections: Sequence[Collection]) -> Scorer:
        """See `RefittedScorer`.

        Raises
        ------
        MissingExtraError
            If what fitting needs is not installed.
        """
        population = _fitted(tuple(collections))
        parameters = Parameters(self.name, 1, population, population)
        return DefaultScorer(parameters, DECIDES_AT, self.name)


def default_scorer() -> DefaultScorer:
    """Return the scorer of the frozen parameters of this package."""
    return DefaultScorer(default_parameters(), DECIDES_AT)


# The same folds come back for each unit, with and without self-calibration.
@lru_cache(maxsize=64)
def _fitted(collections: tuple[Collection, ...]) -> Population:
    return fitter()(collections)


def _answer(
    case: Case, parameters: Parameters
) -> tuple[Float64, Float64, Float64 | None]:
    """Return probability and minutes of each ask and, of runs, median distances."""
    calibrated = case.calibrated_power
    population = parameters.calibrated if calibrated else parameters.uncalibrated
    runs = case.unit in (Unit.RUN, Unit.MINUTE)
    view = _runs(case, population) if runs else _people(case, population)
    found = estimate(view.heard, view.encounters, view.devices, population)
    samples = found.samples
    centre_ms = samples.look * 1000 * LOOK_S + _BETWEEN_MS
    probability, minutes = [], []
    for ask, encounter in zip(case.asks, view.asked.tolist(), strict=True):
        inside = samples.encounter == encounter
        if not runs:
            inside &= (centre_ms >= ask.start_ms) & (centre_ms <= ask.end_ms)
        question = np.where(inside, 0, -1)
        if not inside.any():
            probability.append(0.0)
            minutes.append(0.0)
            continue
        metres = CLOSE_M if runs else NEAR_M
        within = minutes_within(metres, found, question, population.memory_s)
        probability.append(float(_chance(case.unit, within)[0]))
        # The last sightings stand for some time after what is asked about, too.
        asked_min = (ask.end_ms - ask.start_ms + 1) / _MS_PER_MINUTE
        kept = min(asked_min / max(float(within.covered[0]), 1e-9), 1.0)
        minutes.append(kept * float(within.nodes.mean()))
    metres_of_run = 10.0 ** found.distances.log10_m[view.asked] if runs else None
    return np.array(probability), np.array(minutes), metres_of_run


def _chance(unit: Unit, within: Minutes) -> Float64:
    if unit is Unit.PAIR:
        return within.chance_of(np.array([CONTACT_MIN]))
    if unit is Unit.WINDOW:
        return within.chance_of(within.covered * _HALF)
    share: Float64 = within.nodes.mean(axis=1) / np.maximum(within.covered, 1e-9)
    return np.clip(share, 0.0, 1.0)


def _people(case: Case, population: Population) -> _View:
    """One encounter for each two devices of which one heard the other.

    What was heard before or after all that is asked about is another encounter: people
    were somewhere else then, with the same phones.
    """
    heard, count = case.sightings, len(case.devices)
    low = np.minimum(heard.receiver, heard.sender).astype(np.int64)
    high = np.maximum(heard.receiver, heard.sender).astype(np.int64)
    start_ms = min(ask.start_ms for ask in case.asks)
    end_ms = max(ask.end_ms for ask in case.asks)
    part = (heard.t_ms >= start_ms).astype(np.int64) + (heard.t_ms > end_ms)
    wanted = [
        (min(ask.a, ask.b) * count + max(ask.a, ask.b)) * _PARTS + 1
        for ask in case.asks
    ]
    key = (low * count + high) * _PARTS + part
    keys = np.unique(np.concatenate((key, np.array(wanted, np.int64))))
    first, second = np.divmod(keys // _PARTS, count)
    encounter = np.searchsorted(keys, key)
    carriages = [""] * count
    for ask in case.asks:
        carriages[ask.a], carriages[ask.b] = ask.carriage_a, ask.carriage_b
    return _View(
        Heard(
            encounter.astype(np.int64),
            heard.receiver == first[encounter],
            heard.t_ms,
            _attenuation_db(case),
        ),
        Encounters(first, second, keys % _PARTS),
        devices_of([d.model for d in case.devices], carriages, population),
        np.searchsorted(keys, wanted).astype(np.int64),
    )


def _runs(case: Case, population: Population) -> _View:
    """One encounter for each ask: the distance differs from run to run."""
    heard = case.sightings
    asks = list(dict.fromkeys(case.asks))
    encounter = np.full(len(heard.t_ms), -1)
    for number, ask in enumerate(asks):
        low, high = np.searchsorted(heard.t_ms, (ask.start_ms, ask.end_ms + 1))
        mine = (heard.receiver[low:high] == ask.a) & (heard.sender[low:high] == ask.b)
        encounter[low:high][mine] = number
    kept = encounter >= 0
    carriages = [""] * len(case.devices)
    for ask in asks:
        carriages[ask.a], carriages[ask.b] = ask.carriage_a, ask.carriage_b
    place = {ask: number for number, ask in enumerate(asks)}
    return _View(
        Heard(
            encounter[kept].astype(np.int64),
            np.ones(int(kept.sum()), np.bool_),
            heard.t_ms[kept],
            _attenuation_db(case)[kept],
        ),
        Encounters(
            np.array([ask.a for ask in asks], np.int64),
            np.array([ask.b for ask in asks], np.int64),
            np.zeros(len(asks), np.int64),
        ),
        devices_of([d.model for d in case.devices], carriages, population),
        np.array([place[ask] for ask in case.asks], np.int64),
    )


def _attenuation_db(case: Case) -> Float64:
    heard = case.sightings
    stated = heard.tx_power_dbm.astype(np.float64)
    believed = np.isfinite(stated) & case.calibrated_power
    power = np.where(believed, stated, ASSUMED_TX_POWER_DBM)
    attenuation: Float64 = power - heard.rssi_dbm.astype(np.float64)
    return attenuation
