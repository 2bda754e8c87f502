"""Lists of cases: found, paged, due; the same whatever the share of each unit."""

from proximity.authority.cases.finding import (
    CaseQuery,
    count_due,
    find_cases,
    worklist,
)

DAY = 20_600


def test_cases_are_found_by_what_is_known_of_them(connection, new_case, scope):
    old = new_case(connection, onset_day=DAY - 8, assigned="b@example.org")
    new = new_case(connection, "F1", onset_day=DAY, person=11)

    def refs(**query):
        page = find_cases(connection, scope, CaseQuery(**query))
        return {row["ref"] for row in page.rows}

    assert refs() == {old, new}
    assert refs(classification="F1") == {new}
    assert refs(onset_to=DAY - 1) == {old}
    assert refs(onset_from=DAY) == {new}
    assert refs(assigned="b@example.org") == {old}
    assert refs(text=old[:6].lower()) == {old}
    assert refs(text="%") == set()
    assert refs(persons=(11,)) == {new}
    assert refs(persons=()) == set()


def test_pages_follow_each_other_without_gap_or_overlap(connection, new_case, scope):
    made = {new_case(connection) for _ in range(7)}
    seen, after = [], None
    while True:
        page = find_cases(connection, scope, CaseQuery(after=after, limit=3))
        seen += [row["ref"] for row in page.rows]
        if not page.more:
            break
        after = (page.rows[-1]["updated_s"], page.rows[-1]["ref"])

    assert (len(seen), set(seen)) == (7, made)


def test_what_has_ended_is_no_longer_due_until_it_begins_again(
    connection, new_case, change, scope
):
    ref = new_case(connection)
    change(ref, status="lost")
    assert worklist(connection, scope, assigned=None, today=DAY) == []
    assert count_due(connection, scope, assigned="a@example.org", today=DAY) == 0

    change(ref, status="reached")
    assert count_due(connection, scope, assigned="a@example.org", today=DAY) == 1


def test_a_worklist_has_own_work_and_nobodys(connection, new_case, scope):
    mine = new_case(connection, assigned="a@example.org", due_day=DAY - 1)
    free = new_case(connection, due_day=DAY)
    new_case(connection, assigned="b@example.org", due_day=DAY)
    new_case(connection, due_day=DAY + 1)

    found = worklist(connection, scope, assigned="a@example.org", today=DAY)
    assert [row["ref"] for row in found] == [mine, free]
