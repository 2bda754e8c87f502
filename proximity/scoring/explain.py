"""Why a rule decides as it does: every window's part, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proximity.matching.exposure_window import ExposureWindow
from proximity.scoring.config import Configuration
from proximity.scoring.rule import Bucket, DayScore
from proximity.scoring.window_score import Drop

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class WindowExplanation:
    """One window's part in its day.

    Attributes
    ----------
    index : int
        Place in the sequence that was explained.
    reason : str
        "counted", or why not: "report_type", "infectiousness", "transmission_risk",
        "too_short", "minimum_score".
    value : float
        Contribution in the rule's unit; 0 where it does not count.
    bucket_minutes : tuple of float
        Unweighted minutes in each of `Explanation.buckets`.
    factors : mapping of str to float
        What the weighted minutes, or the score, were multiplied by.
    """

    index: int
    reason: str
    value: float
    bucket_minutes: tuple[float, ...]
    factors: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DayExplanation:
    """A day's score and the windows it was made from."""

    score: DayScore
    windows: tuple[WindowExplanation, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All days within the look-back, oldest first.

    Attributes
    ----------
    rule, version, digest
        Of the configuration.
    as_of_day : int
    buckets : tuple of Bucket
        Attenuation buckets and their weights, nearest first.
    days : tuple of DayExplanation
    outside : tuple of int
        Windows after the as-of day or older than the look-back, by index.
    """

    rule: str
    version: int
    digest: str
    as_of_day: int
    buckets: tuple[Bucket, ...]
    days: tuple[DayExplanation, ...]
    outside: tuple[int, ...]


def explain(
    configuration: Configuration, windows: Sequence[ExposureWindow], as_of_day: int
) -> Explanation:
    """Tell what every window contributes to its day.

    Parameters
    ----------
    configuration : Configuration
    windows : sequence of ExposureWindow
        Of one person, in any order.
    as_of_day : int
        UTC day number.

    Raises
    ------
    FormatError
        If a window covers more time than a window can.
    """
    rule = configuration.rule
    inside = [i for i, w in enumerate(windows) if rule.covers(w, as_of_day)]
    columns = rule.columns([windows], as_of_day)
    scores = rule.formula.score_windows(columns)
    explained: dict[int, list[WindowExplanation]] = {}
    for row, index in enumerate(inside):
        window = WindowExplanation(
            index=index,
            reason=Drop(scores.drop[row]).name.lower(),
            value=float(scores.value[row]),
            bucket_minutes=tuple((scores.bucket_s[row] / SECONDS_PER_MINUTE).tolist()),
            factors={name: float(f[row]) for name, f in scores.factors.items()},
        )
        explained.setdefault(windows[index].day, []).append(window)
    days = rule.daily(windows, as_of_day)
    return Explanation(
        rule=configuration.name,
        version=configuration.version,
        digest=configuration.digest,
        as_of_day=as_of_day,
        buckets=rule.formula.buckets,
        days=tuple(DayExplanation(d, tuple(explained[d.day])) for d in days),
        outside=tuple(sorted(set(range(len(windows))).difference(inside))),
    )
