"""A whole small authority for tests of the console: units, officers, things to see.

Two districts with two communes each. In every unit there is one officer of every role,
and one of each thing that pages show, marked so that a leak is seen. A page whose
address has a parameter of a new kind needs a plant here.
"""

import asyncio
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import insert

from proximity.authority.accounts.deeds import RESET
from proximity.authority.accounts.four_eyes import State
from proximity.authority.accounts.model import (
    ROOT,
    Role,
    Unit,
    approvals,
    officers,
    passkeys,
    sessions,
)
from proximity.authority.accounts.officers import NewOfficer, add_officer, give_role
from proximity.authority.accounts.organisations import add_organisation, add_root
from proximity.authority.accounts.sessions import PASSKEY, begin_session, token_digest
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.cases.model import edges
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.cases.transfers import offer_transfer
from proximity.authority.console.cookies import form_token
from proximity.authority.console.features import build_registry
from proximity.authority.console.registry import PREFIX, Page
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import add_people
from proximity.authority.verification.issuing import CodeOrder, issue_code
from proximity.units import day_of, iso_day

PROVINCE = "10"
DISTRICTS = {"080": "Thành phố Lào Cai", "088": "Thị xã Sa Pa"}
COMMUNES = {
    "02635": ("080", "Phường Duyên Hải"),
    "02641": ("080", "Phường Cốc Lếu"),
    "03001": ("088", "Phường Sa Pa"),
    "03043": ("088", "Xã Mường Hoa"),
}
UNITS = (ROOT, PROVINCE, *DISTRICTS, *COMMUNES)
PARAMETER = re.compile(r"\{(\w+)\}")


def add_units(authority: Authority) -> dict[str, Unit]:
    """Add the province, its districts and communes; return all units by ID."""
    with authority.engine.begin() as connection:
        add_root(connection, "Sở Y tế tỉnh Lào Cai")
        units = {ROOT: Unit(ROOT, f"{ROOT}/")}
        rows = [(PROVINCE, "province", "Tỉnh Lào Cai", ROOT)]
        rows += [(each, "district", name, PROVINCE) for each, name in DISTRICTS.items()]
        rows += [(each, "commune", name, up) for each, (up, name) in COMMUNES.items()]
        for unit_id, kind, name, above in rows:
            units[unit_id] = add_organisation(
                connection, unit_id, kind, name, parent=above
            )
    return units


class Person(NamedTuple):
    """An officer of one role in one unit, with a session that is open."""

    id: str
    role: Role
    unit: Unit
    token: str


PEOPLE = ("Trần Văn Minh", "Lê Thị Hoa", "Hoàng Văn Sơn", "Vàng Thị Mai", "Phạm Anh Tú")


# What a page may show escaped and never as it is.
MARKUP = "<u data-x='\">"


def mark_of(unit: str) -> str:
    """Return what stands in the names of all things of a unit and nowhere else."""
    return f"mark{unit}mark"


@dataclass
class World:
    """An authority, its people, and for every unit the things planted there.

    `planted[unit][parameter]` is what to put into an address.
    """

    authority: Authority
    units: dict[str, Unit]
    marked: bool = True
    people: list[Person] = field(default_factory=list)
    planted: dict[str, dict[str, str]] = field(default_factory=dict)
    markup: str = ""

    def name(self, unit: str, what: str) -> str:
        """Return a name that tells its unit; or one to look at."""
        if self.marked:
            return f"{what} {mark_of(unit)}{self.markup}"
        return PEOPLE[(len(self.people) + len(self.planted)) % len(PEOPLE)]

    def address(self, page: Page, unit: str) -> str:
        """Return the address of a page about the things of a unit."""
        return PREFIX + PARAMETER.sub(
            lambda found: self.planted[unit][found[1]], page.path
        )


