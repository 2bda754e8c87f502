"""What `proximity doctor` finds: each check with its state, a reason and a remedy."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from proximity.client.computations import Computation
from proximity.client.health_log import Trouble, Work, WorkState, trouble_of
from proximity.client.notification import load_texts
from proximity.client.trust import CLOCK_TOLERANCE_S
from proximity.errors import KernelError, ProximityError
from proximity.store.connection import read_rows
from proximity.units import DAY_S

# The day on which this was written: no right clock shows an earlier one.
_EARLIEST_S = 20_779 * DAY_S
_STEP_BACK_S = 120
# How long ago the last success may be: a scan comes every 300 s, an ID every 600 s, a
# fetch every 4.5 h; one of them may fail.
_FRESH_S = {
    Work.SCAN: 900,
    Work.ADVERTISEMENT: 1_500,
    Work.FETCH: 10 * 3_600,
    Work.MATCH: 10 * 3_600,
}
# The rest of the device's work goes on without these.
_BEARABLE = {Trouble.ADVERTISING_UNSUPPORTED, Trouble.UNREACHABLE, Trouble.STORE_LOCKED}


class CheckName(StrEnum):
    """What is looked at, in the order in which it is shown."""

    ADAPTER = "adapter"
    ADVERTISING = "advertising"
    CLOCK = "clock"
    KERNELS = "kernels"
    STORE = "store"
    SCAN = "scan"
    ADVERTISEMENT = "advertisement"
    FETCH = "fetch"
    MATCH = "match"


class State(StrEnum):
    """How it is; the worst last."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : CheckName
    state : State
    code : str
        Names the reason and the remedy in the files of texts/.
    values : mapping of str to int or str
        What the texts name, such as `minutes` or `backend`.
    """

    name: CheckName
    state: State
    code: str
    values: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckText:
    """A check in one language; the remedy is empty where none is needed."""

    name: str
    state: str
    reason: str
    remedy: str


def check_adapter(
    found: Sequence[tuple[str, ProximityError | None]] | None,
) -> Check:
    """Judge the backends of this machine.

    Parameters
    ----------
    found : sequence of (str, ProximityError or None), or None
        The best first, each with its error; None if they were not tried.
    """
    if found is None:
        return Check(CheckName.ADAPTER, State.UNKNOWN, "not-tried")
    for backend, error in found:
        if error is None:
            values = {"backend": backend}
            return Check(CheckName.ADAPTER, State.OK, "adapter-found", values)
    # What is open to everybody is tried last: its advice is the better one.
    last = found[-1][1] if found else None
    if last is None:
        return Check(CheckName.ADAPTER, State.FAIL, "backend-unknown")
    trouble = trouble_of(last)
    # Nothing was asked of an adapter yet: there may be none at all.
    is_there = trouble is not Trouble.RADIO_FAILED
    code = trouble.value if is_there else "adapter-unusable"
    return Check(CheckName.ADAPTER, State.FAIL, code)


def check_advertising(*, can_advertise: bool | None) -> Check:
    """Judge whether this machine can advertise; None if it could not be found out."""
    name = CheckName.ADVERTISING
    if can_advertise is None:
        return Check(name, State.UNKNOWN, "not-tried")
    if can_advertise:
        return Check(name, State.OK, "advertising-possible")
    return Check(name, State.WARN, Trouble.ADVERTISING_UNSUPPORTED.value)


def check_clock(
    now_s: float, newest_export_s: int | None, work: Mapping[Work, WorkState]
) -> Check:
    """Judge the clock by what an authority has signed and what this device noted.

    Parameters
    ----------
    now_s : float
        Unix seconds by the clock.
    newest_export_s : int or None
        The latest time that a processed export names.
    work : mapping of Work to WorkState
    """
    signed_s = max(_EARLIEST_S, newest_export_s or 0)
    if signed_s > now_s + CLOCK_TOLERANCE_S:
        return Check(CheckName.CLOCK, State.FAIL, Trouble.CLOCK_BEHIND.value)
    if any((state.done_s or 0) > now_s + _STEP_BACK_S for state in work.values()):
        return Check(CheckName.CLOCK, State.WARN, "clock-set-back")
    return Check(CheckName.CLOCK, State.OK, "clock-plausible")


def check_kernels(computations: Sequence[Computation]) -> Check:
    """Compute what is known beforehand, and compare.

    Parameters
    ----------
    computations : sequence of Computation
    """
    right: list[str] = []
    wrong: list[str] = []
    missing: list[str] = []
    for computation in computations:
        try:
            found = right if computation.is_right() else wrong
        except KernelError:
            found = missing
        found.append(computation.name)
    for names, state, code in (
        (wrong, State.FAIL, "kernels-wrong"),
        (missing, State.WARN, "kernels-missing"),
    ):
        if names:
            return Check(CheckName.KERNELS, state, code, {"kernels": ", ".join(names)})
    values = {"kernels": ", ".join(right)}
    return Check(CheckName.KERNELS, State.OK, "kernels-right", values)


def check_store(connection: sqlite3.Connection, *, is_current: bool) -> Check:
    """Read every page of the store.

    Parameters
    ----------
    connection : sqlite3.Connection
    is_current : bool
        Whether its schema is that of this version.

    Raises
    ------
    LockedError, StoreError
        If it cannot be read; `failed_store` makes a check of that.
    """
    if read_rows(connection, "PRAGMA quick_check(1)", types=(str,)) != [("ok",)]:
        return Check(CheckName.STORE, State.FAIL, Trouble.STORE_FAILED.value)
    return Check(
        CheckName.STORE, State.OK, "store-whole" if is_current else "store-older"
    )


def failed_store(error: ProximityError | None) -> Check:
    """Judge a store that could not be opened; None if there is none yet."""
    if error is None:
        return Check(CheckName.STORE, State.UNKNOWN, "store-none")
    return Check(CheckName.STORE, State.FAIL, trouble_of(error).value)


def check_work(
    work: Work, state: WorkState, now_s: float, *, has_authority: bool
) -> Check:
    """Judge how work of the last run went, or goes if it is still running.

    Parameters
    ----------
    work : Work
        Any but STORE, which `check_store` looks at itself.
    state : WorkState
    now_s : float
        Unix seconds.
    has_authority : bool
        Whether there is somebody to fetch from.
    """
    name = CheckName(work.value)
    if work in (Work.FETCH, Work.MATCH) and not has_authority:
        return Check(name, State.UNKNOWN, "no-authority")
    if state.trouble is not None:
        return Check(name, _gravity(state.trouble), state.trouble.value)
    if state.done_s is None:
        return Check(name, State.UNKNOWN, "never")
    age_s = max(0.0, now_s - state.done_s)
    values = {"minutes": int(age_s // 60)}
    if age_s > _FRESH_S[work]:
        return Check(name, State.WARN, "stale", values)
    return Check(name, State.OK, "recent", values)


def worst(checks: Sequence[Check]) -> State:
    """Return the worst state of some checks."""
    order = list(State)
    return max((check.state for check in checks), key=order.index, default=State.OK)


def render_check(check: Check, language: str) -> CheckText:
    """Put a check into words.

    Parameters
    ----------
    check : Check
    language : str
        One of `languages()`.

    Raises
    ------
    ValueError
        If there are no texts in that language.
    """
    texts = load_texts(language)
    words = texts["health"][check.code]
    return CheckText(
        name=texts["checks"][check.name.value],
        state=texts["states"][check.state.value],
        reason=words["reason"].format(**check.values),
        remedy=words["remedy"].format(**check.values),
    )


def render_change(work: Work, trouble: Trouble | None, language: str) -> str:
    """Put into one line that work fails from now on, or works again.

    Raises
    ------
    ValueError
        If there are no texts in that language.
    """
    texts = load_texts(language)
    name = texts["checks"][work.value]
    if trouble is None:
        return f"{name}: {texts['works_again']}"
    words = texts["health"][trouble.value]
    return f"{name}: {words['reason']} {words['remedy']}"


def _gravity(trouble: Trouble) -> State:
    return State.WARN if trouble in _BEARABLE else State.FAIL
