"""The line list goes out, is edited, and comes back."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.finding import CaseQuery
from proximity.authority.cases.line_list import (
    COLUMNS,
    export_lines,
    import_lines,
)
from proximity.authority.cases.records import Scope, read_case
from proximity.authority.cases.spreadsheet import read_sheet

DAY = 20_600  # 2026-05-27


@pytest.fixture
def take(connection, scope, policy, authority):
    def put(text: str | bytes, by: Scope = scope):
        data = text if isinstance(text, bytes) else text.encode()
        return import_lines(connection, by, data, policy=policy, authority=authority)

    return put


def told(report) -> list[tuple]:
    return [(line.line, line.action) for line in report.lines]


def test_what_went_out_comes_back_unchanged(connection, scope, new_case, take):
    for day in range(5):
        new_case(connection, onset_day=DAY - day, assigned="a@example.org")
    data = export_lines(connection, scope, CaseQuery(limit=2), "utf-16")

    assert read_sheet(data).header == COLUMNS
    assert [action for _, action in told(take(data))] == ["unchanged"] * 5


def test_a_row_changes_its_case_and_a_new_row_makes_one(
    connection, scope, new_case, take
):
    ref = new_case(connection, onset_day=DAY)
    report = take(
        "ref,version,unit,classification,onset,assigned\n"
        f"{ref},1,02653,F0,2026-05-25,b@example.org\n"
        ",,02653,F1,26/05/2026,\n"
    )

    assert told(report) == [(2, "changed"), (3, "created")]
    case = read_case(connection, scope, ref)
    assert (case["onset_day"], case["assigned"]) == (DAY - 2, "b@example.org")
    made = read_case(connection, scope, report.lines[1].ref)
    assert (made["onset_day"], made["origin"]) == (DAY - 1, "import")


def test_each_bad_row_is_named_with_its_reason(connection, new_case, take):
    ref = new_case(connection)
    report = take(
        "ref,version,unit,classification,onset\n"
        f"{ref},7,02653,F0,\n"
        "NOSUCHCASE,,02653,F0,\n"
        ",,02653,F9,\n"
        ",,,F1,\n"
        ",,02653,F1,2026-13-45\n"
        f"{ref},x,02653,F0,\n"
        ",,02653,F1,2026-05-26\n"
    )

    assert report.refused == 6
    assert told(report)[-1] == (8, "created")
    assert "meanwhile" in report.lines[0].problem
    assert "YYYY-MM-DD" in report.lines[4].problem


def test_a_column_that_is_not_there_is_left_as_it_is(connection, scope, new_case, take):
    ref = new_case(connection, onset_day=DAY)
    take(f"ref,assigned\n{ref},c@example.org\n")

    assert read_case(connection, scope, ref)["onset_day"] == DAY


def test_an_unknown_column_is_refused_before_anything_is_read(take):
    with pytest.raises(ApiError) as raised:
        take("ref,salary\nA,1\n")
    assert raised.value.code == "unknown_column"


def test_an_encoding_that_is_none_is_refused(connection, scope):
    with pytest.raises(ApiError):
        export_lines(connection, scope, CaseQuery(), "ebcdic")


def test_a_list_reaches_no_further_than_its_officer(connection, scope, new_case, take):
    ref = new_case(connection)
    elsewhere = Scope("b@example.org", frozenset({"02680"}))
    data = export_lines(connection, elsewhere, CaseQuery(), "utf-8")

    assert read_sheet(data).rows == []
    lines = f"ref,unit,classification\n{ref},,\n,02653,F1\n"
    assert [a for _, a in told(take(lines, elsewhere))] == ["refused", "refused"]


def test_a_formula_in_a_cell_does_not_leave_as_one(connection, scope, new_case):
    new_case(connection, assigned="=HYPERLINK(1)")
    data = export_lines(connection, scope, CaseQuery(), "utf-8")

    assert b",=HYPERLINK" not in data
    assert b",'=HYPERLINK" in data
