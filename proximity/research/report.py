"""What a demonstration found, as plain values for a page or a command."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from proximity.matching.exposure_window import ExposureWindow
from proximity.research.evaluation import PairVerdict, RuleFigures
from proximity.research.story import AirReport, Story
from proximity.research.world import Tracks, distance_m
from proximity.units import MS_PER_S


@dataclass(frozen=True, slots=True)
class RuleLegend:
    """How to read one rule's number.

    Attributes
    ----------
    name : str
        For example "cwa-2020-12".
    unit : str
        Of its value: "min", "score", "risk", "percent".
    threshold : float
        From this value on the rule alerts.
    """

    name: str
    unit: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Notice:
    """The one sentence that a person was told.

    Attributes
    ----------
    contact : str
        Who was told.
    day : int
        UTC day number of the exposure.
    minutes : int
        As the notification states them.
    """

    contact: str
    day: int
    minutes: int


@dataclass(frozen=True, slots=True)
class PairDetail:
    """How a verdict came about: one direction of one pair.

    Attributes
    ----------
    scenario, case, contact : str
        `case` was confirmed, and the phone of `contact` did the sums.
    truth_min : float
        Minutes within 2 m.
    alert : bool
        Of the rule that `dose` belongs to.
    windows : tuple of ExposureWindow
        As matched on the contact's phone.
    dose : tuple of (float, float)
        From `accumulate_dose`: Unix seconds, and the rule's value up to then.
    distance : tuple of (float, float | None)
        Unix seconds, and metres; None while one of the two was out of sight.
    """

    scenario: str
    case: str
    contact: str
    truth_min: float
    alert: bool
    windows: tuple[ExposureWindow, ...]
    dose: tuple[tuple[float, float], ...]
    distance: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one phone heard of another, as it knows once the other is a case.

    Attributes
    ----------
    listener, sender : str
    scans : tuple of (int, float)
        Unix seconds and typical attenuation in dB of each scan that heard the sender.
    """

    listener: str
    sender: str
    scans: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything that a demonstration page tells.

    Attributes
    ----------
    recorded : bool
        Measured signals of real people, or the synthetic evening.
    day : int
        UTC day number of the events.
    rules : tuple of RuleLegend
        At least one; the first notifies, and its dose is shown.
    thresholds_db : tuple of float
        Attenuation limits of that rule, ascending.
    notice : Notice | None
        The headline; None if nobody was notified.
    pairs : tuple of PairVerdict
    details : tuple of PairDetail
        That of the headline is drawn large: the shortest true contact of who was
        told, best in their own direction.
    figures : dict of str to tuple of RuleFigures
        By scenario; "" holds all scenarios together.
    heard : tuple of Hearing
        Of the synthetic evening; one for each ordered pair.
    story : Story | None
        Of the synthetic evening: one case of it.
    air : AirReport | None
        Of the synthetic evening: what a stranger learns from what was on air.
    """

    recorded: bool
    day: int
    rules: tuple[RuleLegend, ...]
    thresholds_db: tuple[float, ...]
    notice: Notice | None
    pairs: tuple[PairVerdict, ...]
    details: tuple[PairDetail, ...]
    figures: dict[str, tuple[RuleFigures, ...]]
    heard: tuple[Hearing, ...] = ()
    story: Story | None = None
    air: AirReport | None = None


def accumulate_dose(
    windows: Sequence[ExposureWindow],
    score: Callable[[Sequence[ExposureWindow]], float],
) -> tuple[tuple[float, float], ...]:
    """Return a rule's value as it grows with each scan.

    Parameters
    ----------
    windows : sequence of ExposureWindow
    score : callable
        The rule's value of any part of the windows.

    Returns
    -------
    tuple of (float, float)
        Unix seconds of the last sighting of each scan, in the order of the scans,
        and the value of all scans so far.
    """
    ends = {
        scan.t_s: end_s
        for window in windows
        for scan, end_s in zip(window.scans, scan_ends(window), strict=True)
    }
    return tuple((ends[t_s], score(_until(windows, t_s))) for t_s in sorted(ends))


def scan_ends(window: ExposureWindow) -> list[float]:
    """Return when each scan of a window heard its last sighting, Unix seconds."""
    ends = [float(scan.t_s) for scan in window.scans]
    starts = [scan.t_s for scan in window.scans]
    for t_s, _ in window.series:
        scan = bisect_right(starts, t_s) - 1
        ends[scan] = max(ends[scan], t_s)
    return ends


def distance_series(
    tracks: Tracks, a: int, b: int
) -> tuple[tuple[float, float | None], ...]:
    """Return the true distance of two phones over time, for `PairDetail`.

    Parameters
    ----------
    tracks : Tracks
    a, b : int
        Phone indices.

    Returns
    -------
    tuple of (float, float or None)
        Unix seconds and metres, to the centimetre; None while out of sight.
    """
    metres = distance_m(tracks, a, b)
    return tuple(
        (t_ms / MS_PER_S, round(m, 2) if isfinite(m) else None)
        for t_ms, m in zip(tracks.t_ms.tolist(), metres.tolist(), strict=True)
    )


def _until(windows: Sequence[ExposureWindow], t_s: int) -> list[ExposureWindow]:
    """Cut windows so that no scan lies after a time."""
    cut = [
        replace(window, scans=tuple(s for s in window.scans if s.t_s <= t_s))
        for window in windows
    ]
    return [window for window in cut if window.scans]
