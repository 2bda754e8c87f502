"""The exact table under attack, and calls of the kernels that cannot be meant."""

import numpy as np
import pytest
from kernel_forms import MOST_SURVIVORS, SECRET, make_table

from proximity.kernels.dispatch import PYTHON, available_variants, load_native

NATIVE = load_native()
VARIANT = available_variants()[0]
CRAFTED = 1 << 17
# Among so many random IDs the longest chain has seven or eight.
SHORT = 24

pytestmark = pytest.mark.skipif(
    NATIVE is None or VARIANT == PYTHON, reason="no kernels were compiled"
)


def ids_of_words(*words):
    """Return IDs of four columns of words."""
    columns = [np.broadcast_to(np.asarray(word, np.uint32), CRAFTED) for word in words]
    return np.stack(columns, axis=1).view(np.uint8)


def three_bits():
    """Return IDs of three bits each."""
    bits = np.eye(128, dtype=np.uint8)
    places = np.indices((128, 128, 128)).reshape(3, -1)
    apart = (places[0] < places[1]) & (places[1] < places[2])
    first, second, third = places[:, apart][:, ::2][:, :CRAFTED]
    return np.packbits(bits[first] | bits[second] | bits[third], axis=1)


def collide_under(secret, buckets):
    """Return IDs that one secret puts all into one bucket: one step of the last words
    moves the sum by less than a bucket's width, even when it is repeated."""
    modulus = buckets << 32
    u, v = (each.ravel() for each in np.indices((1 << 10, 1 << 10), np.uint64))
    sums = (secret[3] * u + secret[4] * v) % np.uint64(modulus)
    order = np.argsort(sums)
    closest = np.argmin(np.diff(sums[order]))
    one, other = order[closest], order[closest + 1]
    step = [int(column[other]) - int(column[one]) for column in (u, v)]
    times = np.arange(CRAFTED, dtype=np.int64)
    return ids_of_words(0, 0, *((1 << 31) + times * each for each in step))


def longest_chain(ids, secret):
    *columns, _ = make_table(ids)
    table = (*columns, secret)
    NATIVE.table_insert(table, 0, len(ids))
    return NATIVE.table_longest_chain(table)


def secrets(n):
    return np.random.default_rng(4).integers(0, 2**64, (n, 5), np.uint64)


