"""A backup: everything that another machine needs to go on, in one file.

It holds the private keys and the passphrase that opens them, so it is as secret as the
directory itself. It does not hold the key store: records of people are in it, but only
the key store of the running service opens them, for as long as they are kept.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.trail import record_restore
from proximity.authority.database import (
    DATABASE_FILE,
    check_schema,
    open_database,
    reading,
    schema_version,
    unusable,
    upgrade,
)
from proximity.authority.founding import take_database
from proximity.authority.keyring import PASSPHRASE_FILE
from proximity.authority.publish.durable_files import PRIVATE_MODE, make_folder
from proximity.authority.publish.signing_keys import PUBLIC_KEYS_FILE
from proximity.authority.publish.worker import only_worker
from proximity.authority.settings import (
    SETTINGS_FILE,
    Settings,
    is_initialised,
    save_settings,
)
from proximity.authority.table_copy import copy_rows, count_uploads
from proximity.authority.verification.outbox import OUTBOX_FILE
from proximity.errors import FormatError, PolicyError, StoreError, TruncatedError

_FILES = (PASSPHRASE_FILE, PUBLIC_KEYS_FILE)
# Messages with telephones in them, which earlier backups held.
_LEFT_OUT = (OUTBOX_FILE,)
_FOLDERS = ("keys", "public_keys", "exports")
# A directory without its settings counts as not made: they come last.
_LAST = SETTINGS_FILE


class BackupReport(NamedTuple):
    """What a backup holds: uploaded keys, published files."""

    keys: int
    files: int


def back_up(authority: Authority, output: Path) -> BackupReport:
    """Write a backup, whole or not at all; uploads go on meanwhile.

    Parameters
    ----------
    authority : Authority
    output : Path
        Replaced if it exists, readable for its owner alone.

    Returns
    -------
    BackupReport

    Raises
    ------
    LockedError
        If a worker is running.
    StoreError
        If something cannot be read or written.
    """
    check_schema(authority.engine)
    draft = output.with_name(f".{output.name}.new")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(draft, flags, PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            report = _write(authority, file)
        draft.replace(output)
    except OSError as error:
        raise StoreError(
            f"The backup cannot be written: {error.strerror}.",
            "Choose another place for it, then run the command again.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return report


def restore(
    archive: Path, directory: Path, environment: Mapping[str, str]
) -> BackupReport:
    """Make a directory, and the database that the environment names, from a backup.

    Parameters
    ----------
    archive : Path
    directory : Path
        Holds no authority yet.
    environment : mapping
        Settings in it win over those of the backup, so that it can go from SQLite to
        PostgreSQL.

    Returns
    -------
    BackupReport

    Raises
    ------
    PolicyError
        If there is an authority already, in the directory or in the database.
    FormatError
        If the file is no backup.
    StoreError
        If the database cannot be used.
    """
    if is_initialised(directory):
        raise PolicyError(
            "There is an authority in this directory already.",
            "Choose another --data; a backup makes a new directory.",
        )
    make_folder(directory, private=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            files = _extract(tar, directory)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise TruncatedError(
            "The file is no backup of an authority, or not all of it.",
            "Copy it again, or use an older one.",
        ) from error
    keys = _settle(directory, environment)
    return BackupReport(keys, files)


def _write(authority: Authority, file: io.BufferedWriter) -> BackupReport:
    with only_worker(authority), tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / DATABASE_FILE
        keys = _copy_database(authority.engine, copy)
        files = _write_archive(authority.directory, copy, file)
    file.flush()
    os.fsync(file.fileno())
    return BackupReport(keys, files)


def _copy_database(source: Engine, path: Path) -> int:
    target = open_database(Settings(), path.parent)
    try:
        with reading(source) as connection:
            upgrade(target, schema_version(connection) or "head")
            with target.begin() as writing:
                return copy_rows(connection, writing)
    finally:
        target.dispose()


def _write_archive(directory: Path, database: Path, file: io.BufferedWriter) -> int:
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
        tar.add(database, DATABASE_FILE)
        for name in _FILES:
            if (directory / name).exists():
                tar.add(directory / name, name)
        for path in _published_first(directory):
            tar.add(path, path.relative_to(directory).as_posix())
        tar.add(directory / _LAST, _LAST)
    return _count_exports(directory)


def _published_first(directory: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        # What is for another region lies one folder deeper.
        for path in sorted((directory / folder).rglob("*")):
            # Drafts begin with a dot.
            if path.is_file() and not path.name.startswith("."):
                yield path


def _extract(tar: tarfile.TarFile, directory: Path) -> int:
    """Write the known files of a backup, and nothing else of it."""
    seen = set()
    for member in tar:
        if member.name in _LEFT_OUT:
            continue
        parts = Path(member.name).parts
        known = member.name in (*_FILES, DATABASE_FILE, _LAST) or _is_in_folder(parts)
        if not known or not member.isfile():
            raise FormatError(
                "The file holds what no backup of an authority does.",
                "Restore only what `proximity authority backup` wrote.",
            )
        make_folder(directory / Path(member.name).parent, private=parts[0] == "keys")
        name = f"{_LAST}.restored" if member.name == _LAST else member.name
        tar.extract(member.replace(name=name), directory, filter="data")
        seen.add(member.name)
    if not {DATABASE_FILE, _LAST} <= seen:
        raise EOFError
    directory.chmod(0o700)
    return _count_exports(directory)


def _is_in_folder(parts: tuple[str, ...]) -> bool:
    depths = (2, 3) if parts[:1] == ("exports",) else (2,)
    if len(parts) not in depths or parts[0] not in _FOLDERS:
        return False
    return not any(part.startswith(".") for part in parts)


def _count_exports(directory: Path) -> int:
    return sum(1 for _ in (directory / "exports").rglob("*.zip"))


def _settle(directory: Path, environment: Mapping[str, str]) -> int:
    """Fill the database that the settings name, then make the directory count."""
    path = directory / SETTINGS_FILE
    path.with_name(f"{_LAST}.restored").replace(path)
    try:
        authority = open_authority(directory, environment)
        try:
            return _furnish(authority)
        finally:
            authority.engine.dispose()
    except BaseException:
        path.unlink()
        raise


def _furnish(authority: Authority) -> int:
    directory = authority.directory
    # Later commands need no more than the directory, as after `init`.
    save_settings(directory, authority.settings)
    if authority.engine.dialect.name == "postgresql":
        keys = _fill(authority, directory)
    else:
        upgrade(authority.engine)
        with reading(authority.engine) as connection:
            keys = count_uploads(connection)
    # A backup from before there were people has no key for them yet.
    authority.vault.ensure_master()
    record_restore(authority)
    return keys


def _fill(authority: Authority, directory: Path) -> int:
    copy = open_database(Settings(), directory)
    try:
        upgrade(copy)
        upgrade(authority.engine)
        with reading(copy) as connection, authority.engine.begin() as writing:
            take_database(writing)
            keys = copy_rows(connection, writing)
    except SQLAlchemyError as error:
        raise unusable(error) from error
    finally:
        copy.dispose()
    for file in directory.glob(f"{DATABASE_FILE}*"):
        file.unlink()
    return keys
