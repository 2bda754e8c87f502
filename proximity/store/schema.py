"""Opens the store: one SQLite file, its settings and its forward-only migrations."""

import os
import sqlite3
from pathlib import Path

from proximity.errors import SchemaVersionError, StoreError
from proximity.store.connection import storage_errors, transaction

# "prox": tells our files from every other program's SQLite files.
APPLICATION_ID = 0x70726F78
BUSY_TIMEOUT_S = 5.0

# Migration n takes a file from version n to n + 1. A released one never changes.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # AUTOINCREMENT: a number that was forgotten never names another row, so a
        # process that still holds it cannot write into a stranger's encounter.
        """
        CREATE TABLE encounters (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL,
            scheme TEXT NOT NULL,
            ephemeral_id BLOB NOT NULL,
            metadata BLOB NOT NULL,
            neighbour INTEGER,
            address_changed INTEGER NOT NULL,
            series BLOB NOT NULL,
            CHECK (scheme != 'gaen'
                OR length(ephemeral_id) = 16 AND length(metadata) = 4)
        ) STRICT
        """,
        """
        CREATE TABLE scans (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            start_ms INTEGER NOT NULL,
            end_ms INTEGER NOT NULL,
            monotonic_ms INTEGER NOT NULL,
            backend TEXT NOT NULL,
            duty REAL NOT NULL
        ) STRICT
        """,
    ),
    ("CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",),
    (
        """
        CREATE TABLE own_keys (
            start_interval INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            period INTEGER NOT NULL,
            reported INTEGER NOT NULL DEFAULT 0,
            sealed BLOB NOT NULL,
            PRIMARY KEY (start_interval, ordinal)
        ) STRICT
        """,
    ),
    (
        """
        CREATE TABLE exposures (
            export_tag BLOB NOT NULL,
            key_tag BLOB NOT NULL,
            day INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            PRIMARY KEY (key_tag, export_tag)
        ) STRICT
        """,
        """
        CREATE TABLE processed_exports (
            digest BLOB PRIMARY KEY,
            name TEXT NOT NULL,
            processed_ms INTEGER NOT NULL,
            status TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE remembered_index (
            source TEXT NOT NULL,
            position INTEGER NOT NULL,
            line TEXT NOT NULL,
            PRIMARY KEY (source, position)
        ) STRICT
        """,
    ),
    (
        """
        CREATE TABLE decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            decided_ms INTEGER NOT NULL,
            notify INTEGER NOT NULL,
            shown_ms INTEGER,
            withdrawn_ms INTEGER,
            sealed BLOB NOT NULL
        ) STRICT
        """,
    ),
    ("ALTER TABLE decisions ADD COLUMN subject TEXT NOT NULL DEFAULT 'case'",),
)


def open_store(path: Path) -> sqlite3.Connection:
    """Open the store, made or migrated as needed.

    Every commit is flushed to the disk (WAL, `synchronous=FULL`): what was
    acknowledged survives a kill at any instant, and a loss of power as far as the
    disk keeps its word.

    Parameters
    ----------
    path : pathlib.Path
        The SQLite file; it and its folder are made, private to the user, if missing.

    Returns
    -------
    sqlite3.Connection
        In autocommit mode; the caller closes it. Write through `transaction`.

    Raises
    ------
    SchemaVersionError
        If a newer version of this package wrote the file.
    LockedError
        If another process holds the store.
    StoreError
        If the file is damaged, is not a store, or cannot be used. It is not changed.
    """
    _create_private(path)
    with storage_errors():
        connection = sqlite3.connect(path, BUSY_TIMEOUT_S, isolation_level=None)
        try:
            _refuse_foreign(connection)
            _configure(connection)
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def open_to_look(path: Path) -> sqlite3.Connection:
    """Open a store that is there, to read it only: nothing of it is changed.

    Parameters
    ----------
    path : pathlib.Path
        The SQLite file; it is neither made nor migrated.

    Returns
    -------
    sqlite3.Connection
        Every write fails; the caller closes it. Tables of later versions may lack.

    Raises
    ------
    SchemaVersionError, LockedError, StoreError
        As `open_store`.
    """
    # A store that nobody has open is all in its file: without this, SQLite would make
    # the files beside it that a reader of a log needs, and leave them there.
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    with storage_errors():
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            BUSY_TIMEOUT_S,
            isolation_level=None,
            uri=True,
        )
        try:
            _refuse_foreign(connection)
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            connection.close()
            raise
    return connection


def is_current(connection: sqlite3.Connection) -> bool:
    """Tell whether a store has the schema of this version."""
    with storage_errors():
        return _schema_version(connection) == len(MIGRATIONS)


def _create_private(path: Path) -> None:
    """Make an empty file that only the user may read; SQLite's own follow its mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An existing file is not opened here: closing it would drop the locks that
        # SQLite holds on it for this process.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            "The store cannot be made in its folder.",
            f"Choose a folder that you may write to ({error.strerror}).",
        ) from error


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    version = _schema_version(connection)
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application_id != APPLICATION_ID and (version or tables):
        raise StoreError(
            "The file is a database of another program.",
            "Choose another folder with --home; this file was not changed.",
        )
    if version > len(MIGRATIONS):
        raise SchemaVersionError(
            f"The store has version {version}; this program knows {len(MIGRATIONS)}.",
            "Update proximity; the store was not changed.",
        )


def _configure(connection: sqlite3.Connection) -> None:
    # Encounter rows fill these better than SQLite's 4096; a new file only.
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted is overwritten with zeros, and nothing spills to a temporary file.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")


def _migrate(connection: sqlite3.Connection) -> None:
    if _schema_version(connection) == len(MIGRATIONS):
        return
    with transaction(connection):
        # Read again: another process may have migrated while this one waited.
        for statements in MIGRATIONS[_schema_version(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _schema_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
