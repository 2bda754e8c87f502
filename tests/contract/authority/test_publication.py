"""Publication on either database: alone, once, and by whoever is left."""

import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import pytest
from postgres_server import only_postgresql
from s3_simulator import S3Simulator
from sqlalchemy import func, select, text

from proximity.authority.database import held_alone, reading
from proximity.authority.publish import worker
from proximity.authority.publish.batch_model import batches, files
from proximity.authority.publish.index import write_indexes
from proximity.authority.publish.key_files import publish_key_files
from proximity.authority.publish.published_store import open_published_store
from proximity.authority.publish.worker import work
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.errors import LockedError, NothingStoredError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.protocol.key_file import KeyFile, UploadedKey
from proximity.units import DAY_S

CONFIRMED = ReportType.CONFIRMED_TEST
# The number: so many milliseconds it waits for them to be gone.
END_LOCKS = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_database"
    " ON oid = database WHERE locktype = 'advisory' AND datname = current_database()"
)


@pytest.fixture(scope="module")
def bucket():
    simulator = S3Simulator()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        yield simulator
    simulator.close()


@pytest.fixture(params=["folder", "s3"])
def processes(request, open_process, tmp_path):
    """Return two processes of one authority, and where both publish to."""
    url = ""
    if request.param == "s3":
        request.getfixturevalue("bucket")
        url = f"s3://bucket/{tmp_path.name}"
    pair = [open_process(store_url=url) for _ in range(2)]
    return *pair, open_published_store(url, pair[0].directory / "exports", os.environ)


def upload(authority, count: int) -> set[bytes]:
    start = (authority.now_s // DAY_S - 1) * 144
    keys = tuple(
        AcceptedKey(os.urandom(16), start, 144, CONFIRMED, 1, 2) for _ in range(count)
    )
    one = Upload(keys, False, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        (answer,) = store_uploads(connection, [one], "VN", now_s=authority.now_s)
    assert answer == Stored(count)
    return {key.key for key in keys}


def published(store) -> list[set[bytes]]:
    found = []
    for line in (store.get("index.txt") or b"").decode().splitlines():
        export = open_export(io.BytesIO(store.get(line))).unverified()
        found.append({row.tobytes() for row in export.read().keys.key})
    return found


def test_what_one_process_took_in_another_publishes(processes):
    one, other, store = processes
    keys = upload(one, 3)

    report = work(other)

    assert (report.batches, report.keys, report.held_back) == (1, 3, 0)
    (shown,) = published(store)
    assert keys < shown
    assert 20 <= len(shown) <= 22
    with reading(one.engine) as connection:
        rows = connection.execute(select(exposures.c.key)).scalars()
        assert shown == set(map(bytes, rows))


def test_of_two_workers_at_once_one_works(processes):
    one, other, store = processes
    keys = upload(one, 5)
    barrier = Barrier(2)

    def run(authority):
        barrier.wait()
        try:
            return work(authority).keys
        except LockedError:
            return None

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, (one, other)))

    # The second may also come when the first is through already.
    assert done in ([5, None], [None, 5], [5, 0], [0, 5])
    (shown,) = published(store)
    assert keys < shown


@pytest.mark.parametrize(
    "step", ["_build", "_show", "write_indexes", "_forget", "export_bytes"]
)
def test_what_a_dead_worker_began_another_ends(processes, monkeypatch, step):
    one, other, store = processes
    work(one)
    keys = upload(one, 3)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker, step, die)
        with pytest.raises(KeyboardInterrupt):
            work(one)
    later = upload(one, 2)
    work(other)

    shown = published(store)
    assert [len(each & (keys | later)) for each in shown] == [3, 2]
    assert keys < shown[0]


def test_an_expired_file_is_deleted_wherever_it_lies(processes, clock):
    one, other, store = processes
    upload(one, 1)
    work(one)
    (name,) = (store.get("index.txt") or b"").decode().splitlines()
    clock.now_s += 14 * DAY_S + 600

    work(other)

    assert store.get("index.txt") == b""
    assert store.get(name) is None
    with reading(one.engine) as connection:
        for table in (files, exposures):
            count = select(func.count()).select_from(table)
            assert connection.execute(count).scalar() == 0


