"""Uploads through several processes: stored once, answered alike, never stuck."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from postgres_server import only_postgresql
from sqlalchemy import event, func, select, text

from proximity.authority.api_error import ApiError
from proximity.authority.database import reading
from proximity.authority.publish.worker import work
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import UploadWriter
from proximity.protocol.diagnosis_key import ReportType

CONFIRMED = ReportType.CONFIRMED_TEST
CLINICAL = ReportType.CONFIRMED_CLINICAL_DIAGNOSIS


def keys_of(authority, count: int, report_type=CONFIRMED) -> tuple[AcceptedKey, ...]:
    start = (authority.now_s // 86_400 - 1) * 144
    return tuple(
        AcceptedKey(os.urandom(16), start, 144, report_type, 1, 2) for _ in range(count)
    )


def upload_of(keys, token=None) -> Upload:
    return Upload(tuple(keys), False, token, os.urandom(32), 2_000_000_000)


def store(authority, uploads: list[Upload]) -> list[object]:
    """Store uploads as one process of the service does."""

    async def run():
        writer = UploadWriter(authority.engine, "VN", authority.clock)
        tasks = [asyncio.ensure_future(writer.store(each)) for each in uploads]
        await asyncio.sleep(0)
        writer.start()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(writer.stop)
        return answers

    return asyncio.run(run())


def store_at_once(*work: tuple[object, list[Upload]]) -> list[list[object]]:
    barrier = Barrier(len(work))

    def run(authority, uploads):
        barrier.wait()
        return store(authority, uploads)

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(lambda each: run(*each), work))


def count_keys(authority) -> int:
    with reading(authority.engine) as connection:
        return connection.execute(
            select(func.count()).select_from(exposures)
        ).scalar_one()


def test_an_acknowledged_upload_survives_the_server(open_process, database):
    one = open_process()
    (answer,) = store(one, [upload_of(keys_of(one, 3))])
    assert answer == Stored(3)
    if database.server is not None:
        database.server.kill()
        database.server.start()

    assert count_keys(open_process()) == 3
    # Connections that died with the server are replaced.
    assert store(one, [upload_of(keys_of(one, 1))]) == [Stored(1)]


def test_a_retry_that_meets_its_first_try_gets_the_same_answer(open_process):
    processes = [open_process() for _ in range(4)]
    for _ in range(5):
        one = upload_of(keys_of(processes[0], 14))
        answers = store_at_once(*((each, [one]) for each in processes))
        assert answers == [[Stored(14)]] * 4
    assert count_keys(processes[0]) == 70


def test_one_key_with_two_certificates_is_stored_once(open_process):
    processes = [open_process() for _ in range(4)]
    keys = keys_of(processes[0], 3)
    work_of_each = [(each, [upload_of(keys)]) for each in processes]

    answers = [answer for (answer,) in store_at_once(*work_of_each)]

    assert answers.count(Stored(3)) == 1
    refusals = [each for each in answers if isinstance(each, ApiError)]
    assert {each.code for each in refusals} == {"missing_revision_token"}
    assert len(refusals) == 3


def test_groups_that_share_keys_in_any_order_do_not_stop_each_other(open_process):
    processes = [open_process() for _ in range(2)]
    shared = [upload_of([key]) for key in keys_of(processes[0], 40)]

    forth, back = store_at_once(
        (processes[0], shared), (processes[1], [*reversed(shared)])
    )

    assert {*forth, *back} == {Stored(1)}
    assert count_keys(processes[0]) == 40


def test_a_key_changes_before_or_after_a_worker_took_it_never_between(open_process):
    uploading, publishing = open_process(), open_process()
    work(publishing)
    for _ in range(6):
        keys = keys_of(uploading, 10, CLINICAL)
        store(uploading, [upload_of(keys)])
        token = frozenset((key.key, key.start, key.period) for key in keys)
        changed = [key._replace(report_type=CONFIRMED) for key in keys]
        barrier = Barrier(2)

        def publish(barrier=barrier):
            barrier.wait()
            work(publishing)

        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(publish)
            barrier.wait()
            (answer,) = store(uploading, [upload_of(changed, token)])
            running.result()
        assert answer == Stored(0)
        work(publishing)
        assert told(uploading, keys) == {(CONFIRMED, None), (CLINICAL, CONFIRMED)} & (
            told(uploading, keys)
        )
        assert len(told(uploading, keys)) == 1


def told(authority, keys) -> set[tuple[int, int | None]]:
    """Return what was published of keys: first, then changed; nothing waits."""
    columns = exposures.c
    with reading(authority.engine) as connection:
        rows = connection.execute(
            select(
                columns.report_type,
                columns.revised_type,
                columns.batch,
                columns.revised_batch,
            ).where(columns.key.in_([key.key for key in keys]))
        ).all()
    assert all(row.batch for row in rows)
    assert all(
        (row.revised_type is None) == (row.revised_batch is None) for row in rows
    )
    return {(row.report_type, row.revised_type) for row in rows}


def test_a_commit_is_written_through_even_where_the_operator_said_otherwise(
    open_process, database
):
    authority = open_process()
    if database.server is None:
        with reading(authority.engine) as connection:
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        return
    name = authority.engine.url.database
    database.server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        with reading(open_process().engine) as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    finally:
        database.server.sql(f"ALTER DATABASE {name} RESET synchronous_commit")


@only_postgresql
def test_a_transaction_that_the_database_ends_is_tried_again(open_process):
    authority, other = open_process(), open_process()
    first, second = sorted(keys_of(authority, 2))
    store(authority, [upload_of([first, second])])
    holding = other.engine.connect()
    # The other one finds out first, and is the one that is ended.
    holding.execute(text("SET LOCAL deadlock_timeout = '20s'"))
    lock = select(exposures.c.key).with_for_update()
    holding.execute(lock.where(exposures.c.key == second.key))
    token = frozenset((key.key, key.start, key.period) for key in (first, second))
    revoked = [k._replace(report_type=ReportType.REVOKED) for k in (first, second)]
    locked = Event()

    @event.listens_for(authority.engine, "before_cursor_execute")
    def tell(_connection, _cursor, statement, *_rest):
        if "FOR UPDATE" in statement:
            locked.set()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(store, authority, [upload_of(revoked, token)])
        assert locked.wait(10)
        # Locks the other way round, until the database ends one of the two.
        try:
            holding.execute(lock.where(exposures.c.key == first.key))
        finally:
            holding.rollback()
            holding.close()
        assert running.result() == [Stored(0)]


@only_postgresql
def test_what_the_server_writes_for_its_operator_names_no_key(open_process, database):
    processes = [open_process() for _ in range(4)]
    keys = keys_of(processes[0], 5)
    store_at_once(*((each, [upload_of(keys)]) for each in processes))

    log = database.server.log
    assert "duplicate key value" in log
    for key in keys:
        assert key.key.hex() not in log
