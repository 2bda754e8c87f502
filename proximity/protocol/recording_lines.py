"""The JSON Lines form of recordings, for exchange: one scan or reception a line."""

import codecs
import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

import numpy as np

from proximity.errors import FormatError, TooLargeError, TruncatedError
from proximity.protocol.reception import (
    ADDRESS_BYTES,
    LEAST_RSSI_DBM,
    MAX_DATA_BYTES,
    MAX_T_MS,
    MOST_RSSI_DBM,
    Broadcast,
    Receptions,
    check_scans,
    gather_receptions,
)
from proximity.protocol.sighting import MISSING_RSSI_DBM, Scans

MAX_LINE_BYTES = 8_192

_SEPARATORS = str.maketrans("", "", ":-")
_UNKNOWN_MS = -1
_HINT = "See docs/reference/recordings.md for what a line may hold."
# After the last scan: later than any sighting, whatever a clock says.
_NO_MORE = (math.inf, b"")


def read_lines(stream: BinaryIO, head: bytes = b"") -> tuple[Receptions, Scans]:
    """Read a recording in JSON Lines.

    Parameters
    ----------
    stream : binary file
        Read to its end, in bounded memory beside what is returned.
    head : bytes
        The first byte, where the caller has read it.

    Returns
    -------
    tuple of (Receptions, Scans)
        Each in the order of the lines; blank lines are passed over.

    Raises
    ------
    TruncatedError
        If the last line is cut off.
    TooLargeError
        If a line exceeds 8,192 bytes, or the recording a bound of `reception`.
    FormatError
        If a line is not an object of the one or the other kind; names the line.
    """
    scans: list[tuple[int, int, int]] = []

    def heard() -> Iterator[tuple[int, int | None, Broadcast]]:
        for number, line in enumerate(_lines(stream, head), 1):
            members = _parse(line, number)
            if members is None:
                continue
            if "scan" in members:
                check_scans(len(scans) + 1)
                scans.append(_scan(members, number))
            else:
                yield _reception(members, number)

    receptions = gather_receptions(heard())
    columns = np.array(scans, np.int64).reshape(-1, 3).T
    return receptions, Scans(*(np.ascontiguousarray(column) for column in columns))


def write_lines(stream: BinaryIO, receptions: Receptions, scans: Scans) -> None:
    """Write a recording in JSON Lines; each scan before what it heard.

    Parameters
    ----------
    stream : binary file
    receptions : Receptions
    scans : Scans
    """
    waiting = _scan_lines(scans)
    start_ms, line = next(waiting, _NO_MORE)
    columns = (receptions.t_ms, receptions.rssi_dbm, receptions.broadcast)
    for t_ms, rssi_dbm, index in zip(*(c.tolist() for c in columns), strict=True):
        while start_ms <= t_ms:
            stream.write(line)
            start_ms, line = next(waiting, _NO_MORE)
        stream.write(_reception_line(t_ms, rssi_dbm, receptions.broadcasts[index]))
    stream.write(line)
    stream.writelines(line for _, line in waiting)


def _scan_lines(scans: Scans) -> Iterator[tuple[float, bytes]]:
    for start_ms, end_ms, monotonic_ms in zip(
        *(column.tolist() for column in scans), strict=True
    ):
        members: dict[str, Any] = {"scan": [start_ms, end_ms]}
        if monotonic_ms != _UNKNOWN_MS:
            members["monotonic_ms"] = monotonic_ms
        yield start_ms, _line(members)


