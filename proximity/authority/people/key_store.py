"""The key store: one wrapped key a record, in no database of records and no backup.

To destroy a key is to destroy the record, wherever a copy of it lies. So this store is
never backed up; it may be mirrored, as long as a mirror forgets at once.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.database import open_engine, reading, unusable, upsert
from proximity.authority.publish.durable_files import PRIVATE_MODE
from proximity.errors import LockedError, StoreError

KEY_STORE_FILE = "record_keys.sqlite"
_BLOCK = 5_000
# Nonce, key and tag; a destroyed key is as long, so that its bytes are overwritten
# where they lie. Deleting a row would let SQLite move its neighbours, and a copy of
# a neighbour would stay where it was.
WRAPPED_BYTES = 12 + 32 + 16
_DESTROYED = bytes(WRAPPED_BYTES)
_POSTGRESQL = "postgresql://"

_METADATA = MetaData()
record_keys = Table(
    "record_keys",
    _METADATA,
    # Rows are only added at the end: none moves when another comes.
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key_id", LargeBinary(16), nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("forget_day", Integer, nullable=False, index=True),
)
_IS_ALIVE = record_keys.c.wrapped != _DESTROYED
# Where the chain of the audit ended when it was last added to.
audit_tail = Table(
    "audit_tail",
    _METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)


class WrappedKey(NamedTuple):
    """A record key as it is stored.

    Attributes
    ----------
    key_id : bytes
        16 random bytes, by which the record names it.
    wrapped : bytes
        Under the key of a unit.
    forget_day : int
        UTC day number from which the key is destroyed.
    """

    key_id: bytes
    wrapped: bytes
    forget_day: int

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return f"<WrappedKey until day {self.forget_day}>"


class Tail(NamedTuple):
    """The last line of the audit: its number and hash."""

    seq: int
    hash: bytes


class KeyStore:
    """Record keys, each until its day or until somebody destroys it.

    Parameters
    ----------
    place : str
        "" for a file in the directory, a path of a file elsewhere, or an address
        `postgresql://…` of a database of its own.
    directory : Path
        The authority's directory.
    """

    def __init__(self, place: str, directory: Path) -> None:
        is_address = place.startswith(_POSTGRESQL)
        path = directory / KEY_STORE_FILE if not place else Path(place)
        self._path = None if is_address else path
        address = place if is_address else ""
        self._engine: Engine = open_engine(address, path)
        # For the end of the audit, which is noted with every reading: after a loss of
        # power an older end is still one that the audit must not fall short of.
        self._unsynced: Engine = open_engine(address, path)
        event.listen(self._unsynced, "connect", _sync_later)
        self._lock = threading.Lock()
        self._is_made = False

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<KeyStore>"

    def put(self, keys: Sequence[WrappedKey]) -> None:
        """Store keys, durably; a known one is replaced.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        with self._writing() as connection:
            statement = upsert(connection, record_keys)
            replaced = statement.on_conflict_do_update(
                index_elements=[record_keys.c.key_id],
                set_={
                    "wrapped": statement.excluded.wrapped,
                    "forget_day": statement.excluded.forget_day,
                },
            )
            for block in _blocks(keys):
                connection.execute(replaced, [key._asdict() for key in block])

    def get(self, key_ids: Sequence[bytes]) -> dict[bytes, WrappedKey]:
        """Return by ID the keys that are still there.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        found: dict[bytes, WrappedKey] = {}
        with self._reading() as connection:
            for block in _blocks(key_ids):
                rows = connection.execute(
                    select(record_keys).where(
                        record_keys.c.key_id.in_(block), _IS_ALIVE
                    )
                )
                for row in rows:
                    found[bytes(row.key_id)] = WrappedKey(
                        bytes(row.key_id), bytes(row.wrapped), row.forget_day
                    )
        return found

    def destroy(self, key_ids: Sequence[bytes]) -> None:
        """Destroy keys; one that is gone already is no error.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        with self._writing() as connection:
            for block in _blocks(key_ids):
                connection.execute(
                    update(record_keys)
                    .where(record_keys.c.key_id.in_(block))
                    .values(wrapped=_DESTROYED)
                )
        self._scrub()

    def destroy_due(self, today: int) -> int:
        """Destroy every key whose day has come; return how many.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        with self._writing() as connection:
            due = (record_keys.c.forget_day <= today, _IS_ALIVE)
            statement = update(record_keys).where(*due).values(wrapped=_DESTROYED)
            count = connection.execute(statement).rowcount
        with self._writing() as connection:
            gone = delete(record_keys).where(record_keys.c.wrapped == _DESTROYED)
            removed = connection.execute(gone).rowcount
        # Also without any: an earlier run may have been kept from it.
        self._scrub(rebuild=removed > 0)
        return count

    def count(self, *, due_on: int | None = None) -> int:
        """Return how many keys there are, or how many would be destroyed on a day.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        statement = select(func.count()).select_from(record_keys).where(_IS_ALIVE)
        if due_on is not None:
            statement = statement.where(record_keys.c.forget_day <= due_on)
        with self._reading() as connection:
            return connection.execute(statement).scalar_one()

    def note_tail(self, tail: Tail) -> None:
        """Remember where the audit ends; an earlier end changes nothing.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        with self._writing(self._unsynced) as connection:
            moved = connection.execute(
                update(audit_tail)
                .where(audit_tail.c.seq < tail.seq)
                .values(tail._asdict())
            )
            if not moved.rowcount and _tail(connection) is None:
                row = {"one": 1} | tail._asdict()
                connection.execute(insert(audit_tail).values(row))

    def tail(self) -> Tail | None:
        """Return where the audit ended, None before its first line.

        Raises
        ------
        StoreError
            If the key store cannot be used.
        """
        with self._reading() as connection:
            return _tail(connection)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()
        self._unsynced.dispose()

    def _make(self) -> None:
        with self._lock:
            if not self._is_made:
                if self._path is not None:
                    _make_private(self._path)
                _METADATA.create_all(self._engine)
                self._is_made = True

    @contextmanager
    def _writing(self, engine: Engine | None = None) -> Iterator[Connection]:
        try:
            self._make()
            with (engine or self._engine).begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(error) from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            self._make()
            with reading(self._engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(error) from error

    def _scrub(self, *, rebuild: bool = False) -> None:
        """Let no older page keep what was destroyed."""
        if self._engine.dialect.name == "postgresql":
            options = {"isolation_level": "AUTOCOMMIT"}
            with self._engine.connect().execution_options(**options) as connection:
                connection.execute(text("VACUUM record_keys"))
            return
        # What was overwritten is still in the log, as its page was before; what was
        # deleted may have moved others, which a rebuilt file has once.
        with closing(self._engine.raw_connection()) as raw:
            cursor = raw.cursor()
            if rebuild:
                cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            answer = cursor.fetchone()
        if answer is not None and answer[0]:
            raise LockedError(
                "Destroyed record keys may still be in the log of the key store.",
                "Run `proximity authority forget` again when nobody reads from it.",
            )


def _sync_later(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = NORMAL")
    else:
        connection.execute("SET synchronous_commit TO off")
        connection.commit()


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE))
    except OSError as error:
        raise StoreError(
            f"The key store cannot be opened: {error.strerror}.",
            "Check the setting `record_keys`, and the permissions of its folder.",
        ) from error


def _tail(connection: Connection) -> Tail | None:
    row = connection.execute(select(audit_tail.c.seq, audit_tail.c.hash)).one_or_none()
    return None if row is None else Tail(row.seq, bytes(row.hash))


def _blocks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[at : at + _BLOCK] for at in range(0, len(items), _BLOCK))
