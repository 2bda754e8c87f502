"""Where a device keeps what it remembers, and what it takes to open it."""

import os
import sqlite3
import sys
from pathlib import Path
from typing import Annotated

import typer

from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sealing_key import Keyring, load_sealing_key

STORE_FILE = "store.sqlite"

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the store; else $PROXIMITY_HOME, else the user's data folder.",
        file_okay=False,
    ),
]


def client_home() -> Path:
    """Return the folder of the store where the command does not name one."""
    named = os.environ.get("PROXIMITY_HOME")
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "proximity"


def store_file(home: Path | None) -> Path:
    """Return the path of the store's file; it need not exist."""
    return (home or client_home()) / STORE_FILE


def system_keyring() -> Keyring:
    """Return the keyring of the user's session."""
    # The library asks the desktop for its backends: other commands do not wait for it.
    import keyring  # noqa: PLC0415

    from proximity.store.system_keyring import SystemKeyring  # noqa: PLC0415

    return SystemKeyring(keyring.get_keyring())


def open_home(home: Path | None) -> tuple[sqlite3.Connection, SealingKey]:
    """Open the store and its key, made if missing; say where the key is if need be.

    Returns
    -------
    sqlite3.Connection
        The caller closes it.
    SealingKey

    Raises
    ------
    LockedError
        If another process holds the store, or the key is not available.
    StoreError
        If the store is damaged, newer than this program, or cannot be used.
    """
    file = store_file(home)
    connection = open_store(file)
    try:
        sealing, notice = load_sealing_key(connection, file.parent, system_keyring())
    except BaseException:
        connection.close()
        raise
    if notice:
        sys.stderr.write(f"note: {notice}\n")
    return connection, sealing
