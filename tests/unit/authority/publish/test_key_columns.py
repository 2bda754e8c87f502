"""The keys of a batch, from rows to columns."""

import os

import numpy as np
import pytest
from sqlalchemy import insert, true

from proximity.authority.database import reading
from proximity.authority.publish.key_columns import load_keys
from proximity.authority.upload.model import exposures

# Start, period, report type, days since onset and risk, at their edges.
NUMBERS = [
    (0, 1, 0, -32_768, 0),
    (2**31 - 1, 144, 5, 32_767, 8),
    (2_966_400, 144, 1, -3, 2),
    (2_966_400, 7, 3, 0, 5),
]


def store(authority, numbers):
    rows = [
        {
            "key": os.urandom(16),
            "start": start,
            "period": period,
            "report_type": kind,
            "onset_days": days,
            "risk": risk,
            "region": "VN",
            "traveler": False,
            "origin": "upload",
            "release_s": 0,
            "forget_s": 0,
            "revised_type": 5,
            "revised_onset_days": 9,
            "revised_risk": 6,
        }
        for start, period, kind, days, risk in numbers
    ]
    with authority.engine.begin() as connection:
        connection.execute(insert(exposures), rows)
    return {row["key"]: one for row, one in zip(rows, numbers, strict=True)}


def load(authority, wanted, *, revised=False):
    with reading(authority.engine) as connection:
        keys = load_keys(connection, wanted, revised=revised)
    table = zip(*(column.tolist() for column in keys[1:]), strict=True)
    return keys, {k.tobytes(): row for k, row in zip(keys.key, table, strict=True)}


def test_every_number_stays_with_its_key(authority):
    stored = store(authority, NUMBERS * 50)

    _, found = load(authority, true())

    assert found == stored


def test_only_what_is_wanted_is_read(authority):
    stored = store(authority, NUMBERS)

    _, found = load(authority, exposures.c.period == 144)

    assert found == {key: row for key, row in stored.items() if row[1] == 144}


def test_of_changed_keys_the_change_is_read(authority):
    store(authority, NUMBERS)

    keys, found = load(authority, true(), revised=True)

    assert {row[2:] for row in found.values()} == {(5, 9, 6)}
    assert sorted(keys.start_interval) == sorted(row[0] for row in NUMBERS)


@pytest.mark.parametrize("revised", [False, True])
def test_no_rows_are_no_keys_of_the_same_types(authority, revised):
    keys, _ = load(authority, true(), revised=revised)

    assert keys.key.shape == (0, 16)
    assert [column.dtype for column in keys] == [
        *(np.uint8, np.int64, np.int64, np.uint8, np.int16, np.uint8)
    ]
