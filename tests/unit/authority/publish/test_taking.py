"""Which keys a batch takes, and how they are found again."""

import os

import pytest
from sqlalchemy import select

from proximity.authority.database import reading
from proximity.authority.publish.batch_model import batches
from proximity.authority.publish.taking import (
    count_waiting,
    load_batch,
    take_batch,
)
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.upload.writer import store_uploads
from proximity.errors import PolicyError
from proximity.protocol.diagnosis_key import ReportType
from proximity.units import DAY_S, INTERVALS_PER_DAY

NOON_S = 20_000 * DAY_S + DAY_S // 2
TODAY = NOON_S // DAY_S


def store(authority, day, now_s, report_type=ReportType.CONFIRMED_TEST, *, key=None):
    """Store one key of a day, or change it; return it."""
    key = key or os.urandom(16)
    start = day * INTERVALS_PER_DAY
    accepted = AcceptedKey(key, start, INTERVALS_PER_DAY, report_type, 1, 2)
    token = frozenset({(key, start, INTERVALS_PER_DAY)})
    upload = Upload((accepted,), False, token, os.urandom(32), now_s + 900)
    with authority.engine.begin() as connection:
        store_uploads(connection, [upload], "VN", now_s=now_s)
    return key


def take(authority, now_s):
    with authority.engine.begin() as connection:
        return take_batch(connection, now_s)


def loaded(authority, number):
    with reading(authority.engine) as connection:
        statement = select(batches).where(batches.c.number == number)
        keys = load_batch(connection, connection.execute(statement).one())
    return tuple({row.tobytes() for row in part.key} for part in keys)


def waiting(authority):
    with reading(authority.engine) as connection:
        return count_waiting(connection)


def test_each_key_is_in_the_batch_that_took_it_and_in_no_other(authority):
    first = {store(authority, TODAY - age, NOON_S) for age in range(1, 15)}
    held_back = store(authority, TODAY, NOON_S)
    assert take(authority, NOON_S)
    second = {store(authority, TODAY - 14, NOON_S + 60), held_back}
    assert waiting(authority) == 2
    # The day of the key held back, and the embargo, are over.
    assert take(authority, NOON_S + DAY_S)
    assert loaded(authority, 1) == (first, set())
    assert loaded(authority, 2) == (second, set())
    assert waiting(authority) == 0


def test_a_changed_key_is_in_the_batch_that_changes_it_as_well(authority):
    clinical = ReportType.CONFIRMED_CLINICAL_DIAGNOSIS
    key = store(authority, TODAY - 3, NOON_S, clinical)
    take(authority, NOON_S)
    store(authority, TODAY - 3, NOON_S + 60, key=key)
    assert take(authority, NOON_S + 600)
    assert loaded(authority, 1) == ({key}, set())
    assert loaded(authority, 2) == (set(), {key})


def test_a_key_from_a_machine_whose_clock_was_days_behind_goes_out_the_next_day(
    authority,
):
    store(authority, TODAY - 1, NOON_S)
    take(authority, NOON_S)
    late = store(authority, TODAY - 10, NOON_S - 5 * DAY_S)
    assert not take(authority, NOON_S + 3_600)
    assert take(authority, NOON_S + DAY_S)
    assert loaded(authority, 2) == ({late}, set())


def test_nothing_to_publish_is_no_batch(authority):
    assert not take(authority, NOON_S)
    store(authority, TODAY, NOON_S)
    assert not take(authority, NOON_S)
    assert waiting(authority) == 1


def test_a_clock_behind_the_last_batch_is_refused(authority):
    store(authority, TODAY - 1, NOON_S)
    take(authority, NOON_S)
    store(authority, TODAY - 1, NOON_S)
    with pytest.raises(PolicyError, match="clock is behind"):
        take(authority, NOON_S - 1_200)
