import pytest

from proximity.errors import TooLargeError, TruncatedError
from proximity.protocol import advertisement
from proximity.protocol.advertisement import (
    Structure,
    decode_structures,
    encode_structures,
    manufacturer_data,
    service_data,
    service_uuid,
    service_uuids,
    tx_power_dbm,
)


def test_structures_come_in_the_order_on_air():
    assert decode_structures(bytes.fromhex("02011a0303 6ffd")) == (
        Structure(advertisement.FLAGS, b"\x1a"),
        Structure(advertisement.COMPLETE_UUIDS_16, b"\x6f\xfd"),
    )


def test_a_length_of_zero_ends_the_list_early():
    assert decode_structures(bytes.fromhex("02011a00ff")) == (
        Structure(advertisement.FLAGS, b"\x1a"),
    )


def test_a_structure_may_be_a_type_alone():
    assert decode_structures(bytes.fromhex("0109")) == (
        Structure(advertisement.COMPLETE_LOCAL_NAME, b""),
    )


def test_a_structure_that_outlasts_the_data_is_truncated():
    with pytest.raises(TruncatedError, match="byte 3 is longer"):
        decode_structures(bytes.fromhex("02011a 0303 6f"))


def test_a_length_without_a_type_is_truncated():
    with pytest.raises(TruncatedError):
        decode_structures(b"\x01")


def test_an_extended_advertisement_is_read_up_to_its_bound():
    full = (b"\xff" + bytes(255)) * 6 + b"\x71" + bytes(113)

    assert len(full) == advertisement.EXTENDED_BYTES
    assert len(decode_structures(full)) == 7
    with pytest.raises(TooLargeError):
        decode_structures(full + b"\0")


def test_an_advertisement_for_a_legacy_radio_is_bounded():
    fits = [Structure(advertisement.MANUFACTURER_DATA, bytes(29))]
    exceeds = [Structure(advertisement.MANUFACTURER_DATA, bytes(30))]

    assert len(encode_structures(fits)) == advertisement.LEGACY_BYTES
    assert len(encode_structures(exceeds, limit=advertisement.EXTENDED_BYTES)) == 32
    with pytest.raises(ValueError, match="do not fit"):
        encode_structures(exceeds)


def test_a_value_has_at_most_254_bytes():
    with pytest.raises(ValueError, match="254"):
        encode_structures(
            [Structure(advertisement.MANUFACTURER_DATA, bytes(255))],
            limit=advertisement.EXTENDED_BYTES,
        )


def test_service_data_is_found_by_its_uuid():
    structures = decode_structures(bytes.fromhex("04166ffd01 0416d8fe02 04166ffd03"))

    assert service_data(structures, 0xFD6F) == (b"\x01", b"\x03")
    assert service_data(structures, 0x1234) == ()


def test_manufacturer_data_is_found_by_its_company():
    structures = decode_structures(bytes.fromhex("04ffb52207 03ff4c00 02ffb5"))

    assert manufacturer_data(structures, 0x22B5) == (b"\x07",)
    assert manufacturer_data(structures, 0x004C) == (b"",)


def test_services_of_every_width_are_listed():
    long = bytes.fromhex("00004e5673f54bc4a12f17d1ad07a667")
    structures = decode_structures(
        bytes.fromhex("0502 6ffd564e 0505 78563412") + b"\x11\x07" + long[::-1]
    )

    assert service_uuids(structures) == {
        bytes.fromhex("0000fd6f 00001000800000805f9b34fb"),
        service_uuid(0x4E56),
        bytes.fromhex("12345678 00001000800000805f9b34fb"),
        long,
    }


def test_a_rest_of_a_service_list_is_left_out():
    assert service_uuids([Structure(advertisement.COMPLETE_UUIDS_16, b"\x6f")]) == set()


def test_a_structure_does_not_show_its_value():
    shown = repr(Structure(advertisement.MANUFACTURER_DATA, b"secretsecret"))

    assert shown == "<Structure 0xff 12 bytes>"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("020a f4", -12),
        ("020a 04", 4),
        ("020a 81", -127),
        # The Core supplement has -127 to 127; -128 is none.
        ("020a 80", None),
        ("03 0a 04 04", None),
        ("01 0a", None),
        ("02 01 1a", None),
        ("020a f4 020a 04", -12),
    ],
)
def test_a_transmit_power_is_read_where_it_is_stated(data, expected):
    assert tx_power_dbm(decode_structures(bytes.fromhex(data))) == expected
