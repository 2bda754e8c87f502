"""Keys of contacts, published apart: with a directory, an index and files of their own.

    take and sign (one transaction) → store → index → forget

They are in no file that holds keys of cases, so whoever fetches those alone never
meets them. The signed bytes stay in the database as long as a file is listed: a run
that dies, or a directory that was restored, is made whole by the next.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    Connection,
    and_,
    delete,
    insert,
    select,
    update,
)

from proximity.authority.assembly import Authority
from proximity.authority.cases.model import recursive_files, recursive_keys
from proximity.authority.database import reading
from proximity.authority.publish.batch_span import invented_rows, next_span
from proximity.authority.publish.published_store import (
    PublishedStore,
    open_published_store,
)
from proximity.authority.publish.rules import RETENTION_S, pad_keys
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.export_index import INDEX_NAME, RECURSIVE_FOLDER, encode_index
from proximity.protocol.export_writer import ExportContent, export_bytes, split_content


def recursive_store(authority: Authority) -> PublishedStore:
    """Return where the keys of contacts are published: a folder of the directory."""
    url = authority.settings.store_url
    return open_published_store(
        f"{url.rstrip('/')}/{RECURSIVE_FOLDER}" if url else "",
        authority.directory / "exports" / RECURSIVE_FOLDER,
        os.environ,
    )


def publish_recursive(authority: Authority) -> int:
    """Publish the keys of contacts that may go out; return how many files that made.

    Parameters
    ----------
    authority : Authority
        The caller sees to it that one worker at a time runs.

    Raises
    ------
    PolicyError
        If the clock is behind the end of the last file.
    StoreError, NetworkError
        If database, directory or published store cannot be used.
    """
    store = recursive_store(authority)
    with authority.engine.begin() as connection:
        made = _make_files(authority, connection)
    _show(authority, store)
    return made


def _make_files(authority: Authority, connection: Connection) -> int:
    c, now_s = recursive_keys.c, authority.now_s
    number, start_s, end_s = next_span(
        connection, recursive_files, "batch", now_s=now_s
    )
    columns = select(c.key, c.start, c.period, c.onset_days).order_by(c.key)
    waiting = and_(c.batch.is_(None), c.revoked.is_(False), c.release_s <= end_s)
    withdrawn = and_(c.batch.is_not(None), c.revoked, c.revoked_batch.is_(None))
    fresh = connection.execute(columns.where(waiting)).all()
    revised = connection.execute(columns.where(withdrawn)).all()
    if not fresh and not revised:
        return 0
    settings = authority.settings
    keys = pad_keys(
        _columns(fresh, ReportType.RECURSIVE), settings.minimum, authority.entropy
    )
    content = ExportContent(
        settings.region,
        start_s,
        end_s,
        keys,
        _columns(revised, ReportType.REVOKED),
    )
    signers = ensure_signers(
        authority.directory,
        settings.region,
        now_s=now_s,
        passphrase=authority.passphrase,
    )
    files = [
        {
            "name": f"{part.start_s}-{part.end_s}-{place:05d}.zip",
            "batch": number,
            "end_s": part.end_s,
            "data": export_bytes(part, signers),
        }
        for place, part in enumerate(split_content(content, settings.max_keys), 1)
    ]
    connection.execute(insert(recursive_files), files)
    connection.execute(update(recursive_keys).where(waiting).values(batch=number))
    connection.execute(
        update(recursive_keys).where(withdrawn).values(revoked_batch=number)
    )
    more = {"batch": number, "revoked": False}
    more |= {"release_s": end_s, "forget_s": end_s + RETENTION_S}
    padding = [row | more for row in invented_rows(keys, len(fresh))]
    if padding:
        connection.execute(insert(recursive_keys), padding)
    return len(files)


def _show(authority: Authority, store: PublishedStore) -> None:
    """Store every listed file that is not there, then the index, then drop the old."""
    c, now_s = recursive_files.c, authority.now_s
    listed = c.end_s + RETENTION_S > now_s
    with reading(authority.engine) as connection:
        live = connection.execute(select(c.name).where(listed)).scalars().all()
        expired = connection.execute(select(c.name).where(~listed)).scalars().all()
    index, shown = encode_index(live), store.get(INDEX_NAME)
    if shown != index:
        known = set(shown.decode().split()) if shown else set()
        for name in sorted(set(live) - known):
            with reading(authority.engine) as connection:
                data = connection.execute(
                    select(c.data).where(c.name == name)
                ).scalar_one()
            store.put(name, bytes(data))
        store.put(INDEX_NAME, index)
    for name in expired:
        store.delete(name)
    with authority.engine.begin() as connection:
        connection.execute(delete(recursive_files).where(c.name.in_(expired)))


def withdraw_recursive(connection: Connection, refs: Sequence[str]) -> int:
    """Take back the keys of some contacts; return how many.

    Those that are published go out once more as revoked; the others never go out.
    """
    c = recursive_keys.c
    of_them = and_(c.ref.in_(refs), c.revoked.is_(False))
    kept = connection.execute(
        update(recursive_keys).where(of_them, c.batch.is_not(None)).values(revoked=True)
    )
    dropped = connection.execute(
        delete(recursive_keys).where(of_them, c.batch.is_(None))
    )
    return kept.rowcount + dropped.rowcount


def _columns(rows: Sequence[Sequence[Any]], report_type: ReportType) -> DiagnosisKeys:
    table = list(zip(*rows, strict=True)) or [()] * 4
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(table[0]), np.uint8).reshape(-1, 16),
        start_interval=np.array(table[1], np.int64),
        period=np.array(table[2], np.int64),
        report_type=np.full(len(rows), report_type, np.uint8),
        days_since_onset=np.array(table[3], np.int16),
        transmission_risk=np.zeros(len(rows), np.uint8),
    )
