"""One authority for each database: SQLite in its directory, and a real PostgreSQL."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from postgres_server import POSTGRESQL, PostgresServer
from sqlalchemy import MetaData, Table, select, text

from proximity.authority import keyring
from proximity.authority.assembly import Authority
from proximity.authority.database import open_database
from proximity.authority.founding import found_authority
from proximity.authority.keyring import Keyring, load_passphrase
from proximity.authority.people.key_store import KeyStore
from proximity.authority.people.vault import Vault
from proximity.authority.settings import load_settings
from proximity.authority.verification.messenger import make_messenger

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

    def new(self) -> dict[str, str]:
        """Return the environment of a new, empty database."""
        if self.server is None:
            return {URL_VARIABLE: ""}
        return {URL_VARIABLE: self.server.url(self.server.database())}


@pytest.fixture(scope="session", autouse=True)
def passphrases_stretched_once() -> Iterator[None]:
    """Copies of one directory have one passphrase, and every test opens a copy."""
    with pytest.MonkeyPatch.context() as patched:
        once = functools.cache(keyring._stretched)
        patched.setattr(keyring, "_stretched", once)
        yield


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


@dataclass(frozen=True)
class Founded:
    """An authority as it was made: its directory, its database, the rows in it."""

    directory: Path
    environment: dict[str, str]
    rows: dict[Table, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def founded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """Return an authority to be copied."""
    directory = tmp_path_factory.mktemp("founded") / "authority"
    where = database.new()
    settings = {"PROXIMITY_AUTHORITY_MINIMUM": "20", "PROXIMITY_NOW": str(NOW_S - 60)}
    found_authority(directory, where | settings, test=True)
    engine = open_database(load_settings(directory, where), directory)
    metadata = MetaData()
    with engine.begin() as connection:
        metadata.reflect(connection)
        tables = [t for t in metadata.sorted_tables if t.name != "alembic_version"]
        rows = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in tables
        }
    engine.dispose()
    return Founded(directory, where, rows)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW_S)


@pytest.fixture
def new_database(
    database: Database, founded: Founded, tmp_path: Path
) -> tuple[Path, dict[str, str]]:
    """Return a copy of the directory, and the environment of its database.

    There is one on the server, which gets back the rows that it was made with: a copy
    of a database is eight megabytes.
    """
    directory = tmp_path / "authority"
    shutil.copytree(founded.directory, directory)
    if database.server is not None:
        settings = load_settings(directory, founded.environment)
        engine = open_database(settings, directory)
        names = ", ".join(table.name for table in founded.rows)
        with engine.begin() as connection:
            # Rows of the audit never change: a test may, as an owner of the server.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
            for table, rows in founded.rows.items():
                if rows:
                    connection.execute(table.insert(), rows)
        engine.dispose()
    return directory, founded.environment


@pytest.fixture
def open_process(
    new_database: tuple[Path, dict[str, str]], clock: StillClock
) -> Iterator[Callable[..., Authority]]:
    """Return what opens one authority again and again, as several processes do."""
    directory, environment = new_database
    opened: list[Authority] = []

    def process(**settings: Any) -> Authority:
        chosen = replace(load_settings(directory, environment), **settings)
        engine = open_database(chosen, directory)
        passphrase = load_passphrase(directory, {})
        keyring = Keyring(engine, passphrase, clock)
        key_store = KeyStore(chosen.record_keys, directory)
        made = Authority(
            directory=directory,
            settings=chosen,
            engine=engine,
            keyring=keyring,
            vault=Vault(directory, keyring, key_store, os.urandom),
            messenger=make_messenger("", directory, clock),
            clock=clock,
            entropy=os.urandom,
            passphrase=passphrase,
        )
        opened.append(made)
        return made

    yield process
    for each in opened:
        each.vault.key_store.close()
        each.engine.dispose()


@pytest.fixture
def authority(open_process: Callable[..., Authority]) -> Authority:
    return open_process()
