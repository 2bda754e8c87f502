"""A case's own way out: which keys leave the device, day by day, and with whose yes."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from proximity.errors import NothingStoredError, StoreError
from proximity.protocol.key_file import (
    KEY_BYTES,
    MAX_KEYS_PER_START,
    UploadedKey,
    encode_key_file,
)
from proximity.store.connection import transaction
from proximity.store.own_keys import OwnKey, add_key, end_key, mark_reported
from proximity.store.sealing import SealingKey
from proximity.units import INTERVAL_S, INTERVALS_PER_DAY

# How far back keys are published, kept and accepted.
MAX_DAYS_BACK = 14


@dataclass(frozen=True, slots=True)
class Report:
    """What would leave the device; nothing has happened yet.

    Attributes
    ----------
    keys : tuple of OwnKey
        Oldest first, each with the period with which it would be handed out. None is
        valid any longer by then.
    in_use : tuple of OwnKey
        Those of them that would be ended for it, as they are stored.
    """

    keys: tuple[OwnKey, ...]
    in_use: tuple[OwnKey, ...]

    def __repr__(self) -> str:
        """Tell how many keys there are."""
        return f"<Report of {len(self.keys)} keys>"


@dataclass(frozen=True, slots=True)
class ReportedDay:
    """What would leave of one day.

    Attributes
    ----------
    day : int
        UTC day number.
    keys : int
    start_s, end_s : int
        Unix seconds; IDs of these keys were valid from the one to the other.
    again : bool
        Whether all of these keys were handed out before.
    """

    day: int
    keys: int
    start_s: int
    end_s: int
    again: bool


def plan_report(
    own_keys: Sequence[OwnKey], days: range, *, now_interval: int
) -> Report:
    """Choose what a report of some days holds.

    A key of which an ID may be on the air is ended at the current interval, so that
    none is handed out that is still valid. Of one day only as many keys are taken as
    may be published.

    Parameters
    ----------
    own_keys : sequence of OwnKey
        By start interval and ordinal, as `list_keys` returns them.
    days : range
        UTC day numbers.
    now_interval : int
        The current ten-minute interval.

    Returns
    -------
    Report

    Raises
    ------
    NothingStoredError
        If no key of these days has been on the air for a whole interval.
    """
    keys: list[OwnKey] = []
    in_use: list[OwnKey] = []
    for start, same_start in groupby(own_keys, key=lambda key: key.start_interval):
        elapsed = now_interval - start
        if start // INTERVALS_PER_DAY not in days or elapsed < 1:
            continue
        for own_key in list(same_start)[:MAX_KEYS_PER_START]:
            if own_key.period > elapsed:
                in_use.append(own_key)
            keys.append(replace(own_key, period=min(own_key.period, elapsed)))
    if not keys:
        raise NothingStoredError(
            "No keys of these days are stored.",
            "Name days on which this device was on; keys are kept for 14 days.",
        )
    return Report(tuple(keys), tuple(in_use))


def list_days(report: Report) -> tuple[ReportedDay, ...]:
    """Summarise a report day by day, oldest first, without a byte of a key."""
    by_day = groupby(
        report.keys, key=lambda key: key.start_interval // INTERVALS_PER_DAY
    )
    return tuple(_summary(day, list(keys)) for day, keys in by_day)


def hand_out(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    report: Report,
    output: Path,
    *,
    onset_day: int | None,
    entropy: Callable[[int], bytes],
) -> None:
    """Write the keys of a report to a file, and go on with fresh ones.

    A key that was in use is ended and replaced before it is written, so that what was
    handed out says nothing of any later ID. If the file cannot be written, nothing is
    changed; if the process dies, the report can be made again.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    report : Report
    output : Path
        KEYS.json; replaced if it exists, for its owner alone.
    onset_day : int | None
        UTC day number of symptom onset.
    entropy : callable int -> bytes
        Gives so many random bytes, for the fresh key.

    Raises
    ------
    StoreError
        If the file or the store cannot be written.
    NothingStoredError
        If a key was forgotten meanwhile.
    """
    data = encode_key_file(uploaded_keys(report, onset_day))
    hand_over(connection, sealing, report, output, data=data, entropy=entropy)


def hand_over(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    report: Report,
    output: Path,
    *,
    data: bytes,
    entropy: Callable[[int], bytes],
) -> None:
    """Write what holds the keys of a report, else as `hand_out`.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    report : Report
    output : Path
        Replaced if it exists, for its owner alone.
    data : bytes
        What to write.
    entropy : callable int -> bytes
        Gives so many random bytes, for the fresh key.

    Raises
    ------
    StoreError, NothingStoredError
        As `hand_out`.
    """
    draft = output.with_name(f".{output.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with transaction(connection):
            _replace_keys(connection, sealing, report, entropy)
            _write_private(draft, data)
        draft.replace(output)
    except OSError as error:
        raise StoreError(
            f"The key file cannot be written: {error.strerror}.",
            "Choose another place for it, then run the command again.",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def uploaded_keys(report: Report, onset_day: int | None) -> tuple[UploadedKey, ...]:
    """Return the keys of a report as they leave the device."""
    return tuple(_uploaded(key, onset_day) for key in report.keys)


def _summary(day: int, keys: Sequence[OwnKey]) -> ReportedDay:
    return ReportedDay(
        day=day,
        keys=len(keys),
        start_s=keys[0].start_interval * INTERVAL_S,
        end_s=max(key.start_interval + key.period for key in keys) * INTERVAL_S,
        again=all(key.reported for key in keys),
    )


def _uploaded(own_key: OwnKey, onset_day: int | None) -> UploadedKey:
    day = own_key.start_interval // INTERVALS_PER_DAY
    return UploadedKey(
        key=own_key.key,
        start_interval=own_key.start_interval,
        period=own_key.period,
        days_since_onset=None if onset_day is None else day - onset_day,
    )


def _replace_keys(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    report: Report,
    entropy: Callable[[int], bytes],
) -> None:
    """End the keys in use, each followed by a fresh one with the same start."""
    periods = {_name(key): key.period for key in report.keys}
    for own_key in report.in_use:
        end_key(connection, own_key, periods[_name(own_key)])
        add_key(
            connection,
            sealing,
            entropy(KEY_BYTES),
            own_key.start_interval,
            period=own_key.period,
        )
    mark_reported(connection, report.keys)


def _name(own_key: OwnKey) -> tuple[int, int]:
    return own_key.start_interval, own_key.ordinal


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
