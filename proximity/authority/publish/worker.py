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

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from proximity.authority.accounts.sessions import forget_sessions
from proximity.authority.assembly import Authority
from proximity.authority.cases.intake import forget_shared
from proximity.authority.database import held_alone, named_errors, reading, serialise
from proximity.authority.people.upkeep import keep_up
from proximity.authority.publish.batch_model import BatchState, batches, files
from proximity.authority.publish.durable_files import sole_writer
from proximity.authority.publish.index import write_indexes
from proximity.authority.publish.key_columns import load_keys
from proximity.authority.publish.outputs import (
    compose_outputs,
    folders_of,
    of_travellers,
)
from proximity.authority.publish.published_store import (
    PublishedStore,
    open_published_store,
)
from proximity.authority.publish.recursive import publish_recursive
from proximity.authority.publish.rules import RETENTION_S
from proximity.authority.publish.signing_keys import ensure_signers, published_keys
from proximity.authority.upload.model import certificates, exposures
from proximity.authority.verification.counts import forget_attempts, tally
from proximity.authority.verification.model import codes, phones, tokens
from proximity.errors import LockedError, NothingStoredError, PolicyError
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import ExportKeys
from proximity.protocol.export_columns import empty_keys
from proximity.protocol.export_index import INDEX_NAME
from proximity.protocol.export_writer import ExportContent, export_bytes, split_content
from proximity.units import DAY_S, INTERVAL_S

PADDING = "padding"
_KEPT_CODES_S = 14 * DAY_S
# Higher than any number of a batch.
_NO_BATCH = 2**31 - 1


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


@named_errors()
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
    NothingStoredError
        If the signing keys are elsewhere.
    PolicyError
        If the clock is behind the end of the last batch.
    StoreError, NetworkError
        If database, directory or published store cannot be used.
    """
    store = open_published_store(
        authority.settings.store_url, authority.directory / "exports", os.environ
    )
    if not published_keys(authority.directory):
        # Another key would sign what no client believes.
        raise NothingStoredError(
            "This directory has no signing key.",
            "Run the worker where `init` ran, or restore a backup.",
        )
    with only_worker(authority):
        authority.keyring.rotate()
        shown = _finish(authority, store)
        if _take(authority):
            shown += _finish(authority, store)
        publish_recursive(authority)
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
    with (
        sole_writer(authority.directory),
        held_alone(authority.engine, "worker") as free,
    ):
        if not free:
            raise LockedError(
                "Another worker is publishing from this database.",
                "Wait until it is done, then run the command again.",
            )
        yield


def _take(authority: Authority) -> bool:
    """Give every key that may go out to one new batch; tell whether there is any."""
    now_s = authority.now_s
    with authority.engine.begin() as connection:
        # A worker that lost its connection, and so its lock, may be awake yet.
        serialise(connection, "batch")
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
    folders = folders_of(authority.settings).values()
    if not begun and any(store.get(each + INDEX_NAME) is None for each in folders):
        write_indexes(authority, store)
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
        content = _load(connection, number)
        travelling = ExportKeys(empty_keys(0), empty_keys(0))
        if settings.regions_of_travellers:
            travelling = _load(connection, number, of_travellers())
    outputs = compose_outputs(content, travelling, settings, authority.entropy)
    built: list[dict[str, object]] = []
    last_s = end_s
    for region, folder, keys, revised in outputs:
        parts = split_content(
            ExportContent(region, start_s, end_s, keys, revised), settings.max_keys
        )
        # Parts of a split batch end one second after the other.
        last_s = max(last_s, parts[-1].end_s)
        built += [
            {
                "name": f"{folder}{part.start_s}-{part.end_s}-{place:05d}.zip",
                "batch": number,
                "end_s": part.end_s,
                "data": export_bytes(part, signers),
            }
            for place, part in enumerate(parts, 1)
        ]
    more = {"region": settings.region, "batch": number, "release_s": end_s}
    invented = _padding_rows(
        outputs[0].keys, len(content.keys.key), last_s + RETENTION_S
    )
    sizes = {"uploaded": len(content.keys.key), "invented": len(invented)}
    with authority.engine.begin() as connection:
        mine = connection.execute(
            update(batches)
            .where(batches.c.number == number, batches.c.state == BatchState.TAKEN)
            .values(state=BatchState.BUILT, end_s=last_s, **sizes)
        )
        if not mine.rowcount:
            # Another worker was faster; its files are the batch.
            return
        if invented:
            connection.execute(insert(exposures), [row | more for row in invented])
        connection.execute(insert(files), built)


def _show(authority: Authority, store: PublishedStore, number: int) -> int:
    """Put the files of a batch into the store, then into the index."""
    with reading(authority.engine) as connection:
        built = connection.execute(
            select(files.c.name, files.c.data).where(files.c.batch == number)
        ).all()
        real = _count(
            connection,
            and_(exposures.c.batch == number, exposures.c.origin != PADDING),
        )
        # No key is both: a batch changes only those of batches before it.
        real += _count(connection, _is_changed_by(number))
    for name, data in built:
        # No content means that an earlier run stored it.
        if data is not None:
            store.put(name, bytes(data))
    write_indexes(authority, store)
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


def _forget(authority: Authority, store: PublishedStore) -> None:
    """Take expired files from the index, then from the store; then forget the rest."""
    now_s = authority.now_s
    expired = files.c.end_s + RETENTION_S <= now_s
    with reading(authority.engine) as connection:
        names = connection.execute(select(files.c.name).where(expired)).scalars().all()
    if names:
        write_indexes(authority, store)
        for name in names:
            store.delete(name)
    newest = select(func.max(batches.c.number)).scalar_subquery()
    kept = batches.c.end_s + RETENTION_S > now_s
    first_kept = select(func.min(batches.c.number)).where(kept).scalar_subquery()
    with authority.engine.begin() as connection:
        connection.execute(delete(files).where(files.c.name.in_(names)))
        connection.execute(
            delete(batches).where(
                batches.c.end_s + RETENTION_S <= now_s, batches.c.number < newest
            )
        )
        connection.execute(
            delete(exposures).where(
                # No key is to be forgotten before its batch; an index knows batches,
                # and the upload of a key need not pay for one of times.
                exposures.c.batch < func.coalesce(first_kept, _NO_BATCH),
                exposures.c.forget_s <= now_s,
            )
        )
        for table in (certificates, tokens, phones):
            connection.execute(delete(table).where(table.c.until_s <= now_s))
        connection.execute(
            delete(codes).where(codes.c.long_until_s + _KEPT_CODES_S <= now_s)
        )
        forget_attempts(connection, now_s)
        forget_shared(connection, now_s)
        forget_sessions(connection, now_s)


def _load(
    connection: Connection, number: int, *which: ColumnElement[bool]
) -> ExportKeys:
    """Read the keys of a batch as columns, without padding."""
    new = and_(exposures.c.batch == number, exposures.c.origin != PADDING, *which)
    changed = and_(_is_changed_by(number), *which)
    return ExportKeys(
        load_keys(connection, new, revised=False),
        load_keys(connection, changed, revised=True),
    )


def _is_changed_by(number: int) -> ColumnElement[bool]:
    c = exposures.c
    # The first condition is that of the index.
    return and_(c.revised_type.is_not(None), c.revised_batch == number)


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
