import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from proximity.client.health_log import (
    HealthLog,
    Trouble,
    Work,
    WorkState,
    read_health,
    trouble_of,
)
from proximity.errors import (
    AdvertisingUnsupportedError,
    BadSignatureError,
    ClockBehindError,
    FormatError,
    LockedError,
    NetworkError,
    PermissionDeniedError,
    ProximityError,
    RadioError,
    RadioOffError,
    SchemaVersionError,
    StoreError,
)
from proximity.store.schema import open_store
from proximity.store.state import write_state

OFF = RadioOffError("The adapter is off.", "Switch it on.")
DENIED = PermissionDeniedError("It may not.", "Allow it.")
Change = tuple[Work, Trouble | None]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = open_store(tmp_path / "store.sqlite")
    yield made
    made.close()


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def log(connection: sqlite3.Connection, changes: list[Change]) -> HealthLog:
    return HealthLog(connection, lambda *change: changes.append(change))


def test_a_store_without_a_run_knows_nothing(connection: sqlite3.Connection):
    assert read_health(connection) == {work: WorkState() for work in Work}


def test_a_success_is_there_for_another_process(
    connection: sqlite3.Connection, log: HealthLog
):
    log.succeeded(Work.SCAN, 1_000.7)

    assert read_health(connection)[Work.SCAN] == WorkState(done_s=1_000)
    assert read_health(connection)[Work.FETCH] == WorkState()


def test_a_failure_keeps_the_last_success_and_when_it_began(
    connection: sqlite3.Connection, log: HealthLog
):
    log.succeeded(Work.SCAN, 1_000)
    log.failed(Work.SCAN, OFF, 1_300)
    log.failed(Work.SCAN, DENIED, 1_360)

    state = read_health(connection)[Work.SCAN]
    assert state == WorkState(1_000, Trouble.PERMISSION_DENIED, 1_300)


def test_each_change_is_told_once(log: HealthLog, changes: list[Change]):
    log.succeeded(Work.SCAN, 1_000)
    log.failed(Work.SCAN, OFF, 1_300)
    log.failed(Work.SCAN, OFF, 1_310)
    log.succeeded(Work.SCAN, 1_320)

    assert changes == [(Work.SCAN, Trouble.RADIO_OFF), (Work.SCAN, None)]


def test_a_new_run_starts_without_the_troubles_of_the_last(
    connection: sqlite3.Connection, log: HealthLog
):
    log.succeeded(Work.SCAN, 1_000)
    log.failed(Work.SCAN, OFF, 1_300)

    assert HealthLog(connection, print)[Work.SCAN] == WorkState(done_s=1_000)


def test_successes_within_a_minute_are_one(
    connection: sqlite3.Connection, log: HealthLog
):
    log.succeeded(Work.STORE, 1_000)
    log.succeeded(Work.STORE, 1_010)

    assert read_health(connection)[Work.STORE].done_s == 1_000


def test_a_clock_that_was_set_back_does_not_hide_a_success(
    connection: sqlite3.Connection, log: HealthLog
):
    log.succeeded(Work.SCAN, 9_000)
    log.succeeded(Work.SCAN, 1_000)

    assert read_health(connection)[Work.SCAN].done_s == 1_000


def test_a_store_that_takes_nothing_is_still_told_of(
    connection: sqlite3.Connection, log: HealthLog, changes: list[Change]
):
    connection.execute("PRAGMA query_only = ON")

    log.failed(Work.STORE, StoreError("It is full.", "Free some."), 1_000)

    assert changes == [(Work.STORE, Trouble.STORE_FAILED)]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"scan": 1}',
        b'{"scan": {"trouble": "odd"}}',
        b'{"scan": {"done_s": "x"}}',
    ],
)
def test_a_damaged_note_is_named(connection: sqlite3.Connection, value: bytes):
    write_state(connection, "health", value)

    with pytest.raises(StoreError):
        read_health(connection)


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (RadioOffError, Trouble.RADIO_OFF),
        (PermissionDeniedError, Trouble.PERMISSION_DENIED),
        (AdvertisingUnsupportedError, Trouble.ADVERTISING_UNSUPPORTED),
        (RadioError, Trouble.RADIO_FAILED),
        (LockedError, Trouble.STORE_LOCKED),
        (SchemaVersionError, Trouble.STORE_FAILED),
        (NetworkError, Trouble.UNREACHABLE),
        (ClockBehindError, Trouble.CLOCK_BEHIND),
        (BadSignatureError, Trouble.REFUSED),
        (FormatError, Trouble.REFUSED),
    ],
)
def test_every_error_has_its_kind(kind: type[ProximityError], trouble: Trouble):
    assert trouble_of(kind("What went wrong.", "What to do.")) is trouble
