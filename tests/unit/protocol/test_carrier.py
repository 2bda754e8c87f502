import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.protocol import gaen
from proximity.protocol.advertisement import LEGACY_BYTES, decode_structures
from proximity.protocol.carrier import (
    Carrier,
    DeploymentProfile,
    decode_carrier,
    encode_carrier,
)

PAYLOAD = bytes(range(20))
OTHER = DeploymentProfile(service_uuid16=0x1234, company_id=0x0102, marker_uuid16=0x99)


@pytest.mark.parametrize("profile", [DeploymentProfile(), OTHER])
@pytest.mark.parametrize("carrier", Carrier)
def test_what_a_carrier_takes_it_gives_back(carrier, profile):
    data = encode_carrier(PAYLOAD, carrier, profile)
    payload = PAYLOAD[:16] if carrier is Carrier.SERVICE_UUID else PAYLOAD

    assert decode_carrier(decode_structures(data), profile) == (carrier, payload)


@pytest.mark.parametrize("carrier", Carrier)
def test_flags_that_a_system_adds_still_fit_and_change_nothing(carrier):
    data = b"\x02\x01\x1a" + encode_carrier(PAYLOAD, carrier).removeprefix(
        b"\x02\x01\x1a"
    )

    assert len(data) <= LEGACY_BYTES
    assert decode_carrier(decode_structures(data)) == decode_carrier(
        decode_structures(encode_carrier(PAYLOAD, carrier))
    )


def test_service_data_is_what_phones_send():
    assert encode_carrier(PAYLOAD, Carrier.SERVICE_DATA) == gaen.encode_advertisement(
        PAYLOAD[:16], PAYLOAD[16:]
    )


def test_a_uuid_is_read_as_it_is_written():
    data = encode_carrier(PAYLOAD, Carrier.SERVICE_UUID)

    assert data == bytes.fromhex("0303ffff 1107") + PAYLOAD[:16][::-1]


@pytest.mark.parametrize("carrier", Carrier)
def test_another_deployment_is_not_ours(carrier):
    data = encode_carrier(PAYLOAD, carrier, OTHER)

    assert decode_carrier(decode_structures(data)) is None


def test_other_data_of_the_same_company_is_not_ours():
    data = b"\x17\xff\xff\xff" + PAYLOAD

    assert decode_carrier(decode_structures(data)) is None


def test_a_marker_without_an_id_is_nothing():
    assert decode_carrier(decode_structures(b"\x03\x03\xff\xff")) is None


def test_a_uuid_without_the_marker_is_anothers():
    assert decode_carrier(decode_structures(b"\x11\x07" + bytes(16))) is None


@pytest.mark.parametrize(
    ("carrier", "at"), [(Carrier.SERVICE_DATA, 7), (Carrier.MANUFACTURER_DATA, 0)]
)
@pytest.mark.parametrize(("change", "error"), [(-1, TruncatedError), (1, FormatError)])
def test_a_payload_of_another_length_is_refused(carrier, at, change, error):
    data = bytearray(encode_carrier(PAYLOAD, carrier) + bytes(1))
    data[at] += change

    with pytest.raises(error, match="20 bytes"):
        decode_carrier(decode_structures(bytes(data[: at + 1 + data[at]])))


def test_a_payload_without_metadata_is_a_callers_mistake():
    with pytest.raises(ValueError, match="16 bytes"):
        encode_carrier(PAYLOAD[:16], Carrier.SERVICE_DATA)


def test_assigned_numbers_have_sixteen_bits():
    with pytest.raises(ValueError, match="16 bits"):
        DeploymentProfile(company_id=0x10000)
