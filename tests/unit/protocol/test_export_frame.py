"""Where key records lie in an export."""

import pytest

from proximity.errors import FormatError, NotCanonicalError, TooLargeError
from proximity.protocol.export_frame import frame_fields

KEY = b"\x0a\x10" + bytes(range(16))


def record(content: bytes = KEY, tag: int = 0x3A) -> bytes:
    length = len(content)
    head = [tag, length] if length < 0x80 else [tag, length & 0x7F | 0x80, length >> 7]
    return bytes(head) + content


def contents(data: bytes) -> list[bytes]:
    frame = frame_fields(data)
    return [data[a:b] for a, b in zip(frame.starts, frame.ends, strict=True)]


def test_nothing_has_no_fields():
    frame = frame_fields(b"")

    assert (len(frame.starts), frame.others, frame.end) == (0, (), 0)


def test_records_of_both_lists_are_found_in_order():
    data = record() + record(KEY + b"\x18\x01", 0x42) + record(KEY + b"\x10\x05")

    frame = frame_fields(data)

    assert contents(data) == [KEY, KEY + b"\x18\x01", KEY + b"\x10\x05"]
    assert frame.revised.tolist() == [False, True, False]
    assert frame.end == len(data)


def test_fields_before_between_and_after_records_are_kept_apart():
    region, batch, unknown = b"\x1a\x02VN", b"\x20\x01", b"\x7d1234"
    data = region + record() + batch + record() + record() + unknown

    assert frame_fields(data).others == (region, batch, unknown)
    assert contents(data) == [KEY] * 3


def test_a_record_that_does_not_begin_with_its_key_is_found():
    odd = b"\x18\x01" + KEY

    assert contents(record() + record(odd) + record()) == [KEY, odd, KEY]


def test_a_record_longer_than_127_bytes_is_found():
    long = KEY + b"\x52\x70" + bytes(0x70)

    assert contents(record(long) + record()) == [long, KEY]


def test_what_looks_like_a_record_inside_a_key_is_none():
    trap = b"\x0a\x10" + b"\x3a\x12\x0a\x10" * 4

    assert contents(record(trap) * 3 + record()) == [trap] * 3 + [KEY]


def test_a_file_full_of_traps_is_framed_all_the_same():
    trap = b"\x0a\x10" + b"\x42\x13\x0a\x10" * 4

    assert contents(record(trap) * 500) == [trap] * 500


@pytest.mark.parametrize("tail", [record(), b"\x1a\x02VN", b"\x08\x80\x80\x01"])
def test_an_incomplete_field_is_left_for_the_next_stretch(tail):
    whole = record() * 2

    for length in range(len(tail)):
        frame = frame_fields(whole + tail[:length])

        assert frame.end == len(whole)
        assert len(frame.starts) == 2


@pytest.mark.parametrize("content", [b"", KEY[:17], KEY + b"\x52\xec\x01" + bytes(236)])
def test_records_too_short_or_too_long_are_refused(content):
    for data in (record(content), record() + record(content)):
        with pytest.raises(NotCanonicalError, match="18 to 256"):
            frame_fields(data)


@pytest.mark.parametrize(
    "head", [b"\x3a\x92\x00", b"\xba\x00\x12", b"\x3a\x92\x80\x00"]
)
def test_padded_heads_of_records_are_refused(head):
    with pytest.raises(NotCanonicalError, match="padded"):
        frame_fields(head + KEY)


def test_a_record_of_gigabytes_is_refused_before_it_comes():
    with pytest.raises(NotCanonicalError):
        frame_fields(b"\x3a\xff\xff\xff\xff\x07")


def test_groups_are_refused_by_name():
    with pytest.raises(NotCanonicalError, match="groups"):
        frame_fields(record() + b"\x4b\x4c")


@pytest.mark.parametrize(
    "data",
    [b"\x00\x00", b"\x07", b"\xff\xff\xff\xff\xff\x01", b"\x08" + b"\xff" * 10],
    ids=["field 0", "field 0, wire type 7", "tag of six bytes", "varint of eleven"],
)
def test_broken_protobuf_is_refused(data):
    with pytest.raises(FormatError, match="protobuf"):
        frame_fields(data)


def test_a_header_field_beyond_the_bound_is_refused_before_it_comes():
    with pytest.raises(TooLargeError, match="64 KiB"):
        frame_fields(b"\x1a\x81\x80\x04")


def test_fields_between_records_are_bounded_in_number():
    with pytest.raises(TooLargeError, match="1,024"):
        frame_fields((record() + b"\x20\x01") * 1_025)


def test_long_and_short_records_are_told_apart_wherever_they_stand():
    long = KEY + b"\x52\xec\x01" + bytes(235)

    assert (
        contents((record() * 17 + record(long) * 18) * 3)
        == ([KEY] * 17 + [long] * 18) * 3
    )


def test_many_small_fields_are_bounded_together():
    with pytest.raises(TooLargeError, match="64 KiB"):
        frame_fields(b"\x20\x01" * 32_769)
