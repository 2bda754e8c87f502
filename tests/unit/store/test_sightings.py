import pytest

from proximity.errors import StoreError
from proximity.protocol.sighting import MISSING_RSSI_DBM, Sighting, group_encounters
from proximity.store import sightings
from proximity.store.connection import transaction
from proximity.store.encounters import read_encounters, read_stored_encounters
from proximity.store.retention import forget_before
from proximity.store.schema import open_store
from proximity.store.sightings import IDLE_MS, SightingLog

EVER = (0, 1 << 62)


def heard(t_s, name, *, address=None, rssi_dbm=-60, metadata=b"meta"):
    return Sighting(
        int(t_s * 1_000), rssi_dbm, "gaen", name.ljust(16), metadata, address
    )


def record(log, first_s, last_s, name, *, address=None):
    """Record a sighting every three seconds, flushed every minute."""
    for t_s in range(first_s, last_s, 3):
        log.record(heard(t_s, name, address=address))
        if t_s % 60 == 0:
            log.flush(t_s * 1_000)
    log.flush(last_s * 1_000)


def rows(store):
    return read_stored_encounters(store, "gaen", *EVER)


def neighbours(store):
    """Return, for each ID, the number of its neighbour."""
    stored = rows(store)
    return {
        ephemeral_id.rstrip(): int(number)
        for ephemeral_id, number in zip(
            stored.ephemeral_id, stored.neighbour, strict=True
        )
    }


def test_what_was_flushed_is_read_as_the_grouped_sightings(store):
    log = SightingLog(store)
    # Whole steps of 100 ms come back as they were.
    given = [heard(t / 10, [b"a", b"b"][t % 2], rssi_dbm=-t) for t in range(0, 120, 7)]
    for sighting in given:
        log.record(sighting)

    acknowledged = log.flush(120_000)

    assert acknowledged == len(given)
    for ours, theirs in zip(
        read_encounters(store, *EVER), group_encounters(given), strict=True
    ):
        assert ours.tolist() == theirs.tolist()


def test_an_encounter_that_goes_on_keeps_its_row(store):
    log = SightingLog(store)
    record(log, 0, 300, b"a")

    encounters = read_encounters(store, *EVER)
    assert encounters.offsets.tolist() == [0, 100]
    assert store.execute("SELECT start_ms, end_ms FROM encounters").fetchall() == [
        (0, 297_000)
    ]


def test_what_is_not_flushed_is_not_yet_stored(store):
    log = SightingLog(store)
    log.record(heard(0, b"a"))

    assert len(read_encounters(store, *EVER).t_ms) == 0
    assert log.flush(0) == 1
    assert log.flush(0) == 0


def test_an_rssi_that_was_not_measured_is_kept_as_such(store):
    log = SightingLog(store)
    log.record(heard(0, b"a", rssi_dbm=None))
    log.flush(0)

    assert read_encounters(store, *EVER).rssi_dbm.tolist() == [MISSING_RSSI_DBM]


@pytest.mark.parametrize("rssi_dbm", [-128, 21, 127])
def test_an_rssi_out_of_range_is_a_mistake(store, rssi_dbm):
    with pytest.raises(ValueError, match="RSSI"):
        SightingLog(store).record(heard(0, b"a", rssi_dbm=rssi_dbm))


def test_a_gaen_sighting_without_its_metadata_is_a_mistake(store):
    with pytest.raises(ValueError, match="metadata"):
        SightingLog(store).record(heard(0, b"a", metadata=b""))


def test_another_scheme_is_kept_apart(store):
    log = SightingLog(store)
    log.record(Sighting(5_000, -70, "bluezone", b"twelve bytes"))
    log.flush(5_000)

    assert len(read_encounters(store, *EVER).t_ms) == 0
    stored = read_stored_encounters(store, "bluezone", *EVER)
    assert stored.ephemeral_id == [b"twelve bytes"]
    assert stored.metadata == [b""]
    assert stored.t_ms.tolist() == [5_000]


def test_altered_metadata_does_not_mix_into_an_encounter(store):
    log = SightingLog(store)
    log.record(heard(0, b"a"))
    log.record(heard(1, b"a", metadata=b"fake"))
    log.record(heard(2, b"a"))
    log.flush(2_000)

    stored = rows(store)
    assert stored.metadata == [b"meta", b"fake"]
    assert stored.offsets.tolist() == [0, 2, 3]


