"""Every variant of the candidate search finds the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.kernels.dispatch import available_variants
from proximity.matching import candidates_plain
from proximity.matching.candidates import EncounterIndex
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters

TOLERANCE = 12
START = 2_880_000


def plain(keys, encounters):
    return candidates_plain.find_candidates(keys, encounters, TOLERANCE)


def indexed(variant):
    def find(keys, encounters):
        return EncounterIndex(encounters, TOLERANCE, variant=variant).find(keys)

    return find


FORMS = {"plain": plain, **{name: indexed(name) for name in available_variants()}}


def key_bytes(number):
    return number.to_bytes(16, "big")


def keys_of(*rows):
    """Return keys of (number, start interval, period)."""
    numbers = [row[0] for row in rows]
    key = b"".join(key_bytes(number) for number in numbers)
    n = len(rows)
    return DiagnosisKeys(
        key=np.frombuffer(key, np.uint8).reshape(n, 16),
        start_interval=np.array([row[1] for row in rows], np.int64),
        period=np.array([row[2] for row in rows], np.int64),
        report_type=np.ones(n, np.uint8),
        days_since_onset=np.zeros(n, np.int16),
        transmission_risk=np.zeros(n, np.uint8),
    )


def encounters_of(*rows):
    """Return encounters of (ID, times in milliseconds)."""
    ids = b"".join(row[0] for row in rows)
    return Encounters(
        ephemeral_id=np.frombuffer(ids, np.uint8).reshape(len(rows), 16),
        metadata=np.zeros((len(rows), 4), np.uint8),
        offsets=np.cumsum([0, *(len(row[1]) for row in rows)], dtype=np.int64),
        t_ms=np.array([t for row in rows for t in sorted(row[1])], np.int64),
        rssi_dbm=np.zeros(sum(len(row[1]) for row in rows), np.int8),
    )


def id_of(number, position, start=START):
    return derive_ephemeral_ids(key_bytes(number), start)[position].tobytes()


def at(interval):
    return interval * 600_000


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def find(request):
    def rows(keys, encounters):
        columns = request.param(keys, encounters)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    return rows


def test_an_id_at_its_time_is_found_with_its_interval(find):
    heard = encounters_of((id_of(1, 7), [at(START + 7)]))

    assert find(keys_of((1, START, 144)), heard) == [(0, START + 7, 0)]


@pytest.mark.parametrize(("offset", "count"), [(-13, 0), (-12, 1), (12, 1), (13, 0)])
def test_an_id_is_found_within_the_tolerance(find, offset, count):
    heard = encounters_of((id_of(1, 0), [at(START + offset)]))

    assert len(find(keys_of((1, START, 144)), heard)) == count


def test_the_last_millisecond_within_the_tolerance_counts(find):
    beyond = at(START + 13)

    heard = encounters_of((id_of(1, 0), [beyond - 1]), (id_of(1, 0), [beyond]))

    assert find(keys_of((1, START, 144)), heard) == [(0, START, 0)]


def test_one_sighting_near_its_time_is_enough(find):
    heard = encounters_of((id_of(1, 0), [at(START - 100), at(START), at(START + 100)]))

    assert find(keys_of((1, START, 144)), heard) == [(0, START, 0)]


def test_an_id_beyond_the_period_is_not_found(find):
    heard = encounters_of((id_of(1, 50), [at(START + 50)]))

    assert find(keys_of((1, START, 50)), heard) == []
    assert len(find(keys_of((1, START, 51)), heard)) == 1


def test_a_zero_id_in_the_air_does_not_match_unused_intervals(find):
    heard = encounters_of((bytes(16), [at(START + 60)]))

    assert find(keys_of((1, START, 50)), heard) == []


def test_equal_first_halves_are_not_enough(find):
    real = id_of(1, 3)
    forged = real[:8] + bytes(8)
    heard = encounters_of((forged, [at(START + 3)]), (real, [at(START + 3)]))

    assert find(keys_of((1, START, 144)), heard) == [(0, START + 3, 1)]


def test_every_encounter_of_an_id_is_found(find):
    heard = encounters_of(*((id_of(1, 3), [at(START + 3) + i]) for i in range(3)))

    assert [row for _, _, row in find(keys_of((1, START, 144)), heard)] == [0, 1, 2]


def test_results_are_in_the_order_of_key_interval_and_row(find):
    heard = encounters_of(
        (id_of(2, 9), [at(START + 9)]),
        (id_of(1, 9), [at(START + 9)]),
        (id_of(1, 5), [at(START + 5)]),
    )
    keys = keys_of((1, START, 144), (2, START, 144))

    assert find(keys, heard) == [
        (0, START + 5, 2),
        (0, START + 9, 1),
        (1, START + 9, 0),
    ]


def test_a_key_without_sightings_in_its_time_finds_nothing(find):
    heard = encounters_of((id_of(1, 3), [at(START + 1_000)]))

    assert find(keys_of((1, START, 144)), heard) == []


def test_nothing_is_found_where_nothing_was_heard(find):
    assert find(keys_of((1, START, 144)), encounters_of()) == []


def test_no_keys_find_nothing(find):
    assert find(keys_of(), encounters_of((id_of(1, 3), [at(START)]))) == []


def test_a_start_at_the_end_of_all_time_is_no_problem(find):
    start = 2**31 - 1
    heard = encounters_of((id_of(1, 3, start), [at(start + 3)]))

    assert find(keys_of((1, start, 144)), heard) == [(0, start + 3, 0)]


@st.composite
def worlds(draw):
    """Few keys and IDs, so that equal halves, repeats and near misses are common."""
    numbers = st.integers(0, 3)
    starts = st.sampled_from([START, START + 1, START + 144])
    keys = draw(st.lists(st.tuples(numbers, starts, st.integers(1, 144)), max_size=6))
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        start = draw(starts)
        position = draw(st.integers(0, 143))
        real = id_of(draw(numbers), position, start)
        ephemeral_id = draw(st.sampled_from([real, real[:8] + bytes(8), bytes(16)]))
        offsets = st.integers(-14 * 600_000, 14 * 600_000)
        times = draw(st.lists(offsets, min_size=1, max_size=4))
        rows.append((ephemeral_id, [at(start + position) + t for t in times]))
    return keys_of(*keys), encounters_of(*rows)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(worlds())
def test_all_forms_are_equal(world):
    keys, encounters = world
    expected = [column.tolist() for column in plain(keys, encounters)]

    for find in FORMS.values():
        assert [column.tolist() for column in find(keys, encounters)] == expected


@st.composite
def histories(draw):
    """Some states of one store: rows are added, heard again, and forgotten."""
    keys, encounters = draw(worlds())
    n = len(encounters.ephemeral_id)
    states = []
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, n))
        end = draw(st.integers(first, n))
        rows = []
        for row in range(first, end):
            span = slice(*encounters.offsets[row : row + 2].tolist())
            heard = encounters.t_ms[span].tolist()
            kept = draw(st.integers(1, len(heard)))
            rows.append((encounters.ephemeral_id[row].tobytes(), heard[:kept]))
        states.append(encounters_of(*rows))
    return keys, states


@settings(derandomize=True, deadline=None, max_examples=60)
@given(histories())
def test_an_index_kept_up_to_date_finds_what_a_new_one_finds(history):
    keys, states = history

    for variant in available_variants():
        index = EncounterIndex(states[0], TOLERANCE, variant=variant)
        for encounters in states:
            index.update(encounters)
            found = [column.tolist() for column in index.find(keys)]

            expected = [column.tolist() for column in plain(keys, encounters)]
            assert found == expected


def test_a_key_of_two_days_is_found_on_both(find):
    start = START + 100
    early = (id_of(1, 10, start), [at(start + 10)])
    late = (id_of(1, 143, start), [at(start + 143)])

    assert find(keys_of((1, start, 144)), encounters_of(early, late)) == [
        (0, start + 10, 0),
        (0, start + 143, 1),
    ]


def test_sightings_of_one_id_that_lie_years_apart_are_judged_one_by_one(find):
    near, far = START + 50, START - 144 * 4_000
    row = (id_of(1, 50), [at(far), at(near)])
    beside = (id_of(1, 50), [at(far), at(START + 144 * 4_000)])

    assert find(keys_of((1, START, 144)), encounters_of(row, beside)) == [(0, near, 0)]
