"""Whatever is recorded comes back, whatever order it came in."""

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.protocol.sighting import MISSING_RSSI_DBM, Sighting
from proximity.store.encounters import read_encounters
from proximity.store.schema import open_store
from proximity.store.series import pack_series, unpack_series
from proximity.store.sightings import SightingLog

names = st.sampled_from([b"a", b"b", b"c"]).map(lambda name: name.ljust(16))
sightings = st.builds(
    Sighting,
    t_ms=st.integers(0, 8_000_000),
    rssi_dbm=st.none() | st.integers(-127, 20),
    scheme=st.just("gaen"),
    ephemeral_id=names,
    metadata=st.sampled_from([b"meta", b"fake"]),
    address=st.none() | st.sampled_from([b"1" * 6, b"2" * 6]),
)
flushes = st.integers(0, 8_000_000)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(sightings | flushes, max_size=60))
def test_every_sighting_comes_back_once(events):
    given_sightings = [event for event in events if isinstance(event, Sighting)]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "store.sqlite")) as connection,
    ):
        log = SightingLog(connection)
        for event in events:
            if isinstance(event, Sighting):
                log.record(event)
            else:
                log.flush(event)
        log.flush(0)
        encounters = read_encounters(connection, 0, 1 << 62)

    rows = np.repeat(np.arange(len(encounters.metadata)), np.diff(encounters.offsets))
    stored = [
        (bytes(encounters.ephemeral_id[row]), bytes(encounters.metadata[row]), *values)
        for row, *values in zip(
            rows, encounters.t_ms.tolist(), encounters.rssi_dbm.tolist(), strict=True
        )
    ]
    expected = [
        (
            each.ephemeral_id,
            each.metadata,
            each.t_ms // 100 * 100,
            MISSING_RSSI_DBM if each.rssi_dbm is None else each.rssi_dbm,
        )
        for each in given_sightings
    ]
    assert sorted(stored) == sorted(expected)
    within = rows[1:] == rows[:-1]
    assert np.all(np.diff(encounters.t_ms)[within] >= 0)
    assert np.all(np.diff(encounters.t_ms[encounters.offsets[:-1]]) >= 0)


rows_of_steps = st.lists(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(-128, 127)),
        min_size=1,
        max_size=20,
    ),
    max_size=10,
)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(rows_of_steps, st.integers(0, 10**9))
def test_packed_rows_come_back(rows, start):
    packed, starts, times, rssi_dbm = [], [], [], []
    for row in rows:
        row_times = (start + np.cumsum([0, *(steps for steps, _ in row[1:])])) * 100
        row_rssi = [value for _, value in row]
        packed.append(pack_series(row_times, row_rssi))
        starts.append(row_times[0])
        times += row_times.tolist()
        rssi_dbm += row_rssi

    series = unpack_series(packed, starts)

    assert series.t_ms.tolist() == times
    assert series.rssi_dbm.tolist() == rssi_dbm
