"""Every variant of the native kernels derives and finds the same, wherever it runs."""

import hashlib
import json
from functools import reduce
from pathlib import Path

import kernel_forms
import numpy as np
import pytest
from kernel_forms import COMPILED, FORMS, Chains, Filters, Heard

from proximity.protocol import bluezone, gaen

VECTORS = Path(__file__).parents[1] / "vectors"
GAEN = json.loads((VECTORS / "gaen_ephemeral_ids.json").read_text("utf-8"))
BLUEZONE = json.loads((VECTORS / "bluezone_ids.json").read_text("utf-8"))
DAY = 20_000
START = DAY * 144
TOLERANCE = 12
LAST_START = 2**31 - 1
LANES = 32

pytestmark = pytest.mark.skipif(not COMPILED, reason="no kernels were compiled")


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]()


def random_keys(n, length=16, seed=0):
    generator = np.random.default_rng([n, length, seed])
    return generator.integers(0, 256, (n, length), np.uint8)


def keys_of(key, start, period=144):
    """Return the columns of gaen keys."""
    n = len(key)
    starts = np.broadcast_to(np.asarray(start, np.int64), n).copy()
    periods = np.broadcast_to(np.asarray(period, np.int64), n).copy()
    return np.ascontiguousarray(key), starts, periods


def ids_of(keys):
    """Return all 144 IDs of each key, derived by the scheme itself."""
    return np.stack(
        [
            gaen.derive_ephemeral_ids(key.tobytes(), int(start))
            for key, start in zip(keys[0], keys[1], strict=True)
        ]
    )


def filters_of(*days, words=256, fill=0):
    """Return an empty filter for each of some days."""
    slots = np.full(max(days) - min(days) + 1, -1, np.int32)
    slots[np.array(days) - min(days)] = np.arange(len(days))
    offsets = np.arange(len(days) + 1, dtype=np.int64) * words
    return Filters(
        min(days), slots, offsets, np.full(words * len(days), fill, np.uint32)
    )


def heard_on(ids, first_day, last_day=None):
    ids = np.ascontiguousarray(ids).reshape(-1, 16)
    first = np.broadcast_to(np.asarray(first_day, np.int64), len(ids)).copy()
    last = first if last_day is None else last_day
    last = np.broadcast_to(np.asarray(last, np.int64), len(ids)).copy()
    return Heard(ids, first, last)


def heard_at(ids, intervals):
    """Return IDs heard at intervals, in the filters of all days within ± 2 h."""
    intervals = np.asarray(intervals, np.int64).ravel()
    days = (intervals - TOLERANCE) // 144, (intervals + TOLERANCE) // 144
    return heard_on(ids, *days)


def days_near(heard):
    return np.unique([heard.first_day, heard.last_day]).tolist()


def search(form, heard, keys, *, filters=None, capacity=kernel_forms.MOST_SURVIVORS):
    """Return the hits as sorted (key, position, row)."""
    if filters is None:
        filters = filters_of(*days_near(heard))
    found = form.gaen_search(heard, filters, keys, capacity)
    return sorted(map(tuple, np.concatenate([*found, np.zeros((0, 3), int)]).tolist()))


def every(n_keys, positions=range(144)):
    """Return the hits where row 144 k + p holds ID p of key k."""
    return [(k, p, 144 * k + p) for k in range(n_keys) for p in positions]


