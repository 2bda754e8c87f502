from proximity.protocol.ephemeral_id import Disclosure, EphemeralId


def test_an_ephemeral_id_does_not_show_its_bytes():
    shown = repr(EphemeralId(b"\xab" * 16, 600_000, 1_200_000))

    assert shown == "<EphemeralId 16 bytes from_ms=600000>"


def test_a_disclosure_does_not_show_its_key():
    assert repr(Disclosure(b"\xab" * 32, 0, None)) == "<Disclosure 32 bytes 0..None>"
