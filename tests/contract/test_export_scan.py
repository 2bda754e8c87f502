"""Both forms of reading key records read the same, and refuse the same by one name."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TooLargeError,
    TruncatedError,
)
from proximity.kernels.dispatch import PYTHON, available_variants
from proximity.protocol import export, export_body, export_scan_plain
from proximity.protocol.diagnosis_key import NO_ONSET
from proximity.protocol.export import MAGIC, open_unsigned
from proximity.protocol.export_columns import encode_keys
from proximity.protocol.export_scan import StretchReader, stretch_reader

FORMS = [PYTHON, *available_variants()[:1]]
FORMS = FORMS[: len(set(FORMS))]

SECRET = bytes(range(16))
KEY = b"\x0a\x10" + SECRET
NEGATIVE = b"\xff" * 9 + b"\x01"
# Start, period, report type, days since onset and transmission risk of a bare key.
BARE = (0, 144, 0, NO_ONSET, 0)


def record(content: bytes = KEY, tag: int = 0x3A) -> bytes:
    length = len(content)
    head = [tag, length] if length < 0x80 else [tag, length & 0x7F | 0x80, length >> 7]
    return bytes(head) + content


@pytest.fixture(params=FORMS)
def reader(request) -> StretchReader:
    return stretch_reader(request.param)


def rows(reader: StretchReader, data: bytes) -> list[tuple[Any, ...]]:
    keys = reader.scan_records(memoryview(data)).keys
    assert all(len(column) == len(keys.key) for column in keys)
    return list(zip(*(column.tolist() for column in keys[1:]), strict=True))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (KEY, BARE),
        (
            KEY + b"\x10\x08\x18\xfc\xde\xa1\x01\x20\x72\x28\x01\x30\x05",
            (2_649_980, 114, 1, -3, 8),
        ),
        (b"\x30\x04\x28\x02\x18\x07" + KEY + b"\x10\x01", (7, 144, 2, 2, 1)),
        (
            b"\x0a\x10" + bytes(16) + b"\x20\x05" + KEY + b"\x20\x06",
            (0, 6, 0, NO_ONSET, 0),
        ),
        (b"\x0a\x02hi" + KEY, BARE),
        (b"\x0a\x00" + KEY, BARE),
        (b"\x40\x01\x49" + bytes(8) + b"\x55" + bytes(4) + b"\x5a\x02hi" + KEY, BARE),
        (KEY + b"\xfa\x01\x00" + b"\xf8\xff\xff\xff\x0f\x01", BARE),
        (KEY + b"\x25\x01\x00\x00\x00" + b"\x1a\x01\x07", BARE),
        (KEY + b"\x20\x81\x80\x80\x80\x10" + b"\x18\x81\x00", (1, 1, 0, NO_ONSET, 0)),
        (KEY + b"\x18\xff\xff\xff\xff\x07", (2**31 - 1, *BARE[1:])),
        # 2**63 in a field of 32 bits: its low half is 0.
        (KEY + b"\x18" + b"\x80" * 9 + b"\x01", BARE),
        (KEY + b"\x28\x06", BARE),
        (KEY + b"\x28\x02\x28" + NEGATIVE, (0, 144, 2, NO_ONSET, 0)),
        (KEY + b"\x30\xff\xff\xff\xff\x0f", (0, 144, 0, -32_767, 0)),
        (KEY + b"\x30\xfe\xff\xff\xff\x0f", (0, 144, 0, 32_767, 0)),
        (KEY + b"\x30\xff\xff\x03", (0, 144, 0, -32_767, 0)),
        (KEY + b"\x30\x00", (0, 144, 0, 0, 0)),
        (KEY + b"\x40\x01" * 31, BARE),
        (KEY + b"\x52\xeb\x01" + bytes(235), BARE),
        (KEY + b"\x52\x6c" + bytes(108), BARE),
    ],
    ids=[
        *(
            "bare",
            "all",
            "reversed",
            "repeated",
            "wrong length before",
            "no bytes before",
        ),
        *("unknown before", "unknown behind", "other wire types", "padded numbers"),
        *("last start", "2**63", "unknown report type", "known, then unknown"),
        *("least onset", "greatest onset", "onset of absence", "onset 0"),
        *("32 fields", "256 bytes", "128 bytes"),
    ],
)
def test_a_sound_record_is_read(reader, content, expected):
    scanned = reader.scan_records(memoryview(record() + record(content, 0x42)))

    assert rows(reader, record() + record(content, 0x42)) == [BARE, expected]
    assert scanned.keys.key.tobytes() == SECRET * 2
    assert scanned.revised.tolist() == [False, True]


def test_columns_have_the_types_that_are_promised(reader):
    keys = reader.scan_records(memoryview(record())).keys

    assert [column.dtype for column in keys] == [
        *(np.uint8, np.int64, np.int64, np.uint8, np.int16, np.uint8)
    ]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        *(
            (
                b"\x0a" + bytes([n]) + bytes(n) + b"\x18\x01",
                NotCanonicalError,
                "16 bytes",
            )
            for n in (15, 17, 32, 96)
        ),
        (b"\x0a\x00" + b"\x18\x01" * 8, NotCanonicalError, "16 bytes"),
        (b"\x18\x01" * 9, NotCanonicalError, "16 bytes"),
        (KEY + b"\x20\x00", NotCanonicalError, "period"),
        (KEY + b"\x20\x91\x01", NotCanonicalError, "period"),
        (KEY + b"\x20" + NEGATIVE, NotCanonicalError, "period"),
        (KEY + b"\x18" + NEGATIVE, NotCanonicalError, "epoch"),
        (KEY + b"\x10\x09", NotCanonicalError, "risk"),
        (KEY + b"\x10" + NEGATIVE, NotCanonicalError, "risk"),
        (KEY + b"\x18", TruncatedError, "inside a field"),
        (KEY + b"\x18\x80", TruncatedError, "inside a field"),
        (KEY + b"\x0a\x10\x00", TruncatedError, "inside a field"),
        (KEY + b"\x49" + bytes(7), TruncatedError, "inside a field"),
        (KEY + b"\x55" + bytes(3), TruncatedError, "inside a field"),
        (KEY + b"\x80", TruncatedError, "inside a field"),
        (KEY + b"\x0a\xff\xff\xff\xff\x0f", TruncatedError, "inside a field"),
        (KEY + b"\x00\x01", FormatError, "protobuf"),
        (KEY + b"\x07", FormatError, "protobuf"),
        (KEY + b"\x18" + b"\xff" * 10 + b"\x01", FormatError, "protobuf"),
        (KEY + b"\x98\x80\x80\x80\x80\x00\x01", FormatError, "protobuf"),
        (KEY + b"\x98\x80\x80\x80\x10\x01", FormatError, "protobuf"),
        (KEY + b"\x0a\xff\xff\xff\xff\xff\x01", FormatError, "protobuf"),
        (KEY + b"\x4b\x4c", NotCanonicalError, "groups"),
        (KEY + b"\x40\x01" * 32, TooLargeError, "32 fields"),
    ],
)
def test_an_unsound_record_is_refused_by_name(reader, content, error, message):
    data = memoryview(record() + record(content) + record())

    # Its bounds are sound, so it counts; only what reads it finds out.
    assert reader.count_records(data).records == 3
    with pytest.raises(error, match=message):
        reader.scan_records(data)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (record(b""), NotCanonicalError, "18 to 256"),
        (record(KEY[:17]), NotCanonicalError, "18 to 256"),
        (record(KEY + b"\x52\xec\x01" + bytes(236)), NotCanonicalError, "18 to 256"),
        (b"\x3a\x92\x00" + KEY, NotCanonicalError, "padded"),
        (b"\xba\x00\x12" + KEY, NotCanonicalError, "padded"),
        (b"\x3a\xff\xff\xff\xff\x07", NotCanonicalError, "padded"),
        (b"\x4b\x4c", NotCanonicalError, "groups"),
        (b"\x00\x00", FormatError, "protobuf"),
        (b"\x07", FormatError, "protobuf"),
        (b"\xff\xff\xff\xff\xff\x01", FormatError, "protobuf"),
        (b"\x08" + b"\xff" * 10, FormatError, "protobuf"),
        (b"\x1a\x81\x80\x04", TooLargeError, "64 KiB"),
        ((record() + b"\x20\x01") * 1_025, TooLargeError, "1,024"),
        (b"\x20\x01" * 32_769, TooLargeError, "64 KiB"),
    ],
)
def test_an_unsound_field_is_refused_by_name(reader, data, error, message):
    for read in (reader.count_records, reader.scan_records):
        with pytest.raises(error, match=message):
            read(memoryview(record() * 2 + data))


def test_fields_between_records_are_kept_in_order(reader):
    region, batch, times = (
        b"\x1a\x02VN",
        b"\x20\x01",
        b"\x11" + struct.pack("<Q", 2**63),
    )
    data = region + record() * 2 + batch + record(tag=0x42) + times

    for found in (
        reader.count_records(memoryview(data)),
        reader.scan_records(memoryview(data)),
    ):
        assert (found.others, found.end) == ((region, batch, times), len(data))


@pytest.mark.parametrize(
    "tail", [record(), record(KEY + b"\x52\x70" + bytes(112)), b"\x1a\x02VN"]
)
def test_an_incomplete_field_is_left_for_the_next_stretch(reader, tail):
    whole = record() * 2

    for length in range(len(tail)):
        data = memoryview(whole + tail[:length])

        assert reader.count_records(data) == (2, 0, (), len(whole))
        scanned = reader.scan_records(data)
        assert (len(scanned.revised), scanned.end) == (2, len(whole))


def test_nothing_holds_no_keys(reader):
    assert reader.count_records(memoryview(b"")) == (0, 0, (), 0)
    assert len(reader.scan_records(memoryview(b"")).keys.key) == 0


def outcome(reader: StretchReader, data: bytes) -> Any:
    """Return all that a stretch gives, or the error with its words."""
    given: list[Any] = []
    for read in (reader.count_records, reader.scan_records):
        try:
            given.append(read(memoryview(data)))
        except FormatError as error:
            given.append((type(error), str(error), error.hint))
    *_, scanned = given
    if hasattr(scanned, "keys"):
        columns = [column.tolist() for column in (*scanned.keys, scanned.revised)]
        given[-1] = (columns, scanned.others, scanned.end)
    return given


def varint(value: int, padding: int = 0) -> bytes:
    octets = []
    while value > 0x7F or padding > 0:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
        padding -= value == 0
    return bytes([*octets, value])


NUMBERS = st.one_of(
    st.integers(0, 200),
    st.sampled_from([2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1]),
    st.integers(0, 2**64 - 1),
)
FIELDS = st.one_of(
    st.just(KEY),
    st.builds(
        lambda n, v, p: varint(n << 3) + varint(v, p),
        st.integers(1, 8),
        NUMBERS,
        st.integers(0, 2),
    ),
    st.builds(
        lambda n, v: varint(n << 3 | 2) + varint(len(v)) + v,
        st.integers(1, 20),
        st.binary(max_size=40),
    ),
    st.builds(
        lambda n, v: varint(n << 3 | 1) + v,
        st.integers(1, 20),
        st.binary(min_size=8, max_size=8),
    ),
    st.builds(
        lambda n, v: varint(n << 3 | 5) + v,
        st.integers(1, 20),
        st.binary(min_size=4, max_size=4),
    ),
    st.binary(max_size=2),
)
CONTENTS = st.lists(FIELDS, max_size=6).map(lambda fields: KEY + b"".join(fields))
STRETCHES = st.lists(
    st.one_of(
        st.builds(record, st.just(KEY), st.sampled_from([0x3A, 0x42])),
        st.builds(record, CONTENTS, st.sampled_from([0x3A, 0x42])),
        FIELDS,
    ),
    max_size=12,
).map(b"".join)

compared = settings(derandomize=True, deadline=None, max_examples=500)


@pytest.mark.skipif(len(FORMS) == 1, reason="no kernel runs here")
@compared
@given(
    STRETCHES,
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3),
    st.integers(0, 600),
)
def test_both_forms_give_the_same_whatever_the_bytes(data, changes, cut):
    mutated = bytearray(data)
    for at, octet in changes:
        if at < len(mutated):
            mutated[at] = octet

    for each in (data, bytes(mutated), data[:cut]):
        assert outcome(stretch_reader(), each) == outcome(export_scan_plain, each)


@pytest.mark.skipif(len(FORMS) == 1, reason="no kernel runs here")
@compared
@given(st.binary(max_size=300))
def test_both_forms_give_the_same_of_random_bytes(data):
    assert outcome(stretch_reader(), data) == outcome(export_scan_plain, data)


def test_a_large_export_is_read_alike_in_pieces_of_any_size(reader, monkeypatch):
    rng = np.random.default_rng(5)
    count = 3_000
    keys = (
        stretch_reader(PYTHON)
        .scan_records(memoryview(record() * count))
        .keys._replace(
            key=rng.integers(0, 256, (count, 16), np.uint8),
            start_interval=rng.integers(0, 2**31, count),
            period=rng.integers(1, 145, count),
            report_type=rng.integers(0, 6, count).astype(np.uint8),
            days_since_onset=rng.integers(-14, 15, count).astype(np.int16),
            transmission_risk=rng.integers(0, 9, count).astype(np.uint8),
        )
    )
    body = MAGIC + b"\x1a\x02VN" + b"".join(encode_keys(keys, 0x3A))
    monkeypatch.setattr(export, "stretch_reader", lambda: reader)

    for chunk in (97, 4_096, 1 << 20):
        monkeypatch.setattr(export_body, "_CHUNK_BYTES", chunk)
        read = open_unsigned(io.BytesIO(body)).read().keys
        for column, expected in zip(read, keys, strict=True):
            assert np.array_equal(column, expected)
