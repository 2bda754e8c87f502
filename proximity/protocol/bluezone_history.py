"""The history file of Bluezone: what a phone heard, and what it sent then."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.protocol.bluezone import ID_BYTES
from proximity.units import MS_PER_S

MAX_HISTORY_BYTES = 16 * 2**20

_ID = rb"([0-9A-Fa-f]{24})"
_ROW = re.compile(
    _ID + rb"\t" + _ID + rb"\t(-?[0-9]{1,3})\t([1-9][0-9]{9}(?:[0-9]{3})?)\n"
)
_MIN_TIME = {"ms": 10**12, "s": 10**9}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One advertisement heard, as the history file tells it.

    Attributes
    ----------
    own_id, contact_id : bytes
        12 bytes each: the ID that the phone itself sent then, and that it heard.
    rssi_dbm : int
        -128..127.
    t_ms : int
        Unix time, milliseconds; a multiple of 1000 from a file in seconds.
    """

    own_id: bytes
    contact_id: bytes
    rssi_dbm: int
    t_ms: int

    def __repr__(self) -> str:
        """Tell the kind and the time, never the IDs."""
        return f"<HistoryRow t_ms={self.t_ms}>"


def decode_history(data: bytes) -> tuple[HistoryRow, ...]:
    """Read a history file, from Android in milliseconds or from iOS in seconds.

    Parameters
    ----------
    data : bytes
        Lines of own ID, heard ID, RSSI and time, with tabs between them; at most
        16 MiB. A time of 13 digits is in milliseconds, one of 10 in seconds.

    Returns
    -------
    tuple of HistoryRow
        In the order of the file.

    Raises
    ------
    TooLargeError
        If there are more than 16 MiB.
    TruncatedError
        If the last line has no end.
    FormatError
        If a line is not of this form; the message names its number.
    """
    if len(data) > MAX_HISTORY_BYTES:
        raise TooLargeError(
            f"The history file exceeds {MAX_HISTORY_BYTES} bytes.",
            "Ask for the days in question only.",
        )
    # Ten of thirteen digits would pass for seconds: a cut line must not be read.
    if data and not data.endswith(b"\n"):
        raise TruncatedError(
            "The last line of the history file has no end.", "Hand it in again, whole."
        )
    return tuple(
        _decode_row(line, number) for number, line in enumerate(io.BytesIO(data), 1)
    )


def encode_history(
    rows: Iterable[HistoryRow], *, unit: Literal["ms", "s"] = "ms"
) -> bytes:
    """Write a history file, byte by byte as the phones do.

    Parameters
    ----------
    rows : iterable of HistoryRow
        In the order of the file.
    unit : "ms" or "s"
        As Android or as iOS writes times; seconds are rounded down.

    Returns
    -------
    bytes
        One line for each row, IDs in upper case.

    Raises
    ------
    ValueError
        If an ID has not 12 bytes, an RSSI is outside -128..127, or a time has not
        the 13 or 10 digits by which readers tell the unit.
    """
    return b"".join(_encode_row(row, unit) for row in rows)


def _decode_row(line: bytes, number: int) -> HistoryRow:
    match = _ROW.fullmatch(line)
    if match is None or not -128 <= int(match[3]) <= 127:
        raise FormatError(
            f"Line {number} of the history file is not of the known form.",
            "A line is two IDs of 24 hex digits, RSSI and time, with tabs between.",
        )
    scale = MS_PER_S if len(match[4]) == 10 else 1
    return HistoryRow(
        own_id=bytes.fromhex(match[1].decode()),
        contact_id=bytes.fromhex(match[2].decode()),
        rssi_dbm=int(match[3]),
        t_ms=int(match[4]) * scale,
    )


def _encode_row(row: HistoryRow, unit: Literal["ms", "s"]) -> bytes:
    if len(row.own_id) != ID_BYTES or len(row.contact_id) != ID_BYTES:
        raise ValueError("an ephemeral ID has 12 bytes")
    if not -128 <= row.rssi_dbm <= 127:
        raise ValueError("an RSSI is -128..127 dBm")
    time = row.t_ms if unit == "ms" else row.t_ms // MS_PER_S
    if not _MIN_TIME[unit] <= time < 10 * _MIN_TIME[unit]:
        raise ValueError("a time is between September 2001 and November 2286")
    own, contact = row.own_id.hex().upper(), row.contact_id.hex().upper()
    return f"{own}\t{contact}\t{row.rssi_dbm}\t{time}\n".encode()
