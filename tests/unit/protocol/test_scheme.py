import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.protocol import bluezone, gaen
from proximity.protocol.scheme import KNOWN_SCHEMES, Recognised, recognise


def test_gaen_is_recognised_with_its_encrypted_metadata():
    data = gaen.encode_advertisement(bytes(16), b"abcd", flags=False)

    assert recognise(data) == Recognised("gaen", bytes(16), b"abcd")


def test_bluezone_is_recognised_without_metadata():
    data = bluezone.encode_advertisement(b"twelve bytes")

    assert recognise(data) == Recognised("bluezone", b"twelve bytes", b"")


def test_an_advertisement_of_no_known_scheme_is_none():
    assert recognise(bytes.fromhex("02011a0303d8fe")) is None


def test_bytes_that_are_no_advertisement_are_refused():
    with pytest.raises(TruncatedError):
        recognise(b"\x03\x01")


def test_a_known_scheme_with_a_wrong_length_is_refused():
    with pytest.raises(FormatError):
        recognise(bytes.fromhex("04166ffd00"))


def test_what_was_recognised_does_not_show_its_id():
    assert repr(Recognised("gaen", b"\xab" * 16, b"abcd")) == "<Recognised gaen>"


def test_names_of_schemes_differ():
    names = [scheme.NAME for scheme in KNOWN_SCHEMES]

    assert len(set(names)) == len(names)
