"""The index of each published directory: written last, and never back."""

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import select

from proximity.authority.assembly import Authority
from proximity.authority.database import reading
from proximity.authority.publish.batch_model import files
from proximity.authority.publish.outputs import folders_of
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.rules import RETENTION_S
from proximity.errors import LockedError, PolicyError
from proximity.protocol.export_index import INDEX_NAME, encode_index, parse_index

_TRIES = 5


class _Listed(NamedTuple):
    """The files of one folder: those to list, and all that were ever made."""

    live: set[str]
    known: set[str]


def write_indexes(authority: Authority, store: PublishedStore) -> None:
    """Bring every index to what the database says.

    Raises
    ------
    PolicyError
        If an index lists what the database does not know.
    LockedError
        If other workers keep changing it.
    """
    for folder in _listed(authority):
        _write_index(authority, store, folder)


def _write_index(authority: Authority, store: PublishedStore, folder: str) -> None:
    name = folder + INDEX_NAME
    for _ in range(_TRIES):
        # The look comes first: whoever has changed the index since then has seen at
        # most what the database says now.
        seen = store.look(name)
        listed = _listed(authority)[folder]
        index = encode_index(listed.live)
        if seen.data == index:
            return
        if not set(parse_index(seen.data or b"")) <= listed.known:
            raise PolicyError(
                "The published index lists files that the database does not know.",
                "Clients would refuse an index without them. "
                "docs/howto/authority-restore.md tells how to go on.",
            )
        if store.replace(name, index, seen):
            return
    raise LockedError(
        "Other workers keep changing the published index.",
        "Run one worker at a time, then run the command again.",
    )


def _listed(authority: Authority) -> dict[str, _Listed]:
    listed: dict[str, _Listed] = defaultdict(lambda: _Listed(set(), set()))
    # A directory has an index before it has files.
    for folder in folders_of(authority.settings).values():
        listed[folder] = _Listed(set(), set())
    with reading(authority.engine) as connection:
        rows = connection.execute(select(files.c.name, files.c.end_s)).all()
    for name, end_s in rows:
        folder, slash, line = name.rpartition("/")
        folder += slash
        listed[folder].known.add(line)
        if end_s + RETENTION_S > authority.now_s:
            listed[folder].live.add(line)
    return listed
