"""However much there is, a page asks its databases no more questions."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from console_world import PARAMETER, Browser, World, add_person, add_units, all_pages
from sqlalchemy import Connection, Engine, event, insert

from proximity.authority.accounts.deeds import RESET
from proximity.authority.accounts.model import Role, approvals
from proximity.authority.accounts.officers import NewOfficer, add_officer, load_officer
from proximity.authority.accounts.rules import allowed
from proximity.authority.accounts.sessions import PASSKEY, begin_session
from proximity.authority.assembly import open_authority
from proximity.authority.audit.model import Action, Entry, Reason
from proximity.authority.audit.trail import append_entry
from proximity.authority.cases.chains import add_contact
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.cases.transfers import offer_transfer
from proximity.authority.console.registry import PREFIX, Door, Kind, Page
from proximity.authority.database import reading
from proximity.authority.founding import found_authority
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people
from proximity.authority.publish.batch_model import batches, files
from proximity.authority.service.app import ServiceApp
from proximity.authority.upload.model import exposures
from proximity.authority.verification.model import codes, daily_counts
from proximity.units import DAY_S, day_of

FEW, MANY = 10, 200
# The widest page has the frame's own five statements, and a search its two commits.
MOST = 25
SCOPE = Scope("planted")
# Over several units, and over one; who keeps accounts, and who traces.
POSTS = (
    ("root", Role.SUPERVISOR),
    ("root", Role.ADMINISTRATOR),
    ("080", Role.EPIDEMIOLOGIST),
)
ASKED = [
    page
    for page in all_pages()
    if page.kind is not Kind.ACT and page.door is Door.SIGNED_IN
]
SEARCHES = (
    "/cases?q=nguyen",
    "/cases?q=0912345678",
    "/cases?q=A",
    "/cases?classification=F1&status=open",
    "/officers/found?q=lan",
)


class Growing:
    """An authority to which rows of every kind are added, all of one commune."""

    def __init__(self, world: World) -> None:
        self.world, self.authority = world, world.authority
        self.people = [
            add_person(world, role, world.units[unit]) for unit, role in POSTS
        ]
        self.things = {"case": self._case()}
        self._count = 0

    def grow_to(self, count: int) -> None:
        """Add rows until there are so many of each kind."""
        name = {PersonField.NAME: "Nguyễn Hoa"}
        people = [NewPerson("02635", PersonKind.CONTACT, name)] * (count - self._count)
        with self.authority.engine.begin() as connection:
            for number in add_people(self.authority, connection, people):
                self._add(connection, self._count, number)
                self._count += 1

    def _case(self) -> str:
        fields: dict[str, Any] = {"unit": "02635", "classification": "F0"}
        fields |= {"onset_day": day_of(self.authority.now_s), "person": self._person()}
        with self.authority.engine.begin() as connection:
            return create_case(connection, SCOPE, fields, **self._made())

    def _made(self) -> dict[str, Any]:
        authority = self.authority
        made: dict[str, Any] = {"policy": TracingPolicy(), "now_s": authority.now_s}
        return made | {"entropy": authority.entropy}

    def _person(self) -> int:
        values = {PersonField.NAME: "Nguyễn Thị Hoa", PersonField.PHONE: "0912345678"}
        person = NewPerson("02635", PersonKind.CASE, values)
        with self.authority.engine.begin() as connection:
            return add_people(self.authority, connection, [person])[0]

    def _add(self, connection: Connection, place: int, number: int) -> None:
        authority, now_s = self.authority, self.authority.now_s
        today = day_of(now_s)
        contact = add_contact(
            connection,
            SCOPE,
            self.things["case"],
            {"unit": "02635", "person": number},
            days=range(today, today + 1),
            authority=authority,
        )
        other = {"unit": "02641", "classification": "F1"}
        ref = create_case(connection, SCOPE, other, **self._made())
        offer = offer_transfer(connection, SCOPE, ref, "02635", authority=authority)
        self.things["transfer"] = offer
        officer = f"{place:016x}"
        new = NewOfficer(officer, f"o{place}@example.org", f"Lan {place}", "02635")
        add_officer(connection, new, now_s)
        begin_session(connection, authority, officer, proof=PASSKEY, agent="")
        self.things |= {"officer": officer, "session": officer}
        read = Entry(
            officer,
            "02635",
            Action.READ,
            Reason.CASE_WORK,
            contact,
            ("name",),
            (number,),
        )
        append_entry(authority, connection, read)
        self._add_requests(connection, place)
        self._add_keys(connection, place)

    def _add_requests(self, connection: Connection, place: int) -> None:
        now_s = self.authority.now_s
        code = {"uuid": f"{place:036x}", "test_type": "confirmed", "unit": "02635"}
        code |= {"issued_s": now_s, "short_until_s": now_s, "long_until_s": now_s}
        connection.execute(insert(codes).values(code | {"failures": 0, "issuer": ""}))
        self.things["code"] = code["uuid"]
        asked = {"id": f"{place:016x}", "kind": RESET.kind, "unit": "02635"}
        asked |= {"subject": self.things["officer"], "details": "{}"}
        asked |= {"asked_by": self.people[0].id, "asked_s": now_s, "state": "waiting"}
        connection.execute(insert(approvals).values(asked | {"until_s": now_s + DAY_S}))

    def _add_keys(self, connection: Connection, place: int) -> None:
        now_s = self.authority.now_s
        row = {"number": place, "start_s": now_s, "end_s": now_s, "state": "shown"}
        connection.execute(insert(batches).values(row))
        file = {"name": f"{place}.zip", "batch": place, "end_s": now_s}
        connection.execute(insert(files).values(file))
        key = {"key": place.to_bytes(16), "start": 0, "period": 144, "report_type": 1}
        key |= {"onset_days": 0, "risk": 0, "region": "VN", "traveler": False}
        key |= {"origin": "upload", "release_s": 0, "forget_s": 0}
        connection.execute(insert(exposures).values(key))
        count = {"day": day_of(now_s), "name": f"codes_issued@{place}", "count": 1}
        connection.execute(insert(daily_counts).values(count))


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Growing]:
    directory = tmp_path_factory.mktemp("queries") / "authority"
    found_authority(directory, {})
    authority = open_authority(directory, {})
    yield Growing(World(authority, add_units(authority)))
    authority.engine.dispose()
    shutil.rmtree(directory)


@contextmanager
def counting() -> Iterator[list[str]]:
    """Note every statement that any database is asked, the key store too."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def statements(growing: Growing, app: ServiceApp) -> dict[tuple[str, str], int]:
    """Return how many statements each address takes, by who asks."""
    counts = {}
    with counting() as asked:
        for person in growing.people:
            with reading(growing.authority.engine) as connection:
                officer = load_officer(connection, person.id)
            pages = [
                p for p in ASKED if p.needs is None or allowed(officer, p.needs, None)
            ]
            paths = [path_of(growing, page) for page in pages] + list(SEARCHES)
            for path in paths:
                asked.clear()
                seen = Browser(app, person.token).get(PREFIX + path)
                if seen.status == 200:
                    counts[f"{person.role} of {person.unit.id}", path] = len(asked)
    return counts


def path_of(growing: Growing, page: Page) -> str:
    """Return the address of a page, of things that do not change."""
    return PARAMETER.sub(lambda found: growing.things[found[1]], page.path)


def test_a_page_of_many_rows_costs_no_more_statements_than_one_of_few(growing):
    app = ServiceApp(growing.authority, {})
    growing.grow_to(FEW)
    things = dict(growing.things)
    few = statements(growing, app)
    growing.grow_to(MANY)
    growing.things = things
    many = statements(growing, app)

    assert len(few) > 60
    assert {"/cases", "/audit", "/worklist", "/cases.csv"} <= {path for _, path in few}
    assert set(many) == set(few)
    # What a process asks once and keeps is asked among the few.
    assert {each: n for each, n in many.items() if n > few[each]} == {}
    assert {each: n for each, n in few.items() if n > MOST} == {}
