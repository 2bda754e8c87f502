"""Whether two logs agree that two people were near each other.

A contact claims to have heard the case. Whoever knows the case's keys can invent that,
and an ID that is relayed elsewhere is truly heard. So the case's own log has to tell
the same, at the same times: that it heard IDs which the contact says were its own. Only
what both tell counts.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from proximity.protocol.gaen import TemporaryExposureKey, derive_ephemeral_ids
from proximity.protocol.sharing import HeardRow, HeardTag, SentId
from proximity.units import INTERVAL_S

# An ID is sent for one interval, and by slow phones for some minutes more.
MAX_SENT_S = 2 * INTERVAL_S
_MINUTE_S = 60
Span = tuple[int, int]


class Verdict(StrEnum):
    """What two logs tell together."""

    MUTUAL = "mutual"
    # The contact heard nothing that the case sent then.
    CONTACT_SILENT = "contact-silent"
    # The case heard nothing that the contact sent then.
    CASE_SILENT = "case-silent"
    # Each heard the other, but for the most part at other times.
    DISAGREE = "disagree"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two logs go together.

    Attributes
    ----------
    verdict : Verdict
    agreed_s : frozenset of int
        Unix seconds of the contact's sightings that the case's log confirms; empty
        unless the verdict is `MUTUAL`.
    contact_share, case_share : float
        Which part of either log the other confirms, by minutes and by IDs; 0..1.
    """

    verdict: Verdict
    agreed_s: frozenset[int] = field(repr=False)
    contact_share: float
    case_share: float


def ids_of_keys(keys: Iterable[TemporaryExposureKey]) -> dict[bytes, int]:
    """Return every ID of some keys, with its ten-minute interval."""
    return {
        row.tobytes(): key.start_interval + place
        for key in keys
        for place, row in enumerate(
            derive_ephemeral_ids(key.key, key.start_interval, key.period)
        )
    }


def heard_of_case(
    rows: Iterable[HeardRow], ids: Mapping[bytes, int], tolerance_s: int
) -> list[int]:
    """Return when a contact heard the case, Unix seconds, ascending.

    A sighting counts while its ID was sent, give or take the tolerance; so an ID that
    is replayed later does not.
    """
    times: set[int] = set()
    for row in rows:
        interval = ids.get(row.ephemeral_id)
        if interval is None:
            continue
        from_s = interval * INTERVAL_S - tolerance_s
        to_s = (interval + 1) * INTERVAL_S + tolerance_s
        times.update(t_s for t_s in row.t_s if from_s <= t_s < to_s)
    return sorted(times)


def heard_by_case(
    sent: Iterable[SentId],
    heard: Mapping[bytes, Collection[HeardTag]],
    names: Callable[[SentId], Iterable[bytes]],
    tolerance_s: int,
) -> list[Span]:
    """Return when the case heard the contact, ascending.

    Parameters
    ----------
    sent : iterable of SentId
        What the contact says it sent. One that claims a longer time than an ID lives
        is left out: it would agree with anything.
    heard : mapping of bytes to collection of HeardTag
        The case's log, by the name of an ID in it.
    names : callable SentId -> iterable of bytes
        Which names an ID has.
    tolerance_s : int

    Returns
    -------
    list of (int, int)
        Unix seconds: the time of the case's log within that of the claim.
    """
    spans: set[Span] = set()
    for claim in sent:
        if claim.to_s - claim.from_s > MAX_SENT_S:
            continue
        from_s, to_s = claim.from_s - tolerance_s, claim.to_s + tolerance_s
        entries = (entry for name in names(claim) for entry in heard.get(name, ()))
        spans.update(
            (max(entry.from_s, from_s), min(entry.to_s, to_s))
            for entry in entries
            if entry.from_s <= to_s and entry.to_s >= from_s
        )
    return sorted(spans)


def compare_logs(
    contact_heard: Sequence[int],
    case_heard: Sequence[Span],
    *,
    tolerance_s: int,
    least_share: float,
) -> Agreement:
    """Compare what a contact heard of the case with what the case heard of it.

    Parameters
    ----------
    contact_heard : sequence of int
        Unix seconds, ascending, from `heard_of_case`.
    case_heard : sequence of (int, int)
        From `heard_by_case`.
    tolerance_s : int
        How far apart in time the two may lie.
    least_share : float
        Which part of either has to agree, 0..1.

    Returns
    -------
    Agreement
        More sightings on one side alone never raise what is agreed.
    """
    if not contact_heard:
        return Agreement(Verdict.CONTACT_SILENT, frozenset(), 0.0, 0.0)
    if not case_heard:
        return Agreement(Verdict.CASE_SILENT, frozenset(), 0.0, 0.0)
    agreed: set[int] = set()
    confirmed = 0
    for from_s, to_s in case_heard:
        first = bisect_left(contact_heard, from_s - tolerance_s)
        last = bisect_right(contact_heard, to_s + tolerance_s)
        agreed.update(contact_heard[first:last])
        confirmed += last > first
    # By minutes, so that a radio that hears more often does not weigh more.
    contact_share = _minutes(agreed) / _minutes(contact_heard)
    case_share = confirmed / len(case_heard)
    if min(contact_share, case_share) < least_share:
        return Agreement(Verdict.DISAGREE, frozenset(), contact_share, case_share)
    return Agreement(Verdict.MUTUAL, frozenset(agreed), contact_share, case_share)


def _minutes(times_s: Iterable[int]) -> int:
    return len({t_s // _MINUTE_S for t_s in times_s})