def test_after_a_long_silence_a_new_encounter_begins(store):
    log = SightingLog(store)
    log.record(heard(0, b"a"))
    log.record(heard(IDLE_MS // 1_000 + 1, b"a"))
    log.flush(IDLE_MS)

    assert rows(store).offsets.tolist() == [0, 1, 2]


def test_a_clock_that_is_set_back_loses_nothing(store):
    log = SightingLog(store)
    for t_s in (90_000, 90_003, 3_600, 3_603, 90_006):
        log.record(heard(t_s, b"a"))
    log.flush(90_006_000)

    assert sorted(rows(store).t_ms.tolist()) == [
        3_600_000,
        3_603_000,
        90_000_000,
        90_003_000,
        90_006_000,
    ]


def test_a_change_of_address_under_the_id_is_noted_but_no_address_is_stored(store):
    first, second = b"\xa1\xb2\xc3\xd4\xe5\xf6", b"\xb1\xb2\xc3\xd4\xe5\xf6"
    log = SightingLog(store)
    log.record(heard(0, b"a", address=first))
    log.record(heard(0, b"b", address=second))
    log.flush(0)
    log.record(heard(3, b"a", address=b"\xc1\xb2\xc3\xd4\xe5\xf6"))
    log.record(heard(3, b"b", address=second))
    log.record(heard(6, b"b"))
    log.flush(6_000)

    assert rows(store).address_changed.tolist() == [True, False]
    dump = repr(store.execute("SELECT * FROM encounters").fetchall())
    assert r"\xb2\xc3\xd4" not in dump


def test_a_new_id_at_the_same_address_is_the_same_neighbour(store):
    log = SightingLog(store)
    record(log, 0, 60, b"a", address=b"1" * 6)
    record(log, 60, 120, b"b", address=b"1" * 6)
    record(log, 60, 120, b"c", address=b"2" * 6)

    numbers = neighbours(store)
    assert numbers[b"a"] == numbers[b"b"] != numbers[b"c"]


def test_a_plain_succession_is_one_neighbour_once_the_first_is_silent(store):
    log = SightingLog(store)
    record(log, 0, 600, b"a")
    record(log, 600, 1_150, b"b")
    assert len(set(neighbours(store).values())) == 2

    record(log, 1_150, 1_250, b"b")

    assert len(set(neighbours(store).values())) == 1


def test_a_chain_that_is_decided_at_once_is_one_neighbour(store):
    log = SightingLog(store)
    for index, name in enumerate((b"a", b"b", b"c", b"d")):
        record(log, index * 150, index * 150 + 150, name)
    log.flush(600_000 + 2 * IDLE_MS)

    assert len(set(neighbours(store).values())) == 1


def test_an_ambiguous_succession_stays_apart(store):
    log = SightingLog(store)
    for t_s in range(0, 1_800, 3):
        pair = (b"a", b"b") if t_s < 600 else (b"c", b"d")
        for name in pair:
            log.record(heard(t_s, name))
        if t_s % 60 == 0:
            log.flush(t_s * 1_000)
    log.flush(1_800_000 + 2 * IDLE_MS)

    assert len(set(neighbours(store).values())) == 4


def test_a_long_encounter_is_one_neighbour_in_several_rows(store):
    log = SightingLog(store)
    for t_s in range(0, 700):
        log.record(heard(t_s, b"a"))
    log.flush(700_000)

    stored = rows(store)
    assert stored.offsets.tolist() == [0, 300, 600, 700]
    assert len(set(stored.neighbour.tolist())) == 1


def test_a_flood_of_fresh_ids_is_stored_in_bounded_memory(store, monkeypatch):
    monkeypatch.setattr(sightings, "MAX_OPEN", 8)
    log = SightingLog(store)
    for t_s in range(100):
        log.record(heard(t_s, b"%d" % t_s))
        log.record(heard(t_s, b"neighbour"))
        assert len(log._open) <= 8
    log.flush(100_000)

    stored = rows(store)
    assert len(stored.t_ms) == 200
    # The one that keeps being heard is never the idlest.
    assert stored.ephemeral_id.count(b"neighbour".ljust(16)) == 1


def test_a_caller_who_never_flushes_does_not_fill_the_memory(store, monkeypatch):
    monkeypatch.setattr(sightings, "MAX_UNSTORED", 10)
    log = SightingLog(store)
    for t_s in range(25):
        log.record(heard(t_s, b"a"))

    assert len(read_encounters(store, *EVER).t_ms) == 20


def test_what_a_full_disk_refuses_is_stored_by_the_next_flush(store):
    log = SightingLog(store)
    log.record(heard(0, b"a"))
    store.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        log.flush(0)
    store.execute("PRAGMA query_only = OFF")
    log.record(heard(3, b"a"))

    assert log.flush(3_000) == 2
    assert rows(store).offsets.tolist() == [0, 2]


def test_what_another_process_forgets_does_not_come_back(store, tmp_path):
    log = SightingLog(store)
    log.record(heard(0, b"a"))
    log.flush(0)
    other = open_store(tmp_path / "store.sqlite")
    forget_before(other, 1)
    other.close()

    log.record(heard(3, b"a"))
    log.flush(3_000)

    assert rows(store).t_ms.tolist() == [3_000]


def test_a_flush_inside_a_transaction_is_a_mistake(store):
    log = SightingLog(store)
    log.record(heard(0, b"a"))

    with transaction(store), pytest.raises(ValueError, match="transaction"):
        log.flush(0)


def test_after_a_flood_nothing_is_taken_for_a_beginning(store, monkeypatch):
    monkeypatch.setattr(sightings, "MAX_OPEN", 2)
    log = SightingLog(store)
    for t_s, name in ((0, b"x"), (1, b"y"), (2, b"z")):
        log.record(heard(t_s, name))
    record(log, 60, 300, b"a")
    record(log, 300, 1_000, b"b")
    log.flush(1_000_000 + IDLE_MS)

    numbers = neighbours(store)
    assert numbers[b"a"] != numbers[b"b"]
