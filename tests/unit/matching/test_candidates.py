"""What only the vectorised form has; the common rest is in tests/contract/."""

import numpy as np

from proximity.matching import candidates
from proximity.matching.candidates import find_candidates, index_encounters
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters

START = 2_880_000


def encounters(ids, intervals):
    n = len(ids)
    return Encounters(
        ephemeral_id=np.frombuffer(b"".join(ids), np.uint8).reshape(n, 16),
        metadata=np.zeros((n, 4), np.uint8),
        offsets=np.arange(n + 1, dtype=np.int64),
        t_ms=np.array(intervals, np.int64) * 600_000,
        rssi_dbm=np.zeros(n, np.int8),
    )


def keys(n, start):
    numbered = b"".join(i.to_bytes(16, "big") for i in range(n))
    return DiagnosisKeys(
        key=np.frombuffer(numbered, np.uint8).reshape(n, 16),
        start_interval=np.full(n, start, np.int64),
        period=np.full(n, 144, np.int64),
        report_type=np.ones(n, np.uint8),
        days_since_onset=np.zeros(n, np.int16),
        transmission_risk=np.zeros(n, np.uint8),
    )


def test_intervals_heard_are_listed_once():
    index = index_encounters(encounters([bytes(16)] * 4, [7, 5, 7, 7]))

    assert index.intervals.tolist() == [5, 7]


def test_the_bitmap_knows_every_id():
    ids = [bytes([i]) * 16 for i in range(10)]
    index = index_encounters(encounters(ids, [5] * 10))

    assert np.count_nonzero(index.bitmap) == 10


def test_keys_of_days_without_sightings_are_not_derived(monkeypatch):
    index = index_encounters(encounters([bytes(16)], [START]))
    derived = []

    def derive(key, start, period):
        derived.append(start)
        return derive_ephemeral_ids(key, start, period)

    monkeypatch.setattr(candidates, "derive_ephemeral_ids", derive)
    # The nearest days whose tolerance of 12 intervals does not reach the sighting.
    for start in (START - 144 - 12, START + 13):
        find_candidates(keys(1, start), index, 12)
    assert derived == []

    for start in (START - 144 - 11, START + 12):
        find_candidates(keys(1, start), index, 12)
    assert derived == [START - 144 - 11, START + 12]


def test_more_keys_than_fit_one_batch_are_all_looked_up():
    many = keys(300, START)
    last = derive_ephemeral_ids(many.key[299].tobytes(), START)[10].tobytes()
    index = index_encounters(encounters([last], [START + 10]))
    found = find_candidates(many, index, 12)

    assert found.key_index.tolist() == [299]


def test_repr_of_an_index_shows_no_ids():
    assert repr(index_encounters(encounters([bytes(16)], [5]))) == (
        "<EncounterIndex n=1>"
    )
