"""One round of imports: index → file → signature → keys, for each other authority."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from sqlalchemy import delete, insert, select, update

from proximity.authority.assembly import Authority
from proximity.authority.database import named_errors, reading, serialise
from proximity.authority.imports.model import import_sources, imported_files
from proximity.authority.imports.rules import believed_export, takeable_keys
from proximity.authority.imports.sources import ImportSource, stored_sources
from proximity.authority.imports.storing import StoredKeys, store_imported
from proximity.errors import FormatError, NetworkError, PolicyError, TrustError
from proximity.protocol.export import Export
from proximity.protocol.export_index import INDEX_NAME, MAX_INDEX_BYTES, parse_index
from proximity.protocol.index_history import RememberedIndex, advance_index
from proximity.units import DAY_S

MAX_EXPORT_BYTES = 64 << 20
# A partner with more has been away for long; the next run goes on.
MAX_FILES_PER_RUN = 64
# Of a transaction, so that uploads need not wait for a whole file.
_BLOCK = 4_000
# Longer than any honest index lists a file; later its keys would be too old.
_KEPT_S = 30 * DAY_S
# What another authority can do wrong; everything else is this one's own trouble.
_THEIRS = (FormatError, NetworkError, TrustError, PolicyError)
TheirError = FormatError | NetworkError | TrustError | PolicyError


class Network(Protocol):
    """How another authority is reached."""

    def get(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`, or raise NetworkError, TooLargeError."""
        ...


class FailedFile(NamedTuple):
    """A file that was not imported, and why; the next run tries it again."""

    name: str
    error: TheirError


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one run took from one authority.

    Attributes
    ----------
    region : str
    files : int
        Verified and stored.
    keys, revised : int
        New keys, and changes of earlier ones.
    failed : tuple of FailedFile
        The name is that of the index if nothing could be asked for.
    """

    region: str
    files: int
    keys: int
    revised: int
    failed: tuple[FailedFile, ...]


def import_exports(authority: Authority, network: Network) -> Iterator[ImportReport]:
    """Take what is new from every other authority; one's trouble is not another's.

    Parameters
    ----------
    authority : Authority
    network : Network

    Yields
    ------
    ImportReport
        By region.

    Raises
    ------
    StoreError
        If the own database cannot be used.
    """
    with named_errors():
        for source in stored_sources(authority.engine):
            yield _import_source(authority, source, network)


def _import_source(
    authority: Authority, source: ImportSource, network: Network
) -> ImportReport:
    try:
        names = _names_to_do(authority, source, network)
    except _THEIRS as error:
        return ImportReport(source.region, 0, 0, 0, (FailedFile(INDEX_NAME, error),))
    stored, failed = StoredKeys(), []
    for name in names:
        try:
            content = network.get(source.folder_url + name, MAX_EXPORT_BYTES)
            stored = stored.plus(_import_file(authority, source, name, content))
        except _THEIRS as error:
            failed.append(FailedFile(name, error))
    return ImportReport(
        source.region, len(names) - len(failed), *stored, failed=tuple(failed)
    )


def _names_to_do(
    authority: Authority, source: ImportSource, network: Network
) -> list[str]:
    lines = parse_index(network.get(source.folder_url + INDEX_NAME, MAX_INDEX_BYTES))
    done = _done(authority, source.region)
    now_s = authority.now_s
    remembered = advance_index(source.remembered, lines, proven=done, now_s=now_s)
    _remember(authority, source.region, remembered)
    return sorted(set(lines) - done)[:MAX_FILES_PER_RUN]


def _import_file(
    authority: Authority, source: ImportSource, name: str, content: bytes
) -> StoredKeys:
    export = believed_export(
        name,
        content,
        [key.verification_key for key in source.public_keys],
        regions=frozenset({authority.settings.region, source.region}),
        now_s=authority.now_s,
    )
    stored = _store(authority, source.region, export)
    with authority.engine.begin() as connection:
        serialise(connection, f"import {source.region}")
        row = {"region": source.region, "name": name, "done_s": authority.now_s}
        named = imported_files.c.name == name, imported_files.c.region == source.region
        # Another run may have come first: its keys are the same.
        if connection.execute(select(imported_files.c.name).where(*named)).first():
            return StoredKeys()
        connection.execute(insert(imported_files).values(row))
    return stored


def _store(authority: Authority, region: str, export: Export) -> StoredKeys:
    stored = StoredKeys()
    now_s = authority.now_s
    content = export.read()
    for columns, revised in ((content.keys, False), (content.revised, True)):
        keys = takeable_keys(columns, now_s)
        while block := list(islice(keys, _BLOCK)):
            with authority.engine.begin() as connection:
                stored = stored.plus(
                    store_imported(
                        connection, block, region, revised=revised, now_s=now_s
                    )
                )
    return stored


def _done(authority: Authority, region: str) -> set[str]:
    statement = select(imported_files.c.name).where(imported_files.c.region == region)
    with reading(authority.engine) as connection:
        return set(connection.execute(statement).scalars())


def _remember(authority: Authority, region: str, index: RememberedIndex) -> None:
    over = imported_files.c.done_s < authority.now_s - _KEPT_S
    with authority.engine.begin() as connection:
        connection.execute(
            update(import_sources)
            .where(import_sources.c.region == region)
            .values(index_lines="\n".join(index.lines))
        )
        connection.execute(
            delete(imported_files).where(over, imported_files.c.region == region)
        )
