"""Imports on either database, by several processes at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from proximity.authority.database import reading
from proximity.authority.imports.job import import_exports
from proximity.authority.imports.sources import (
    new_source,
    remember_source,
    stored_sources,
)
from proximity.authority.publish.signing_keys import PUBLIC_KEYS_FILE
from proximity.authority.publish.worker import work
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType
from proximity.units import DAY_S

URL = "https://health.example.la/exports/"


class Folder:
    """A published directory as a network."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def get(self, url: str, max_bytes: int) -> bytes:
        data = (self.folder / url.removeprefix(URL)).read_bytes()
        assert len(data) <= max_bytes
        return data


def test_what_travellers_brought_is_stored_and_published_once(open_process, tmp_path):
    sending = open_process(traveler_regions="LA")
    start = (sending.now_s // DAY_S - 1) * 144
    keys = tuple(
        AcceptedKey(os.urandom(16), start, 144, ReportType.CONFIRMED_TEST, 1, 2)
        for _ in range(3)
    )
    with sending.engine.begin() as connection:
        one = Upload(keys, True, None, os.urandom(32), sending.now_s + 900)
        store_uploads(connection, [one], "VN", now_s=sending.now_s)
    work(sending)
    folder = Folder(sending.directory / "exports" / "LA")
    pinned = (sending.directory / PUBLIC_KEYS_FILE).read_bytes()
    # The same database takes the part of the other authority: it knows all keys.
    processes = [open_process(region="LA") for _ in range(4)]
    source = new_source("VN", URL, pinned, own="LA")
    with processes[0].engine.begin() as connection:
        remember_source(connection, source)
    before = count(sending)
    assert [report.files for report in import_exports(processes[0], folder)] == [1]
    assert count(sending) == before

    with processes[0].engine.begin() as connection:
        connection.execute(exposures.delete())
        remember_source(connection, source._replace(region="X"))
    barrier = Barrier(4)

    def run(process):
        barrier.wait()
        reports = list(import_exports(process, folder))
        return [each.failed for each in reports]

    with ThreadPoolExecutor(4) as pool:
        failed = list(pool.map(run, processes))

    assert failed == [[(), ()]] * 4
    assert len(stored_sources(sending.engine)[0].remembered.lines) == 1
    taken = count(sending)
    assert taken >= 20
    assert work(processes[0]).keys == taken
    assert work(processes[1]).batches == 0


def count(authority) -> int:
    rows = select(func.count()).select_from(exposures)
    with reading(authority.engine) as connection:
        return connection.execute(rows).scalar_one()
