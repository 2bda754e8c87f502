"""One authority, made once and copied for each test; its clock stands still."""

import asyncio
import functools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import argon2
import pytest
from console_world import Browser, Person, World, add_person, add_units

from proximity.authority import database, keyring
from proximity.authority.accounts import passwords
from proximity.authority.accounts.model import Officer, Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.database import reading
from proximity.authority.founding import Founded, found_authority
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people
from proximity.authority.service.app import ServiceApp

DAY = 20_600
NOW_S = DAY * 86_400 + 43_200
STRETCHED_ONCE = functools.cache(keyring._stretched)
HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODY = HASHER.hash("nobody has this password")


class StillClock:
    """A clock that a test moves."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


class Sent:
    """A messenger that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def send(self, phone: str, text: str) -> None:
        self.messages.append((phone, text))


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at the least cost; a hash says itself what it cost."""
    monkeypatch.setattr(passwords, "_HASHER", HASHER)
    monkeypatch.setattr(passwords, "_NOBODY", NOBODY)


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of one directory have one passphrase, and every test opens a copy."""
    monkeypatch.setattr(keyring, "_stretched", STRETCHED_ONCE)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no disk: the machine does not lose power during a test."""
    real = database._prepare_sqlite

    def prepare(connection: Any, record: Any) -> None:
        real(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    monkeypatch.setattr(database, "_prepare_sqlite", prepare)


@pytest.fixture(scope="session")
def founded_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Founded]:
    directory = tmp_path_factory.mktemp("founded") / "authority"
    environment = {
        "PROXIMITY_AUTHORITY_MINIMUM": "20",
        # Its clock runs meanwhile: on a busy machine for longer than a second.
        "PROXIMITY_NOW": str(NOW_S - 60),
    }
    return directory, found_authority(directory, environment, test=True)


@pytest.fixture
def founded(founded_once: tuple[Path, Founded]) -> Founded:
    return founded_once[1]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW_S)


@pytest.fixture
def make_authority(
    founded_once: tuple[Path, Founded], tmp_path: Path, clock: StillClock
) -> Iterator[Callable[..., Authority]]:
    """Return a maker of authorities on a copy of the directory."""
    directory = tmp_path / "authority"
    shutil.copytree(founded_once[0], directory)
    opened: list[Authority] = []

    def make(**settings: object) -> Authority:
        real = open_authority(directory, {})
        real.keyring._clock = clock
        made = replace(
            real,
            settings=replace(real.settings, **settings),
            clock=clock,
            messenger=Sent(),
            entropy=os.urandom,
        )
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.engine.dispose()


@pytest.fixture
def authority(make_authority: Callable[..., Authority]) -> Authority:
    return make_authority()


@pytest.fixture
def reader() -> Callable[..., Reader]:
    """Return a maker of readers, by default an officer of unit 10-080."""

    def make(name: str = "an@example.vn", *units: str, **changes: Any) -> Reader:
        seen = frozenset(units or ("10-080",))
        made = Reader(name, min(seen), seen, Reason.CASE_WORK, "C-17")
        return replace(made, **changes)

    return make


@pytest.fixture(name="add_person")
def add_known_person(authority: Authority) -> Callable[..., int]:
    """Return what stores one person of unit 10-080, a case if nothing is said."""

    def add(
        unit: str = "10-080", kind: PersonKind = PersonKind.CASE, **values: str
    ) -> int:
        fields = {PersonField(name): text for name, text in values.items()}
        with authority.engine.begin() as connection:
            return add_people(authority, connection, [NewPerson(unit, kind, fields)])[0]

    return add


class Reply(NamedTuple):
    """What an application answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def ask() -> Callable[..., Reply]:
    """Return what puts one request to an ASGI application, without a network."""

    def put(
        app: Any,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        address: str = "192.0.2.1",
    ) -> Reply:
        return asyncio.run(_put(app, path, body, headers or {}, address=address))

    return put


async def _put(
    app: Any, path: str, body: Any, headers: dict[str, str], *, address: str
) -> Reply:
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    path, _, query = path.partition("?")
    sent = {"content-type": "application/json"} | headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode()) for n, v in sent.items()],
        "client": (address, 1),
        "server": ("test", 80),
        "state": {},
    }
    received = [{"type": "http.request", "body": data or b"", "more_body": False}]
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0) if received else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    begin = messages[0]
    return Reply(
        begin["status"],
        b"".join(m.get("body", b"") for m in messages[1:]),
        {name.decode().lower(): value.decode() for name, value in begin["headers"]},
    )


@pytest.fixture
def world(authority: Authority) -> World:
    return World(authority, add_units(authority))


class Someone(NamedTuple):
    """An officer, and their browser."""

    person: Person
    officer: Officer
    browser: Browser


@pytest.fixture
def someone(world: World) -> Callable[..., Someone]:
    """Return a maker of officers by role and unit."""
    app = ServiceApp(world.authority, {})

    def make(role: Role, unit: str = "root") -> Someone:
        person = add_person(world, role, world.units[unit])
        with reading(world.authority.engine) as connection:
            officer = load_officer(connection, person.id)
        assert officer is not None
        return Someone(person, officer, Browser(app, person.token))

    return make
