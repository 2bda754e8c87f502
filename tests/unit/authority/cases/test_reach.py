"""How far an officer reaches among cases and persons."""

from types import SimpleNamespace

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.rules import allowed, units_in_reach
from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import Reason
from proximity.authority.cases.reach import (
    case_view,
    reader_of,
    scope_of,
    shown_status,
    unit_of_case,
    unit_of_transfer,
    writing_scope,
)


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def visit(authority, someone):
    """Return what a visit tells of an officer's rights."""

    def make(role: Role, unit: str = "root", **parameters: str):
        officer = someone(role, unit).officer
        return SimpleNamespace(
            authority=authority,
            officer=officer,
            parameters=parameters,
            may=lambda action, unit=None: allowed(officer, action, unit),
            reach=lambda action, column: units_in_reach(officer, action, column),
        )

    return make


def test_a_district_reaches_its_communes_and_the_root_everything(visit):
    district = scope_of(visit(Role.EPIDEMIOLOGIST, "080"))

    assert district.units == {"080", "02635", "02641"}
    assert scope_of(visit(Role.SUPERVISOR)).units is None
    assert scope_of(visit(Role.AUDITOR, "080")).units == frozenset()


def test_who_only_reads_writes_nowhere(visit):
    assert writing_scope(visit(Role.SUPERVISOR, "080")).units == frozenset()
    assert writing_scope(visit(Role.TRACER, "02641")).units == {"02641"}


def test_a_reader_says_who_where_and_why(visit):
    seen = visit(Role.TRACER, "02641")
    reader = reader_of(seen, Reason.CASE_WORK, "ABC")

    assert (reader.name, reader.unit) == (seen.officer.id, "02641")
    assert (reader.units, reader.reference) == (frozenset({"02641"}), "ABC")


def test_what_is_not_there_has_no_unit(visit):
    seen = visit(Role.TRACER, "02641", case="NONE", transfer="NONE")

    assert (unit_of_case(seen), unit_of_transfer(seen)) == (None, None)


def test_a_refusal_on_a_page_that_is_there_is_no_404():
    assert shown_status(ApiError(404, "not_found", "")) == 409
    assert shown_status(ApiError(400, "bad_request", "")) == 400


def test_days_are_shown_as_dates():
    shown = case_view({"ref": "A", "onset_day": 0, "test_day": None})

    assert (shown["onset_day"], shown["test_day"]) == ("1970-01-01", "")
