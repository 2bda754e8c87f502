"""One writer for all uploads: what waits together is committed together.

A commit that survives a loss of power costs milliseconds whatever it holds. While one
runs, others queue; the next commit takes them all, and each is told afterwards.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.api_error import ApiError
from proximity.authority.database import was_overtaken
from proximity.authority.service.structured_log import log_event
from proximity.authority.upload.decisions import (
    WITHDRAWN,
    Changes,
    Stored,
    StoredKey,
    decide,
)
from proximity.authority.upload.fresh_uploads import is_fresh, store_fresh
from proximity.authority.upload.model import (
    AcceptedKey,
    Upload,
    certificates,
    exposures,
)
from proximity.authority.upload.rules import KEPT_S, release_time
from proximity.protocol.diagnosis_key import ReportType

MAX_GROUP = 256
_TRIES = 3
_Answer = Stored | ApiError
_Waiting = tuple[Upload, "asyncio.Future[Stored]"]


class UploadWriter:
    """Stores uploads in groups, in a thread of its own.

    Parameters
    ----------
    engine : Engine
    region : str
        Of the keys.
    clock : callable -> float
        Unix seconds.
    """

    def __init__(self, engine: Engine, region: str, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._region = region
        self._clock = clock
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="uploads")

    def start(self) -> None:
        """Begin to take uploads."""
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    async def store(self, upload: Upload) -> Stored:
        """Store an upload; return when it is durable.

        Raises
        ------
        ApiError
            If what is stored already does not allow it, or the database fails.
        """
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._queue.put((upload, future))
        return await future

    def _run(self) -> None:
        running = True
        while running:
            first = self._queue.get()
            group = [] if first is None else [first]
            running = first is not None
            while running and len(group) < MAX_GROUP and not self._queue.empty():
                item = self._queue.get()
                running = item is not None
                if item is not None:
                    group.append(item)
            if group:
                self._answer(group, self._answers([item[0] for item in group]))

    def _answer(self, group: Sequence[_Waiting], answers: Sequence[_Answer]) -> None:
        loop = group[0][1].get_loop()
        futures = [future for _, future in group]
        loop.call_soon_threadsafe(_resolve, futures, answers)

    def _answers(self, uploads: list[Upload]) -> Sequence[_Answer]:
        try:
            return self._store_group(uploads)
        except Exception as error:
            # Whatever it is: without this thread all later uploads would hang.
            log_event("failure", error=type(error).__name__)
            return [ApiError(500, "internal_error", "not stored")] * len(uploads)

    def _store_group(self, uploads: list[Upload]) -> Sequence[_Answer]:
        fresh = [upload for upload in uploads if is_fresh(upload)]
        now_s = int(self._clock())
        if not fresh or not store_fresh(self._engine, fresh, self._region, now_s=now_s):
            return self._look_up_and_store(uploads)
        others = [upload for upload in uploads if not is_fresh(upload)]
        answers = iter(self._look_up_and_store(others) if others else ())
        return [
            Stored(len(upload.keys)) if is_fresh(upload) else next(answers)
            for upload in uploads
        ]

    def _look_up_and_store(self, uploads: list[Upload]) -> Sequence[_Answer]:
        for _ in range(_TRIES):
            try:
                with self._engine.begin() as connection:
                    return store_uploads(
                        connection, uploads, self._region, now_s=int(self._clock())
                    )
            except SQLAlchemyError as error:
                # Another process stored one of these keys meanwhile: look again.
                if not was_overtaken(error):
                    break
        failed = ApiError(500, "internal_error", "the upload was not stored")
        return [failed] * len(uploads)


def store_uploads(
    connection: Connection, uploads: Sequence[Upload], region: str, *, now_s: int
) -> list[_Answer]:
    """Decide uploads one after the other and write what they change.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    uploads : sequence of Upload
    region : str
    now_s : int
        Unix seconds.

    Returns
    -------
    list of Stored | ApiError
        One for each upload.
    """
    stored = _load_keys(connection, [key.key for u in uploads for key in u.keys])
    spent = _load_certificates(connection, [u.certificate for u in uploads])
    changes = Changes()
    answers = [decide(upload, stored, spent, changes) for upload in uploads]
    _write(connection, changes, region, now_s)
    return answers


def _resolve(
    futures: Sequence["asyncio.Future[Stored]"], answers: Sequence[_Answer]
) -> None:
    for future, given in zip(futures, answers, strict=True):
        # A client that went away has cancelled its future; its keys are stored.
        if future.cancelled():
            continue
        if isinstance(given, ApiError):
            future.set_exception(given)
        else:
            future.set_result(given)


def _load_keys(connection: Connection, keys: list[bytes]) -> dict[bytes, StoredKey]:
    columns = exposures.c
    rows = connection.execute(
        select(
            columns.key,
            columns.start,
            columns.period,
            columns.report_type,
            columns.batch,
            columns.revised_type,
        )
        .where(columns.key.in_(keys))
        # In one order, so that two processes do not wait for each other.
        .order_by(columns.key)
        .with_for_update()
    )
    return {
        bytes(row.key): StoredKey(
            row.start,
            row.period,
            ReportType(row.report_type),
            row.batch,
            None if row.revised_type is None else ReportType(row.revised_type),
        )
        for row in rows
    }


def _load_certificates(
    connection: Connection, digests: list[bytes]
) -> dict[bytes, int]:
    rows = connection.execute(
        select(certificates.c.digest, certificates.c.inserted).where(
            certificates.c.digest.in_(digests)
        )
    )
    return {bytes(row.digest): row.inserted for row in rows}


def _write(connection: Connection, changes: Changes, region: str, now_s: int) -> None:
    if changes.inserted:
        rows = [
            exposure_row(key, region, traveler=traveler, origin="upload", now_s=now_s)
            for key, traveler in sorted(changes.inserted)
        ]
        connection.execute(insert(exposures), rows)
    if changes.replaced:
        statement = update(exposures).where(exposures.c.key == bindparam("at"))
        connection.execute(
            statement.values(
                report_type=bindparam("type"),
                risk=bindparam("new_risk"),
                onset_days=bindparam("days"),
                batch=bindparam("to_batch"),
            ),
            [
                _changed(key) | {"to_batch": WITHDRAWN if _is_revoked(key) else None}
                for key in changes.replaced
            ],
        )
    if changes.revised:
        statement = update(exposures).where(exposures.c.key == bindparam("at"))
        connection.execute(
            statement.values(
                revised_type=bindparam("type"),
                revised_risk=bindparam("new_risk"),
                revised_onset_days=bindparam("days"),
            ),
            [_changed(key) for key in changes.revised],
        )
    if changes.certificates:
        connection.execute(
            insert(certificates),
            [
                {"digest": digest, "inserted": inserted, "until_s": until_s}
                for digest, (inserted, until_s) in sorted(changes.certificates.items())
            ],
        )


def exposure_row(
    key: AcceptedKey, region: str, *, traveler: bool, origin: str, now_s: int
) -> dict[str, Any]:
    """Return a new key as a row of the database."""
    release_s = release_time(key.start, key.period)
    return {
        "key": key.key,
        "start": key.start,
        "period": key.period,
        "report_type": int(key.report_type),
        "onset_days": key.onset_days,
        "risk": key.risk,
        "region": region,
        "traveler": traveler,
        "origin": origin,
        "release_s": release_s,
        "forget_s": max(release_s, now_s) + KEPT_S,
    }


def _changed(key: AcceptedKey) -> dict[str, Any]:
    return {
        "at": key.key,
        "type": int(key.report_type),
        "new_risk": key.risk,
        "days": key.onset_days,
    }


def _is_revoked(key: AcceptedKey) -> bool:
    return key.report_type is ReportType.REVOKED
