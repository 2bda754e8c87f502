"""The `InfoF` object, in which a Bluezone phone hands in its keys."""

import json
from dataclasses import dataclass

from proximity.protocol.bluezone import KEY_BYTES, advance_key
from proximity.protocol.json_fields import load_object, take_bytes, take_int
from proximity.units import DAY_S

MAX_CASE_INFO_BYTES = 4_096

_TIMES_S = range(2**32)


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A phone's first key, and the key of the first day that is handed in.

    Attributes
    ----------
    base_id : bytes
        32 bytes, D[0]: it discloses every ID that the phone ever sent or will send.
    created_s : int
        Unix time of the start of day 0.
    daily_key : bytes
        32 bytes.
    time_start_s : int
        Unix time of the start of that key's day.
    """

    base_id: bytes
    created_s: int
    daily_key: bytes
    time_start_s: int

    def __repr__(self) -> str:
        """Tell the length and the time, never the keys."""
        return f"<CaseInfo 2x{KEY_BYTES} bytes time_start_s={self.time_start_s}>"


def case_info(base_id: bytes, created_s: int, from_s: int) -> CaseInfo:
    """Gather what a phone hands in for all that it sent since `from_s`.

    Parameters
    ----------
    base_id : bytes
        32 bytes, D[0].
    created_s : int
        Unix time of the start of day 0.
    from_s : int
        Unix time; the key is that of its day, or of day 0 if that is later.

    Returns
    -------
    CaseInfo

    Raises
    ------
    ValueError
        If the key has not 32 bytes, or there is more than a century between.
    """
    days = max(0, (from_s - created_s) // DAY_S)
    daily_key = advance_key(base_id, days)
    return CaseInfo(base_id, created_s, daily_key, created_s + days * DAY_S)


def encode_case_info(info: CaseInfo) -> bytes:
    """Write `InfoF` byte by byte as Android does."""
    document = {
        "base_id": info.base_id.hex().upper(),
        "time": info.created_s,
        "daily_key": info.daily_key.hex().upper(),
        "time_start": info.time_start_s,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode_case_info(data: bytes) -> CaseInfo:
    """Read `InfoF`.

    Parameters
    ----------
    data : bytes
        One JSON object, at most 4 KiB; times in seconds below 2**32.

    Returns
    -------
    CaseInfo
        As stated: that the daily key follows from the first one is not checked.

    Raises
    ------
    TooLargeError
        If there are more bytes.
    FormatError
        If it is not JSON or a field is missing, of a wrong type or out of range.
    """
    document = load_object(data, "InfoF", max_bytes=MAX_CASE_INFO_BYTES)
    return CaseInfo(
        base_id=take_bytes(document, "base_id", "InfoF", KEY_BYTES),
        created_s=take_int(document, "time", "InfoF", _TIMES_S),
        daily_key=take_bytes(document, "daily_key", "InfoF", KEY_BYTES),
        time_start_s=take_int(document, "time_start", "InfoF", _TIMES_S),
    )
