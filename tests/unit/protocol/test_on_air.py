import pytest

from proximity.errors import TruncatedError
from proximity.protocol import bluezone, bluezone_ios, gaen
from proximity.protocol.bluezone_ios import WakeUp
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.protocol.on_air import Kind, identify, kind_of
from proximity.protocol.scheme import KNOWN_SCHEMES, Recognised

ANDROID = bytes.fromhex("020102 0303564e 0fffb522 e376e0b409bce18ecf5f2ed4")


def test_an_android_phone_gives_its_id():
    found = identify(ANDROID)

    assert found == Recognised(
        "bluezone", ANDROID[-12:], b"", Carrier.MANUFACTURER_DATA
    )


def test_the_android_form_is_sent_as_it_was_heard():
    assert bluezone.encode_advertisement(ANDROID[-12:]) == ANDROID


def test_an_iphone_asleep_is_a_wake_up():
    assert identify(bluezone_ios.encode_overflow()) is WakeUp.IOS_OVERFLOW


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gaen.encode_advertisement(bytes(16), bytes(4)), Kind.GAEN),
        (encode_carrier(bytes(20), Carrier.SERVICE_UUID), Kind.GAEN),
        (ANDROID, Kind.BLUEZONE),
        (bluezone_ios.encode_service(), Kind.IOS_SERVICE),
        (bluezone_ios.encode_overflow(), Kind.IOS_OVERFLOW),
        (bluezone_ios.encode_beacon(), Kind.IBEACON),
        (b"\x02\x01\x06", Kind.UNKNOWN),
        (b"", Kind.UNKNOWN),
        (b"\x05\x16", Kind.MALFORMED),
    ],
)
def test_every_advertisement_has_its_kind(data, kind):
    assert kind_of(data) is kind


def test_every_scheme_has_its_kind():
    assert {scheme.NAME for scheme in KNOWN_SCHEMES} <= set(Kind)


def test_a_malformed_advertisement_is_an_error_to_identify():
    with pytest.raises(TruncatedError):
        identify(b"\x05\x16")
