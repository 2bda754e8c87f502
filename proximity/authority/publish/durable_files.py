"""Files that are there whole or not at all, also after a crash."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proximity.errors import LockedError, StoreError

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
IMMUTABLE_MODE = 0o444
PRIVATE_FOLDER_MODE = 0o700


def write_whole(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Parameters
    ----------
    path : Path
        Replaced if it exists; its folder exists.
    data : bytes
    mode : int
        Permission bits, for example 0o600; they hold from the first byte on.
    """
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    move_whole(draft, path)


def move_whole(source: Path, target: Path) -> None:
    """Rename a synced file within one file system; afterwards the name is durable."""
    source.replace(target)
    sync_folder(target.parent)


def make_folder(path: Path, *, private: bool) -> None:
    """Create a folder and its parents; a private one is for its owner alone."""
    path.mkdir(parents=True, exist_ok=True)
    if private:
        path.chmod(PRIVATE_FOLDER_MODE)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Let one process at a time change a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there; gets a file `lock`, which the system lets go of when
        a process dies.

    Raises
    ------
    LockedError
        If another process holds it.
    StoreError
        If the file system refuses what is done to the folder meanwhile.
    """
    try:
        make_folder(folder, private=False)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(
            f"The authority's directory cannot be used: {error.strerror}.",
            "Check its permissions and the space on its disk, then run it again.",
        ) from error


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LockedError(
            "Another process is publishing from this directory.",
            "Wait until it is done, then run the command again.",
        ) from error
