import pytest

from proximity.errors import FormatError, TruncatedError, UnsupportedVersionError
from proximity.protocol import bluezone_ios
from proximity.protocol.advertisement import decode_structures
from proximity.protocol.bluezone_ios import WakeUp, decode_wake_up
from proximity.protocol.scheme import recognise

ID = b"twelve bytes"


@pytest.mark.parametrize(
    ("data", "size", "expected"),
    [
        (bluezone_ios.encode_service(), 31, WakeUp.IOS_SERVICE),
        (bluezone_ios.encode_overflow(), 21, WakeUp.IOS_OVERFLOW),
        (bluezone_ios.encode_beacon(), 30, WakeUp.IBEACON),
    ],
)
def test_a_wake_up_is_read_as_it_was_written(data, size, expected):
    assert len(data) == size
    assert decode_wake_up(decode_structures(data)) is expected
    assert recognise(data) is None


def test_a_wake_up_is_found_in_any_order():
    structures = decode_structures(bluezone_ios.encode_beacon())

    assert decode_wake_up(structures[::-1]) is WakeUp.IBEACON


def test_the_overflow_area_has_the_bytes_that_android_filters_for():
    assert bluezone_ios.encode_overflow() == bytes.fromhex("14ff4c000108" + "00" * 15)


def test_an_iphone_with_a_second_background_app_is_not_missed():
    data = bytearray(bluezone_ios.encode_overflow())
    data[5] |= 0x40
    data[20] |= 0x01

    assert decode_wake_up(decode_structures(bytes(data))) is WakeUp.IOS_OVERFLOW


@pytest.mark.parametrize(
    "data",
    [
        "14ff4c000110" + "00" * 15,
        "14ff4c000208" + "00" * 15,
        "13ff4c000108" + "00" * 14,
        "14ff4d000108" + "00" * 15,
        "1aff4c000215" + "00" * 21,
        "19ff4c000215c7afef7b17884f4aa87d691d53bf21c400140014",
    ],
)
def test_what_apple_devices_send_otherwise_is_no_wake_up(data):
    assert decode_wake_up(decode_structures(bytes.fromhex(data))) is None


def test_the_characteristic_serves_the_id_itself():
    assert bluezone_ios.encode_characteristic(ID) == ID
    assert bluezone_ios.decode_characteristic(ID) == ID


def test_a_characteristic_of_another_length_is_refused():
    with pytest.raises(TruncatedError):
        bluezone_ios.decode_characteristic(b"")
    with pytest.raises(FormatError):
        bluezone_ios.decode_characteristic(ID * 2)
    with pytest.raises(UnsupportedVersionError):
        bluezone_ios.decode_characteristic(b"abc123")
    with pytest.raises(ValueError, match="12 bytes"):
        bluezone_ios.encode_characteristic(ID[1:])
