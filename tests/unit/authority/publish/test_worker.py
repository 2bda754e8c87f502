"""One run of publication from the database."""

import io
import os

import pytest
from sqlalchemy import func, select

from proximity.authority.database import reading
from proximity.authority.publish import worker
from proximity.authority.publish.batch_model import BatchState, batches, files
from proximity.authority.publish.durable_files import sole_writer
from proximity.authority.publish.worker import work
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.errors import LockedError, PolicyError, StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.units import DAY_S

CONFIRMED, CLINICAL = (
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
)


def keys(count: int, day: int, report_type: ReportType = CONFIRMED):
    return tuple(
        AcceptedKey(os.urandom(16), day * 144, 144, report_type, 1, 2)
        for _ in range(count)
    )


def upload(authority, given, token=None):
    one = Upload(given, False, token, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        (answer,) = store_uploads(connection, [one], "VN", now_s=authority.now_s)
    assert isinstance(answer, Stored), answer


def published(authority):
    folder = authority.directory / "exports"
    found = []
    for line in (folder / "index.txt").read_text().splitlines():
        export = open_export(io.BytesIO((folder / line).read_bytes())).unverified()
        found.append(export.read())
    return found


def key_bytes(columns) -> set[bytes]:
    return {row.tobytes() for row in columns.key}


@pytest.fixture
def yesterday(authority) -> int:
    return authority.now_s // DAY_S - 1


def test_keys_go_out_once_among_padding_that_is_stored_too(authority, yesterday):
    given = keys(3, yesterday)
    upload(authority, given)

    report = work(authority)

    assert (report.batches, report.keys, report.held_back) == (1, 3, 0)
    ((fresh, _),) = published(authority)
    shown = key_bytes(fresh)
    assert {key.key for key in given} < shown
    assert 20 <= len(shown) <= 22
    with reading(authority.engine) as connection:
        stored = set(connection.execute(select(exposures.c.key)).scalars())
        batch = connection.execute(select(batches)).one()
    assert shown == {bytes(key) for key in stored}
    assert (batch.key_count, batch.padding_count) == (3, len(shown) - 3)
    assert work(authority).batches == 0


def test_padding_looks_like_the_keys_of_people(authority, yesterday):
    upload(authority, keys(2, yesterday) + keys(1, yesterday - 5))
    work(authority)

    ((fresh, _),) = published(authority)
    assert set(fresh.start_interval.tolist()) == {
        yesterday * 144,
        (yesterday - 5) * 144,
    }
    assert set(fresh.transmission_risk.tolist()) == {2}
    assert [row.tobytes() for row in fresh.key] == sorted(key_bytes(fresh))


def test_nothing_to_publish_writes_an_empty_index_only(authority):
    assert work(authority).batches == 0
    assert published(authority) == []


def test_each_region_of_travellers_has_an_index_before_it_has_files(
    authority, make_authority
):
    work(authority)
    work(make_authority(traveler_regions="LA"))

    assert (authority.directory / "exports/LA/index.txt").read_bytes() == b""


def test_travellers_keys_and_nothing_else_go_to_other_regions(
    make_authority, yesterday
):
    authority = make_authority(traveler_regions="LA")
    here, away = keys(2, yesterday), keys(2, yesterday)
    upload(authority, here)
    one = Upload(away, True, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        store_uploads(connection, [one], "VN", now_s=authority.now_s)

    assert work(authority).keys == 4
    ((own, _),) = published(authority)
    (file,) = (authority.directory / "exports/LA").glob("*.zip")
    export = open_export(io.BytesIO(file.read_bytes())).unverified()
    sent = key_bytes(export.read().keys)
    assert export.region == "LA"
    assert {key.key for key in away} < sent <= key_bytes(own)
    assert not sent & {key.key for key in here}
    with reading(authority.engine) as connection:
        stored = set(connection.execute(select(exposures.c.key)).scalars())
    assert key_bytes(own) == {bytes(key) for key in stored}


def test_a_changed_key_goes_out_among_the_revised_ones_once(authority, yesterday):
    (key,) = keys(1, yesterday, CLINICAL)
    upload(authority, (key,))
    work(authority)
    token = frozenset([(key.key, key.start, key.period)])
    upload(authority, (key._replace(report_type=CONFIRMED),), token)

    report = work(authority)

    assert (report.batches, report.keys) == (1, 1)
    _, (fresh, revised) = published(authority)
    assert len(fresh.key) == 0
    assert key_bytes(revised) == {key.key}
    assert revised.report_type.tolist() == [CONFIRMED]
    assert work(authority).batches == 0


def test_a_key_that_is_withdrawn_in_time_never_goes_out(authority, yesterday):
    (key,) = keys(1, yesterday)
    upload(authority, (key,))
    token = frozenset([(key.key, key.start, key.period)])
    upload(authority, (key._replace(report_type=ReportType.REVOKED),), token)

    assert work(authority).batches == 0


def test_many_keys_become_several_files(make_authority, yesterday):
    authority = make_authority(minimum=0, max_keys=4)
    given = keys(9, yesterday)
    upload(authority, given)

    assert work(authority).batches == 1
    parts = published(authority)
    assert [len(fresh.key) for fresh, _ in parts] == [3, 3, 3]
    assert set().union(*(key_bytes(fresh) for fresh, _ in parts)) == {
        key.key for key in given
    }


def test_batches_follow_each_other_without_gap_or_overlap(authority, clock, yesterday):
    for _ in range(3):
        upload(authority, keys(1, yesterday))
        work(authority)
    clock.now_s += 7_200
    upload(authority, keys(1, yesterday))
    work(authority)

    with reading(authority.engine) as connection:
        rows = connection.execute(
            select(batches.c.start_s, batches.c.end_s).order_by(batches.c.number)
        ).all()
    assert [row.start_s for row in rows[1:]] == [row.end_s for row in rows[:-1]]
    assert all(row.start_s < row.end_s for row in rows)


def test_expired_files_leave_the_index_then_the_folder(authority, clock, yesterday):
    upload(authority, keys(1, yesterday))
    work(authority)
    (old,) = (authority.directory / "exports").glob("*.zip")
    clock.now_s += 14 * DAY_S

    work(authority)

    assert not old.exists()
    assert published(authority) == []
    with reading(authority.engine) as connection:
        assert connection.execute(select(func.count()).select_from(files)).scalar() == 0
        left = connection.execute(select(func.count()).select_from(exposures)).scalar()
    assert left == 0


def test_a_clock_that_went_back_publishes_nothing(authority, clock, yesterday):
    upload(authority, keys(1, yesterday))
    work(authority)
    clock.now_s -= DAY_S

    with pytest.raises(PolicyError, match="clock"):
        work(authority)


def test_two_workers_never_run_together(authority):
    with sole_writer(authority.directory), pytest.raises(LockedError):
        work(authority)


@pytest.mark.parametrize("step", ["_build", "_show", "write_indexes", "_forget"])
def test_a_run_that_dies_is_finished_by_the_next(
    authority, yesterday, monkeypatch, step
):
    work(authority)
    given = keys(3, yesterday)
    upload(authority, given)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker, step, die)
        with pytest.raises(KeyboardInterrupt):
            work(authority)
    with reading(authority.engine) as connection:
        states = connection.execute(select(batches.c.state)).scalars().all()
    assert len(states) == 1
    report = work(authority)

    ((fresh, _),) = published(authority)
    assert {key.key for key in given} < key_bytes(fresh)
    assert report.batches == (0 if states == [BatchState.SHOWN] else 1)


def test_the_files_of_a_batch_are_the_same_whoever_finishes_it(
    authority, yesterday, monkeypatch
):
    work(authority)
    upload(authority, keys(3, yesterday))
    seen = []

    def note_then_die(*given):
        (file,) = (authority.directory / "exports").glob("*.zip")
        seen.append(file.read_bytes())
        file.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker, "write_indexes", note_then_die)
        with pytest.raises(KeyboardInterrupt):
            work(authority)
    work(authority)

    (file,) = (authority.directory / "exports").glob("*.zip")
    assert [file.read_bytes()] == seen


@pytest.mark.parametrize("table", ["secrets", "batches", "codes"])
def test_a_database_that_fails_is_a_named_error_that_tells_no_values(authority, table):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table}")

    with pytest.raises(StoreError, match=r"database cannot be used \(OperationalError"):
        work(authority)
