"""One run for each home: a second one would store what the first stores already."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from proximity.errors import LockedError, StoreError

LOCK_FILE = "run.lock"


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Be the only run of a home; the lock ends with the process, however it ends.

    Parameters
    ----------
    home : pathlib.Path
        Made, private to the user, if missing.

    Raises
    ------
    LockedError
        If another run uses it.
    StoreError
        If the folder cannot be written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite's locks are the ones that every system of this package has.
        connection = sqlite3.connect(home / LOCK_FILE, 0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _unusable() from error
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise _unusable() from error
            raise LockedError(
                "Another `proximity run` uses this home.",
                "Stop it first, or name another folder with --home.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise _unusable() from error
        yield


def _unusable() -> StoreError:
    return StoreError(
        "The home folder cannot be used.",
        f"Choose a folder that you may write to; {LOCK_FILE} in it may be deleted.",
    )
