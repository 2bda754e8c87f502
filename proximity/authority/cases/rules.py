"""The rules of cases, without a database: windows, states, completeness, merging."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from proximity.authority.cases.policy import TracingPolicy


class Classification(StrEnum):
    """What a person is in a chain: confirmed, contact, contact of a contact."""

    F0 = "F0"
    F1 = "F1"
    F2 = "F2"


class Status(StrEnum):
    """How far the work on a case is."""

    OPEN = "open"
    REACHED = "reached"
    FOLLOWED = "followed"
    COMPLETED = "completed"
    LOST = "lost"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class CallResult(StrEnum):
    """What came of the last call."""

    REACHED = "reached"
    NO_ANSWER = "no-answer"
    WRONG_NUMBER = "wrong-number"
    REFUSED = "refused"


class TestResult(StrEnum):
    """What a test of the person said."""

    __test__ = False

    POSITIVE = "positive"
    NEGATIVE = "negative"
    PENDING = "pending"
    INVALID = "invalid"


class Origin(StrEnum):
    """How a case or an edge became known."""

    BLUETOOTH = "bluetooth"
    INTERVIEW = "interview"
    VENUE = "venue"
    IMPORT = "import"
    LABORATORY = "laboratory"


ENDED = frozenset(
    {
        Status.COMPLETED,
        Status.LOST,
        Status.DISMISSED,
        Status.WITHDRAWN,
        Status.MERGED,
    }
)
_NEXT: Mapping[Status, frozenset[Status]] = {
    Status.OPEN: frozenset(
        {Status.REACHED, Status.FOLLOWED, Status.LOST, Status.DISMISSED}
    ),
    Status.REACHED: frozenset(
        {Status.FOLLOWED, Status.COMPLETED, Status.LOST, Status.DISMISSED}
    ),
    Status.FOLLOWED: frozenset({Status.COMPLETED, Status.LOST, Status.DISMISSED}),
    # A lost person may turn up, an end may have come too early.
    Status.LOST: frozenset({Status.REACHED, Status.FOLLOWED}),
    Status.COMPLETED: frozenset({Status.FOLLOWED}),
    Status.DISMISSED: frozenset({Status.OPEN}),
}
# What makes a case complete, and how much each counts.
_WEIGHTS: Mapping[str, int] = {
    "person": 3,
    "unit": 2,
    "onset_day": 2,
    "test_day": 2,
    "test_result": 2,
    "from_day": 1,
    "to_day": 1,
    "isolated_day": 1,
    "assigned": 1,
    "call_result": 1,
    "quarantine_from_day": 1,
    "quarantine_to_day": 1,
}
_RANK = {Classification.F0: 0, Classification.F1: 1, Classification.F2: 2}


class InfectiousWindow(NamedTuple):
    """UTC day numbers, both included."""

    from_day: int
    to_day: int


def may_move(before: Status, after: Status) -> bool:
    """Tell whether an officer may bring a case from one state to another."""
    return before == after or after in _NEXT.get(before, frozenset())


def case_window(
    policy: TracingPolicy,
    *,
    onset_day: int | None,
    test_day: int | None,
    isolated_day: int | None,
) -> InfectiousWindow | None:
    """Return when a confirmed person was infectious; None if nothing tells.

    Parameters
    ----------
    policy : TracingPolicy
    onset_day : int or None
        UTC day number of first symptoms.
    test_day : int or None
        Of the positive test, which stands in where there were no symptoms.
    isolated_day : int or None
        From which day on the person met nobody.
    """
    begin = onset_day if onset_day is not None else test_day
    if begin is None:
        return None
    from_day = begin - policy.before_onset_days
    to_day = begin + policy.after_onset_days
    if isolated_day is not None:
        to_day = max(from_day, min(to_day, isolated_day))
    return InfectiousWindow(from_day, to_day)


def contact_window(
    policy: TracingPolicy, *, first_exposed_day: int, isolated_day: int | None
) -> InfectiousWindow | None:
    """Return when a contact may have passed it on; None if isolated before that."""
    from_day = first_exposed_day + policy.latent_days
    to_day = first_exposed_day + policy.latent_days + policy.after_onset_days
    if isolated_day is not None:
        to_day = min(to_day, isolated_day)
    return InfectiousWindow(from_day, to_day) if to_day >= from_day else None


def within(window: InfectiousWindow, first_day: int, last_day: int) -> bool:
    """Tell whether any day of a contact lies in a window."""
    return first_day <= window.to_day and last_day >= window.from_day


def completeness(case: Mapping[str, Any]) -> int:
    """Return how complete a case is, in percent."""
    there = sum(w for name, w in _WEIGHTS.items() if case.get(name) not in (None, ""))
    return round(100 * there / sum(_WEIGHTS.values()))


def merged_fields(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a merge changes of the case that is kept.

    What the kept one does not know comes from the other. Of two days of onset or of
    isolation the earlier one stands: missing a contact is worse than asking one more.
    The classification nearer to the source stands.
    """
    changes = {
        name: other.get(name)
        for name in _WEIGHTS
        if kept.get(name) in (None, "") and other.get(name) not in (None, "")
    }
    for name in ("onset_day", "from_day"):
        known = [c[name] for c in (kept, other) if c.get(name) is not None]
        if known and min(known) != kept.get(name):
            changes[name] = min(known)
    classes = [Classification(c["classification"]) for c in (kept, other)]
    nearest = min(classes, key=_RANK.__getitem__)
    if nearest != kept["classification"]:
        changes["classification"] = nearest
    return changes
