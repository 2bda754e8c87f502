"""Whatever a controller sends, a host gets reports or a format error, never more."""

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.radio.hci_reports import (
    AdvertisingReport,
    decode_reports,
    encode_report,
    is_advertising_report,
)

RSSI = st.one_of(st.none(), st.integers(-127, 20))
REPORTS = st.builds(
    AdvertisingReport,
    kind=st.integers(0, 4),
    address_type=st.integers(0, 1),
    address=st.binary(min_size=6, max_size=6),
    data=st.binary(max_size=31),
    rssi_dbm=RSSI,
)
quick = settings(derandomize=True, deadline=None, max_examples=300)


@quick
@given(REPORTS)
def test_what_is_encoded_is_decoded(report):
    packet = encode_report(report)

    assert is_advertising_report(packet)
    assert list(decode_reports(packet)) == [report]


@quick
@given(st.binary(max_size=260))
def test_random_events_are_reports_or_a_format_error(body):
    packet = b"\x04\x3e" + bytes([min(len(body) + 1, 255)]) + b"\x02" + body
    assert is_advertising_report(packet)

    try:
        reports = list(decode_reports(packet))
    except FormatError:
        return
    for report in reports:
        assert len(report.address) == 6
        assert report.rssi_dbm is None or -128 <= report.rssi_dbm <= 126


@quick
@given(st.binary(max_size=12))
def test_any_bytes_are_asked_about_safely(packet):
    assert is_advertising_report(packet) in (True, False)


@quick
@given(REPORTS, st.data())
def test_a_changed_byte_gives_reports_or_a_format_error(report, data):
    packet = bytearray(encode_report(report))
    at = data.draw(st.integers(4, len(packet) - 1))
    packet[at] = data.draw(st.integers(0, 255))

    try:
        assert len(list(decode_reports(bytes(packet)))) == packet[4]
    except FormatError:
        return
