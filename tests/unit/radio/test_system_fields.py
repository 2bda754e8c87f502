import pytest

from proximity.errors import AdvertisingUnsupportedError
from proximity.protocol import bluezone
from proximity.protocol.advertisement import (
    Structure,
    decode_structures,
    encode_structures,
    tx_power_dbm,
)
from proximity.protocol.carrier import Carrier, decode_carrier, encode_carrier
from proximity.protocol.scheme import recognise
from proximity.radio.system_fields import Fields, join_fields, split_fields

PAYLOAD = bytes(range(20))
EXPOSURE = "0000fd6f-0000-1000-8000-00805f9b34fb"


@pytest.mark.parametrize("carrier", Carrier)
def test_every_carrier_survives_the_way_through_a_systems_fields(carrier):
    sent = encode_carrier(PAYLOAD, carrier)

    heard = join_fields(split_fields(sent))

    assert decode_carrier(decode_structures(heard)) == decode_carrier(
        decode_structures(sent)
    )


def test_the_fields_are_those_that_a_system_names():
    fields = split_fields(encode_carrier(PAYLOAD, Carrier.SERVICE_DATA))

    assert fields == Fields([EXPOSURE], {EXPOSURE: PAYLOAD}, {})
    assert EXPOSURE not in repr(fields)


def test_a_bluezone_phone_is_recognised_in_a_systems_fields():
    sent = bluezone.encode_advertisement(bytes(range(12)), b"")

    heard = recognise(join_fields(split_fields(sent)))

    assert (heard.scheme, heard.ephemeral_id) == ("bluezone", bytes(range(12)))


def test_upper_case_and_long_services_are_written_out():
    long = "C7AFEF7B-1788-4F4A-A87D-691D53BF21C4"

    data = join_fields(Fields([EXPOSURE.upper()], {long: b"a"}, {}))

    assert decode_structures(data) == (
        Structure(0x03, bytes.fromhex("6ffd")),
        Structure(0x21, bytes.fromhex(long.replace("-", ""))[::-1] + b"a"),
    )


@pytest.mark.parametrize(
    "fields",
    [
        Fields(["nonsense"], {}, {}),
        Fields(["00"], {}, {}),
        Fields([], {EXPOSURE: bytes(300)}, {}),
        Fields([], {}, {70_000: b""}),
        Fields([], {}, dict.fromkeys(range(10), bytes(250))),
    ],
)
def test_what_fits_no_advertisement_is_left_out(fields):
    assert join_fields(fields) is None


def test_a_structure_without_a_field_cannot_be_sent():
    data = encode_structures([Structure(0x24, b"https")])

    with pytest.raises(AdvertisingUnsupportedError, match="0x24"):
        split_fields(data)


@pytest.mark.parametrize(("stated", "heard"), [(-12, -12), (None, None), (400, None)])
def test_a_transmit_power_is_kept_if_it_can_be_one(stated, heard):
    data = join_fields(Fields([], {}, {0x0ABC: b"else"}, stated))

    assert data is not None
    assert tx_power_dbm(decode_structures(data)) == heard
