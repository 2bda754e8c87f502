"""LE Advertising Report events of the host controller interface, bytes and values."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from proximity.errors import FormatError, TruncatedError

# Core specification, volume 4, part E, 5.4.4, 7.7.65 and 7.7.65.2.
_EVENT_PACKET = 0x04
_LE_META_EVENT = 0x3E
_ADVERTISING_REPORT = 0x02
_HEAD_BYTES = 5
_REPORT_HEAD_BYTES = 9
_MISSING_RSSI = 127
ADDRESS_BYTES = 6


class ReportKind(IntEnum):
    """What kind of advertising was heard."""

    CONNECTABLE = 0x00
    DIRECTED = 0x01
    SCANNABLE = 0x02
    NON_CONNECTABLE = 0x03
    SCAN_RESPONSE = 0x04


@dataclass(frozen=True, slots=True)
class AdvertisingReport:
    """One report of a controller.

    Attributes
    ----------
    kind : int
        A `ReportKind`, or a number of later specifications.
    address_type : int
        0 public, 1 random.
    address : bytes
        6 bytes, most significant first.
    data : bytes
        Advertising data, 0..31 bytes in a legacy advertisement.
    rssi_dbm : int | None
        None if the controller did not measure it.
    """

    kind: int
    address_type: int
    address: bytes
    data: bytes
    rssi_dbm: int | None

    def __repr__(self) -> str:
        """Tell the length, never the address or the data."""
        return f"<AdvertisingReport {len(self.data)} bytes>"


def is_advertising_report(packet: bytes) -> bool:
    """Tell whether a packet from a controller is an LE Advertising Report."""
    return (
        len(packet) > 3
        and packet[0] == _EVENT_PACKET
        and packet[1] == _LE_META_EVENT
        and packet[3] == _ADVERTISING_REPORT
    )


def encode_report(report: AdvertisingReport) -> bytes:
    """Encode the event that carries one report.

    Parameters
    ----------
    report : AdvertisingReport

    Returns
    -------
    bytes
        With the packet type in front.
    """
    rssi = _MISSING_RSSI if report.rssi_dbm is None else report.rssi_dbm
    body = (
        bytes((_ADVERTISING_REPORT, 1, report.kind, report.address_type))
        + report.address[::-1]
        + bytes((len(report.data),))
        + report.data
        + bytes((rssi & 0xFF,))
    )
    return bytes((_EVENT_PACKET, _LE_META_EVENT, len(body))) + body


def decode_reports(packet: bytes) -> Iterator[AdvertisingReport]:
    """Read every report of an LE Advertising Report event, one after another.

    Parameters
    ----------
    packet : bytes
        One for which `is_advertising_report` is true.

    Yields
    ------
    AdvertisingReport
        In the order of the event, each report whole in itself, as controllers send
        them and hosts read them.

    Raises
    ------
    TruncatedError, FormatError
        If the event ends within a report, or goes on after the last.
    """
    if len(packet) < _HEAD_BYTES or len(packet) != packet[2] + 3:
        raise _truncated()
    at = _HEAD_BYTES
    for _ in range(packet[4]):
        if at + _REPORT_HEAD_BYTES > len(packet):
            raise _truncated()
        data_at = at + _REPORT_HEAD_BYTES
        end = data_at + packet[data_at - 1]
        if end >= len(packet):
            raise _truncated()
        rssi = int.from_bytes(packet[end : end + 1], signed=True)
        yield AdvertisingReport(
            packet[at],
            packet[at + 1],
            packet[at + 2 : at + 8][::-1],
            packet[data_at:end],
            None if rssi == _MISSING_RSSI else rssi,
        )
        at = end + 1
    if at != len(packet):
        raise FormatError(
            "An advertising report goes on after its last entry.",
            "Leave the report out: the controller does not follow the format.",
        )


def _truncated() -> TruncatedError:
    return TruncatedError(
        "An advertising report ends early.",
        "Leave the report out: the controller does not follow the format.",
    )
