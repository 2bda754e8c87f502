"""Messages that wait in a file for whoever sends them, and for a day at most."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from proximity.authority.publish.durable_files import PRIVATE_MODE, sync_folder
from proximity.errors import StoreError
from proximity.units import DAY_S

OUTBOX_FILE = "outbox.jsonl"
# No code in a message holds longer; the number of a telephone stays one.
KEPT_S = DAY_S


class Outbox:
    """Appends messages to a file that only the authority reads.

    Parameters
    ----------
    path : Path
        JSON Lines `{"phone", "text", "at"}`, mode 0600; `at` is in Unix seconds.
    clock : callable () -> float
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock

    def send(self, phone: str, text: str) -> None:
        """Append one line, durably."""
        fields = {"phone": phone, "text": text, "at": int(self._clock())}
        line = json.dumps(fields, ensure_ascii=False) + "\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with _alone(self._path, flags) as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def forget_messages(path: Path, *, now_s: int) -> int:
    """Take messages of more than a day ago out of an outbox; return how many.

    Parameters
    ----------
    path : Path
    now_s : int
        Unix seconds; a line that names no time counts from now on.

    Raises
    ------
    StoreError
        If the file cannot be read or written.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with _alone(path, os.O_RDONLY) as file:
            forgotten = 0
            # A draft that a run left behind is written over.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(draft, flags, PRIVATE_MODE), "wb") as kept:
                for line in file:
                    fresh = _kept(line, now_s)
                    kept.write(fresh)
                    forgotten += not fresh
                kept.flush()
                os.fsync(kept.fileno())
            draft.replace(path)
            sync_folder(path.parent)
            return forgotten
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(
            f"The outbox cannot be used: {error.strerror}.",
            f"Check the permissions of {OUTBOX_FILE} and its folder.",
        ) from error


@contextmanager
def _alone(path: Path, flags: int) -> Iterator[IO[bytes]]:
    """Open the file that has the name while nobody else writes to it."""
    mode = "rb" if flags == os.O_RDONLY else "wb"
    while True:
        with os.fdopen(os.open(path, flags, PRIVATE_MODE), mode) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_still(path, file.fileno()):
                yield file
                return
        # It was replaced while this waited: what is written to it would be lost.


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _kept(line: bytes, now_s: int) -> bytes:
    """Return a line as it is kept; nothing of one that is over, or was torn."""
    try:
        fields = json.loads(line)
        at_s = int(fields.setdefault("at", now_s))
    except (ValueError, TypeError, AttributeError):
        return b""
    if at_s + KEPT_S <= now_s:
        return b""
    return (json.dumps(fields, ensure_ascii=False) + "\n").encode()
