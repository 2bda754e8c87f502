import pytest

from proximity.protocol import bluezone, bluezone_ios, gaen
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.radio.scanner import Heard, measured_rssi, sighting_of

ADDRESS = bytes.fromhex("c0ffee000001")


def heard(data: bytes) -> Heard:
    return Heard(1_000, 5, data, -60, ADDRESS, "recorded")


def test_neither_data_nor_address_shows():
    shown = repr(heard(b"\x07\x09" + b"secret"))

    assert "secret" not in shown
    assert "c0" not in shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-127, -127), (0, 0), (20, 20), (127, None), (21, None), (-128, None)],
)
def test_an_rssi_that_was_not_measured_is_missing(value, expected):
    assert measured_rssi(value) == expected


def test_a_missing_rssi_stays_missing():
    assert measured_rssi(None) is None


@pytest.mark.parametrize("carrier", [Carrier.SERVICE_DATA, Carrier.MANUFACTURER_DATA])
def test_every_carrier_with_metadata_gives_the_same_sighting(carrier):
    sighting = sighting_of(heard(encode_carrier(bytes(range(20)), carrier)))

    assert sighting is not None
    assert (sighting.scheme, sighting.ephemeral_id) == (gaen.NAME, bytes(range(16)))
    assert sighting.metadata == bytes(range(16, 20))
    assert (sighting.t_ms, sighting.rssi_dbm) == (1_000, -60)
    assert sighting.address == ADDRESS


def test_an_id_without_metadata_is_no_sighting():
    data = encode_carrier(bytes(20), Carrier.SERVICE_UUID)

    assert sighting_of(heard(data)) is None


def test_bluezone_needs_no_metadata():
    sighting = sighting_of(heard(bluezone.encode_advertisement(bytes(12))))

    assert sighting is not None
    assert sighting.scheme == bluezone.NAME


@pytest.mark.parametrize("data", [b"", b"\x02\x01\x06", b"\x09\x16", b"\xff"])
def test_what_is_malformed_or_unknown_is_no_sighting(data):
    assert sighting_of(heard(data)) is None


@pytest.mark.parametrize(
    ("data", "carrier", "payload"),
    [
        (
            encode_carrier(bytes(range(20)), Carrier.SERVICE_DATA),
            Carrier.SERVICE_DATA,
            bytes(range(20)),
        ),
        (
            encode_carrier(bytes(range(20)), Carrier.SERVICE_UUID),
            Carrier.SERVICE_UUID,
            bytes(range(16)),
        ),
        (
            bluezone.encode_advertisement(b"twelve bytes"),
            Carrier.MANUFACTURER_DATA,
            b"twelve bytes",
        ),
        (bluezone_ios.encode_beacon(), None, None),
        (b"\x09\x16", None, None),
    ],
    ids=["gaen", "apple", "bluezone", "wake-up", "malformed"],
)
def test_what_is_heard_tells_its_carrier_and_payload(data, carrier, payload):
    each = heard(data)

    assert (each.carrier, each.payload) == (carrier, payload)


@pytest.mark.parametrize(
    ("data", "tx_power_dbm"), [(b"\x02\x0a\xf4", -12), (b"", None), (b"\x02\x0a", None)]
)
def test_a_transmit_power_in_the_clear_is_told(data, tx_power_dbm):
    assert heard(data).tx_power_dbm == tx_power_dbm