NUMBERS = np.arange(CRAFTED, dtype=np.uint64)
BUCKETS = len(make_table(ids_of_words(0, 0, 0, 0))[1])
FAMILIES = {
    "sequential": ids_of_words(NUMBERS, 0, 0, 0),
    "sequential at the end": ids_of_words(0, 0, 0, NUMBERS << np.uint64(12)),
    "equal beginnings": ids_of_words(7, 7, 7, NUMBERS * np.uint64(2654435761)),
    "three bits": three_bits(),
    "words that cancel": ids_of_words(NUMBERS, ~NUMBERS, NUMBERS, ~NUMBERS),
    "a grid": ids_of_words(NUMBERS >> np.uint64(9), 0, NUMBERS & np.uint64(511), 0),
    "made for another secret": collide_under(SECRET, BUCKETS),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_can_fill_a_chain_without_the_secret(family):
    ids = FAMILIES[family]

    assert len(np.unique(ids, axis=0)) > 100_000
    assert max(longest_chain(ids, secret) for secret in secrets(5)) <= SHORT


def test_whoever_had_the_secret_could_fill_a_chain():
    """What the secret is for, and that the family above is an attack."""
    n = 2_000
    ids = collide_under(SECRET, BUCKETS)[:n]
    rows = np.zeros(n, np.uint32)
    table = (ids, np.zeros(BUCKETS, np.uint32), rows, rows.copy(), SECRET)

    NATIVE.table_insert(table, 0, n)

    assert NATIVE.table_longest_chain(table) == n


def test_rows_of_one_id_take_one_place_of_a_chain_and_name_the_first():
    ids = np.zeros((CRAFTED, 16), np.uint8)
    ids[5:, 0] = 1
    table = make_table(ids)

    NATIVE.table_insert(table, 0, 1_000)
    NATIVE.table_insert(table, 1_000, CRAFTED)

    assert NATIVE.table_longest_chain(table) <= 2
    assert table[3].tolist() == [0] * 5 + [5] * (CRAFTED - 5)


def sound_arguments():
    """Return what the functions take, by name, for tests to spoil."""
    ids = np.zeros((3, 16), np.uint8)
    ones = np.ones(3, np.int64)
    return {
        "rows": [ids, ones, ones],
        "filters": [
            0,
            np.zeros(4, np.int32),
            np.array([0, 64]),
            np.zeros(64, np.uint32),
            np.zeros(64, np.uint32),
        ],
        "table": list(make_table(ids)),
        "keys": [np.zeros((3, 16), np.uint8), 144 * ones, 144 * ones],
        "parts": np.zeros(6, np.uint32),
        "chains": [np.zeros((3, 32), np.uint8), ones, ones],
        "from": 0,
        "day_keys": np.zeros((3, 32), np.uint8),
        "days": 1,
        "hits": np.zeros((MOST_SURVIVORS, 3), np.uint32),
        "variant": VARIANT,
    }


def run_all(a):
    """Call every function with the same arguments."""
    a = {key: tuple(v) if isinstance(v, list) else v for key, v in a.items()}
    variant, filters, table = a["variant"], a["filters"], a["table"]
    NATIVE.table_insert(table, 0, 3)
    NATIVE.table_longest_chain(table)
    NATIVE.filters_insert(a["rows"], filters)
    NATIVE.group_by_day(a["keys"], filters, np.zeros(6, np.uint32))
    NATIVE.gaen_search(variant, a["keys"], a["parts"], filters, table, a["hits"])
    chains = (*a["chains"], True, a["from"])
    NATIVE.bluezone_search(variant, chains, filters, table, a["hits"])
    NATIVE.bluezone_advance(variant, a["day_keys"], a["days"])


SPOILED = {
    "rows 0 length": np.zeros(33, np.uint8),
    "rows 1 length": np.ones(2, np.int64),
    "rows 2 length": np.ones(4, np.int64),
    "filters 1 slot": np.ones(4, np.int32),
    "filters 1 slot below": np.full(4, -2, np.int32),
    "filters 2 none": np.zeros(0, np.int64),
    "filters 2 below": np.array([-64, 0]),
    "filters 2 beyond": np.array([64, 128]),
    "filters 2 no power": np.array([0, 63]),
    "filters 2 backwards": np.array([64, 0]),
    "filters 3 length": np.zeros(63, np.uint32),
    "filters 4 length": np.zeros(63, np.uint32),
    "table 0 length": np.zeros(31, np.uint8),
    "table 1 none": np.zeros(0, np.uint32),
    "table 1 no power": np.zeros(7, np.uint32),
    "table 2 length": np.zeros(2, np.uint32),
    "table 3 length": np.zeros(2, np.uint32),
    "table 4 length": np.zeros(4, np.uint64),
    "keys 0 length": np.zeros(49, np.uint8),
    "keys 1 length": np.zeros(2, np.int64),
    "keys 2 length": np.ones(4, np.int64),
    "keys 1 below": np.full(3, -1),
    "keys 1 beyond": np.full(3, 2**31),
    "keys 2 zero": np.zeros(3, np.int64),
    "keys 2 beyond": np.full(3, 145),
    "parts key": np.full(1, 6, np.uint32),
    "parts second": np.full(1, 1, np.uint32),
    "parts length": np.zeros(5, np.uint8),
    "chains 0 length": np.zeros(95, np.uint8),
    "chains 1 length": np.zeros(2, np.int64),
    "chains 2 length": np.ones(4, np.int64),
    "chains 2 zero": np.zeros(3, np.int64),
    "from beyond": 4,
    "from below": -1,
    "day_keys length": np.zeros(95, np.uint8),
    "days back": -1,
    "hits room": np.zeros((MOST_SURVIVORS - 1, 3), np.uint32),
    "variant name": "avx1024",
}


def test_arguments_that_are_sound_are_taken():
    run_all(sound_arguments())


@pytest.mark.parametrize("what", SPOILED)
def test_an_argument_that_cannot_be_meant_is_refused(what):
    name, place, *_ = what.split()
    arguments = sound_arguments()
    if place.isdigit():
        arguments[name][int(place)] = SPOILED[what]
    else:
        arguments[name] = SPOILED[what]

    with pytest.raises(ValueError, match=r"\w"):
        run_all(arguments)