def add_person(world: World, role: Role, unit: Unit) -> Person:
    """Add an officer who is set up and signed in."""
    authority = world.authority
    officer = authority.entropy(8).hex()
    new = NewOfficer(
        id=officer,
        email=f"{role}.{unit.id}@example.org",
        name=world.name(unit.id, role),
        unit=unit.id,
    )
    with authority.engine.begin() as connection:
        add_officer(connection, new, authority.now_s)
        connection.execute(
            officers.update()
            .where(officers.c.id == officer)
            .values(enrolled_s=authority.now_s)
        )
        give_role(connection, officer, role, unit.id)
        token = begin_session(
            connection, authority, officer, proof=PASSKEY, agent="test"
        )
    return Person(officer, role, unit, token)


def _plant_officer(world: World, unit: Unit) -> dict[str, str]:
    authority, officer = world.authority, world.authority.entropy(8).hex()
    new = NewOfficer(
        id=officer,
        email=f"planted.{unit.id}@example.org",
        name=world.name(unit.id, "Nguyễn Thị"),
        unit=unit.id,
    )
    session = authority.entropy(8).hex()
    with authority.engine.begin() as connection:
        add_officer(connection, new, authority.now_s)
        token = begin_session(
            connection, authority, officer, proof=PASSKEY, agent="planted"
        )
        connection.execute(
            sessions.update()
            .where(sessions.c.digest == token_digest(token))
            .values(id=session)
        )
        connection.execute(
            insert(passkeys).values(
                id=f"key {unit.id}".encode(),
                officer=officer,
                public_key=b"",
                sign_count=0,
                label=world.name(unit.id, "key"),
                made_s=authority.now_s,
            )
        )
    return {"officer": officer, "session": session, "own": session, "passkey": "a2V5"}


def _plant_code(world: World, unit: Unit) -> dict[str, str]:
    issued = issue_code(
        world.authority,
        CodeOrder(
            test_type="confirmed",
            test_date=iso_day(day_of(world.authority.now_s)),
            unit=unit.id,
        ),
    )
    return {"code": issued.handle}


def _plant_approval(world: World, unit: Unit) -> dict[str, str]:
    authority, request = world.authority, world.authority.entropy(8).hex()
    asker = next(
        each.id
        for each in world.people
        if each.role is Role.ADMINISTRATOR and each.unit.id == ROOT
    )
    with authority.engine.begin() as connection:
        connection.execute(
            insert(approvals).values(
                id=request,
                kind=RESET.kind,
                unit=unit.id,
                subject=world.planted[unit.id]["officer"],
                details="{}",
                asked_by=asker,
                asked_s=authority.now_s,
                until_s=authority.now_s + 86_400,
                state=State.WAITING,
            )
        )
    return {"approval": request}


def _plant_unit(_world: World, unit: Unit) -> dict[str, str]:
    return {"unit": unit.id}


def _plant_case(world: World, unit: Unit) -> dict[str, str]:
    authority, scope = world.authority, Scope("planted")
    elsewhere = PROVINCE if unit.id == ROOT else ROOT
    made = {
        "policy": TracingPolicy(),
        "now_s": authority.now_s,
        "entropy": authority.entropy,
    }
    with authority.engine.begin() as connection:
        fields = {"classification": "F1", "unit": unit.id}
        fields |= {"person": int(world.planted[unit.id]["person"])}
        refs = [
            create_case(connection, scope, each, **made)
            for each in (fields, {"classification": "F1", "unit": elsewhere})
        ]
        offer = offer_transfer(connection, scope, refs[1], unit.id, authority=authority)
    return {"case": refs[0], "transfer": offer}


def _plant_record(world: World, unit: Unit) -> dict[str, str]:
    """Plant a person, read once by a tracer of the unit."""
    authority = world.authority
    tracer = next(
        each.id
        for each in world.people
        if each.role is Role.TRACER and each.unit.id == unit.id
    )
    person = NewPerson(
        unit.id, PersonKind.CASE, {PersonField.NAME: world.name(unit.id, "Lê Văn")}
    )
    with authority.engine.begin() as connection:
        numbers = add_people(authority, connection, [person])
    reader = Reader(tracer, unit.id, frozenset((unit.id,)), Reason.CASE_WORK)
    read_people(authority, reader, numbers, PersonField)
    return {"person": str(numbers[0])}


