"""One writer for all uploads."""

import asyncio
import os

import pytest
from sqlalchemy import event, select

from proximity.authority.api_error import ApiError
from proximity.authority.database import reading
from proximity.authority.upload import writer as module
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import UploadWriter
from proximity.protocol.diagnosis_key import ReportType

DAY = 20_599


def upload(*keys: bytes):
    accepted = tuple(
        AcceptedKey(key, DAY * 144, 144, ReportType.CONFIRMED_TEST, 1, 2)
        for key in keys or [os.urandom(16)]
    )
    return Upload(accepted, False, None, os.urandom(32), 2_000_000_000)


@pytest.fixture
def writer(authority):
    return UploadWriter(authority.engine, "VN", authority.clock)


def store_all(writer: UploadWriter, uploads: list[Upload], *, wait: bool = False):
    async def run():
        if not wait:
            writer.start()
        tasks = [asyncio.ensure_future(writer.store(each)) for each in uploads]
        await asyncio.sleep(0)
        if wait:
            writer.start()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(writer.stop)
        return answers

    return asyncio.run(run())


def stored_keys(authority) -> set[bytes]:
    with reading(authority.engine) as connection:
        return {bytes(k) for k in connection.execute(select(exposures.c.key)).scalars()}


def test_what_waits_together_is_committed_together(authority, writer):
    commits = []
    event.listen(authority.engine, "commit", lambda _: commits.append(1))
    uploads = [upload() for _ in range(50)]

    answers = store_all(writer, uploads, wait=True)

    assert [answer.inserted for answer in answers] == [1] * 50
    assert stored_keys(authority) == {each.keys[0].key for each in uploads}
    assert len(commits) <= 2


def test_one_refusal_leaves_the_others_of_its_group(authority, writer):
    same = os.urandom(16)
    first, second, third = store_all(
        writer, [upload(same), upload(same), upload()], wait=True
    )

    assert (first.inserted, third.inserted) == (1, 1)
    assert isinstance(second, ApiError)
    assert second.code == "missing_revision_token"


def test_a_database_that_fails_is_told_to_the_client(authority, writer):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE certificates")

    (answer,) = store_all(writer, [upload()])

    assert isinstance(answer, ApiError)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert stored_keys(authority) == set()


@pytest.mark.parametrize("way", ["store_fresh", "store_uploads"])
def test_a_mistake_of_the_program_fails_its_group_and_not_the_next(
    authority, writer, monkeypatch, way
):
    store = getattr(module, way)
    # Who holds a token may change keys, so they are looked up.
    token = frozenset() if way == "store_uploads" else None
    calls = []

    def fail_once(*arguments, **more):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("unforeseen")
        return store(*arguments, **more)

    monkeypatch.setattr(module, way, fail_once)

    async def run():
        writer.start()
        one, two = (upload()._replace(token_keys=token) for _ in range(2))
        first = await asyncio.gather(writer.store(one), return_exceptions=True)
        second = await writer.store(two)
        await asyncio.to_thread(writer.stop)
        return first[0], second

    first, second = asyncio.run(run())
    assert (first.status, first.code) == (500, "internal_error")
    assert second.inserted == 1


def test_stopping_stores_what_waits(authority, writer):
    async def run():
        tasks = [asyncio.ensure_future(writer.store(upload())) for _ in range(5)]
        await asyncio.sleep(0)
        writer.start()
        await asyncio.to_thread(writer.stop)
        return await asyncio.gather(*tasks)

    assert len(asyncio.run(run())) == 5
    assert len(stored_keys(authority)) == 5


def test_a_row_tells_when_it_is_free_and_when_forgotten(authority, writer):
    store_all(writer, [upload()])

    with reading(authority.engine) as connection:
        row = connection.execute(select(exposures)).one()
    assert row.release_s == (DAY + 1) * 86_400 + 7_200
    assert row.forget_s == authority.now_s + 14 * 86_400
    assert (row.region, row.origin, row.batch) == ("VN", "upload", None)
