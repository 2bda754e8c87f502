"""Key records as columns."""

import numpy as np
import pytest

from proximity.errors import FormatError, NotCanonicalError, TooLargeError
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.export_columns import (
    decode_keys,
    empty_keys,
    encode_keys,
    select_keys,
)

KEY = b"\x0a\x10" + bytes(range(16))
NEGATIVE = b"\xff" * 9 + b"\x01"


def decode(*records: bytes) -> DiagnosisKeys:
    ends = np.cumsum([len(record) for record in records], dtype=np.int64)
    starts = np.append(0, ends[:-1]).astype(np.int64)
    return decode_keys(np.frombuffer(b"".join(records), np.uint8), starts, ends)


def one_key(**columns: int) -> DiagnosisKeys:
    keys = empty_keys(1)
    values = {"period": 144, "days_since_onset": NO_ONSET, **columns}
    for name, value in values.items():
        getattr(keys, name)[0] = value
    return keys


def encode_one(**columns: int) -> bytes:
    return b"".join(encode_keys(one_key(**columns), 0x3A))


def test_a_record_of_a_key_alone_has_the_defaults_of_the_format():
    keys = decode(KEY)

    assert keys.key.tobytes() == bytes(range(16))
    assert keys.start_interval.tolist() == [0]
    assert keys.period.tolist() == [144]
    assert keys.report_type.tolist() == [ReportType.UNKNOWN]
    assert keys.days_since_onset.tolist() == [NO_ONSET]
    assert keys.transmission_risk.tolist() == [0]


def test_columns_have_the_types_that_are_promised():
    dtypes = [column.dtype for column in decode(KEY)]

    assert dtypes == [np.uint8, np.int64, np.int64, np.uint8, np.int16, np.uint8]


def test_every_field_is_read():
    keys = decode(KEY + b"\x10\x08\x18\xfc\xde\xa1\x01\x20\x72\x28\x01\x30\x05")

    assert keys.transmission_risk.tolist() == [8]
    assert keys.start_interval.tolist() == [2_649_980]
    assert keys.period.tolist() == [114]
    assert keys.report_type.tolist() == [ReportType.CONFIRMED_TEST]
    assert keys.days_since_onset.tolist() == [-3]


def test_records_of_different_shape_do_not_mix():
    keys = decode(KEY, KEY + b"\x18\x07", b"\x30\x04" + KEY, KEY + b"\x20\x01")

    assert keys.start_interval.tolist() == [0, 7, 0, 0]
    assert keys.days_since_onset.tolist() == [NO_ONSET, NO_ONSET, 2, NO_ONSET]
    assert keys.period.tolist() == [144, 144, 144, 1]


def test_the_last_value_of_a_field_counts():
    other = b"\x0a\x10" + bytes(16)

    keys = decode(other + b"\x20\x05" + KEY + b"\x20\x06")

    assert keys.key.tobytes() == bytes(range(16))
    assert keys.period.tolist() == [6]


def test_unknown_fields_of_every_kind_are_skipped():
    unknown = b"\x40\x01" + b"\x49" + bytes(8) + b"\x55" + bytes(4) + b"\x5a\x02hi"

    assert decode(unknown + KEY + b"\xfa\x01\x00").period.tolist() == [144]


def test_a_known_field_of_another_wire_type_is_an_unknown_field():
    assert decode(KEY + b"\x25\x01\x00\x00\x00").period.tolist() == [144]


def test_numbers_are_the_low_32_bits_of_their_varint():
    keys = decode(KEY + b"\x20\x81\x80\x80\x80\x10" + b"\x18\x81\x00")

    assert keys.period.tolist() == [1]
    assert keys.start_interval.tolist() == [1]


@pytest.mark.parametrize("value", [b"\x06", b"\x7f", NEGATIVE])
def test_a_report_type_the_format_does_not_know_counts_as_absent(value):
    assert decode(KEY + b"\x28" + value).report_type.tolist() == [0]
    assert decode(KEY + b"\x28\x02\x28" + value).report_type.tolist() == [2]


@pytest.mark.parametrize(
    ("value", "days"),
    [
        (b"\x1b", -14),
        (b"\x1c", 14),
        (b"\xa0\x3f", 4_048),
        (b"\xff\xff\xff\xff\x0f", -32_767),
        (b"\xfe\xff\xff\xff\x0f", 32_767),
        # -32,768 itself, which stands for an absent value in the column.
        (b"\xff\xff\x03", -32_767),
    ],
)
def test_days_since_onset_are_clamped_to_16_bits(value, days):
    assert decode(KEY + b"\x30" + value).days_since_onset.tolist() == [days]


