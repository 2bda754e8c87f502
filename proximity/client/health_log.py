"""What a run notes of its own work, kept in the store for `proximity doctor`."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from proximity.errors import (
    AdvertisingUnsupportedError,
    ClockBehindError,
    LockedError,
    NetworkError,
    PermissionDeniedError,
    ProximityError,
    RadioError,
    RadioOffError,
    StoreError,
)
from proximity.store.connection import damaged
from proximity.store.state import read_state, write_state

_STATE = "health"
# A success this soon after another says nothing new: it is not written again.
_QUIET_S = 60


class Work(StrEnum):
    """The work of a run that can fail while the rest goes on."""

    SCAN = "scan"
    ADVERTISEMENT = "advertisement"
    STORE = "store"
    FETCH = "fetch"
    MATCH = "match"


class Trouble(StrEnum):
    """Why work failed, in the words that a person's language has a text for."""

    RADIO_OFF = "radio-off"
    PERMISSION_DENIED = "permission-denied"
    ADVERTISING_UNSUPPORTED = "advertising-unsupported"
    RADIO_FAILED = "radio-failed"
    STORE_LOCKED = "store-locked"
    STORE_FAILED = "store-failed"
    UNREACHABLE = "unreachable"
    CLOCK_BEHIND = "clock-behind"
    REFUSED = "refused"


# The first that an error is an instance of; what is left was not believed.
_TROUBLES: Mapping[type[ProximityError], Trouble] = {
    RadioOffError: Trouble.RADIO_OFF,
    PermissionDeniedError: Trouble.PERMISSION_DENIED,
    AdvertisingUnsupportedError: Trouble.ADVERTISING_UNSUPPORTED,
    RadioError: Trouble.RADIO_FAILED,
    LockedError: Trouble.STORE_LOCKED,
    StoreError: Trouble.STORE_FAILED,
    NetworkError: Trouble.UNREACHABLE,
    ClockBehindError: Trouble.CLOCK_BEHIND,
}


@dataclass(frozen=True, slots=True)
class WorkState:
    """How one kind of work went.

    Attributes
    ----------
    done_s : int | None
        Unix seconds of the last success.
    trouble : Trouble | None
        Why it fails now; None if it does not.
    failing_since_s : int | None
        Unix seconds of the first failure after the last success.
    """

    done_s: int | None = None
    trouble: Trouble | None = None
    failing_since_s: int | None = None


class HealthLog:
    """Notes successes and failures, and tells of each change between them.

    Parameters
    ----------
    connection : sqlite3.Connection
        As `open_store` returns it.
    on_change : callable of (Work, Trouble or None)
        Called when work starts to fail, fails for another reason, or works again.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        on_change: Callable[[Work, Trouble | None], None],
    ) -> None:
        self._connection = connection
        self._on_change = on_change
        # What failed at the end of the last run need not fail in this one.
        self._states = {
            work: WorkState(done_s=state.done_s)
            for work, state in read_health(connection).items()
        }

    def __getitem__(self, work: Work) -> WorkState:
        """Return how one kind of work went."""
        return self._states[work]

    def succeeded(self, work: Work, now_s: float) -> None:
        """Note that work was done."""
        before = self._states[work]
        last_s = before.done_s
        is_news = last_s is None or abs(now_s - last_s) >= _QUIET_S
        if before.trouble is not None or is_news:
            self._set(work, WorkState(done_s=int(now_s)))

    def failed(self, work: Work, error: ProximityError, now_s: float) -> None:
        """Note that work failed; nothing of the error but its kind is kept."""
        before, trouble = self._states[work], trouble_of(error)
        if before.trouble is not trouble:
            since_s = before.failing_since_s
            since_s = int(now_s) if since_s is None else since_s
            self._set(work, replace(before, trouble=trouble, failing_since_s=since_s))

    def _set(self, work: Work, state: WorkState) -> None:
        is_change = self._states[work].trouble is not state.trouble
        self._states[work] = state
        # A store that cannot take it is in trouble itself, and that is noted too.
        with suppress(StoreError):
            write_state(self._connection, _STATE, _encode(self._states))
        if is_change:
            self._on_change(work, state.trouble)


def trouble_of(error: ProximityError) -> Trouble:
    """Return the kind of an error."""
    for kind, trouble in _TROUBLES.items():
        if isinstance(error, kind):
            return trouble
    return Trouble.REFUSED


def read_health(connection: sqlite3.Connection) -> dict[Work, WorkState]:
    """Return how all work of the last run went, or goes if it is still running.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read.
    """
    value = read_state(connection, _STATE)
    if value is None:
        return {work: WorkState() for work in Work}
    try:
        entries = json.loads(value)
        return {work: _state(entries.get(work.value, {})) for work in Work}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise damaged() from error


def _encode(states: Mapping[Work, WorkState]) -> bytes:
    return json.dumps({work: asdict(state) for work, state in states.items()}).encode()


def _state(entry: Mapping[str, Any]) -> WorkState:
    trouble = entry.get("trouble")
    return WorkState(
        _seconds(entry.get("done_s")),
        None if trouble is None else Trouble(trouble),
        _seconds(entry.get("failing_since_s")),
    )


def _seconds(value: object) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise ValueError("a time is a whole number of seconds")
