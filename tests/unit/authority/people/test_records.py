"""Persons are stored, corrected and moved; what was replaced is destroyed."""

import pytest
from sqlalchemy import delete, func, select

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import audit
from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    PersonKind,
    dead_keys,
    person_tokens,
    persons,
)
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import (
    add_people,
    correct_person,
    drop_people,
    living_key,
    move_person,
    person_row,
    settle,
)
from proximity.authority.people.search import Query, find_people

F = PersonField
NAME = "Nguyễn Văn Hoà"


def count(authority, table) -> int:
    with authority.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_numbers_of_persons_tell_no_order(authority):
    people = [NewPerson("10-080", PersonKind.CONTACT, {F.NAME: "A"})] * 40
    with authority.engine.begin() as connection:
        numbers = add_people(authority, connection, people)

    assert len(set(numbers)) == 40
    assert numbers != sorted(numbers)
    assert max(numbers) < 2**52


def test_a_person_with_a_bad_field_leaves_nothing(authority):
    people = [
        NewPerson("10-080", PersonKind.CASE, {F.NAME: "A"}),
        NewPerson("10-080", PersonKind.CASE, {F.PHONE: "x"}),
    ]
    with pytest.raises(ApiError), authority.engine.begin() as connection:
        add_people(authority, connection, people)

    assert count(authority, persons) == authority.vault.key_store.count() == 0


def test_a_correction_replaces_one_field_and_keeps_the_others(
    authority, add_person, reader
):
    person = add_person(name=NAME, phone="0912345678", address="xã A")
    with authority.engine.begin() as connection:
        changes = {F.NAME: "Trần Thị B", F.ADDRESS: ""}
        correct_person(authority, connection, reader(), person, changes=changes)
    settle(authority)

    (view,) = read_people(authority, reader(), [person], F)
    assert view.values == {F.NAME: "Trần Thị B", F.PHONE: "+84912345678"}
    assert view.version == 2
    assert authority.vault.key_store.count() == 1
    assert count(authority, dead_keys) == 0
    found = [
        find_people(authority, reader(), Query(F.NAME, text)).persons
        for text in ("hoa", "tran b")
    ]
    assert found == [(), (person,)]
    with authority.engine.connect() as connection:
        first = connection.execute(select(audit).order_by(audit.c.seq)).first()
    assert (first.action, first.fields) == ("correct", "name,address")


def test_a_correction_that_is_rolled_back_changes_nothing(
    authority, add_person, reader
):
    person = add_person(name=NAME)
    with authority.engine.connect() as connection, connection.begin() as begun:
        changes = {F.NAME: "Trần Thị B"}
        correct_person(authority, connection, reader(), person, changes=changes)
        begun.rollback()
    settle(authority)

    (view,) = read_people(authority, reader(), [person], [F.NAME])
    assert view.values == {F.NAME: NAME}


def test_keys_that_a_dead_process_left_are_destroyed_later(
    authority, add_person, reader
):
    person = add_person(name=NAME)
    with authority.engine.begin() as connection:
        correct_person(authority, connection, reader(), person, changes={F.NOTES: "x"})
    # Here the process dies; another one settles.
    assert authority.vault.key_store.count() == 2
    settle(authority)
    settle(authority)

    assert authority.vault.key_store.count() == 1


def test_a_person_who_moves_is_seen_by_the_other_unit_alone(
    authority, add_person, reader
):
    person = add_person(name=NAME)
    there = reader("binh@example.vn", "10-082")
    with authority.engine.begin() as connection:
        move_person(authority, connection, reader(), person, unit="10-082")
    settle(authority)

    assert read_people(authority, reader(), [person], [F.NAME]) == []
    assert find_people(authority, reader(), Query(F.NAME, "hoa")).persons == ()
    assert find_people(authority, there, Query(F.NAME, "hoa")).persons == (person,)
    (view,) = read_people(authority, there, [person], [F.NAME])
    assert (view.unit, view.values) == ("10-082", {F.NAME: NAME})


@pytest.mark.parametrize("unit", ["10-082", None])
def test_nobody_changes_whom_they_may_not_see(authority, add_person, reader, unit):
    person = add_person(unit=unit, name=NAME) if unit else 12_345

    with authority.engine.begin() as connection, pytest.raises(ApiError) as caught:
        correct_person(authority, connection, reader(), person, changes={F.NAME: "x"})
    assert (caught.value.status, str(caught.value)) == (404, "there is no such person")


def test_who_is_dropped_is_found_no_more(authority, add_person, reader):
    gone, stays = add_person(name=NAME), add_person(name=NAME)
    with authority.engine.begin() as connection:
        drop_people(connection, [gone])
    settle(authority)

    found = find_people(authority, reader(), Query(F.NAME, "hoa"))
    assert found.persons == (stays,)
    assert count(authority, person_tokens) == 9
    assert authority.vault.key_store.count() == 1


def test_a_row_without_its_key_is_nobody(authority, add_person, reader):
    person = add_person(name=NAME)
    with authority.engine.begin() as connection:
        row = person_row(authority, connection, reader(), person)
        assert living_key(authority, row).forget_day == row.forget_day
        authority.vault.key_store.destroy([row.key_id])
        with pytest.raises(ApiError):
            living_key(authority, row)
        connection.execute(delete(persons))