@pytest.mark.parametrize("length", [0, 15, 17, 32, 39, 53, 96])
def test_keys_of_other_lengths_are_refused(length):
    with pytest.raises(NotCanonicalError, match="16 bytes"):
        decode(KEY, b"\x0a" + bytes([length]) + bytes(length) + b"\x18\x01")


def test_a_record_without_key_is_refused():
    with pytest.raises(NotCanonicalError, match="16 bytes"):
        decode(b"\x18\x01")


@pytest.mark.parametrize("period", [b"\x00", b"\x91\x01", NEGATIVE])
def test_periods_outside_1_to_144_are_refused(period):
    with pytest.raises(NotCanonicalError, match="period"):
        decode(KEY, KEY + b"\x20" + period)


def test_a_negative_start_is_refused():
    with pytest.raises(NotCanonicalError, match="epoch"):
        decode(KEY + b"\x18" + NEGATIVE)


@pytest.mark.parametrize("risk", [b"\x09", NEGATIVE])
def test_transmission_risks_outside_0_to_8_are_refused(risk):
    with pytest.raises(NotCanonicalError, match="risk"):
        decode(KEY + b"\x10" + risk)


@pytest.mark.parametrize(
    "tail",
    [b"\x18", b"\x18\x80", b"\x0a\x10\x00", b"\x49\x00", b"\x55\x00", b"\x80"],
)
def test_a_record_that_ends_inside_a_field_is_refused(tail):
    # The next record must not lend its bytes.
    with pytest.raises(FormatError, match="ends inside"):
        decode(KEY + tail, KEY)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x00\x01",
        b"\x07",
        b"\x18" + b"\xff" * 10 + b"\x01",
        b"\x98\x80\x80\x80\x80\x00\x01",
        b"\x98\x80\x80\x80\x10\x01",
        b"\x0a\xff\xff\xff\xff\xff\x01",
    ],
)
def test_broken_protobuf_is_refused(tail):
    with pytest.raises(FormatError, match="protobuf"):
        decode(KEY, KEY + tail)


def test_groups_are_refused_by_name():
    with pytest.raises(NotCanonicalError, match="groups"):
        decode(KEY + b"\x4b\x4c")


def test_a_record_of_too_many_fields_is_refused():
    assert len(decode(KEY + b"\x40\x01" * 31).key) == 1
    with pytest.raises(TooLargeError, match="32 fields"):
        decode(KEY + b"\x40\x01" * 32)


def test_no_record_gives_no_keys():
    assert (
        len(decode_keys(np.zeros(0, np.uint8), *[np.zeros(0, np.int64)] * 2).key) == 0
    )


def test_defaults_are_not_written_but_the_risk_always_is():
    assert encode_one() == b"\x3a\x14\x0a\x10" + bytes(16) + b"\x10\x00"


def test_fields_ascend():
    data = encode_one(
        start_interval=2_649_980,
        period=114,
        report_type=5,
        days_since_onset=-3,
        transmission_risk=8,
    )

    assert data[20:] == b"\x10\x08\x18\xfc\xde\xa1\x01\x20\x72\x28\x05\x30\x05"


def test_extreme_values_survive_the_round_trip():
    keys = one_key(
        start_interval=2**31 - 1,
        period=143,
        report_type=4,
        days_since_onset=-32_767,
        transmission_risk=7,
    )

    decoded = decode(b"".join(encode_keys(keys, 0x42))[2:])

    assert all(np.array_equal(a, b) for a, b in zip(keys, decoded, strict=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": 0},
        {"period": 145},
        {"start_interval": -1},
        {"start_interval": 2**31},
        {"report_type": 6},
        {"transmission_risk": 9},
    ],
)
def test_what_a_reader_refuses_is_not_written(wrong):
    with pytest.raises(ValueError, match="out of range"):
        encode_one(**wrong)


def test_rows_can_be_selected_in_another_order():
    keys = decode(KEY + b"\x18\x01", KEY + b"\x18\x02")

    assert select_keys(keys, np.array([1, 0])).start_interval.tolist() == [2, 1]
