import numpy as np
import pytest

from proximity.errors import StoreError
from proximity.protocol.sighting import Sighting
from proximity.store.encounters import read_encounters, read_stored_encounters
from proximity.store.sightings import SightingLog


@pytest.fixture
def filled(store):
    log = SightingLog(store)
    for name, first_s in ((b"late", 100), (b"early", 0)):
        for t_s in range(first_s, first_s + 60, 10):
            log.record(
                Sighting(t_s * 1_000, -t_s // 10, "gaen", name.ljust(16), b"meta")
            )
    log.flush(200_000)
    return store


def test_rows_ascend_by_their_first_sighting(filled):
    encounters = read_encounters(filled, 0, 1_000_000)

    assert [bytes(row)[:1] for row in encounters.ephemeral_id] == [b"e", b"l"]
    assert encounters.offsets.tolist() == [0, 6, 12]
    assert encounters.metadata.tobytes() == b"metameta"


def test_only_sightings_within_the_span_are_read(filled):
    encounters = read_encounters(filled, 40_000, 110_000)

    assert encounters.t_ms.tolist() == [40_000, 50_000, 100_000]
    assert encounters.rssi_dbm.tolist() == [-4, -5, -10]
    assert encounters.offsets.tolist() == [0, 2, 3]


def test_a_row_without_a_sighting_in_the_span_is_left_out(filled):
    # The early row ends at 50 s, the late one begins at 100 s.
    assert len(read_encounters(filled, 51_000, 100_000).t_ms) == 0
    between = read_encounters(filled, 41_000, 49_000)
    assert between.ephemeral_id.shape == (0, 16)
    assert between.offsets.tolist() == [0]


def test_an_empty_store_gives_empty_columns(store):
    encounters = read_encounters(store, 0, 1)

    assert encounters.ephemeral_id.shape == (0, 16)
    assert encounters.metadata.shape == (0, 4)
    assert encounters.offsets.tolist() == [0]
    assert encounters.t_ms.dtype == np.int64


def test_a_damaged_series_is_named(filled):
    filled.execute("UPDATE encounters SET series = x'0000'")

    with pytest.raises(StoreError, match="damaged"):
        read_encounters(filled, 0, 1_000_000)


def test_stored_encounters_are_shy(filled):
    stored = read_stored_encounters(filled, "gaen", 0, 1_000_000)

    assert repr(stored) == "<StoredEncounters n=2>"
