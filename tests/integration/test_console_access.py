"""Every address of the console, as every role, in two districts of two communes each.

The registry is walked: a page that is added later is walked too.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import anyio.to_thread
import pytest
from console_world import (
    COMMUNES,
    MARKUP,
    PARAMETER,
    Browser,
    Person,
    Seen,
    World,
    all_pages,
    build_world,
    mark_of,
    needs_plant,
)
from sqlalchemy import event, select

from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.accounts.rules import level_of
from proximity.authority.assembly import open_authority
from proximity.authority.console.registry import PREFIX, Door, Kind, Page
from proximity.authority.database import METADATA, reading
from proximity.authority.founding import found_authority
from proximity.authority.service.app import ServiceApp
from proximity.units import day_of, iso_day

# One world for all of this file.
pytestmark = pytest.mark.xdist_group("walk")
WALKED = [page for page in all_pages() if page.door is Door.SIGNED_IN]
# From every level one; both communes of the first district, one of the second.
WALKERS = (ROOT, "080", "02635", "02641")
TARGETS = tuple(COMMUNES)
MAX_QUERIES = 20


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("walk") / "authority"
    found_authority(directory, {})
    authority = open_authority(directory, {})
    yield build_world(authority)
    authority.engine.dispose()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Any]:
    """Return what answers in the thread that asks: here nobody waits beside it."""

    async def at_once(call: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        return call(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(anyio.to_thread, "run_sync", at_once)
        yield ServiceApp(world.authority, {})


def people(world: World, role: Role) -> list[Person]:
    return [
        each for each in world.people if each.role is role and each.unit.id in WALKERS
    ]


def is_right(person: Person, page: Page, unit: str | None, world: World) -> bool:
    """Tell what the table of rights says, without asking `allowed`."""
    if page.needs is None:
        return True
    if level_of(person.role, page.needs.area) < page.needs.level:
        return False
    if page.unit_of is None:
        return True
    # Keys are the whole authority's.
    target = world.units[unit].path if unit else f"{ROOT}/"
    return target.startswith(person.unit.path)


def traces_of(world: World, unit: str) -> list[str]:
    """Return what would give away the things of a unit."""
    planted = world.planted[unit]
    ids = [
        planted[each]
        for each in ("officer", "session", "code", "approval", "person", "case")
    ]
    return [mark_of(unit), COMMUNES[unit][1], *ids]


def hidden_from(person: Person, world: World) -> list[str]:
    """Return what must never be shown to somebody."""
    return [
        trace
        for unit in TARGETS
        if not world.units[unit].path.startswith(person.unit.path)
        for trace in traces_of(world, unit)
    ]


async def walk(
    app: Any, world: World, person: Person
) -> list[tuple[Page, str | None, Seen]]:
    """Ask for every address in the name of one person."""
    seen = []
    for page in WALKED:
        about = TARGETS if PARAMETER.search(page.path) else (None,)
        for unit in about:
            address = world.address(page, unit) if unit else PREFIX + page.path
            browser = Browser(app, person.token)
            body = b"" if page.method == "GET" else _form(browser)
            seen.append((page, unit, await browser.ask(page.method, address, body, {})))
    return seen


def _form(browser: Browser) -> bytes:
    return f"csrf={browser.form_token}&unknown=1".encode()


def test_every_parameter_of_an_address_is_planted():
    assert {page.name: needs_plant(page) for page in WALKED if needs_plant(page)} == {}


def test_every_page_of_rights_is_walked_and_every_role_walks():
    assert len(WALKED) > 40
    assert {page.kind for page in WALKED} == set(Kind)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_gets_at_what_is_of_another_unit_or_beyond_their_role(role, app, world):
    for person in people(world, role):
        hidden = hidden_from(person, world)
        for page, unit, seen in asyncio.run(walk(app, world, person)):
            where = f"{role} of {person.unit.id}: {page.name} of {unit}"
            assert [trace for trace in hidden if trace in seen.text] == [], where
            if page.kind is not Kind.CSV:
                assert MARKUP not in seen.text, where
            if page.needs is not None:
                right = is_right(person, page, unit, world)
                assert (seen.status not in (403, 404)) is right, (where, seen.status)


def test_who_has_the_right_sees_the_things_of_all_their_units(app, world):
    """Without this, a console that shows nothing to anybody would pass."""
    root, district = (
        next(
            each.token
            for each in world.people
            if each.role is Role.SUPERVISOR and each.unit.id == unit
        )
        for unit in (ROOT, "088")
    )
    for path, trace in (
        ("/officers", "officer"),
        ("/officers/found?q=Nguy", "officer"),
        ("/codes", "code"),
        ("/sessions", None),
        ("/approvals", None),
        ("/officers.csv", None),
        ("/audit?before=20", "person"),
    ):
        whole = Browser(app, root).get(PREFIX + path).text
        part = Browser(app, district).get(PREFIX + path).text
        for unit, (above, _) in COMMUNES.items():
            wanted = world.planted[unit][trace] if trace else mark_of(unit)
            assert wanted in whole, (path, unit)
            assert trace != "officer" or "&lt;u data-x=" in whole or "csv" in path
            assert (wanted in part) is (above == "088"), (path, unit)


@pytest.mark.parametrize("role", [Role.EPIDEMIOLOGIST, Role.SUPERVISOR, Role.TRACER])
def test_a_search_finds_and_counts_the_persons_of_ones_own_units_alone(
    role, app, world
):
    """In every unit there is one person of this name, with a case."""
    for person in people(world, role):
        seen = Browser(app, person.token).get(f"{PREFIX}/cases?q=v%C4%83n+l%C3%AA")
        within = {
            unit
            for unit, place in world.units.items()
            if place.path.startswith(person.unit.path)
        }
        shown = {
            unit
            for unit in world.units
            if f'{PREFIX}/cases/{world.planted[unit]["case"]}"' in seen.text
        }
        assert shown == within, person
        # By its reference a case is found, or not, alike.
        for unit in world.units:
            ref = world.planted[unit]["case"]
            text = Browser(app, person.token).get(f"{PREFIX}/cases?q={ref}").text
            assert (f'{PREFIX}/cases/{ref}"' in text) is (unit in within)


def test_a_graph_tells_of_contacts_elsewhere_that_there_are_some(app, world):
    """The cases of all units are one ring: no page of one has both its neighbours."""
    chief, tracer = (
        next(each for each in world.people if (each.role, each.unit.id) == wanted)
        for wanted in ((Role.SUPERVISOR, ROOT), (Role.TRACER, "02641"))
    )
    address = f"{PREFIX}/cases/{world.planted['02641']['case']}"
    neighbours = [world.planted[unit]["case"] for unit in ("02635", "03001")]

    whole, part = (Browser(app, each.token).get(address) for each in (chief, tracer))
    assert (whole.status, part.status) == (200, 200)
    assert [ref for ref in neighbours if ref in whole.text] == neighbours
    assert [ref for ref in neighbours if ref in part.text] == []


def test_an_act_that_is_refused_changes_nothing(app, world):
    """As somebody who only counts, in the unit next door."""
    person = next(
        each
        for each in world.people
        if each.role is Role.STATISTICIAN and each.unit.id == "02641"
    )
    before = _contents(world)
    acts = [page for page in WALKED if page.kind is Kind.ACT and page.needs]
    for page in acts:
        address = world.address(page, "02635")
        assert Browser(app, person.token).post(address).status in (403, 404), page.name

    assert len(acts) > 15
    assert _contents(world) == before


# What somebody fills in who would reach into the unit next door.
FOREIGN = "02635"
_ELSEWHERE = {"unit": FOREIGN}
_ROLE = {"role": "statistician", "unit": FOREIGN}
REACHING = {
    "case-add": (Role.EPIDEMIOLOGIST, {"classification": "F1"} | _ELSEWHERE),
    "case-merge": (Role.EPIDEMIOLOGIST, {"other": "{case}"}),
    "case-lines-take": (
        Role.EPIDEMIOLOGIST,
        {"lines": "ref,due\n{case},2026-01-01", "dry": "no"},
    ),
    "code-issue": (
        Role.EPIDEMIOLOGIST,
        {"test_type": "confirmed", "test_date": "{today}"} | _ELSEWHERE,
    ),
    "officer-add": (Role.ADMINISTRATOR, {"name": "B", "email": "b@c.vn"} | _ELSEWHERE),
    "officer-give": (Role.ADMINISTRATOR, _ROLE),
    "officer-take": (Role.ADMINISTRATOR, _ROLE),
    "officer-move": (Role.ADMINISTRATOR, _ELSEWHERE),
    "unit-add": (
        Role.ADMINISTRATOR,
        {"code": "X", "kind": "sector", "name": "B", "parent": FOREIGN},
    ),
    "units-import": (Role.ADMINISTRATOR, {"list": f"X;sector;B;{FOREIGN}"}),
}


@pytest.mark.parametrize("name", REACHING)
def test_no_field_of_a_form_reaches_into_another_unit(name, app, world):
    """The address is one's own; what is filled in is not."""
    role, fields = REACHING[name]
    person = next(
        each for each in world.people if (each.role, each.unit.id) == (role, "02641")
    )
    known = {
        "{case}": world.planted[FOREIGN]["case"],
        "{today}": iso_day(day_of(world.authority.now_s)),
    }
    for hole, value in known.items():
        fields = {key: text.replace(hole, value) for key, text in fields.items()}
    page = next(each for each in WALKED if each.name == name)
    before = _contents(world)

    seen = Browser(app, person.token).post(world.address(page, "02641"), fields)
    assert seen.status in (200, 400, 403, 409)
    assert _contents(world) == before


