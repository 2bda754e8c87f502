"""One run of publication from the database.

    finish what was begun → take → build and sign → store → index → forget

Each arrow is one commit or one step that can be done twice. A key is taken by one
batch, in one transaction; from then on its row does not change. The signed files of a
batch lie in the database until they are in the store, so that a run which dies is
finished byte for byte by the next, on any machine; the index is written when every file
that it names is there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from proximity.authority.accounts.sessions import forget_sessions
from proximity.authority.assembly import Authority
from proximity.authority.database import reading
from proximity.authority.people.upkeep import keep_up
from proximity.authority.publish.batch_model import BatchState, batches, files
from proximity.authority.publish.durable_files import sole_writer
from proximity.authority.publish.published_store import (
    PublishedStore,
    open_published_store,
)
from proximity.authority.publish.rules import RETENTION_S, pad_keys
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.authority.upload.model import certificates, exposures
from proximity.authority.verification.counts import forget_attempts, tally
from proximity.authority.verification.model import codes, phones, tokens
from proximity.errors import LockedError, PolicyError
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_index import INDEX_NAME, encode_index
from proximity.protocol.export_writer import ExportContent, export_bytes, split_content
from proximity.units import DAY_S, INTERVAL_S

PADDING = "padding"
# Any number that no other program of this database uses.
_ADVISORY_LOCK = 7_707_236
_KEPT_CODES_S = 14 * DAY_S


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What one run did.

    Attributes
    ----------
    batches : int
        Shown by this run.
    keys : int
        Of people, among them changed ones; no padding.
    held_back : int
        Keys that wait until they can no longer be in use.
    next_run : int
        Unix seconds.
    forgotten, alarms, audit_intact
        As `Upkeep`.
    """

    batches: int
    keys: int
    held_back: int
    next_run: int
    forgotten: int
    alarms: int
    audit_intact: bool


