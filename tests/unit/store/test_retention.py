import pytest

from proximity.errors import LockedError
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
from proximity.store.retention import (
    DAY_MS,
    Forgotten,
    forget_before,
    forget_everything,
    require_alone,
)
from proximity.store.scans import Scan, read_scans, record_scan
from proximity.store.schema import open_store
from proximity.store.sightings import SightingLog
from proximity.store.state import read_state, write_state

EVER = (0, 1 << 62)
TODAY = 18_000
PLANTED = b"planted identity"


def remember_day(store, sealing, day, name):
    """Store one of everything on a day."""
    t_ms = day * DAY_MS + 3_600_000
    log = SightingLog(store)
    log.record(Sighting(t_ms, -60, "gaen", name.ljust(16), b"meta"))
    log.flush(t_ms)
    record_scan(store, Scan(t_ms, t_ms + 4_000, "test"))
    add_key(store, sealing, name.ljust(16), day * 144)
    digest = name.ljust(32)
    put_exposure(
        store, sealing, Exposure(digest, digest, ReportType.CONFIRMED_TEST, day, name)
    )
    append_decision(store, sealing, name, decided_ms=t_ms, notify=True)
    mark_processed(store, ProcessedExport(digest, f"{day}.zip", t_ms, "matched"))


@pytest.fixture
def filled(store, sealing):
    for day in (TODAY - 29, TODAY - 15, TODAY - 14, TODAY):
        remember_day(store, sealing, day, b"%d" % day)
    write_state(store, "trusted-time", b"1")
    remember_index(store, "http://authority/", ["a.zip"])
    return store


def test_what_is_older_than_the_day_is_forgotten_by_its_own_rule(filled, sealing):
    forgotten = forget_before(filled, TODAY - 14)

    kept = [TODAY - 14, TODAY]
    assert forgotten == Forgotten(2, 2, 2, 2, 2, 1)
    encounters = read_encounters(filled, *EVER)
    assert [bytes(row).rstrip() for row in encounters.ephemeral_id] == [
        b"%d" % day for day in kept
    ]
    assert (read_scans(filled, *EVER).start_ms // DAY_MS).tolist() == kept
    keys = list_keys(filled, sealing)
    assert [key.start_interval // 144 for key in keys] == kept
    assert [each.day for each in read_exposures(filled, sealing, 0)] == kept
    decisions = list_decisions(filled, sealing)
    assert [each.decided_ms // DAY_MS for each in decisions] == kept


def test_an_export_that_may_still_be_listed_stays_known(filled):
    forget_before(filled, TODAY - 14)

    names = [export.name for export in list_processed(filled)]
    assert names == [f"{TODAY - 15}.zip", f"{TODAY - 14}.zip", f"{TODAY}.zip"]


def test_the_index_and_the_trusted_time_stay_known(filled):
    forget_before(filled, TODAY + 1)

    assert recall_index(filled, "http://authority/") == ("a.zip",)
    assert read_state(filled, "trusted-time") == b"1"


def test_a_key_that_reaches_into_the_day_stays(store, sealing):
    add_key(store, sealing, bytes(16), TODAY * 144 - 1, period=2)
    add_key(store, sealing, bytes(16), TODAY * 144 - 2, period=2)

    assert forget_before(store, TODAY).own_keys == 1


def test_forgetting_twice_forgets_nothing_more(filled):
    forget_before(filled, TODAY)

    assert sum(forget_before(filled, TODAY)) == 0


def test_everything_is_forgotten(filled):
    forgotten = forget_everything(filled)

    assert forgotten == Forgotten(4, 4, 4, 4, 4, 4)
    assert read_state(filled, "trusted-time") is None
    assert recall_index(filled, "http://authority/") == ()


def test_no_trace_stays_in_the_files(store, tmp_path):
    log = SightingLog(store)
    for number in range(200):
        name = PLANTED if number % 3 else b"stays".ljust(16)
        t_ms = (TODAY - (20 if number % 3 else 0)) * DAY_MS + number * 700_000
        log.record(Sighting(t_ms, -60, "gaen", name, b"meta"))
        if number % 50 == 0:
            log.flush(t_ms)
    log.flush(TODAY * DAY_MS)

    def traces(text):
        return sum(file.read_bytes().count(text) for file in tmp_path.iterdir())

    assert traces(PLANTED) > 0
    forget_before(store, TODAY)
    assert traces(PLANTED) == 0
    assert traces(b"stays") > 0


def test_a_reader_delays_the_removal_of_traces_by_name(store, tmp_path):
    write_state(store, "name", b"value")
    reader = open_store(tmp_path / "store.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM state").fetchall()
    store.execute("PRAGMA busy_timeout = 1")

    with pytest.raises(LockedError, match="traces"):
        forget_before(store, TODAY)

    reader.execute("COMMIT")
    reader.close()
    forget_before(store, TODAY)


def test_a_store_that_is_open_elsewhere_is_not_forgotten_as_a_whole(store, tmp_path):
    other = open_store(tmp_path / "store.sqlite")
    store.execute("PRAGMA busy_timeout = 1")

    with pytest.raises(LockedError):
        require_alone(store)

    other.close()
    require_alone(store)
    assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
