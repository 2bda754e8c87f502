"""A person is kept longer, held, or erased; the earlier of two days counts."""

import pytest
from sqlalchemy import select

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import audit
from proximity.authority.people.keeping import erase_person, hold_until, keep_until
from proximity.authority.people.model import PersonField, persons
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import settle
from proximity.authority.people.retention import forget_people
from proximity.errors import PolicyError

F = PersonField
TODAY = 20_600


def read(authority, reader, person):
    views = read_people(authority, reader(), [person], [F.NAME])
    return [view.values[F.NAME] for view in views]


def test_who_is_kept_longer_is_there_longer(authority, add_person, reader, clock):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        keep_until(authority, connection, reader(), person, day=TODAY + 60)
    clock.now_s += 59 * 86_400
    forget_people(authority)

    assert read(authority, reader, person) == ["Lê An"]
    clock.now_s += 86_400
    forget_people(authority)
    assert authority.vault.key_store.count() == 0


def test_who_is_kept_shorter_is_gone_earlier(authority, add_person, reader, clock):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        keep_until(authority, connection, reader(), person, day=TODAY + 2)
    clock.now_s += 2 * 86_400

    assert read(authority, reader, person) == []
    assert forget_people(authority).people == 1
    assert authority.vault.key_store.count() == 0


def test_a_decision_that_is_rolled_back_changes_nothing(
    authority, add_person, reader, clock
):
    person = add_person(name="Lê An")
    for day in (TODAY + 2, TODAY + 60):
        with authority.engine.connect() as connection, connection.begin() as begun:
            keep_until(authority, connection, reader(), person, day=day)
            begun.rollback()
    clock.now_s += 29 * 86_400
    assert read(authority, reader, person) == ["Lê An"]
    clock.now_s += 86_400
    forget_people(authority)

    assert read(authority, reader, person) == []
    assert authority.vault.key_store.count() == 0


def test_nobody_is_kept_for_years(authority, add_person, reader):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        for change in (keep_until, hold_until):
            with pytest.raises(PolicyError, match="too far"):
                change(authority, connection, reader(), person, day=TODAY + 181)


def test_an_erasure_leaves_nothing_but_its_line(authority, add_person, reader):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        assert erase_person(authority, connection, reader(), person) is None
    settle(authority)

    assert read(authority, reader, person) == []
    assert authority.vault.key_store.count() == 0
    with authority.engine.connect() as connection:
        assert connection.execute(select(persons)).all() == []
        (line,) = connection.execute(select(audit)).all()
    assert (line.action, line.subjects) == ("erase", person.to_bytes(8))


def test_an_erasure_waits_for_what_holds_the_record(
    authority, add_person, reader, clock
):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        hold_until(authority, connection, reader(), person, day=TODAY + 7)
        day = erase_person(authority, connection, reader(), person)
    assert day == TODAY + 7
    assert read(authority, reader, person) == ["Lê An"]
    clock.now_s += 7 * 86_400
    forget_people(authority)

    assert authority.vault.key_store.count() == 0


def test_a_hold_prolongs_nothing(authority, add_person, reader):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        hold_until(authority, connection, reader(), person, day=TODAY + 90)
        assert erase_person(authority, connection, reader(), person) == TODAY + 30


@pytest.mark.parametrize("change", [keep_until, hold_until])
def test_nobody_decides_about_people_of_others(authority, add_person, reader, change):
    person = add_person(unit="10-082", name="Lê An")
    with authority.engine.begin() as connection, pytest.raises(ApiError):
        change(authority, connection, reader(), person, day=TODAY + 1)
