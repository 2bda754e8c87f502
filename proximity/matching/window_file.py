"""The JSON form of exposure windows: what `match` prints and `score` reads."""

from enum import IntEnum
from typing import Any, TypeGuard, TypeVar

from proximity.errors import FormatError, TooLargeError
from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.units import day_from_iso, iso_day

MAX_WINDOWS = 100_000
# Of one window: half an hour of sightings at the shortest advertising interval
# of the Bluetooth Core specification, 20 ms.
MAX_ENTRIES = 90_000

_HINT = (
    "Give a file that `proximity match --json` wrote; see docs/reference/matching.md."
)
_MAX_T_S = 2**33

E = TypeVar("E", bound=IntEnum)


def encode_windows(windows: list[ExposureWindow]) -> list[dict[str, Any]]:
    """Return exposure windows as JSON values.

    Parameters
    ----------
    windows : list of ExposureWindow

    Returns
    -------
    list of dict
        One for each window, in order; enums by their names in the export format.
    """
    return [
        {
            "day": iso_day(window.day),
            "key_index": window.key_index,
            "report_type": window.report_type.name,
            "infectiousness": window.infectiousness.name,
            "calibration_confidence": window.calibration_confidence.name,
            "transmission_risk": window.transmission_risk,
            "tx_power_dbm": window.tx_power_dbm,
            "scans": [
                {
                    "t_s": scan.t_s,
                    "min_attenuation_db": scan.min_attenuation_db,
                    "typical_attenuation_db": scan.typical_attenuation_db,
                    "seconds_since_last_scan": scan.seconds_since_last_scan,
                }
                for scan in window.scans
            ],
            "series": [[t_s, rssi_dbm] for t_s, rssi_dbm in window.series],
        }
        for window in windows
    ]


def decode_windows(document: object) -> list[ExposureWindow]:
    """Read exposure windows from parsed JSON.

    Parameters
    ----------
    document : object
        The object that `match --json` prints, or its list of windows. `series`,
        `t_s`, `key_index`, `transmission_risk` and `tx_power_dbm` may be absent (empty
        or 0); further members are ignored. Enums are names in any case, or numbers.
        The numbers of a scan may have fractions (that of `t_s` is cut off), and
        `seconds_since_last_scan` may be zero or negative: published files have such.

    Returns
    -------
    list of ExposureWindow
        In the order of the document.

    Raises
    ------
    FormatError
        If a value is missing or wrong; the message names its place.
    TooLargeError
        If there are more than 100,000 windows, or 90,000 scans or sightings in one.
    """
    entries = document
    if isinstance(document, dict):
        entries = _member(document, "windows", "the document")
    listed = _list(entries, "windows", MAX_WINDOWS)
    return [_window(entry, f"windows[{i}]") for i, entry in enumerate(listed)]


def _window(entry: object, place: str) -> ExposureWindow:
    members = _object(entry, place)
    scans = _list(_member(members, "scans", place), f"{place}.scans", MAX_ENTRIES)
    series = _list(members.get("series", []), f"{place}.series", MAX_ENTRIES)
    return ExposureWindow(
        day=_day(members, place),
        key_index=_integer(members, "key_index", place, (0, 2**31, 0)),
        report_type=_enum(members, "report_type", place, ReportType),
        infectiousness=_enum(members, "infectiousness", place, Infectiousness),
        calibration_confidence=_enum(
            members, "calibration_confidence", place, CalibrationConfidence
        ),
        transmission_risk=_integer(members, "transmission_risk", place, (0, 8, 0)),
        tx_power_dbm=_integer(members, "tx_power_dbm", place, (-128, 127, 0)),
        scans=tuple(_scan(s, f"{place}.scans[{i}]") for i, s in enumerate(scans)),
        series=tuple(_point(p, f"{place}.series[{i}]") for i, p in enumerate(series)),
    )


def _scan(entry: object, place: str) -> ScanInstance:
    members = _object(entry, place)
    return ScanInstance(
        t_s=int(_number(members, "t_s", place, (0, _MAX_T_S, 0))),
        min_attenuation_db=_number(members, "min_attenuation_db", place, (0, 255)),
        typical_attenuation_db=_number(
            members, "typical_attenuation_db", place, (0, 255)
        ),
        seconds_since_last_scan=_number(
            members, "seconds_since_last_scan", place, (-(2**31), 2**31)
        ),
    )


def _point(entry: object, place: str) -> tuple[float, int]:
    pair = _list(entry, place, 2)
    t_s, rssi_dbm = pair if len(pair) == 2 else (None, None)
    if not _is_number(t_s) or not _is_whole(rssi_dbm):
        raise _error(place, "a pair of Unix seconds and whole dBm")
    if not 0 <= t_s <= _MAX_T_S or not -128 <= rssi_dbm <= 127:
        raise _error(place, "within its bounds")
    return float(t_s), int(rssi_dbm)


def _day(members: dict[str, Any], place: str) -> int:
    text = _member(members, "day", place)
    try:
        day = day_from_iso(text)
    except (TypeError, ValueError):
        day = None
    # Python also reads 20241004 and 2024-W40-5.
    if day is None or iso_day(day) != text:
        raise _error(f"{place}.day", "a day as YYYY-MM-DD")
    return day


def _enum(members: dict[str, Any], name: str, place: str, kind: type[E]) -> E:
    value = _member(members, name, place)
    by_name = {item.name: item for item in kind}
    if isinstance(value, str) and value.upper() in by_name:
        return by_name[value.upper()]
    if isinstance(value, int) and not isinstance(value, bool):
        by_number = {item.value: item for item in kind}
        if value in by_number:
            return by_number[value]
    raise _error(f"{place}.{name}", "one of " + ", ".join(by_name))


def _integer(
    members: dict[str, Any],
    name: str,
    place: str,
    bounds: tuple[int, int, int],
) -> int:
    low, high, default = bounds
    value = members.get(name, default)
    if not _is_whole(value) or not low <= value <= high:
        raise _error(f"{place}.{name}", f"a whole number {low}..{high}")
    return int(value)


def _number(
    members: dict[str, Any],
    name: str,
    place: str,
    bounds: tuple[int, int] | tuple[int, int, int],
) -> float:
    low, high, *default = bounds
    value = members.get(name, *default)
    if not _is_number(value) or not low <= value <= high:
        raise _error(f"{place}.{name}", f"a number {low}..{high}")
    # What `match` wrote is read as it was.
    return int(value) if value == int(value) else value


def _is_whole(value: object) -> TypeGuard[int | float]:
    return _is_number(value) and value == int(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Neither an infinity nor NaN lies within.
    return -(2.0**63) <= value <= 2.0**63


def _member(members: dict[str, Any], name: str, place: str) -> Any:
    if name not in members:
        raise _error(f"{place}.{name}", "present")
    return members[name]


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _error(place, "an object")
    return value


def _list(value: object, place: str, limit: int) -> list[Any]:
    if not isinstance(value, list):
        raise _error(place, "a list")
    if len(value) > limit:
        raise TooLargeError(f"{place} has more than {limit} entries", _HINT)
    return value


def _error(place: str, wanted: str) -> FormatError:
    return FormatError(f"{place} is not {wanted}", _HINT)
