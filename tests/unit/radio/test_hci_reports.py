import pytest

from proximity.errors import FormatError, TruncatedError
from proximity.radio.hci_reports import (
    AdvertisingReport,
    ReportKind,
    decode_reports,
    encode_report,
    is_advertising_report,
)

REPORT = AdvertisingReport(
    ReportKind.NON_CONNECTABLE, 1, bytes.fromhex("3a0102030405"), b"\x02\x01\x1a", -60
)
# 04 event, 3e LE meta, 0f bytes: 02 report, one of them, non-connectable, random.
PACKET = bytes.fromhex("043e0f020103010504030201 3a0302011ac4")


def test_a_report_has_the_bytes_of_the_specification():
    assert encode_report(REPORT) == PACKET
    assert list(decode_reports(PACKET)) == [REPORT]


def test_an_rssi_of_127_is_missing():
    missing = PACKET[:-1] + b"\x7f"

    assert next(decode_reports(missing)).rssi_dbm is None
    assert encode_report(next(decode_reports(missing))) == missing


def test_an_event_holds_several_reports():
    entry = PACKET[5:]
    body = b"\x02\x02" + entry + entry
    packet = b"\x04\x3e" + bytes([len(body)]) + body

    assert list(decode_reports(packet)) == [REPORT, REPORT]


def test_other_packets_are_no_reports():
    assert is_advertising_report(PACKET)
    assert not is_advertising_report(b"\x04\x0e\x04\x01\x03\x0c\x00")
    assert not is_advertising_report(b"")


@pytest.mark.parametrize("length", range(4, len(PACKET)))
def test_a_report_that_ends_early_is_refused(length):
    with pytest.raises(TruncatedError):
        list(decode_reports(PACKET[:length]))


def test_a_report_whose_data_runs_over_is_refused():
    with pytest.raises(TruncatedError):
        list(decode_reports(PACKET[:13] + b"\xff" + PACKET[14:]))


def test_what_follows_the_last_report_is_refused():
    longer = PACKET[:2] + bytes([PACKET[2] + 1]) + PACKET[3:] + b"\0"

    with pytest.raises(FormatError):
        list(decode_reports(longer))


def test_a_report_does_not_show_whom_it_heard():
    assert repr(REPORT) == "<AdvertisingReport 3 bytes>"
