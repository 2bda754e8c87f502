"""A damaged file gives values or a named error, never anything else."""

import tempfile
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.sighting import Sighting
from proximity.store.decisions import append_decision, list_decisions
from proximity.store.encounters import read_encounters
from proximity.store.exposures import Exposure, put_exposure, read_exposures
from proximity.store.own_keys import add_key, list_keys
from proximity.store.processed_exports import (
    ProcessedExport,
    list_processed,
    mark_processed,
    recall_index,
    remember_index,
)
from proximity.store.retention import forget_before
from proximity.store.scans import Scan, read_scans, record_scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sightings import SightingLog
from proximity.store.state import raise_number, read_number

SEALING = SealingKey(bytes(32))


@cache
def whole_file():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        with closing(open_store(path)) as connection:
            log = SightingLog(connection)
            for index in range(600):
                name = (index % 7).to_bytes(16, "big")
                log.record(Sighting(index * 1_000, -60, "gaen", name, b"meta"))
            log.flush(600_000)
            for index in range(20):
                digest = index.to_bytes(32, "big")
                record_scan(connection, Scan(index, index, "test"))
                add_key(connection, SEALING, bytes(16), index)
                exposure = Exposure(digest, digest, ReportType.REVOKED, index, b"[]")
                put_exposure(connection, SEALING, exposure)
                append_decision(
                    connection, SEALING, digest, decided_ms=index, notify=True
                )
                mark_processed(connection, ProcessedExport(digest, "x", index, "y"))
            remember_index(connection, "source", ["a", "b"])
            raise_number(connection, "number", 7)
        return path.read_bytes()


READERS = (
    lambda connection: read_encounters(connection, 0, 1 << 62),
    lambda connection: read_scans(connection, 0, 1 << 62),
    lambda connection: list_keys(connection, SEALING),
    lambda connection: read_exposures(connection, SEALING, 0),
    lambda connection: list_decisions(connection, SEALING),
    list_processed,
    lambda connection: recall_index(connection, "source"),
    lambda connection: read_number(connection, "number"),
    lambda connection: forget_before(connection, 1),
)

changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
    min_size=1,
    max_size=30,
)


def use_all(content):
    """Open a file with this content and try everything on it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        path.write_bytes(content)
        try:
            connection = open_store(path)
        except StoreError:
            assert path.read_bytes() == content
            return
        with closing(connection):
            for reader in READERS:
                with suppress(StoreError):
                    reader(connection)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(changes)
def test_changed_bytes_give_values_or_a_store_error(positions):
    content = bytearray(whole_file())
    for place, change in positions:
        content[int(place * len(content))] ^= change
    use_all(bytes(content))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.floats(0, 1, exclude_max=True), st.binary(max_size=64))
def test_a_truncated_file_gives_values_or_a_store_error(place, tail):
    content = whole_file()
    use_all(content[: int(place * len(content))] + tail)
