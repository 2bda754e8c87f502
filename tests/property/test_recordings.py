"""Recordings: round trips, and files that nobody meant well with."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.protocol import bluezone, gaen
from proximity.protocol.reception import Broadcast, gather_receptions
from proximity.protocol.recording import (
    make_recording,
    read_recording,
    recorded_sightings,
)
from proximity.protocol.recording_blocks import read_blocks, write_blocks
from proximity.protocol.recording_lines import write_lines
from proximity.protocol.sighting import Scans, group_encounters

MAX_T_MS = 253_402_300_799_999

few_ids = st.sampled_from([b"a", b"b", b"c"])
advertising_data = st.one_of(
    st.builds(
        lambda letter, metadata, flags: gaen.encode_advertisement(
            letter * 16, metadata, flags=flags
        ),
        few_ids,
        st.sampled_from([b"meta", b"data"]),
        st.booleans(),
    ),
    few_ids.map(lambda letter: bluezone.encode_advertisement(letter * 12)),
    st.binary(max_size=40),
)
addresses = st.one_of(st.none(), st.sampled_from([b"123456", b"abcdef"]))
times = st.one_of(st.integers(0, 2_000), st.integers(0, MAX_T_MS))
receptions_of_any_kind = st.lists(
    st.tuples(
        times,
        st.one_of(st.none(), st.integers(-127, 20)),
        st.builds(Broadcast, addresses, advertising_data),
    ),
    max_size=30,
).map(gather_receptions)
scans_of_any_kind = st.lists(
    st.tuples(
        st.integers(0, MAX_T_MS // 2),
        st.one_of(st.integers(0, 10_000), st.integers(0, MAX_T_MS // 2)),
        st.one_of(st.just(-1), times),
    ),
    max_size=8,
).map(
    lambda rows: Scans(
        np.array([start for start, _, _ in rows], np.int64),
        np.array([start + length for start, length, _ in rows], np.int64),
        np.array([monotonic for _, _, monotonic in rows], np.int64),
    )
)


def same(a, b):
    return all(
        np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y
        for x, y in zip(a, b, strict=True)
    )


def encoded(write, receptions, scans):
    stream = io.BytesIO()
    write(stream, receptions, scans)
    return stream.getvalue()


def refused_or_read(data):
    """Read what may be hostile: only a `FormatError` may come of it."""
    try:
        read_recording(io.BytesIO(data))
    except FormatError:
        return True
    return False


@settings(derandomize=True, deadline=None, max_examples=80)
@given(receptions_of_any_kind, scans_of_any_kind)
def test_both_forms_are_read_as_written(receptions, scans):
    for write in (write_lines, write_blocks):
        read = read_recording(io.BytesIO(encoded(write, receptions, scans)))

        assert same(read.receptions, receptions)
        assert same(read.scans, scans)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(receptions_of_any_kind)
def test_encounters_are_those_of_the_sightings_one_by_one(receptions):
    recording = make_recording(receptions, Scans(*np.zeros((3, 0), np.int64)))
    one_by_one = group_encounters(recorded_sightings(recording))

    assert same(recording.encounters, one_by_one)
    gaen_count = len(receptions.t_ms) - sum(recording.skipped.values())
    assert len(recording.encounters.t_ms) == gaen_count


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    refused_or_read(data)
    refused_or_read(b"\x89PXREC\n\x01" + data)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(receptions_of_any_kind, scans_of_any_kind, st.data())
def test_a_damaged_file_is_read_or_refused(receptions, scans, data):
    for write in (write_lines, write_blocks):
        whole = encoded(write, receptions, scans)
        position = data.draw(st.integers(0, max(0, len(whole) - 1)))
        inserted = data.draw(st.binary(max_size=3))
        dropped = data.draw(st.integers(0, 3))
        refused_or_read(whole[:position] + inserted + whole[position + dropped :])


@settings(derandomize=True, deadline=None, max_examples=40)
@given(receptions_of_any_kind, scans_of_any_kind, st.data())
def test_a_compressed_file_that_was_cut_is_refused(receptions, scans, data):
    whole = encoded(write_blocks, receptions, scans)
    end = data.draw(st.integers(1, len(whole) - 1))

    assert refused_or_read(whole[:end])


def test_broadcasts_of_the_longest_data_fit_their_blocks():
    heard = gather_receptions(
        (i, -60, Broadcast(b"123456", i.to_bytes(2) + bytes(1_648)))
        for i in range(4_200)
    )
    whole = encoded(write_blocks, heard, Scans(*np.zeros((3, 0), np.int64)))

    assert same(read_blocks(io.BytesIO(whole))[0], heard)


def test_a_series_is_continued_from_block_to_block():
    heard = gather_receptions(
        (1_000 * i, -60, Broadcast(None, bytes([i % 7]))) for i in range(65_540)
    )
    whole = encoded(write_blocks, heard, Scans(*np.zeros((3, 0), np.int64)))

    assert same(read_blocks(io.BytesIO(whole))[0], heard)