PLANTS: tuple[Callable[[World, Unit], dict[str, str]], ...] = (
    _plant_unit,
    _plant_officer,
    _plant_code,
    _plant_approval,
    _plant_record,
    _plant_case,
)


def _join_cases(world: World) -> None:
    """Let the case of every unit have met that of the next one."""
    refs = [world.planted[unit]["case"] for unit in world.units]
    day = day_of(world.authority.now_s)
    rows = [
        {
            "source": source,
            "target": target,
            "origin": "interview",
            "level": 0,
            "value": 0.0,
            "minutes": 0.0,
            "first_day": day,
            "last_day": day,
            "found_s": world.authority.now_s,
        }
        for source, target in zip(refs, refs[1:] + refs[:1], strict=True)
    ]
    with world.authority.engine.begin() as connection:
        connection.execute(insert(edges), rows)


def build_world(authority: Authority, *, marked: bool = True) -> World:
    """Fill an authority with people and things; marked, unless it is to be shown."""
    units = add_units(authority)
    world = World(authority, units, marked, markup=f" {MARKUP}")
    for unit in units.values():
        world.people += [add_person(world, role, unit) for role in Role]
    for unit in units.values():
        planted = world.planted.setdefault(unit.id, {})
        for plant in PLANTS:
            planted.update(plant(world, unit))
    _join_cases(world)
    return world


def needs_plant(page: Page) -> set[str]:
    """Return the parameters of a page for which nothing is planted."""
    known = {"officer", "session", "own", "passkey", "code", "approval", "unit"}
    known |= {"case", "transfer"}
    return set(PARAMETER.findall(page.path)) - known


class Seen(NamedTuple):
    """What the console answered."""

    status: int
    text: str
    headers: list[tuple[str, str]]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Browser:
    """Asks the application without a network, with the cookies of one browser."""

    def __init__(self, app: Any, token: str = "", host: str = "localhost") -> None:
        self.app = app
        self.host = host
        self.cookies = {"proximity-browser": "ab" * 32}
        if token:
            self.cookies["proximity-session"] = token

    def get(self, path: str, **headers: str) -> Seen:
        return asyncio.run(self.ask("GET", path, b"", headers))

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, **headers: str
    ) -> Seen:
        sent = {"csrf": self.form_token} | dict(fields or {})
        body = urllib.parse.urlencode(sent).encode()
        return asyncio.run(self.ask("POST", path, body, headers))

    @property
    def form_token(self) -> str:
        session = self.cookies.get("proximity-session")
        return form_token(session or self.cookies["proximity-browser"])

    async def ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Seen:
        path, _, query = path.partition("?")
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {
            "host": self.host,
            "cookie": cookies,
            "content-type": "application/x-www-form-urlencoded",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(n.encode(), v.encode()) for n, v in sent.items() if v],
            "client": ("192.0.2.1", 1),
            "server": ("localhost", 80),
            "state": {},
        }
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            # A browser stays until it has its answer.
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        found = [(n.decode().lower(), v.decode()) for n, v in messages[0]["headers"]]
        content = b"".join(message.get("body", b"") for message in messages[1:])
        self._keep(found)
        return Seen(messages[0]["status"], content.decode("utf-8", "replace"), found)

    def _keep(self, headers: list[tuple[str, str]]) -> None:
        for name, value in headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                content = rest.partition(";")[0].strip('"')
                self.cookies[key] = content
                if not content:
                    del self.cookies[key]


def all_pages() -> tuple[Page, ...]:
    """Return every page of the console, of all features."""
    return build_registry().pages
