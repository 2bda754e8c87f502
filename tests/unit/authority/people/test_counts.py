"""Counts of persons by day: always what a count of the rows would say."""

from sqlalchemy import func, select

from proximity.authority.people.counts import people_by_day
from proximity.authority.people.keeping import erase_person, hold_until, keep_until
from proximity.authority.people.model import (
    PersonField,
    PersonKind,
    person_counts,
    persons,
)
from proximity.authority.people.records import correct_person, move_person
from proximity.authority.people.retention import forget_people


def counted(authority):
    """Return what the table says, after it was compared with the rows."""
    c, kept = persons.c, person_counts.c
    columns = (c.unit, c.kind, c.forget_day)
    with authority.engine.connect() as connection:
        rows = connection.execute(select(*columns, func.count()).group_by(*columns))
        told = connection.execute(
            select(kept.unit, kept.kind, kept.forget_day, kept.people)
        )
        found = {tuple(row) for row in told}
        assert found == {tuple(row) for row in rows}
    return found


def test_whatever_is_done_to_persons_they_are_counted(
    authority, add_person, reader, clock
):
    first = add_person(name="Lê An")
    second = add_person(name="Trần Bình")
    third = add_person(kind=PersonKind.CONTACT, name="Vũ Cúc")
    assert len(counted(authority)) == 2

    officer = reader("an@example.vn", "10-080", "10-082")

    def change(work, person, **options):
        with authority.engine.begin() as connection:
            work(authority, connection, officer, person, **options)
        return counted(authority)

    correction = {PersonField.NAME: "Lê Anh"}
    assert ("10-080", "case", 20_630, 2) in change(
        correct_person, first, changes=correction
    )
    assert ("10-082", "case", 20_630, 1) in change(move_person, first, unit="10-082")
    assert ("10-080", "case", 20_640, 1) in change(keep_until, second, day=20_640)
    change(hold_until, second, day=20_610)
    assert ("10-080", "case", 20_610, 1) in change(erase_person, second)
    assert not any("contact" in each for each in change(erase_person, third))
    clock.now_s += 400 * 86_400
    forget_people(authority)
    assert counted(authority) == set()


def test_units_and_days_narrow_what_is_told(authority, add_person):
    add_person(name="Lê An")
    add_person(name="Trần Bình", unit="10-082")
    with authority.engine.connect() as connection:
        both = people_by_day(connection, ["10-080", "10-082"], 20_630)
        one = people_by_day(connection, ["10-080"], 20_630)

        assert (both, one) == ([(20_630, "case", 2)], [(20_630, "case", 1)])
        assert people_by_day(connection, ["10-080"], 20_629) == []
