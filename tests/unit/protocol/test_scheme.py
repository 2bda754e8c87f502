import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.protocol import bluezone, gaen
from proximity.protocol.carrier import Carrier, DeploymentProfile, encode_carrier
from proximity.protocol.scheme import KNOWN_SCHEMES, Recognised, recognise


def test_gaen_is_recognised_with_its_encrypted_metadata():
    data = gaen.encode_advertisement(bytes(16), b"abcd", flags=False)

    assert recognise(data) == Recognised(
        "gaen", bytes(16), b"abcd", Carrier.SERVICE_DATA
    )


def test_bluezone_is_recognised_without_metadata():
    data = bluezone.encode_advertisement(b"twelve bytes")

    assert recognise(data) == Recognised(
        "bluezone", b"twelve bytes", b"", Carrier.MANUFACTURER_DATA
    )


def test_an_advertisement_of_no_known_scheme_is_none():
    assert recognise(bytes.fromhex("02011a0303d8fe")) is None


def test_bytes_that_are_no_advertisement_are_refused():
    with pytest.raises(TruncatedError):
        recognise(b"\x03\x01")


def test_a_known_scheme_with_a_wrong_length_is_refused():
    with pytest.raises(FormatError):
        recognise(bytes.fromhex("04166ffd00"))


def test_what_was_recognised_does_not_show_its_id():
    sent = Recognised("gaen", b"\xab" * 16, b"abcd", Carrier.SERVICE_DATA)

    assert repr(sent) == "<Recognised gaen>"


def test_names_of_schemes_differ():
    names = [scheme.NAME for scheme in KNOWN_SCHEMES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("carrier", Carrier)
def test_an_id_is_recognised_under_the_numbers_of_its_deployment_alone(carrier):
    other = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    data = encode_carrier(bytes(range(20)), carrier, other)
    found = recognise(data, other)

    assert recognise(data) is None
    assert found is not None
    assert (found.ephemeral_id, found.carrier) == (bytes(range(16)), carrier)


def test_bluezone_is_recognised_under_any_deployment():
    data = bluezone.encode_advertisement(b"twelve bytes")
    found = recognise(data, DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1))

    assert found is not None
    assert found.ephemeral_id == b"twelve bytes"
