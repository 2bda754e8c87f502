"""The simple methods that anything better must beat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from proximity.research.datasets.signals import Float64, Int64
from proximity.research.evaluation.link_signal import Direction, directions
from proximity.research.evaluation.scorer import (
    Answers,
    Ask,
    Calibrates,
    Case,
    Unit,
)
from proximity.research.world import cut_scans
from proximity.units import MS_PER_S

# The published limit between "near" and "far" of the German and Swiss apps.
NEAR_DB = 63.0
# Where nothing was heard: farther than anything that can be.
SILENT_DB = 150.0
CONTACT_MIN = 15.0
GERMAN_LIMITS_DB = (55.0, 63.0)
GERMAN_WEIGHTS = (1.0, 0.5, 0.0)
SCAN_S = 210


@dataclass(frozen=True, slots=True)
class LinkScorer:
    """Scores each ask by its own link.

    Attributes
    ----------
    name : str
    thresholds : mapping of Unit to float
    score : callable
        Case and ask to a score.
    in_minutes : bool
        Whether the score is minutes within 2 m.
    calibrates : Calibrates
    """

    name: str
    thresholds: dict[Unit, float]
    score: Callable[[Case, Ask], float]
    in_minutes: bool = False
    calibrates: Calibrates = Calibrates.NEVER

    def threshold(self, unit: Unit) -> float | None:
        """See `Scorer`."""
        return self.thresholds.get(unit)

    def answer(self, cases: Sequence[Case]) -> Answers:
        """See `Scorer`."""
        score = np.array(
            [self.score(case, ask) for case in cases for ask in case.asks], np.float64
        )
        return Answers(score, minutes=score if self.in_minutes else None)


@dataclass(frozen=True, slots=True)
class CentredScorer:
    """Mean attenuation, less its mean over everything the device heard.

    For each direction the mean attenuation of the asked link is compared with that of
    all links of the receiver (by link, each counting once; in a campaign of runs, by
    run). It needs more than one link or run: alone, it says nothing.
    """

    name: str = "centred-attenuation"
    calibrates: Calibrates = Calibrates.ALWAYS

    def threshold(self, unit: Unit) -> float | None:
        """None: nobody has published one."""
        return None

    def answer(self, cases: Sequence[Case]) -> Answers:
        """See `Scorer`."""
        return Answers(np.concatenate([np.zeros(0), *map(self._of_case, cases)]))

    def _of_case(self, case: Case) -> Float64:
        if case.unit in (Unit.RUN, Unit.MINUTE):
            level = np.array([_mean_db(case, ask) for ask in case.asks])
            return np.asarray(level.mean() - level, np.float64)
        usual = _usual_db(case)
        score = [
            -_averaged(directions(case, ask), lambda d: _mean_of(d) - usual[d.receiver])
            for ask in case.asks
        ]
        return np.array(score, np.float64)


def simple_scorers() -> tuple[LinkScorer | CentredScorer, ...]:
    """Return the simple methods; docs/reference/commands/evaluate.md#scorers."""
    near = dict.fromkeys(Unit, -NEAR_DB)
    return (
        LinkScorer("packet-count", {}, _count),
        LinkScorer("mean-attenuation", near, lambda c, a: -_mean_db(c, a)),
        LinkScorer("median-attenuation", near, lambda c, a: -_median_db(c, a)),
        LinkScorer(
            "german-minutes", {Unit.PAIR: CONTACT_MIN}, _german_minutes, in_minutes=True
        ),
        CentredScorer(),
    )


def _count(case: Case, ask: Ask) -> float:
    return float(sum(len(each.t_ms) for each in directions(case, ask)))


def _mean_db(case: Case, ask: Ask) -> float:
    return _averaged(directions(case, ask), _mean_of)


def _median_db(case: Case, ask: Ask) -> float:
    return _averaged(directions(case, ask), lambda d: float(np.median(d.measured_db)))


def _mean_of(direction: Direction) -> float:
    return float(np.mean(direction.measured_db))


def _averaged(
    both: tuple[Direction, Direction], value: Callable[[Direction], float]
) -> float:
    """Average a value over the directions that measured anything."""
    known = [value(each) for each in both if len(each.measured_db)]
    return float(np.mean(known)) if known else SILENT_DB


def _german_minutes(case: Case, ask: Ask) -> float:
    """Return weighted minutes of the direction that has more of them.

    Listening is cut into scans of 210 s; a scan counts its length by its smallest
    attenuation: up to 55 dB fully, up to 63 dB half.
    """
    return max(_minutes_of(case, each) for each in directions(case, ask))


def _minutes_of(case: Case, direction: Direction) -> float:
    known = np.isfinite(direction.attenuation_db)
    if not known.any():
        return 0.0
    t_ms = direction.t_ms[known]
    scans = cut_scans(case.listening[direction.receiver], scan_s=SCAN_S)
    scan = np.searchsorted(scans.start_ms, t_ms, side="right") - 1
    smallest = np.full(len(scans.start_ms), np.inf)
    np.minimum.at(smallest, scan, direction.attenuation_db[known])
    length_min = (scans.end_ms - scans.start_ms + 1) / (60 * MS_PER_S)
    # A limit itself belongs to the nearer bucket.
    bucket = np.searchsorted(GERMAN_LIMITS_DB, smallest, side="left")
    return float(np.sum(np.array(GERMAN_WEIGHTS)[bucket] * length_min))


def _usual_db(case: Case) -> dict[int, float]:
    """Return, for each receiver, the mean of its links' mean attenuations."""
    heard = case.sightings
    by_receiver: dict[int, list[float]] = {}
    link: Int64 = heard.receiver.astype(np.int64) * len(case.devices) + heard.sender
    for number in np.unique(link).tolist():
        receiver, sender = divmod(number, len(case.devices))
        whole = Ask(receiver, sender, int(heard.t_ms[0]), int(heard.t_ms[-1]))
        one = directions(case, whole)[0]
        if len(one.measured_db):
            by_receiver.setdefault(receiver, []).append(_mean_of(one))
    return {receiver: float(np.mean(v)) for receiver, v in by_receiver.items()}
