"""What a person may share for tracing: found on the device, shown first, sent by them.

    token → open → what is asked → plan (nothing leaves) → yes → package → taken

Nothing here runs by itself: only `proximity share` calls it, and it sends only what its
caller says that the person has seen.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from proximity.client.report import Report, plan_report
from proximity.errors import NothingStoredError
from proximity.protocol.gaen import TemporaryExposureKey, derive_ephemeral_ids
from proximity.protocol.sharing import (
    MAX_HEARD,
    MAX_ROWS,
    MAX_SCANS,
    MAX_SIGHTINGS,
    Address,
    CasePackage,
    ContactPackage,
    HeardRow,
    HeardTag,
    Package,
    SentId,
    tag_id,
)
from proximity.protocol.sighting import MISSING_RSSI_DBM, Encounters
from proximity.store.encounters import read_encounters
from proximity.store.own_keys import OwnKey, list_keys
from proximity.store.scans import read_scans
from proximity.store.sealing import SealingKey
from proximity.units import (
    DAY_S,
    INTERVAL_S,
    INTERVALS_PER_DAY,
    MS_PER_S,
    day_of,
    interval_of,
)

# The authority compares two logs with about this tolerance.
_BESIDE_S = 300
_NO_REPORT = Report((), ())


@dataclass(frozen=True, slots=True)
class Asked:
    """What a token asks for.

    Attributes
    ----------
    kind : str
        "case" or "contact".
    address : Address
    salt : bytes
    days : range
        UTC day numbers.
    recursive : range
        Days of which a contact may publish keys; empty if it is not asked to.
    keys : tuple of TemporaryExposureKey
        Of the case, where a contact is asked.
    """

    kind: str
    address: Address
    salt: bytes = field(repr=False)
    days: range
    recursive: range = range(0)
    keys: tuple[TemporaryExposureKey, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class SharedDay:
    """What would leave of one day.

    Attributes
    ----------
    day : int
        UTC day number.
    keys : int
        Keys that the authority gets for tracing; those of a case alone.
    heard : int
        IDs that a case heard, of which a tag leaves; or sightings of the case.
    sent : int
        Own IDs that a contact names.
    warned : int
        Keys by which a contact's own contacts would be warned.
    """

    day: int
    keys: int = 0
    heard: int = 0
    sent: int = 0
    warned: int = 0


@dataclass(frozen=True, slots=True)
class SharingPlan:
    """What would leave the device; nothing has happened yet.

    Attributes
    ----------
    package : Package
    report : Report
        The own keys in it; those in use are ended when it leaves.
    """

    package: Package
    report: Report


def plan_case(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    asked: Asked,
    days: range,
    *,
    now_s: float,
    revision_token: str = "",
) -> SharingPlan:
    """Choose what a case shares: the keys of some days, and tags of what it heard then.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    asked : Asked
    days : range
        Those that the person chose, of `asked.days`.
    now_s : float
    revision_token : str
        Left by the last upload: shows that keys which are published are one's own.

    Raises
    ------
    NothingStoredError
        If there are no keys of these days, or more was heard than a package holds.
    LockedError, StoreError
        If the store cannot be read.
    """
    own = list_keys(connection, sealing, days.start * INTERVALS_PER_DAY)
    report = plan_report(own, days, now_interval=interval_of(now_s))
    span_ms = (days.start * DAY_S * MS_PER_S, days.stop * DAY_S * MS_PER_S)
    encounters = read_encounters(connection, *span_ms)
    heard = tuple(_tags(encounters, asked.salt))
    _check_size(len(heard), MAX_HEARD)
    package = CasePackage(asked.address, _as_keys(report), heard, revision_token)
    return SharingPlan(package, report)


def plan_contact(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    asked: Asked,
    *,
    warn: bool,
    now_s: float,
) -> SharingPlan:
    """Choose what a contact shares: what it heard of this case, and its IDs then.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    asked : Asked
    warn : bool
        Whether the person would also warn their own contacts.
    now_s : float

    Raises
    ------
    NothingStoredError
        If this device heard nothing of the case, or more than a package holds.
    LockedError, StoreError
        If the store cannot be read.
    """
    ids = _intervals_of(asked.keys)
    span_ms = (
        (asked.days.start * DAY_S - _BESIDE_S) * MS_PER_S,
        (asked.days.stop * DAY_S + _BESIDE_S) * MS_PER_S,
    )
    rows = tuple(_heard_of(read_encounters(connection, *span_ms), ids))
    if not rows:
        raise NothingStoredError(
            "This device heard nothing of that case on these days.",
            "There is nothing to share; tell your health authority so.",
        )
    _check_size(len(rows), MAX_ROWS)
    _check_size(sum(len(row.t_s) for row in rows), MAX_SIGHTINGS)
    own = list_keys(connection, sealing)
    report = _NO_REPORT
    if warn and asked.recursive:
        report = plan_report(own, asked.recursive, now_interval=interval_of(now_s))
    package = ContactPackage(
        asked.address,
        rows,
        _scans_around(connection, rows),
        tuple(_sent_then(own, rows)),
        _as_keys(report),
    )
    return SharingPlan(package, report)


def list_shared_days(plan: SharingPlan) -> tuple[SharedDay, ...]:
    """Summarise a plan day by day, oldest first, without a byte of a key or an ID."""
    package = plan.package
    keys = package.keys if isinstance(package, CasePackage) else ()
    warned = () if isinstance(package, CasePackage) else package.recursive
    sent = () if isinstance(package, CasePackage) else package.sent
    if isinstance(package, CasePackage):
        heard = [day_of(each.from_s) for each in package.heard]
    else:
        heard = [day_of(t_s) for row in package.heard for t_s in row.t_s]
    columns = (
        [key.start_interval // INTERVALS_PER_DAY for key in keys],
        heard,
        [day_of(each.from_s) for each in sent],
        [key.start_interval // INTERVALS_PER_DAY for key in warned],
    )
    days = sorted(set().union(*columns))
    return tuple(
        SharedDay(day, *(column.count(day) for column in columns)) for day in days
    )


def _intervals_of(keys: Iterable[TemporaryExposureKey]) -> dict[bytes, int]:
    return {
        row.tobytes(): key.start_interval + place
        for key in keys
        for place, row in enumerate(
            derive_ephemeral_ids(key.key, key.start_interval, key.period)
        )
    }


def _tags(encounters: Encounters, salt: bytes) -> Iterable[HeardTag]:
    seen = set()
    for row, ephemeral_id in enumerate(encounters.ephemeral_id):
        first, end = encounters.offsets[row : row + 2].tolist()
        span = encounters.t_ms[[first, end - 1]] // MS_PER_S
        from_s, to_s = span.tolist()
        tag = tag_id(salt, ephemeral_id.tobytes())
        # A copy with other metadata has a row of its own, and tells nothing more.
        if (tag, from_s) not in seen:
            seen.add((tag, from_s))
            yield HeardTag(tag, from_s, to_s, end - first)


def _heard_of(encounters: Encounters, ids: dict[bytes, int]) -> Iterable[HeardRow]:
    for row, value in enumerate(encounters.ephemeral_id):
        ephemeral_id = value.tobytes()
        interval = ids.get(ephemeral_id)
        if interval is None:
            continue
        span = slice(*encounters.offsets[row : row + 2].tolist())
        t_s = encounters.t_ms[span] // MS_PER_S
        rssi_dbm = encounters.rssi_dbm[span]
        from_s = interval * INTERVAL_S - _BESIDE_S
        to_s = (interval + 1) * INTERVAL_S + _BESIDE_S
        kept = (t_s >= from_s) & (t_s < to_s) & (rssi_dbm != MISSING_RSSI_DBM)
        # One sighting a second, the strongest.
        order = np.lexsort((-rssi_dbm[kept].astype(np.int64), t_s[kept]))
        seconds, first = np.unique(t_s[kept][order], return_index=True)
        if len(seconds):
            metadata = encounters.metadata[row].tobytes()
            strongest = rssi_dbm[kept][order][first]
            yield HeardRow(
                ephemeral_id,
                metadata,
                tuple(seconds.tolist()),
                tuple(strongest.tolist()),
            )


def _sent_then(own: Iterable[OwnKey], rows: Iterable[HeardRow]) -> Iterable[SentId]:
    """Return the own IDs of the intervals in which the case was heard."""
    wanted = {interval_of(t_s) for row in rows for t_s in row.t_s}
    for key in own:
        inside = range(key.start_interval, key.start_interval + key.period)
        here = sorted(interval for interval in wanted if interval in inside)
        if not here:
            continue
        ids = derive_ephemeral_ids(key.key, key.start_interval, key.period)
        for interval in here:
            # Of keys with one start the earlier was on the air until it was ended.
            wanted.discard(interval)
            ephemeral_id = ids[interval - key.start_interval].tobytes()
            from_s = interval * INTERVAL_S
            yield SentId(ephemeral_id, from_s, from_s + INTERVAL_S)


def _scans_around(
    connection: sqlite3.Connection, rows: tuple[HeardRow, ...]
) -> tuple[tuple[int, int], ...]:
    """Return the listening periods that tell how long the sightings stand for."""
    first_s = min(row.t_s[0] for row in rows)
    last_s = max(row.t_s[-1] for row in rows)
    scans = read_scans(
        connection, (first_s - _BESIDE_S) * MS_PER_S, (last_s + _BESIDE_S) * MS_PER_S
    )
    heard_ms = np.array(sorted(t for row in rows for t in row.t_s)) * MS_PER_S
    beside_ms = _BESIDE_S * MS_PER_S
    after = np.searchsorted(heard_ms, scans.start_ms - beside_ms)
    near = after < np.searchsorted(heard_ms, scans.end_ms + beside_ms)
    starts, ends = scans.start_ms[near].tolist(), scans.end_ms[near].tolist()
    pairs = [(s, e) for s, e in zip(starts, ends, strict=True) if s <= e]
    return tuple(pairs[:MAX_SCANS])


def _as_keys(report: Report) -> tuple[TemporaryExposureKey, ...]:
    return tuple(
        TemporaryExposureKey(key.key, key.start_interval, key.period)
        for key in report.keys
    )


def _check_size(count: int, limit: int) -> None:
    if count > limit:
        raise NothingStoredError(
            f"More was heard on these days than one package holds: {limit}.",
            "Choose fewer days, and ask your health authority for a second token.",
        )
