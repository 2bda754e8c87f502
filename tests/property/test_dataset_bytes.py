"""Hostile dataset files give a named error, never another one, never a hang."""

import json
import lzma
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.research.datasets.dp3t_table import read_packets
from proximity.research.datasets.dp3t_tracks import read_tracks

TABLE = """CREATE TABLE results(receiver_id INT, transmitter_id INT, timestamp REAL,
    rssi INTEGER, tx_power INTEGER, ground_truth_distance REAL)"""
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["datetime", "1", "22", "x"]), inner)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("database") / "results.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(TABLE)
    rows = [(1, 2, 1_587_102_977_032.0 + i, -70, -20, 1.5) for i in range(50)]
    connection.executemany("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path.read_bytes()


def try_table(data):
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "scenario01-lunch.sqlite.xz"
        packed.write_bytes(lzma.compress(data, preset=0))
        with suppress(FormatError):
            read_packets(packed)


def try_tracks(data):
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "1_lunch_part1.json.xz"
        packed.write_bytes(lzma.compress(data, preset=0))
        with suppress(FormatError):
            read_tracks([packed])


@settings(derandomize=True, deadline=None, max_examples=80)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 8_191), st.integers(0, 255)), min_size=1, max_size=20
    ),
    length=st.integers(0, 8_192) | st.none(),
)
def test_a_damaged_database_is_read_or_refused(database, changes, length):
    data = bytearray(database)
    for position, value in changes:
        data[position % len(data)] = value

    try_table(bytes(data[:length]))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(row=st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES, VALUES))
def test_any_row_is_read_or_refused(row):
    connection = sqlite3.connect(":memory:")
    connection.execute(TABLE)
    connection.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    data = connection.serialize()
    connection.close()

    try_table(data)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(document=JSON)
def test_any_json_is_a_track_or_refused(document):
    try_tracks(json.dumps(document).encode())


@settings(derandomize=True, deadline=None, max_examples=60)
@given(places=st.lists(JSON, min_size=2, max_size=2))
def test_any_places_are_a_track_or_refused(places):
    times = ["2020-04-17 07:56:47.400000", "2020-04-17 07:56:47.600000"]

    try_tracks(json.dumps({"datetime": times, "1": places}).encode())


@settings(derandomize=True, deadline=None, max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused(data):
    try_tracks(data)
    try_table(data)


def test_deep_nesting_is_refused():
    try_tracks(b"[" * 200_000)
