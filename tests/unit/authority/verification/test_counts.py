"""Counts that bound guessing, and the daily figures."""

import pytest

from proximity.authority.verification.counts import (
    count_failure,
    failures_of,
    forget_attempts,
    hour_of,
    of_unit,
    tallied,
    tally,
)


@pytest.fixture
def connection(authority):
    with authority.engine.begin() as connection:
        yield connection


def test_failures_are_counted_by_scope_and_hour(connection):
    assert [count_failure(connection, "a", 3_600) for _ in range(3)] == [1, 2, 3]

    assert failures_of(connection, "a", 3_600) == 3
    assert failures_of(connection, "a", 7_200) == 0
    assert failures_of(connection, "b", 3_600) == 0


def test_old_failures_are_forgotten(connection):
    count_failure(connection, "a", 3_600)
    count_failure(connection, "a", 100_000)
    forget_attempts(connection, 3_601 + 86_400)

    assert failures_of(connection, "a", 3_600) == 0
    assert failures_of(connection, "a", 100_000) == 1


def test_figures_add_up_by_day(connection):
    tally(connection, "codes_issued", 10)
    tally(connection, "codes_issued", 20, 4)
    tally(connection, "codes_issued", 86_400)

    assert tallied(connection, "codes_issued", 0) == 5
    assert tallied(connection, "codes_issued", 90_000) == 1
    assert tallied(connection, "codes_claimed", 0) == 0


def test_an_hour_begins_on_the_hour():
    assert hour_of(7_199.9) == 3_600


def test_a_unit_has_figures_of_its_own(connection):
    tally(connection, of_unit("codes_issued", "02641"), 0)

    assert tallied(connection, "codes_issued", 0) == 0
    assert tallied(connection, of_unit("codes_issued", "02641"), 0) == 1
