"""One authority for each database: SQLite in its directory, and a real PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from postgres_server import POSTGRESQL, PostgresServer

from proximity.authority.assembly import Authority, open_authority
from proximity.authority.founding import found_authority
from proximity.authority.keyring import Keyring

NOW_S = 20_600 * 86_400 + 43_200
URL_VARIABLE = "PROXIMITY_AUTHORITY_DATABASE_URL"


class StillClock:
    """A clock that a test moves."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Database:
    """Where an authority keeps what it stores."""

    kind: str
    server: PostgresServer | None

    def new(self, template: str = "template0") -> dict[str, str]:
        """Return the environment of a new, empty database."""
        if self.server is None:
            return {URL_VARIABLE: ""}
        return {URL_VARIABLE: self.server.url(self.server.database(template))}


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    reason = postgres_server.missing()
    if reason:
        pytest.skip(reason)
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session", params=["sqlite", POSTGRESQL])
def database(request: pytest.FixtureRequest) -> Database:
    if request.param == "sqlite":
        return Database("sqlite", None)
    return Database("postgresql", request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def founded(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Return a directory, and the database that belongs to it, to be copied."""
    directory = tmp_path_factory.mktemp("founded") / "authority"
    where = database.new()
    settings = {"PROXIMITY_AUTHORITY_MINIMUM": "20", "PROXIMITY_NOW": str(NOW_S)}
    found_authority(directory, where | settings, test=True)
    name = where[URL_VARIABLE].partition("@/")[2].partition("?")[0]
    return directory, name


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW_S)


@pytest.fixture
def new_database(
    database: Database, founded: tuple[Path, str], tmp_path: Path
) -> tuple[Path, dict[str, str]]:
    """Return a copy of the directory, and the environment of a copy of its database."""
    directory = tmp_path / "authority"
    shutil.copytree(founded[0], directory)
    return directory, database.new(founded[1])


@pytest.fixture
def open_process(
    new_database: tuple[Path, dict[str, str]], clock: StillClock
) -> Iterator[Callable[..., Authority]]:
    """Return what opens one authority again and again, as several processes do."""
    directory, environment = new_database
    opened: list[Authority] = []

    def process(**settings: Any) -> Authority:
        real = open_authority(directory, environment)
        made = replace(
            real,
            settings=replace(real.settings, **settings),
            clock=clock,
            keyring=Keyring(real.engine, real.passphrase, clock),
            entropy=os.urandom,
        )
        opened.append(made)
        return made

    yield process
    for each in opened:
        each.engine.dispose()


@pytest.fixture
def authority(open_process: Callable[..., Authority]) -> Authority:
    return open_process()