def _reception_line(t_ms: int, rssi_dbm: int, broadcast: Broadcast) -> bytes:
    address = broadcast.address
    return _line(
        {
            "t_ms": t_ms,
            "rssi_dbm": None if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm,
            "address": None if address is None else address.hex(":"),
            "data": broadcast.data.hex(),
        }
    )


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def _lines(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    """Yield bounded lines with their line feed, if they have one."""
    line = head if head == b"\n" else head + stream.readline(MAX_LINE_BYTES + 1)
    number = 1
    while line:
        if len(line) > MAX_LINE_BYTES:
            raise TooLargeError(
                f"line {number} exceeds {MAX_LINE_BYTES:,} bytes", _HINT
            )
        yield line
        line = stream.readline(MAX_LINE_BYTES + 1)
        number += 1


def _parse(line: bytes, number: int) -> dict[str, Any] | None:
    """Return the members of a line's object; None for a blank line."""
    if number == 1:
        # Editors of some systems begin a file so.
        line = line.removeprefix(codecs.BOM_UTF8)
    if not line.strip():
        return None
    try:
        members = json.loads(line.decode())
    # Digits beyond Python's limit are a ValueError, deep nesting a RecursionError.
    except (ValueError, RecursionError):
        if not line.endswith(b"\n"):
            raise TruncatedError(
                f"line {number}, the last, is cut off", _HINT
            ) from None
        _refuse(number, "is not JSON")
    if not isinstance(members, dict):
        _refuse(number, "is not an object")
    return members


def _scan(members: dict[str, Any], number: int) -> tuple[int, int, int]:
    if "data" in members:
        _refuse(number, "is both a scan and an advertisement; give each its line")
    ends = members["scan"]
    if not isinstance(ends, list) or len(ends) != 2:
        _refuse(number, '"scan" is not a pair of times')
    start_ms, end_ms = (_integer(end, 0, MAX_T_MS) for end in ends)
    monotonic_ms = _integer(
        members.get("monotonic_ms", _UNKNOWN_MS), _UNKNOWN_MS, MAX_T_MS
    )
    if start_ms is None or end_ms is None or start_ms > end_ms:
        _refuse(number, '"scan" is not two times in whole milliseconds, in order')
    if monotonic_ms is None:
        _refuse(number, '"monotonic_ms" is not a time in whole milliseconds')
    return start_ms, end_ms, monotonic_ms


def _reception(
    members: dict[str, Any], number: int
) -> tuple[int, int | None, Broadcast]:
    t_ms = _integer(members.get("t_ms"), 0, MAX_T_MS)
    if t_ms is None:
        _refuse(number, 'has neither "scan" nor a "t_ms" in whole milliseconds')
    data = _bytes(members.get("data"))
    if data is None or len(data) > MAX_DATA_BYTES:
        _refuse(number, f'"data" is not hex of at most {MAX_DATA_BYTES:,} bytes')
    broadcast = Broadcast(_address(members.get("address"), number), data)
    return t_ms, _rssi(members, number), broadcast


def _rssi(members: dict[str, Any], number: int) -> int | None:
    value = members.get("rssi_dbm", "")
    rssi_dbm = _integer(value, LEAST_RSSI_DBM, MISSING_RSSI_DBM)
    if value is None or rssi_dbm == MISSING_RSSI_DBM:
        return None
    if rssi_dbm is None or rssi_dbm > MOST_RSSI_DBM:
        _refuse(number, '"rssi_dbm" is not null or a whole number -127..20')
    return rssi_dbm


def _address(value: object, number: int) -> bytes | None:
    if value is None:
        return None
    plain = value.translate(_SEPARATORS) if isinstance(value, str) else value
    address = _bytes(plain)
    if address is None or len(address) != ADDRESS_BYTES:
        _refuse(number, '"address" is not null or six bytes in hex')
    return address


def _bytes(value: object) -> bytes | None:
    """Return the bytes of hex in either case; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        data = bytes.fromhex(value)
    except ValueError:
        return None
    # `fromhex` passes over spaces, the format does not.
    return data if len(data) * 2 == len(value) else None


def _integer(value: object, least: int, most: int) -> int | None:
    """Return a whole number within bounds, also one written as 5.0; else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if least <= value <= most else None


def _refuse(number: int, why: str) -> NoReturn:
    raise FormatError(f"line {number}: {why}", _HINT)
