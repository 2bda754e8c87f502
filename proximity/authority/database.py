"""The database of the service: SQLite in its directory, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from proximity.authority.settings import Settings
from proximity.errors import SchemaVersionError, StoreError

DATABASE_FILE = "authority.sqlite"
METADATA = MetaData()
_BUSY_S = 20.0
_CONNECT_S = 10
# What PostgreSQL ends of two transactions that wait for each other, or that cannot
# both have been first: nothing of it is stored, and it may be tried again.
_OVERTAKEN = {"40001", "40P01"}
_SESSION = (
    # A commit that a crash could undo is none; stronger settings are left alone.
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'",
    # The server gives a machine up that has vanished, and with it its locks.
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(settings: Settings, directory: Path) -> Engine:
    """Return an engine; nothing is asked of the database yet.

    Parameters
    ----------
    settings : Settings
        `database_url` decides which database.
    directory : Path
        The authority's directory.

    Returns
    -------
    Engine
        A commit is durable: what it acknowledged survives a loss of power.
    """
    return open_engine(settings.database_url, directory / DATABASE_FILE)


def open_engine(url: str, path: Path) -> Engine:
    """Return an engine for an address of PostgreSQL, or without one for a file."""
    if url:
        return _open_postgresql(url)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _BUSY_S, "check_same_thread": False},
        poolclass=QueuePool,
        # An error must not quote the values of its statement.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open one consistent view of the database; writers need not wait for it."""
    with engine.execution_options(**_view_options(engine)).connect() as connection:
        yield connection


def serialise(connection: Connection, name: str) -> None:
    """Let transactions that name the same go one after the other, from here on.

    What is read afterwards includes what the one before has written. With SQLite
    there is only one transaction that writes at a time.
    """
    if connection.dialect.name == "postgresql":
        number = func.hashtextextended(name, 0)
        connection.execute(select(func.pg_advisory_xact_lock(number)))


@contextmanager
def held_alone(engine: Engine, name: str) -> Iterator[bool]:
    """Hold a name in the database, and tell whether nobody else does.

    A process that dies lets go. SQLite has no such names: there, whoever asks holds
    the directory instead.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    with engine.connect() as connection:
        number = func.hashtextextended(name, 0)
        free = connection.execute(select(func.pg_try_advisory_lock(number))).scalar()
        connection.commit()
        try:
            yield bool(free)
        finally:
            _let_go(connection, number if free else None)


def was_overtaken(error: SQLAlchemyError) -> bool:
    """Tell whether a transaction failed only because another one came between."""
    if isinstance(error, IntegrityError):
        return True
    origin = error.orig if isinstance(error, DBAPIError) else None
    return getattr(origin, "sqlstate", None) in _OVERTAKEN


def upgrade(engine: Engine, revision: str = "head") -> str:
    """Bring the schema forward, all or nothing; return its version.

    Raises
    ------
    SchemaVersionError
        If a newer program made it.
    StoreError
        If the database cannot be used.
    """
    try:
        with engine.begin() as connection:
            serialise(connection, "schema")
            _known_version(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            return schema_version(connection) or ""
    except SQLAlchemyError as error:
        raise unusable(error) from error


def check_schema(engine: Engine) -> None:
    """Make sure that the schema is the one of this program.

    Raises
    ------
    SchemaVersionError
        If it is older or newer.
    StoreError
        If the database cannot be used.
    """
    try:
        with reading(engine) as connection:
            version = _known_version(connection)
    except SQLAlchemyError as error:
        raise unusable(error) from error
    if version != newest_version():
        raise SchemaVersionError(
            f"The database has schema {version}, this program needs "
            f"{newest_version()}.",
            "Run `proximity authority migrate --data DIR`.",
        )


def schema_version(connection: Connection) -> str | None:
    """Return the version of the schema, None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str:
    """Return the version that this program brings a database to."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


@contextmanager
def named_errors() -> Iterator[None]:
    """Turn what a database refuses into an error that a person can read.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise unusable(error) from error


def unusable(error: SQLAlchemyError) -> StoreError:
    """Name what a database refuses, without the values of the statement."""
    origin = getattr(error, "orig", None)
    kind = type(origin or error).__name__
    return StoreError(
        f"The authority's database cannot be used ({kind}).",
        "Check that it runs, its address, its permissions and room on its disk.",
    )


def _known_version(connection: Connection) -> str | None:
    version = schema_version(connection)
    known = {each.revision for each in _scripts().walk_revisions()}
    if version is not None and version not in known:
        raise SchemaVersionError(
            "The database was written by a newer version of this program.",
            "Use that version, or a newer one.",
        )
    return version


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _let_go(connection: Connection, number: Any) -> None:
    """Give a lock back; it is the session's, so a pooled connection would keep it."""
    try:
        if number is not None:
            connection.execute(select(func.pg_advisory_unlock(number)))
            connection.commit()
    except SQLAlchemyError:
        # The session is gone, and the lock with it.
        connection.invalidate()


def _view_options(engine: Engine) -> dict[str, Any]:
    options: dict[str, Any] = {"reads": True}
    if engine.dialect.name == "postgresql":
        # By default each statement would see what was committed before it.
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return options


def _open_postgresql(address: str) -> Engine:
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_S, "client_encoding": "utf8"},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin transactions by itself, and only some of them.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Keys are random, so a commit touches many pages, and the next one the same: the
    # longer the log (here 32 MB), the fewer of them are written into the file twice.
    connection.execute("PRAGMA wal_autocheckpoint = 8000")
    connection.execute("PRAGMA cache_size = -32000")
    # What is deleted is overwritten, whatever the library was built with.
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that becomes a writer would fail when another wrote in between.
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def upsert(connection: Connection, table: Table) -> Any:
    """Begin an INSERT that can say what to do on conflict."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