def test_the_published_ids_are_found_in_every_lane(form):
    key = np.tile(np.frombuffer(bytes.fromhex(GAEN["key"]), np.uint8), (LANES + 1, 1))
    ids = bytes.fromhex("".join(row["ephemeral_id"] for row in GAEN["advertised"]))
    start = GAEN["start_interval"]
    heard = heard_on(np.frombuffer(ids, np.uint8), start // 144)

    found = search(form, heard, keys_of(key, start), capacity=2 * 4608)

    assert found == [(k, p, p) for k in range(LANES + 1) for p in range(144)]


def test_every_id_of_every_lane_is_found_alone(form):
    keys = keys_of(random_keys(LANES), START)
    ids = ids_of(keys)
    # One row for each key at a position of its own: in 144 searches each has been each.
    for shift in range(0, 144, 9):
        positions = (np.arange(LANES) * 5 + shift) % 144
        heard = heard_on(ids[np.arange(LANES), positions], DAY)

        assert search(form, heard, keys) == [
            (k, p, k) for k, p in enumerate(positions.tolist())
        ]


@pytest.mark.parametrize("n_keys", [1, 3, LANES - 1, LANES, LANES + 1, 2 * LANES + 5])
def test_all_ids_of_any_number_of_keys_are_found(form, n_keys):
    keys = keys_of(random_keys(n_keys), START)
    heard = heard_on(ids_of(keys), DAY)

    assert search(form, heard, keys) == every(n_keys)


@pytest.mark.parametrize("words", [64, 512, 1024, 2**15])
def test_filters_of_any_size_keep_what_was_heard(form, words):
    keys = keys_of(random_keys(5), START)
    decoys = random_keys(2_000, seed=1)
    heard = heard_on(np.concatenate([ids_of(keys).reshape(-1, 16), decoys]), DAY)

    found = search(form, heard, keys, filters=filters_of(DAY, words=words))

    assert found == every(5)


@pytest.mark.parametrize("first", [1, 7, 15, 23, 47, 95])
def test_no_id_beyond_the_period_is_found(form, first):
    periods = [first, first + 1, first + 2, 144 - first, 144]
    keys = keys_of(random_keys(len(periods)), START, periods)
    heard = heard_on(ids_of(keys), DAY)

    assert search(form, heard, keys) == [
        hit for hit in every(len(periods)) if hit[1] < periods[hit[0]]
    ]


@pytest.mark.parametrize("offset", [1, 47, 48, 71, 143])
@pytest.mark.parametrize("recorded", [(DAY,), (DAY + 1,), (DAY, DAY + 1)])
def test_a_key_that_starts_inside_a_day_is_searched_in_both(form, offset, recorded):
    keys = keys_of(random_keys(3), START + offset)
    days = np.tile(DAY + (offset + np.arange(144)) // 144, 3)
    heard = heard_on(ids_of(keys), days)

    found = search(form, heard, keys, filters=filters_of(*recorded, words=1024))

    assert found == [hit for hit in every(3) if days[hit[1]] in recorded]


def test_the_second_part_of_a_short_key_ends_with_its_period(form):
    keys = keys_of(random_keys(4), START + 140, [3, 4, 5, 40])
    heard = heard_on(ids_of(keys), DAY, DAY + 1)

    assert search(form, heard, keys) == [
        hit for hit in every(4) if hit[1] < (3, 4, 5, 40)[hit[0]]
    ]


@pytest.mark.parametrize("start", [0, 1, 143, LAST_START - 143, LAST_START])
def test_the_first_and_the_last_interval_are_like_any_other(form, start):
    keys = keys_of(random_keys(2), start)
    days = np.tile((start + np.arange(144)) // 144, 2)

    assert search(form, heard_on(ids_of(keys), days), keys) == every(2)


@pytest.mark.parametrize("shift", [-TOLERANCE, 0, TOLERANCE])
def test_an_id_heard_two_hours_beside_its_day_is_found(form, shift):
    keys = keys_of(random_keys(2), START)
    heard = heard_at(ids_of(keys), np.tile(START + shift + np.arange(144), 2))

    assert search(form, heard, keys) == every(2)


def test_a_key_of_zeros_is_a_key(form):
    keys = keys_of(np.zeros((2, 16), np.uint8), [START, START + 144])
    heard = heard_on(ids_of(keys), [DAY] * 144 + [DAY + 1] * 144)

    assert search(form, heard, keys) == every(2)


def test_an_id_in_many_rows_is_named_by_its_first(form):
    keys = keys_of(random_keys(1), START)
    other = ids_of(keys)[0, 99]
    row = np.concatenate([[other], np.repeat(ids_of(keys)[0, 77:78], 10_000, axis=0)])

    assert search(form, heard_on(row, DAY), keys) == [(0, 77, 1), (0, 99, 0)]


def test_ids_that_begin_alike_are_told_apart(form):
    keys = keys_of(random_keys(2), START)
    near = ids_of(keys).reshape(-1, 16).copy()
    near[np.arange(len(near)), 4 + np.arange(len(near)) % 12] ^= 1

    assert search(form, heard_on(near, DAY), keys) == []


def test_a_filter_that_dismisses_nothing_leaves_it_to_the_table(form):
    keys = keys_of(random_keys(LANES + 3), START, 100)
    heard = heard_on(ids_of(keys)[17, 42], DAY)
    full = filters_of(DAY, fill=2**32 - 1)

    assert search(form, heard, keys, filters=full) == [(17, 42, 0)]


def test_a_filter_that_holds_nothing_dismisses_everything(form):
    keys = keys_of(random_keys(3), START)
    heard = heard_on(ids_of(keys), DAY + 1)

    assert search(form, heard, keys, filters=filters_of(DAY)) == []


def test_a_search_goes_on_where_there_was_no_room_for_more(form):
    keys = keys_of(random_keys(3 * LANES), START)
    heard = heard_on(ids_of(keys), DAY)
    least = kernel_forms.MOST_SURVIVORS

    rounds = form.gaen_search(heard, filters_of(DAY), keys, least)

    assert [len(hits) for hits in rounds] == [least] * 3
    assert sorted(map(tuple, np.concatenate(rounds).tolist())) == every(3 * LANES)


@pytest.mark.parametrize("start", [0, START, START + 71, LAST_START])
def test_the_fold_is_that_of_the_derived_ids(form, start):
    starts = np.minimum(start + np.arange(2 * LANES), LAST_START)
    keys = keys_of(random_keys(2 * LANES), starts)

    every_id = ids_of(keys).reshape(-1, 16)

    assert form.gaen_fold(keys) == reduce(np.bitwise_xor, every_id).tobytes()


def chains_of(day_keys, left=96, day=DAY):
    n = len(day_keys)
    return Chains(
        np.ascontiguousarray(day_keys),
        np.broadcast_to(np.asarray(day, np.int64), n).copy(),
        np.broadcast_to(np.asarray(left, np.int64), n).copy(),
    )


def bluezone_ids_of(day_keys, count=96):
    """Return the IDs of days, filled up with zeros, derived by the scheme itself."""
    ids = np.zeros((len(day_keys), count, 16), np.uint8)
    for key, row in zip(day_keys, ids, strict=True):
        derived = b"".join(bluezone.derive_ephemeral_ids(key.tobytes(), count))
        row[:, :12] = np.frombuffer(derived, np.uint8).reshape(count, 12)
    return ids


def follow(form, heard, chains, *, filters=None, begins=True):
    """Return the hits as sorted (chain, position, row), and the links after them."""
    if filters is None:
        filters = filters_of(*days_near(heard))
    found, links = form.bluezone_search(heard, filters, chains, begins)
    hits = np.concatenate([*found, np.zeros((0, 3), int)]).tolist()
    return sorted(map(tuple, hits)), links


def test_known_ids_of_bluezone_are_found_in_every_lane(form):
    slots = (0, 1, 47, 95)
    rows = BLUEZONE["derived"]
    keys = np.array([list(bytes.fromhex(row["daily_key"])) for row in rows], np.uint8)
    ids = np.zeros((len(rows), 4, 16), np.uint8)
    for row, known in zip(rows, ids, strict=True):
        known[:, :12] = [list(bytes.fromhex(row[f"id{slot}"])) for slot in slots]
    chains = chains_of(np.tile(keys, (LANES, 1)))

    found, _ = follow(form, heard_on(ids, DAY), chains)

    assert found == [
        (chain, slot, 4 * (chain % len(rows)) + i)
        for chain in range(LANES * len(rows))
        for i, slot in enumerate(slots)
    ]


@pytest.mark.parametrize("n", [1, 5, LANES, LANES + 1, 3 * LANES])
def test_all_slots_of_any_number_of_chains_are_found(form, n):
    day_keys = random_keys(n, 32)

    heard = heard_on(bluezone_ids_of(day_keys), DAY)
    found, _ = follow(form, heard, chains_of(day_keys))

    assert found == [(k, p, 96 * k + p) for k in range(n) for p in range(96)]


def test_a_chain_is_followed_over_calls(form):
    count = 2 * 96 + 31
    day_keys = random_keys(LANES + 2, 32)
    heard = heard_on(bluezone_ids_of(day_keys, count), DAY)
    filters = filters_of(DAY, words=4096)
    chains, found = chains_of(day_keys, count), []

    for at in (0, 96, 192):
        hits, links = follow(form, heard, chains, filters=filters, begins=at == 0)
        found += [(chain, at + position, row) for chain, position, row in hits]
        chains = chains_of(links, count - at - 96)

    assert sorted(found) == [
        (k, p, count * k + p) for k in range(LANES + 2) for p in range(count)
    ]


def test_a_call_leaves_the_links_that_the_next_one_needs(form):
    day_keys = random_keys(3, 32)
    _, links = follow(form, heard_on(day_keys[:, :16], DAY), chains_of(day_keys, 97))

    for key, link in zip(day_keys, links, strict=True):
        hashed = key.tobytes() + b"bluzonesubkey"
        for _ in range(96):
            hashed = hashlib.sha256(hashed).digest()
        assert link.tobytes() == hashed


def test_no_slot_is_found_beyond_those_that_are_left(form):
    left = [1, 2, 95, 96, 40, 3, 96, 1, 7] * 5
    day_keys = random_keys(len(left), 32)
    heard = heard_on(bluezone_ids_of(day_keys), DAY)

    found, _ = follow(form, heard, chains_of(day_keys, left))

    assert found == [
        (k, p, 96 * k + p) for k in range(len(left)) for p in range(left[k])
    ]


def test_chains_of_days_without_a_filter_are_left_as_they_are(form):
    day_keys = random_keys(6, 32)
    days = [DAY, DAY, DAY + 1, DAY + 2, DAY + 2, DAY + 3]
    heard = heard_on(bluezone_ids_of(day_keys), DAY, DAY + 3)

    found, links = follow(
        form, heard, chains_of(day_keys, day=days), filters=filters_of(DAY, DAY + 2)
    )

    assert {chain for chain, _, _ in found} == {0, 1, 3, 4}
    assert np.array_equal(links[[2, 5]], day_keys[[2, 5]])


def test_bluezone_ids_that_begin_alike_are_told_apart(form):
    day_keys = random_keys(2, 32)
    near = bluezone_ids_of(day_keys).reshape(-1, 16).copy()
    near[np.arange(len(near)), 4 + np.arange(len(near)) % 12] ^= 1

    assert follow(form, heard_on(near, DAY), chains_of(day_keys))[0] == []


def test_a_full_filter_leaves_chains_to_the_table(form):
    day_keys = random_keys(LANES + 3, 32)
    heard = heard_on(bluezone_ids_of(day_keys)[33, 42], DAY)
    full = filters_of(DAY, fill=2**32 - 1)

    found, _ = follow(form, heard, chains_of(day_keys), filters=full)

    assert found == [(33, 42, 0)]


@pytest.mark.parametrize("days", [0, 1, 14, 400])
def test_keys_advance_as_the_scheme_says(form, days):
    keys = random_keys(LANES + 1, 32)

    assert [key.tobytes() for key in form.bluezone_advance(keys, days)] == [
        bluezone.advance_key(key.tobytes(), days) for key in keys
    ]
