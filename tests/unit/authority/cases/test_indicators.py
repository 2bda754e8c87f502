"""The figures by which tracing is judged."""

from proximity.authority.cases.indicators import indicators
from proximity.authority.cases.model import cases, edges
from proximity.authority.cases.records import Scope

DAY = 20_600
NOW_S = DAY * 86_400 + 43_200


def put(connection, ref: str, **values) -> None:
    connection.execute(cases.update().where(cases.c.ref == ref).values(**values))


def test_contacts_are_counted_by_what_became_of_them(
    connection, scope, policy, new_case
):
    for status, reached_s in (
        ("completed", NOW_S + 3_600),
        ("lost", None),
        ("open", None),
        ("followed", NOW_S + 86_401),
        ("dismissed", NOW_S),
        ("merged", NOW_S),
    ):
        put(connection, new_case(connection, "F1"), status=status, reached_s=reached_s)
    put(connection, new_case(connection, "F2"), created_s=NOW_S - 90_000)
    found = indicators(connection, scope, range(DAY, DAY + 1), policy)

    assert (found.contacts, found.completed, found.lost, found.open) == (4, 1, 1, 2)
    assert (found.traced_in_time, found.share_traced) == (1, 0.25)
    assert (found.share_followed, found.share_lost) == (0.5, 0.25)


def test_cases_that_had_been_contacts_are_known_before(
    connection, scope, policy, new_case
):
    source, contact = new_case(connection), new_case(connection)
    connection.execute(
        edges.insert().values(
            source=source,
            target=contact,
            origin="interview",
            level=2,
            value=0.0,
            minutes=0.0,
            found_s=1,
        )
    )
    found = indicators(connection, scope, range(DAY, DAY + 1), policy)

    assert (found.cases, found.cases_known_before) == (2, 1)


def test_of_nobody_there_is_no_share(connection, policy, new_case):
    new_case(connection, "F1")
    elsewhere = Scope("b", frozenset({"02680"}))
    found = indicators(connection, elsewhere, range(DAY, DAY + 1), policy)

    assert found.contacts == 0
    assert (found.share_traced, found.share_followed, found.share_lost) == (None,) * 3


def test_they_cost_two_statements(connection, scope, policy, count_statements):
    work = lambda: indicators(connection, scope, range(DAY, DAY + 9), policy)  # noqa: E731 - once
    assert len(count_statements(work)) == 2
