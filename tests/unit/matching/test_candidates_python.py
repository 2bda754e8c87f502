"""What only the form without a compiler has; the common rest is in tests/contract/."""

import numpy as np

from proximity.matching import candidates_python
from proximity.matching.candidates import EncounterIndex
from proximity.protocol.gaen import derive_ephemeral_ids


def test_keys_of_days_without_sightings_are_not_derived(monkeypatch, encounters, keys):
    start = 2_880_000
    index = EncounterIndex(encounters([bytes(16)], [start]), 12, variant="python")
    derived = []

    def derive(key, start, period):
        derived.append(start)
        return derive_ephemeral_ids(key, start, period)

    monkeypatch.setattr(candidates_python, "derive_ephemeral_ids", derive)
    # The nearest days whose tolerance of 12 intervals does not reach the sighting.
    for beyond in (start - 144 - 12, start + 13):
        index.find(keys(1, beyond))
    assert derived == []

    for near in (start - 144 - 11, start + 12):
        index.find(keys(1, near))
    assert derived == [start - 144 - 11, start + 12]


def test_more_keys_than_fit_one_batch_are_all_looked_up(encounters, keys):
    many = keys(300, 2_880_000)
    last = derive_ephemeral_ids(many.key[299].tobytes(), 2_880_000)[10].tobytes()
    index = EncounterIndex(encounters([last], [2_880_010]), 12, variant="python")

    assert index.find(many).key_index.tolist() == [299]
    assert np.array_equal(index.find(many).interval, [2_880_010])
