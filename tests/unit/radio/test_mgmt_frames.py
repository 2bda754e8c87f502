import struct

import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.radio import mgmt_frames
from proximity.radio.mgmt_frames import (
    Command,
    ControllerGone,
    ControllerState,
    DeviceFound,
    Pattern,
    Reply,
    advertising_data,
    advertising_parameters,
    decode_advertising_features,
    decode_event,
    decode_index_list,
    decode_information,
    decode_monitor_handle,
    encode_command,
    patterns_monitor,
)

ADDRESS = bytes.fromhex("c0ffee000001")
DATA = bytes.fromhex("02011a")


def event(code, body, index=0):
    return struct.pack("<HHH", code, index, len(body)) + body


def test_a_command_is_a_header_and_its_parameters():
    frame = encode_command(Command.REMOVE_ADVERTISING, 1, b"\x04")

    assert frame.hex() == "3f000100010004"


def test_advertising_is_asked_for_without_any_flag_but_time_and_interval():
    """The frame that Linux 6.1 took, at 250 to 260 ms, for a minute."""
    expected = struct.pack("<BIHHIIb", 1, 3 << 13, 0, 60, 400, 416, 0)

    assert advertising_parameters(1, 250, 60) == expected
    assert advertising_data(1, DATA) == b"\x01\x03\x00" + DATA


def test_a_monitors_patterns_are_padded_to_31_bytes():
    parameters = patterns_monitor([Pattern(0x16, 0, bytes.fromhex("6ffd"))])

    assert parameters == bytes.fromhex("011600026ffd") + bytes(29)


@pytest.mark.parametrize(
    "patterns",
    [
        [],
        [Pattern(1, 0, b"a")] * 17,
        [Pattern(1, 0, b"")],
        [Pattern(1, 30, b"ab")],
    ],
)
def test_a_monitor_that_no_kernel_takes_is_refused(patterns):
    with pytest.raises(ValueError, match="pattern"):
        patterns_monitor(patterns)


@pytest.mark.parametrize("monitor", [None, 0, 3])
@pytest.mark.parametrize(("rssi", "measured"), [(-60, -60), (127, None)])
def test_an_advertisement_is_read_from_either_event(
    heard_body, monitor, rssi, measured
):
    code = 0x12 if monitor is None else 0x2F
    body = heard_body(DATA, rssi, ADDRESS, monitor=monitor)

    found = decode_event(event(code, body, index=2))

    assert found == DeviceFound(2, ADDRESS, measured, DATA, monitor)
    assert "c0ffee" not in repr(found)
    assert "02011a" not in repr(found)


def test_replies_are_read_with_and_without_data():
    assert decode_event(event(1, b"\x52\x00\x00\x07\x00")) == Reply(
        0x52, 0, 0, b"\x07\x00"
    )
    assert decode_event(event(2, b"\x52\x00\x14")) == Reply(0x52, 0, 0x14, b"")


def test_a_controller_goes_by_removal_or_by_being_switched_off():
    assert decode_event(event(0x0005, b"", 1)) == ControllerGone(1)
    assert decode_event(event(0x0006, bytes(4), 1)) == ControllerGone(1)
    assert decode_event(event(0x0006, b"\x01\x00\x00\x00", 1)) is None


def test_other_events_are_nobodys():
    assert decode_event(event(0x0013, b"\x06\x01")) is None


def test_every_prefix_and_every_extension_of_an_event_is_refused(heard_body):
    whole = event(0x2F, heard_body(DATA, -60, ADDRESS, monitor=0))

    for size in range(len(whole)):
        with pytest.raises(TruncatedError):
            decode_event(whole[:size])
    with pytest.raises(FormatError):
        decode_event(whole + b"\0")


def test_an_event_whose_data_is_longer_than_it_is_refused(heard_body):
    body = bytearray(heard_body(DATA, -60, ADDRESS))
    body[12] = 200

    with pytest.raises(TruncatedError):
        decode_event(event(0x12, bytes(body)))


def test_the_list_of_controllers_is_as_long_as_it_says():
    assert decode_index_list(b"\x02\x00\x00\x00\x03\x00") == (0, 3)
    for data in (b"", b"\x02\x00\x00\x00", b"\x01\x00\x00\x00\x03\x00"):
        with pytest.raises(FormatError):
            decode_index_list(data)


def test_a_controllers_information_tells_what_it_is():
    def information(supported, current):
        return bytes(9) + struct.pack("<II", supported, current) + bytes(263)

    assert decode_information(information(0x201, 1)) == ControllerState(
        powered=True, low_energy=True
    )
    assert decode_information(information(1, 0x200)) == ControllerState(
        powered=False, low_energy=False
    )
    with pytest.raises(FormatError):
        decode_information(bytes(279))


@pytest.mark.parametrize(("size", "extended"), [(31, False), (251, True)])
def test_advertising_features_tell_the_instances_and_the_kind(size, extended):
    data = struct.pack("<IBBBB", 0, size, size, 5, 1) + b"\x01"

    features = decode_advertising_features(data)

    assert (features.data_bytes, features.instances) == (size, 5)
    assert features.extended is extended
    with pytest.raises(TruncatedError):
        decode_advertising_features(data[:-1])


def test_a_monitors_handle_has_two_bytes():
    assert decode_monitor_handle(b"\x05\x01") == 0x105
    with pytest.raises(FormatError):
        decode_monitor_handle(b"\x05")


def test_a_frame_fits_what_is_read_at_once():
    longest = 6 + 16 + 1_650

    assert longest <= mgmt_frames.FRAME_BYTES


def test_what_an_inquiry_finds_is_no_advertisement(heard_body):
    body = bytearray(heard_body(DATA, -60, ADDRESS))
    body[6] = 0

    assert decode_event(event(0x12, bytes(body))) is None


def test_the_longest_interval_stays_within_what_controllers_take():
    _, _, _, _, least, most, _ = struct.unpack(
        "<BIHHIIb", advertising_parameters(1, 10_240, 60)
    )

    assert (least, most) == (0x4000, 0x4000)