def work(authority: Authority) -> WorkReport:
    """Publish all that may go out, and forget what retention ends.

    Parameters
    ----------
    authority : Authority

    Returns
    -------
    WorkReport

    Raises
    ------
    LockedError
        If another worker is running.
    PolicyError
        If the clock is behind the end of the last batch.
    StoreError, NetworkError
        If database, directory or published store cannot be used.
    """
    store = open_published_store(
        authority.settings.store_url, authority.directory / "exports", os.environ
    )
    with only_worker(authority):
        authority.keyring.rotate()
        shown = _finish(authority, store)
        if _take(authority):
            shown += _finish(authority, store)
        _forget(authority, store)
        with authority.engine.begin() as connection:
            held_back = _count(connection, exposures.c.batch.is_(None))
            tally(connection, "keys_published", authority.now_s, shown.keys)
        upkeep = keep_up(authority, store)
    period_s = authority.settings.publish_every_s
    return WorkReport(
        batches=shown.batches,
        keys=shown.keys,
        held_back=held_back,
        next_run=(authority.now_s // period_s + 1) * period_s,
        forgotten=upkeep.forgotten,
        alarms=upkeep.alarms,
        audit_intact=upkeep.audit_intact,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    batches: int = 0
    keys: int = 0

    def __add__(self, other: "_Shown") -> "_Shown":
        return _Shown(self.batches + other.batches, self.keys + other.keys)


@contextmanager
def only_worker(authority: Authority) -> Iterator[None]:
    """Let one worker at a time run; a dead one holds nothing up.

    Raises
    ------
    LockedError
        If another is running.
    """
    if authority.engine.dialect.name != "postgresql":
        with sole_writer(authority.directory):
            yield
        return
    with authority.engine.connect() as connection:
        statement = text("SELECT pg_try_advisory_lock(:number)")
        locked = connection.execute(statement, {"number": _ADVISORY_LOCK}).scalar()
        connection.commit()
        if not locked:
            raise LockedError(
                "Another worker is publishing from this database.",
                "Wait until it is done, then run the command again.",
            )
        try:
            yield
        finally:
            # The lock is the session's: a pooled connection would keep it.
            connection.invalidate()


def _take(authority: Authority) -> bool:
    """Give every key that may go out to one new batch; tell whether there is any."""
    now_s = authority.now_s
    with authority.engine.begin() as connection:
        last = select(func.max(batches.c.number), func.max(batches.c.end_s))
        number, last_end_s = connection.execute(last).one()
        if last_end_s is not None and last_end_s > now_s + INTERVAL_S:
            raise PolicyError(
                "The clock is behind the end of the last batch.",
                "Set the clock of this machine, then run the worker again.",
            )
        end_s = max(now_s // INTERVAL_S * INTERVAL_S, (last_end_s or 0) + 1)
        number = (number or 0) + 1
        fresh = connection.execute(
            update(exposures)
            .where(exposures.c.batch.is_(None), exposures.c.release_s <= end_s)
            .values(batch=number)
        )
        revised = connection.execute(
            update(exposures)
            .where(
                exposures.c.revised_type.is_not(None),
                exposures.c.revised_batch.is_(None),
                exposures.c.batch < number,
            )
            .values(revised_batch=number)
        )
        if not fresh.rowcount + revised.rowcount:
            return False
        connection.execute(
            insert(batches).values(
                number=number,
                start_s=last_end_s or end_s - DAY_S,
                end_s=end_s,
                state=BatchState.TAKEN,
            )
        )
    return True


def _finish(authority: Authority, store: PublishedStore) -> _Shown:
    """Bring every batch that was begun to its end, oldest first."""
    with reading(authority.engine) as connection:
        begun = connection.execute(
            select(batches)
            .where(batches.c.state != BatchState.SHOWN)
            .order_by(batches.c.number)
        ).all()
    shown = _Shown()
    for batch in begun:
        if batch.state == BatchState.TAKEN:
            _build(authority, batch.number, batch.start_s, batch.end_s)
        shown += _Shown(1, _show(authority, store, batch.number))
    if not begun and store.get(INDEX_NAME) is None:
        _write_index(authority, store)
    return shown


def _build(authority: Authority, number: int, start_s: int, end_s: int) -> None:
    """Sign the files of a batch and keep them, with the padding that they hold."""
    settings = authority.settings
    signers = ensure_signers(
        authority.directory,
        settings.region,
        now_s=authority.now_s,
        passphrase=authority.passphrase,
    )
    with reading(authority.engine) as connection:
        fresh = _load(connection, number, revised=False)
        revised = _load(connection, number, revised=True)
    keys = pad_keys(fresh, settings.minimum, authority.entropy)
    content = ExportContent(settings.region, start_s, end_s, keys, revised)
    parts = split_content(content, settings.max_keys)
    built = [
        {
            "name": f"{part.start_s}-{part.end_s}-{place:05d}.zip",
            "batch": number,
            "end_s": part.end_s,
            "data": export_bytes(part, signers),
        }
        for place, part in enumerate(parts, 1)
    ]
    with authority.engine.begin() as connection:
        padding = [
            row | {"region": settings.region, "batch": number, "release_s": end_s}
            for row in _padding_rows(keys, len(fresh.key), end_s + RETENTION_S)
        ]
        if padding:
            connection.execute(insert(exposures), padding)
        connection.execute(insert(files), built)
        connection.execute(
            update(batches)
            .where(batches.c.number == number)
            # Parts of a split batch end one second after the other.
            .values(state=BatchState.BUILT, end_s=parts[-1].end_s)
        )


def _show(authority: Authority, store: PublishedStore, number: int) -> int:
    """Put the files of a batch into the store, then into the index."""
    with reading(authority.engine) as connection:
        built = connection.execute(
            select(files.c.name, files.c.data).where(files.c.batch == number)
        ).all()
        real = _count(
            connection,
            or_(
                and_(exposures.c.batch == number, exposures.c.origin != PADDING),
                exposures.c.revised_batch == number,
            ),
        )
    for name, data in built:
        # No content means that an earlier run stored it.
        if data is not None:
            store.put(name, bytes(data))
    _write_index(authority, store)
    with authority.engine.begin() as connection:
        connection.execute(
            update(files).where(files.c.batch == number).values(data=None)
        )
        connection.execute(
            update(batches)
            .where(batches.c.number == number)
            .values(state=BatchState.SHOWN)
        )
    return real


def _write_index(authority: Authority, store: PublishedStore) -> None:
    with reading(authority.engine) as connection:
        rows = connection.execute(
            select(files.c.name).where(files.c.end_s + RETENTION_S > authority.now_s)
        )
        index = encode_index(row.name for row in rows)
    if store.get(INDEX_NAME) != index:
        store.put(INDEX_NAME, index)


def _forget(authority: Authority, store: PublishedStore) -> None:
    """Take expired files from the index, then from the store; then forget the rest."""
    now_s = authority.now_s
    expired = files.c.end_s + RETENTION_S <= now_s
    with reading(authority.engine) as connection:
        names = connection.execute(select(files.c.name).where(expired)).scalars().all()
    if names:
        _write_index(authority, store)
        for name in names:
            store.delete(name)
    newest = select(func.max(batches.c.number)).scalar_subquery()
    with authority.engine.begin() as connection:
        connection.execute(delete(files).where(files.c.name.in_(names)))
        connection.execute(
            delete(batches).where(
                batches.c.end_s + RETENTION_S <= now_s, batches.c.number < newest
            )
        )
        connection.execute(
            delete(exposures).where(
                exposures.c.forget_s <= now_s, exposures.c.batch.is_not(None)
            )
        )
        connection.execute(delete(certificates).where(certificates.c.until_s <= now_s))
        connection.execute(delete(tokens).where(tokens.c.until_s <= now_s))
        connection.execute(delete(phones).where(phones.c.until_s <= now_s))
        connection.execute(
            delete(codes).where(codes.c.long_until_s + _KEPT_CODES_S <= now_s)
        )
        forget_attempts(connection, now_s)
        forget_sessions(connection, now_s)


def _load(connection: Connection, number: int, *, revised: bool) -> DiagnosisKeys:
    """Read the keys of a batch as columns."""
    c = exposures.c
    if revised:
        columns = (c.revised_type, c.revised_onset_days, c.revised_risk)
        wanted = c.revised_batch == number
    else:
        columns = (c.report_type, c.onset_days, c.risk)
        wanted = and_(c.batch == number, c.origin != PADDING)
    rows = connection.execute(
        select(c.key, c.start, c.period, *columns).where(wanted)
    ).all()
    table = list(zip(*rows, strict=True)) or [()] * 6
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(table[0]), np.uint8).reshape(-1, 16),
        start_interval=np.array(table[1], np.int64),
        period=np.array(table[2], np.int64),
        report_type=np.array(table[3], np.uint8),
        days_since_onset=np.array(table[4], np.int16),
        transmission_risk=np.array(table[5], np.uint8),
    )


def _padding_rows(
    keys: DiagnosisKeys, real: int, forget_s: int
) -> list[dict[str, object]]:
    """Return the invented keys of a batch as rows: what is published is stored."""
    return [
        {
            "key": keys.key[at].tobytes(),
            "start": int(keys.start_interval[at]),
            "period": int(keys.period[at]),
            "report_type": int(keys.report_type[at]),
            "onset_days": int(keys.days_since_onset[at]),
            "risk": int(keys.transmission_risk[at]),
            "traveler": False,
            "origin": PADDING,
            "forget_s": forget_s,
        }
        for at in range(real, len(keys.key))
    ]


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(exposures).where(condition)
    return connection.execute(statement).scalar_one()
