"""Where the sealing key lives: the system keyring, or a file beside the store."""

import os
import secrets
import sqlite3
import stat
from pathlib import Path
from typing import Protocol

from proximity.errors import LockedError, StoreError
from proximity.store.connection import transaction
from proximity.store.sealing import KEY_SIZE, SealingKey
from proximity.store.state import read_state, write_state

KEY_FILE = "sealing.key"
_ACCOUNT = "sealing-account"
_CHECK = "sealing-check"


class Keyring(Protocol):
    """A place outside the store that keeps secrets."""

    def get(self, account: str) -> bytes | None:
        """Return the secret of an account, or None where there is none."""

    def put(self, account: str, secret: bytes) -> bool:
        """Store a secret; tell whether it is kept."""

    def remove(self, account: str) -> bool:
        """Destroy a secret; tell whether it is gone."""


def load_sealing_key(
    connection: sqlite3.Connection, folder: Path, keyring: Keyring
) -> tuple[SealingKey, str | None]:
    """Return the key that seals this store; the first call makes it.

    Parameters
    ----------
    connection : sqlite3.Connection
    folder : pathlib.Path
        Where the store is; a key file goes there if the keyring keeps nothing.
    keyring : Keyring
        For example a `SystemKeyring`.

    Returns
    -------
    SealingKey
    str | None
        What the user must be told about where the key is, if anything.

    Raises
    ------
    LockedError
        If the key that sealed the store is not available.
    StoreError
        If the key is another one, or cannot be kept.
    """
    with transaction(connection):
        key = find_sealing_key(connection, folder, keyring)
        if key is None:
            secret = _find(connection, folder, keyring)
            key = SealingKey(secret or _make(connection, folder, keyring))
            write_state(connection, _CHECK, key.seal(b"", "state", b""))
    return key, _notice(folder)


def find_sealing_key(
    connection: sqlite3.Connection, folder: Path, keyring: Keyring
) -> SealingKey | None:
    """Return the key that seals this store, None if nothing is sealed yet.

    Nothing is written; parameters and errors are those of `load_sealing_key`.
    """
    check = read_state(connection, _CHECK)
    if check is None:
        return None
    secret = _find(connection, folder, keyring)
    if secret is None:
        raise LockedError(
            "The key that seals the store is not available.",
            "Sign in to the desktop session whose keyring holds it; if it is lost,"
            " `proximity forget --all` starts afresh.",
        )
    key = SealingKey(secret)
    key.open(check, "state", b"")
    return key


def remove_sealing_key(
    connection: sqlite3.Connection, folder: Path, keyring: Keyring
) -> bool:
    """Destroy the key, so that copies of what it sealed can never be opened.

    Returns
    -------
    bool
        False if the keyring could not be asked to remove it.

    Raises
    ------
    StoreError
        If the key file or the store cannot be written.
    """
    account = read_state(connection, _ACCOUNT)
    removed = account is None or keyring.remove(account.decode())
    try:
        (folder / KEY_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            "The sealing key cannot be removed.",
            f"Remove {KEY_FILE} by hand ({error.strerror}).",
        ) from error
    with transaction(connection):
        connection.execute("DELETE FROM state WHERE name IN (?, ?)", (_ACCOUNT, _CHECK))
    return removed


def _find(
    connection: sqlite3.Connection, folder: Path, keyring: Keyring
) -> bytes | None:
    file = folder / KEY_FILE
    if file.exists():
        return _read_file(file)
    account = read_state(connection, _ACCOUNT)
    secret = None if account is None else keyring.get(account.decode())
    return None if secret is None else _checked(secret)


def _make(connection: sqlite3.Connection, folder: Path, keyring: Keyring) -> bytes:
    secret = secrets.token_bytes(KEY_SIZE)
    # The account is random: a store that is moved or copied still finds its key.
    account = f"store {secrets.token_hex(8)}"
    if keyring.put(account, secret):
        write_state(connection, _ACCOUNT, account.encode())
    else:
        _write_file(folder / KEY_FILE, secret)
    return secret


def _read_file(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as stream:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            secret = stream.read(KEY_SIZE + 1)
    except OSError as error:
        raise LockedError(
            "The sealing key cannot be read.", f"See to {KEY_FILE} ({error.strerror})."
        ) from error
    if mode & 0o077:
        raise LockedError(
            "Other users may read the sealing key.", f"Run `chmod 600 {KEY_FILE}`."
        )
    return _checked(secret)


def _write_file(file: Path, secret: bytes) -> None:
    # Under another name until it is whole: a kill must not leave half a key behind.
    begun = file.with_suffix(".begun")
    try:
        begun.unlink(missing_ok=True)
        descriptor = os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secret)
            stream.flush()
            os.fsync(descriptor)
        begun.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise StoreError(
            "The sealing key cannot be stored.",
            f"See that the store's folder may be written to ({error.strerror}).",
        ) from error


def _checked(secret: bytes) -> bytes:
    if len(secret) != KEY_SIZE:
        raise StoreError(
            "The sealing key is damaged.",
            "Restore a copy; if there is none, `proximity forget --all` starts afresh.",
        )
    return secret


def _notice(folder: Path) -> str | None:
    if not (folder / KEY_FILE).exists():
        return None
    return (
        f"No system keyring keeps the sealing key: it is in {KEY_FILE} beside the"
        " store, and protected only by the permissions of that file."
    )
