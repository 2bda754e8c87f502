"""Header fields and signature lists."""

import pytest

from proximity.errors import FormatError, NotCanonicalError, TooLargeError
from proximity.protocol.export_message import (
    MAX_SIGNATURES,
    MAX_TIME_S,
    ExportHeader,
    ExportSignature,
    SignatureInfo,
    decode_header,
    decode_signatures,
    encode_header,
    encode_signatures,
)

INFO = SignatureInfo("452", "v1")
HEADER = ExportHeader("VN", 1_600_000_000, 1_600_003_600, 2, 3, (INFO,))


def fixed64(number: int, value: int) -> bytes:
    return bytes([number << 3 | 1]) + value.to_bytes(8, "little")


def test_a_header_survives_the_round_trip():
    assert decode_header(encode_header(HEADER)) == HEADER


def test_a_header_without_any_field_is_batch_1_of_1_of_nowhere():
    assert decode_header(b"") == ExportHeader("", 0, 0, 1, 1, ())


def test_the_last_value_of_a_repeated_header_field_counts():
    assert decode_header(b"\x1a\x02US\x1a\x02VN").region == "VN"


def test_unknown_and_reserved_fields_are_skipped():
    # SignatureInfo field 2, an Android package: published files still carry it.
    info = b"\x12\x03com\x22\x03452"

    header = decode_header(b"\x32" + bytes([len(info)]) + info + b"\x78\x01")

    assert header.signature_infos == (SignatureInfo("452", "", ""),)


@pytest.mark.parametrize(("num", "size"), [(0, 1), (2, 1), (-1, 1), (1, 1_000_001)])
def test_a_batch_that_cannot_be_is_refused(num, size):
    header = ExportHeader("VN", 0, 0, num, size)

    with pytest.raises(NotCanonicalError, match="does not exist"):
        decode_header(encode_header(header))


def test_an_export_that_ends_before_it_starts_is_refused():
    with pytest.raises(NotCanonicalError, match="ends before"):
        decode_header(fixed64(1, 2) + fixed64(2, 1))


def test_a_missing_start_does_not_contradict_the_end():
    assert decode_header(fixed64(2, 1)).end_s == 1


@pytest.mark.parametrize("value", [MAX_TIME_S + 1, 2**64 - 1])
def test_a_time_that_no_calendar_has_is_refused(value):
    with pytest.raises(NotCanonicalError, match="Unix seconds"):
        decode_header(fixed64(2, value))


@pytest.mark.parametrize("data", [b"\x1a\x05VN", b"\x00", b"\x0c", b"\x08\xff"])
def test_broken_protobuf_is_refused(data):
    with pytest.raises(FormatError, match="protobuf"):
        decode_header(data)


def test_text_that_is_not_utf_8_is_refused():
    with pytest.raises(FormatError, match="UTF-8"):
        decode_header(b"\x1a\x01\xff")


def test_control_characters_are_kept_from_the_terminal():
    with pytest.raises(NotCanonicalError, match="control"):
        decode_header(b"\x1a\x04\x1b[2J")


def test_an_overlong_region_is_refused():
    with pytest.raises(TooLargeError, match="region"):
        decode_header(encode_header(ExportHeader("V" * 257, 0, 0)))


def test_signatures_survive_the_round_trip():
    signatures = (ExportSignature(INFO, 1, 2, b"\x30\x00"),) * 2

    assert decode_signatures(encode_signatures(signatures)) == signatures


def test_an_empty_file_has_no_signatures():
    assert decode_signatures(b"") == ()


def test_a_signature_without_batch_is_of_batch_1_of_1():
    (entry,) = decode_signatures(b"\x0a\x00")

    assert (entry.batch_num, entry.batch_size) == (1, 1)


def test_more_signatures_than_the_bound_are_refused():
    with pytest.raises(TooLargeError, match="65 signatures"):
        decode_signatures(b"\x0a\x00" * (MAX_SIGNATURES + 1))


def test_absent_names_are_not_written():
    data = encode_signatures([ExportSignature(SignatureInfo("", ""), 1, 1, b"")])

    assert b"\x1a" not in data[:4]
    assert decode_signatures(data)[0].info == SignatureInfo("", "")
