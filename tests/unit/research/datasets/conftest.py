"""Hand-made files in the form of the DP-3T measurements."""

import json
import lzma
import sqlite3

import pytest

CREATE = """CREATE TABLE results(db_id INTEGER PRIMARY KEY, receiver_id INT,
    receiver_model TEXT, transmitter_id INT, transmitter_model TEXT,
    timestamp REAL, rssi INTEGER, tx_power INTEGER, ground_truth_distance REAL)"""
INSERT = "INSERT INTO results VALUES (NULL, ?, 'model', ?, 'model', ?, ?, ?, ?)"


@pytest.fixture
def write_table(tmp_path):
    """Write rows of (receiver, transmitter, time, rssi, tx power, distance)."""

    def write(rows, *, name="scenario01-lunch.sqlite.xz", create=CREATE):
        database = tmp_path / "plain.sqlite"
        database.unlink(missing_ok=True)
        connection = sqlite3.connect(database)
        connection.execute(create)
        if rows:
            connection.executemany(INSERT, rows)
        connection.commit()
        connection.close()
        packed = tmp_path / name
        packed.write_bytes(lzma.compress(database.read_bytes(), preset=0))
        return packed

    return write


@pytest.fixture
def write_tracks(tmp_path):
    """Write a part of the camera tracks."""

    def write(document, *, name="1_lunch_part1.json.xz"):
        folder = tmp_path / "ground_truth"
        folder.mkdir(exist_ok=True)
        packed = folder / name
        packed.write_bytes(lzma.compress(json.dumps(document).encode(), preset=0))
        return packed

    return write
