"""A case's own way out: ended keys only, and nothing that says more later."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from proximity.client.report import hand_out, list_days, plan_report
from proximity.errors import NothingStoredError, StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import parse_key_file
from proximity.store.own_keys import OwnKey, add_key, current_key, list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

TODAY = 18_400
NOW = TODAY * 144 + 60  # 10:00
SEALING = SealingKey(bytes(32))
FRESH = b"f" * 16


def own_key(day: int, ordinal: int = 0, period: int = 144, *, reported: bool = False):
    return OwnKey(day * 144, ordinal, period, reported, bytes([day % 256]) * 16)


def plan(*keys: OwnKey, days: range = range(TODAY - 14, TODAY + 1), now: int = NOW):
    return plan_report(keys, days, now_interval=now)


def test_a_key_of_an_earlier_day_is_taken_as_it_is():
    report = plan(own_key(TODAY - 1))

    assert (report.keys, report.in_use) == ((own_key(TODAY - 1),), ())


def test_the_key_of_today_is_ended_at_the_current_interval():
    report = plan(own_key(TODAY))

    assert [key.period for key in report.keys] == [60]
    assert report.in_use == (own_key(TODAY),)


def test_no_key_that_is_handed_out_is_still_valid():
    report = plan(*(own_key(day) for day in range(TODAY - 14, TODAY + 1)))

    assert all(key.start_interval + key.period <= NOW for key in report.keys)


def test_only_the_chosen_days_are_taken():
    keys = [own_key(day) for day in range(TODAY - 5, TODAY + 1)]

    report = plan(*keys, days=range(TODAY - 3, TODAY - 1))

    assert report.keys == (own_key(TODAY - 3), own_key(TODAY - 2))


def test_a_key_that_began_this_very_interval_has_nothing_to_hand_out():
    with pytest.raises(NothingStoredError):
        plan(own_key(TODAY), now=TODAY * 144)


def test_a_key_of_tomorrow_is_not_handed_out():
    with pytest.raises(NothingStoredError):
        plan(own_key(TODAY + 1), days=range(TODAY, TODAY + 3))


def test_of_one_start_only_as_many_keys_leave_as_may_be_published():
    keys = [own_key(TODAY, n, 10 * (n + 1)) for n in range(3)] + [own_key(TODAY, 3)]

    report = plan(*keys)

    assert [key.ordinal for key in report.keys] == [0, 1, 2]
    assert report.in_use == ()


def test_the_list_tells_days_and_times_not_keys():
    first, today = list_days(
        plan(
            own_key(TODAY - 1, reported=True), own_key(TODAY, 0, 20), own_key(TODAY, 1)
        )
    )

    assert (first.day, first.keys, first.again) == (TODAY - 1, 1, True)
    assert (today.day, today.keys, today.again) == (TODAY, 2, False)
    assert (today.start_s, today.end_s) == (TODAY * 86_400, TODAY * 86_400 + 36_000)


def test_the_repr_of_a_report_tells_how_many_keys():
    assert repr(plan(own_key(TODAY))) == "<Report of 1 keys>"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_store(tmp_path / "store.sqlite")
    # Durability is tested elsewhere; here it would only cost time.
    connection.execute("PRAGMA synchronous=OFF")
    for day in (TODAY - 1, TODAY):
        add_key(connection, SEALING, own_key(day).key, day * 144)
    yield connection
    connection.close()


def stored(connection: sqlite3.Connection) -> list[OwnKey]:
    return list_keys(connection, SEALING)


def give(connection: sqlite3.Connection, output: Path, onset_day: int | None = None):
    report = plan_report(
        stored(connection), range(TODAY - 1, TODAY + 1), now_interval=NOW
    )
    hand_out(
        connection,
        SEALING,
        report,
        output,
        onset_day=onset_day,
        entropy=lambda count: FRESH[:count],
    )


def test_the_file_holds_the_keys_with_type_and_onset(
    connection: sqlite3.Connection, tmp_path: Path
):
    give(connection, tmp_path / "KEYS.json", onset_day=TODAY - 2)

    keys = parse_key_file((tmp_path / "KEYS.json").read_bytes()).keys
    assert [(key.key, key.period) for key in keys] == [
        (own_key(TODAY - 1).key, 144),
        (own_key(TODAY).key, 60),
    ]
    assert [key.days_since_onset for key in keys] == [1, 2]
    assert {key.report_type for key in keys} == {ReportType.CONFIRMED_TEST}


def test_without_an_onset_none_is_written(
    connection: sqlite3.Connection, tmp_path: Path
):
    give(connection, tmp_path / "KEYS.json")

    assert b"onset" not in (tmp_path / "KEYS.json").read_bytes()


def test_the_file_is_for_its_owner(connection: sqlite3.Connection, tmp_path: Path):
    give(connection, tmp_path / "KEYS.json")

    assert (tmp_path / "KEYS.json").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".KEYS*"))


def test_afterwards_a_fresh_key_with_the_same_start_is_in_use(
    connection: sqlite3.Connection, tmp_path: Path
):
    give(connection, tmp_path / "KEYS.json")

    assert current_key(connection, SEALING, NOW) == OwnKey(
        TODAY * 144, 1, 144, reported=False, key=FRESH
    )
    assert FRESH.hex().encode() not in (tmp_path / "KEYS.json").read_bytes()


def test_handed_out_keys_are_ended_and_marked(
    connection: sqlite3.Connection, tmp_path: Path
):
    give(connection, tmp_path / "KEYS.json")

    yesterday, today, _ = stored(connection)
    assert (yesterday.reported, yesterday.period) == (True, 144)
    assert (today.reported, today.period) == (True, 60)


def test_days_before_today_need_no_fresh_key(
    connection: sqlite3.Connection, tmp_path: Path
):
    report = plan_report(stored(connection), range(TODAY - 1, TODAY), now_interval=NOW)

    hand_out(
        connection,
        SEALING,
        report,
        tmp_path / "KEYS.json",
        onset_day=None,
        entropy=lambda _: pytest.fail("no key was in use"),
    )

    assert len(stored(connection)) == 2


def test_a_second_report_hands_out_the_same_ended_keys_and_no_fresh_secret(
    connection: sqlite3.Connection, tmp_path: Path
):
    give(connection, tmp_path / "first.json")
    report = plan_report(
        stored(connection), range(TODAY - 1, TODAY + 1), now_interval=NOW
    )

    assert [key.period for key in report.keys] == [144, 60, 60]


def test_a_file_that_cannot_be_written_leaves_the_store_unchanged(
    connection: sqlite3.Connection, tmp_path: Path
):
    before = stored(connection)

    with pytest.raises(StoreError, match="cannot be written"):
        give(connection, tmp_path / "missing" / "KEYS.json")

    assert stored(connection) == before


def test_a_key_that_was_forgotten_meanwhile_stops_the_report(
    connection: sqlite3.Connection, tmp_path: Path
):
    report = plan_report(stored(connection), range(TODAY - 1, TODAY), now_interval=NOW)
    connection.execute("DELETE FROM own_keys")

    with pytest.raises(NothingStoredError):
        hand_out(
            connection,
            SEALING,
            report,
            tmp_path / "KEYS.json",
            onset_day=None,
            entropy=bytes,
        )
    assert not list(tmp_path.glob("*KEYS*"))
