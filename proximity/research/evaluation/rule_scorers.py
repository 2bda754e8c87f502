"""The published rules as scorers: sightings become exposure windows, as on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from proximity.matching.admission import Evidence
from proximity.matching.duration import MatchedKey, exposure_windows
from proximity.matching.exposure_window import ExposureWindow, Infectiousness
from proximity.matching.listening import listening
from proximity.matching.policy import DEFAULT_POLICY
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.research.evaluation.link_signal import Direction, directions
from proximity.research.evaluation.scorer import Answers, Calibrates, Case, Unit
from proximity.research.world import cut_scans
from proximity.scoring.config import built_in
from proximity.scoring.rule import Rule
from proximity.units import DAY_S, MS_PER_S

SCAN_S = 210
# Every case was confirmed by a test, with onset on the day.
_KEY = MatchedKey(0, ReportType.CONFIRMED_TEST, Infectiousness.HIGH, 0)
_DAY_MS = DAY_S * MS_PER_S
_MINUTE_MS = 60 * MS_PER_S
# Before the first sighting, so that the scan before it is known.
_LEAD_MS = 10 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class RuleScorer:
    """A published rule.

    Attributes
    ----------
    name : str
    rule : Rule
    calibrates : Calibrates
    """

    name: str
    rule: Rule
    calibrates: Calibrates = Calibrates.NEVER

    def threshold(self, unit: Unit) -> float | None:
        """Return from which value on the rule alerts; it says nothing of less."""
        return self.rule.formula.levels.high_from if unit is Unit.PAIR else None

    def answer(self, cases: Sequence[Case]) -> Answers:
        """See `Scorer`: of both directions, the larger value of a day."""
        groups = _windows(tuple(cases))
        last = max((w.day for group in groups for w in group), default=0)
        days = self.rule.daily_of_many(groups, last)
        value = [max((day.value for day in each), default=0.0) for each in days]
        minutes = [sum(day.minutes for day in each) for each in days]
        return Answers(
            np.array(value).reshape(-1, 2).max(axis=1),
            minutes=np.array(minutes).reshape(-1, 2).max(axis=1),
        )


def rule_scorer(name: str) -> RuleScorer:
    """Return the scorer of a built-in configuration.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    return RuleScorer(name, built_in(name).rule)


# Every rule needs the same windows of the same cases, one rule after another.
@lru_cache(maxsize=1)
def _windows(cases: tuple[Case, ...]) -> tuple[tuple[ExposureWindow, ...], ...]:
    """Return the windows of both directions of each ask."""
    return tuple(
        _windows_of(case, each)
        for case in cases
        for ask in case.asks
        for each in directions(case, ask)
    )


def _windows_of(case: Case, direction: Direction) -> tuple[ExposureWindow, ...]:
    known = np.isfinite(direction.attenuation_db)
    t_ms = direction.t_ms[known]
    if len(t_ms) == 0:
        return ()
    # A day begins with the ask: midnight never parts what belongs together. Whole
    # minutes, because the rules count whole minutes between scans.
    shift = int(t_ms[0]) // _MINUTE_MS * _MINUTE_MS - _LEAD_MS
    scans = cut_scans(case.listening[direction.receiver], scan_s=SCAN_S)
    near = (scans.start_ms >= shift) & (scans.start_ms < shift + _DAY_MS)
    moved = type(scans)(
        scans.start_ms[near] - shift,
        scans.end_ms[near] - shift,
        scans.monotonic_ms[near],
    )
    times = t_ms - shift
    attenuation = np.rint(direction.attenuation_db[known]).astype(np.int64)
    evidence = Evidence(
        t_ms=times,
        rssi_dbm=-attenuation,
        tx_power_dbm=np.zeros(len(times), np.int64),
        confidence=np.full(len(times), CalibrationConfidence.HIGH, np.int64),
    )
    heard = listening(times, moved, DEFAULT_POLICY.scan_gap_s)
    return tuple(exposure_windows(_KEY, evidence, heard, DEFAULT_POLICY))
