"""Lists over many units and counts of persons: the same on either database."""

from sqlalchemy import func, insert, select

from proximity.authority.cases.finding import (
    CaseQuery,
    count_due,
    every_case,
    find_cases,
    worklist,
)
from proximity.authority.cases.model import cases
from proximity.authority.cases.records import Scope
from proximity.authority.people.model import (
    NewPerson,
    PersonKind,
    person_counts,
    persons,
)
from proximity.authority.people.records import add_people, drop_people

# More units than rows on a page, so that most of them are not looked into.
UNITS = [f"u{n:02}" for n in range(60)]
ALL = Scope("test")
SOME = Scope("test", frozenset(UNITS[10:]))
DAY = 20_600
STATES = ("open", "reached", "lost")


def rows():
    return [
        {
            "ref": f"{place:010}",
            "classification": f"F{place % 3}",
            "status": STATES[place % 7 % 3],
            "unit": UNITS[place * place % 60],
            "origin": "interview",
            "assigned": (None, "me", "other")[place % 5 % 3],
            "due_day": DAY - 5 + place % 9,
            "created_s": 0,
            "updated_s": place % 50,
            "version": 1,
        }
        for place in range(400)
    ]


def plainly(scope, **wanted):
    """Return the references of all cases in order, the latest changed first."""
    fits = [
        row
        for row in rows()
        if scope.allows(row["unit"]) and wanted.items() <= row.items()
    ]
    fits.sort(key=lambda row: (row["updated_s"], row["ref"]), reverse=True)
    return [row["ref"] for row in fits]


def pages(connection, scope, query):
    """Return what page after page shows."""
    seen, more = [], True
    while more:
        page = find_cases(connection, scope, query)
        seen += [row["ref"] for row in page.rows]
        more = page.more
        if more:
            query = query._replace(after=(page.rows[-1]["updated_s"], seen[-1]))
    return seen


def test_pages_show_every_case_once_and_in_order(authority):
    with authority.engine.begin() as connection:
        connection.execute(insert(cases), rows())
    with authority.engine.connect() as connection:
        for scope in (ALL, SOME, Scope("test", frozenset(UNITS[:2]))):
            for wanted in (
                {},
                {"classification": "F1"},
                {"status": "lost"},
                {"classification": "F2", "status": "open"},
                {"unit": UNITS[16]},
            ):
                query = CaseQuery(limit=7, **wanted)
                found = plainly(scope, **wanted)
                assert pages(connection, scope, query) == found, wanted
                whole = every_case(connection, scope, query)
                assert [row["ref"] for row in whole] == found, wanted
        start = find_cases(connection, SOME, CaseQuery(text="00000001"))
        named = [ref for ref in plainly(SOME) if ref.startswith("00000001")]
        assert [row["ref"] for row in start.rows] == named[:50]


def test_what_is_due_comes_in_order(authority):
    with authority.engine.begin() as connection:
        connection.execute(insert(cases), rows())
    due = [
        (row["due_day"], row["unit"], row["ref"])
        for row in rows()
        if SOME.allows(row["unit"])
        and row["due_day"] <= DAY
        and row["assigned"] in (None, "me")
    ]
    with authority.engine.connect() as connection:
        found = worklist(connection, SOME, assigned="me", today=DAY)
        count = count_due(connection, SOME, assigned="me", today=DAY)

    assert [row["ref"] for row in found] == [ref for _, _, ref in sorted(due)][:100]
    assert count == len(due) > 100


def test_persons_are_counted_as_they_come_and_go(authority):
    authority.vault.ensure_master()
    person = NewPerson("u01", PersonKind.CONTACT, {})
    with authority.engine.begin() as connection:
        numbers = add_people(authority, connection, [person] * 3)
        drop_people(connection, numbers[:1])
        told = connection.execute(select(person_counts.c.people)).scalars().all()
        there = connection.execute(select(func.count()).select_from(persons)).scalar()
        drop_people(connection, numbers)
        left = connection.execute(select(person_counts)).all()

    assert (told, there, left) == ([2], 2, [])