def test_nobody_ends_the_session_of_somebody_else_as_their_own(app, world):
    person = world.people[0]
    address = f"{PREFIX}/me/sessions/{world.planted['02641']['own']}/end"

    assert Browser(app, person.token).post(address).status == 404


@pytest.mark.parametrize("page", WALKED, ids=lambda page: page.name)
def test_nothing_is_open_to_who_has_not_signed_in(page, app, world):
    browser = Browser(app)
    address = world.address(page, "02641")
    seen = browser.post(address) if page.kind is Kind.ACT else browser.get(address)

    assert seen.status == 303
    assert seen.header("location") == f"{PREFIX}/sign-in"
    assert mark_of("02641") not in seen.text


def test_no_page_asks_the_database_for_each_row(app, world):
    """There are eight of everything, and eight times as many officers."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(world.authority.engine, "before_cursor_execute", note)
    counts = {}
    for person in world.people:
        for page in WALKED if person.unit.id == ROOT else ():
            if page.kind is not Kind.ACT:
                asked.clear()
                Browser(app, person.token).get(world.address(page, "02641"))
                counts[page.name, person.role] = len(asked)
    event.remove(world.authority.engine, "before_cursor_execute", note)

    assert {each: n for each, n in counts.items() if n > MAX_QUERIES} == {}
    assert max(counts.values()) > 5


def _contents(world: World) -> dict[str, list[Any]]:
    """Return every row of the database, but when sessions were last used."""
    found = {}
    with reading(world.authority.engine) as connection:
        for name, table in METADATA.tables.items():
            columns = [each for each in table.c if each.name != "seen_s"]
            found[name] = sorted(connection.execute(select(*columns)).all(), key=str)
    return found