def test_a_key_file_goes_out_at_once(processes):
    one, _, store = processes
    key = UploadedKey(os.urandom(16), (one.now_s // DAY_S - 1) * 144)

    report = publish_key_files(one, [KeyFile((key,))])
    again = publish_key_files(one, [KeyFile((key,))])

    assert (report.keys, again.keys, again.repeated) == (1, 0, 1)
    assert [key.key in shown for shown in published(store)] == [True]


def test_a_directory_without_signing_keys_publishes_nothing(processes):
    one, other, store = processes
    keys = upload(one, 1)
    (one.directory / "public_keys.json").rename(one.directory / "elsewhere")

    with pytest.raises(NothingStoredError, match="signing key"):
        work(one)
    (one.directory / "elsewhere").rename(one.directory / "public_keys.json")
    work(other)
    assert keys < published(store)[0]


def workers_apart(first, second):
    """Let two workers have directories of their own, as on two machines."""
    elsewhere = second.directory.with_name("elsewhere")
    shutil.copytree(second.directory, elsewhere)
    return first, replace(second, directory=elsewhere)


@only_postgresql
def test_a_worker_on_another_machine_waits(open_process):
    one, other = workers_apart(open_process(), open_process())
    with held_alone(one.engine, "worker"), pytest.raises(LockedError, match="database"):
        work(other)


@only_postgresql
@pytest.mark.parametrize("step", ["compose_outputs", "export_bytes", "write_indexes"])
def test_a_worker_that_lost_its_lock_and_wakes_up_changes_nothing(
    open_process, bucket, tmp_path, monkeypatch, *, step
):
    url = f"s3://bucket/{tmp_path.name}"
    asleep, awake = workers_apart(*(open_process(store_url=url) for _ in range(2)))
    store = open_published_store(url, tmp_path, os.environ)
    work(asleep)
    keys = upload(asleep, 3)
    reached, go_on = Event(), Event()
    real = getattr(worker, step)

    def sleep_once(*given):
        if not reached.is_set():
            reached.set()
            assert go_on.wait(30)
        return real(*given)

    monkeypatch.setattr(worker, step, sleep_once)
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(work, asleep)
        assert reached.wait(30)
        # As after a failover, or a network that was gone for long.
        with awake.engine.begin() as connection:
            connection.execute(END_LOCKS)
        work(awake)
        later = upload(awake, 2)
        work(awake)
        before = store.get("index.txt")
        go_on.set()
        sleeping.exception(30)

    assert store.get("index.txt") == before
    shown = published(store)
    assert [len(each & (keys | later)) for each in shown] == [3, 2]
    with reading(awake.engine) as connection:
        stored = set(map(bytes, connection.execute(select(exposures.c.key)).scalars()))
        count = connection.execute(select(func.count()).select_from(batches)).scalar()
    assert (set().union(*shown), count) == (stored, 2)


@only_postgresql
def test_an_index_that_was_read_before_another_was_written_is_not_written(
    open_process, bucket, tmp_path
):
    authority = open_process(store_url=f"s3://bucket/{tmp_path.name}")
    store = open_published_store(authority.settings.store_url, tmp_path, os.environ)
    work(authority)
    old = store.look("index.txt")
    upload(authority, 1)
    work(authority)
    newer = store.get("index.txt")

    assert not store.replace("index.txt", b"", old)
    write_indexes(authority, store)
    assert store.get("index.txt") == newer


@only_postgresql
def test_a_machine_that_vanishes_is_given_up_within_minutes(open_process):
    with reading(open_process().engine) as connection:
        # A socket has no such settings; they are what a connection by TCP gets.
        for name in ("tcp_keepalives_idle", "tcp_keepalives_interval"):
            source = text("SELECT source FROM pg_settings WHERE name = :name")
            assert connection.execute(source, {"name": name}).scalar() == "session"
