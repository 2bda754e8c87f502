"""Own temporary exposure keys of the device, sealed."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from proximity.errors import NothingStoredError
from proximity.store.connection import read_rows, transaction
from proximity.store.sealing import SealingKey
from proximity.units import INTERVALS_PER_DAY

_TABLE = "own_keys"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One temporary exposure key of this device.

    Attributes
    ----------
    start_interval : int
        First ten-minute interval of validity.
    ordinal : int
        0 for the first key with this start, 1 for the next.
    period : int
        Number of intervals of validity, 1..144.
    reported : bool
        Whether it was handed out for publication.
    key : bytes
        The 16 secret bytes; not in the repr.
    """

    start_interval: int
    ordinal: int
    period: int
    reported: bool
    key: bytes = field(repr=False)


def add_key(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    key: bytes,
    start_interval: int,
    *,
    period: int = INTERVALS_PER_DAY,
) -> OwnKey:
    """Store a new key; several may have the same start.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    key : bytes
        16 bytes.
    start_interval : int
        First ten-minute interval of validity, 0..2**31 - 1.
    period : int
        1..144.

    Returns
    -------
    OwnKey

    Raises
    ------
    ValueError
        If an argument is out of range.
    LockedError, StoreError
        If it cannot be stored.
    """
    if len(key) != 16 or not 0 <= start_interval < 2**31:
        raise ValueError("a key has 16 bytes and starts within 0..2**31 - 1")
    _check_period(period)
    with transaction(connection):
        ((ordinal,),) = read_rows(
            connection,
            "SELECT coalesce(max(ordinal) + 1, 0) FROM own_keys"
            " WHERE start_interval = ?",
            (start_interval,),
            types=(int,),
        )
        sealed = sealing.seal(key, _TABLE, _row(start_interval, ordinal))
        connection.execute(
            "INSERT INTO own_keys (start_interval, ordinal, period, sealed)"
            " VALUES (?, ?, ?, ?)",
            (start_interval, ordinal, period, sealed),
        )
    return OwnKey(start_interval, ordinal, period, reported=False, key=key)


def end_key(connection: sqlite3.Connection, own_key: OwnKey, period: int) -> None:
    """Shorten the validity of a key, so that it may be handed out before its day ends.

    Parameters
    ----------
    connection : sqlite3.Connection
    own_key : OwnKey
    period : int
        1 .. `own_key.period`.

    Raises
    ------
    ValueError
        If the period is out of range.
    NothingStoredError
        If the key was forgotten meanwhile.
    LockedError, StoreError
        If it cannot be stored.
    """
    _check_period(period)
    if period > own_key.period:
        raise ValueError("a key is ended earlier, never later")
    with transaction(connection):
        _update(connection, own_key, "period", period)


def mark_reported(connection: sqlite3.Connection, own_keys: Iterable[OwnKey]) -> None:
    """Note that keys were handed out for publication: all of them, or none.

    Raises
    ------
    NothingStoredError
        If one was forgotten meanwhile.
    LockedError, StoreError
        If it cannot be stored.
    """
    with transaction(connection):
        for own_key in own_keys:
            _update(connection, own_key, "reported", 1)


def list_keys(
    connection: sqlite3.Connection, sealing: SealingKey, from_interval: int = 0
) -> list[OwnKey]:
    """Return the keys that are valid at or after an interval, oldest first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    rows = read_rows(
        connection,
        "SELECT start_interval, ordinal, period, reported, sealed FROM own_keys"
        " WHERE start_interval + period > ? ORDER BY start_interval, ordinal",
        (from_interval,),
        types=(int, int, int, int, bytes),
    )
    return [
        OwnKey(
            start,
            ordinal,
            period,
            bool(reported),
            _open(sealing, sealed, start, ordinal),
        )
        for start, ordinal, period, reported, sealed in rows
    ]


def current_key(
    connection: sqlite3.Connection, sealing: SealingKey, interval: int
) -> OwnKey | None:
    """Return the key to advertise with at an interval: the latest that is valid.

    Raises
    ------
    LockedError, StoreError
        As `list_keys`.
    """
    valid = [
        own_key
        for own_key in list_keys(connection, sealing, interval)
        if own_key.start_interval <= interval
    ]
    return valid[-1] if valid else None


def _update(
    connection: sqlite3.Connection, own_key: OwnKey, column: str, value: int
) -> None:
    changed = connection.execute(
        # The column is one of two literals above, never an outside name.
        f"UPDATE own_keys SET {column} = ? WHERE start_interval = ? AND ordinal = ?",  # noqa: S608
        (value, own_key.start_interval, own_key.ordinal),
    )
    if not changed.rowcount:
        raise NothingStoredError(
            "A key of this device was forgotten meanwhile.", "Start again."
        )


def _open(sealing: SealingKey, sealed: bytes, start: int, ordinal: int) -> bytes:
    return sealing.open(sealed, _TABLE, _row(start, ordinal))


def _row(start_interval: int, ordinal: int) -> bytes:
    return f"{start_interval}/{ordinal}".encode()


def _check_period(period: int) -> None:
    if not 1 <= period <= INTERVALS_PER_DAY:
        raise ValueError("a key is valid for 1..144 intervals")
