import pytest

from proximity.errors import StoreError
from proximity.store.connection import transaction
from proximity.store.scans import Scan, read_scans, record_scan


def test_scans_come_back_in_the_order_in_which_they_were_recorded(store):
    # The clock was set back between the two.
    record_scan(store, Scan(9_000, 13_000, "bleak", monotonic_ms=1_000, duty=0.5))
    record_scan(store, Scan(4_000, 8_000, "bleak"))

    scans = read_scans(store, 0, 20_000)

    assert scans.start_ms.tolist() == [9_000, 4_000]
    assert scans.end_ms.tolist() == [13_000, 8_000]
    assert scans.monotonic_ms.tolist() == [1_000, -1]


def test_backend_and_duty_are_kept(store):
    record_scan(store, Scan(0, 4_000, "bleak", duty=0.25))

    kept = store.execute("SELECT backend, duty FROM scans").fetchall()
    assert kept == [("bleak", 0.25)]


def test_scans_that_overlap_the_span_are_read(store):
    for start_ms in range(0, 50_000, 10_000):
        record_scan(store, Scan(start_ms, start_ms + 4_000, "x"))

    assert read_scans(store, 13_000, 30_000).start_ms.tolist() == [10_000, 20_000]


def test_times_are_rounded_down_as_those_of_sightings(store):
    record_scan(store, Scan(1_050, 4_099, "x"))

    scans = read_scans(store, 0, 5_000)
    assert (scans.start_ms[0], scans.end_ms[0]) == (1_000, 4_000)


def test_no_scans_give_empty_columns(store):
    assert [len(column) for column in read_scans(store, 0, 1)] == [0, 0, 0]


def test_many_scans_may_share_a_transaction(store):
    with transaction(store):
        for start_ms in range(3):
            record_scan(store, Scan(start_ms, start_ms, "x"))

    assert len(read_scans(store, 0, 10).start_ms) == 3


@pytest.mark.parametrize(
    "scan", [Scan(2, 1, "x"), Scan(0, 1, "x", duty=1.1), Scan(0, 1, "x", duty=-0.1)]
)
def test_an_impossible_scan_is_a_mistake(store, scan):
    with pytest.raises(ValueError, match="scan"):
        record_scan(store, scan)


def test_a_scan_on_a_read_only_store_is_a_store_error(store):
    store.execute("PRAGMA query_only = ON")

    with pytest.raises(StoreError):
        record_scan(store, Scan(0, 1, "x"))
