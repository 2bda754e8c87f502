"""What officers do in the console, form by form."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import create_engine, insert
from sqlalchemy.pool import StaticPool

from proximity.authority.accounts.model import Role
from proximity.authority.cases.model import case_events, cases, transfers
from proximity.authority.database import METADATA
from proximity.errors import DemonstrationError
from proximity.research.district import office as module
from proximity.research.district.office import Office
from proximity.research.district.places import DISTRICT, Invented

AN = Invented("An (mẫu)", "+841000000001")
STAFF = {(Role.EPIDEMIOLOGIST, DISTRICT): ["one", "two"]}


class Desk:
    """Notes forms, and answers with a page that a test gives."""

    officer = "one"

    def __init__(self, page="") -> None:
        self.page = page
        self.forms = []

    def do(self, path, fields):
        self.forms.append((path, dict(fields)))
        return self.page


class Doors:
    """Answers programs as a test says."""

    def __init__(self, authority) -> None:
        self.authority = authority
        self.status = 200
        self.asked = []

    def ask(self, method, path, body, headers):
        self.asked.append((path, body, headers))
        return SimpleNamespace(status=self.status)


@pytest.fixture
def engine():
    made = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(made, tables=[cases, case_events, transfers])
    yield made
    made.dispose()


@pytest.fixture
def doors(engine):
    return Doors(SimpleNamespace(engine=engine, now_s=1_000))


@pytest.fixture
def office(doors):
    return Office(doors, STAFF, "admin", np.random.default_rng(0))


def note(engine, *refs):
    row = {"at_s": 1_000, "kind": "created", "actor": "x", "detail": "{}"}
    with engine.begin() as connection:
        connection.execute(insert(case_events), [row | {"ref": ref} for ref in refs])


def test_officers_of_one_role_take_turns_and_keep_their_desks(office):
    desks = [office.epidemiologist(place) for place in range(4)]

    assert [desk.officer for desk in desks] == ["one", "two", "one", "two"]
    assert desks[0] is desks[2]


def test_a_case_is_recorded_with_the_days_that_are_known(office, engine):
    note(engine, "OLDER", "NEWER")
    desk = Desk()
    days = {"onset": None, "test": 20_600}

    assert office.add_case(desk, "F0", AN, "m0-1-1", days=days) == "NEWER"
    path, form = desk.forms[0]
    assert path == "/cases"
    assert form == {
        "classification": "F0",
        "unit": "m0-1-1",
        "name": AN.name,
        "phone": AN.phone,
        "test": "2026-05-27",
    }


def test_days_are_dates_in_a_form(office):
    desk = Desk()
    office.change(desk, "REF", {"due": 20_600, "status": "followed"})

    assert desk.forms == [
        ("/cases/REF/change", {"due": "2026-05-27", "status": "followed"})
    ]


def test_the_digits_of_a_code_are_read_from_its_page(office):
    desk = Desk('<p class="code" data-gone data-code>1234 5678</p>')

    assert office.issue_code(desk, "m0-1-1", {"test": 20_600}) == "12345678"
    assert desk.forms[0][1]["type"] == "confirmed"


def test_a_token_is_read_from_its_page(office):
    desk = Desk('<p class="code words">ABCDE-FGHJK</p>')

    assert office.ask_to_share(desk, "REF", source="S", warn=True) == "ABCDE-FGHJK"
    assert desk.forms == [("/cases/REF/token", {"source": "S", "recursive": "yes"})]


def test_a_page_without_a_code_ends_the_demonstration(office):
    with pytest.raises(DemonstrationError):
        office.issue_code(Desk("nothing"), "m0-1-1", {})


def test_a_program_changes_a_case_with_its_key(office, doors):
    office.classify("REF", {"classification": "F0"})

    path, body, headers = doors.asked[0]
    assert (path, headers[b"x-api-key"]) == ("/api/cases/REF", b"admin")
    assert body == b'{"fields": {"classification": "F0"}}'


def test_a_change_that_is_refused_ends_the_demonstration(office, doors):
    doors.status = 409

    with pytest.raises(DemonstrationError):
        office.classify("REF", {})


def test_a_named_contact_gets_a_sealed_record(office, engine, doors, monkeypatch):
    note(engine, "FOUND")
    added = []

    @contextmanager
    def begin():
        yield None

    monkeypatch.setattr(
        module, "add_people", lambda _, __, people: added.extend(people) or [7]
    )
    monkeypatch.setattr(type(engine), "begin", lambda _: begin())
    desk = Desk()
    found = office.name_contact(desk, "REF", AN, "m0-1-1", days=range(20_600, 20_601))

    assert found == "FOUND"
    assert desk.forms[0][1]["first"] == desk.forms[0][1]["last"] == "2026-05-27"
    assert [dict(each.values)["name"] for each in added] == [AN.name]
    assert doors.asked[0][1] == b'{"fields": {"person": 7}}'


def test_a_case_that_ended_is_not_open(office, engine):
    row = {
        "classification": "F1",
        "unit": "m0-1-1",
        "origin": "interview",
        "created_s": 1,
        "updated_s": 1,
        "version": 1,
    }
    with engine.begin() as connection:
        for ref, status, person in (("A", "open", 1), ("B", "withdrawn", None)):
            values = row | {"ref": ref, "status": status, "person": person}
            connection.execute(insert(cases).values(values))

    assert office.is_open("A")
    assert not office.is_open("B")
    assert office.known_cases(5) == ["A"]
