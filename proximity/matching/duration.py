"""How long and how strongly: sightings of one key become exposure windows.

A window lasts at most half an hour and holds scan instances; a scan instance is what
one scan heard of the key. A recorded scan is never divided: it belongs to the window
in which it starts. A scan that only the sightings imply has no edges of its own; where
a window ends, it begins anew.
"""

from itertools import groupby
from typing import NamedTuple

import numpy as np

from proximity.matching.admission import Evidence
from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.matching.listening import Listening, place, previous_start_ms
from proximity.matching.policy import MatchPolicy
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.ranging.attenuation import attenuation_db
from proximity.units import MS_PER_S, day_of

_MINUTE_S = 60
_MOST_MINUTES = 5
# Where no earlier scan is known.
_UNKNOWN_GAP_S = 120


class MatchedKey(NamedTuple):
    """What a diagnosis key tells about each of its windows.

    Attributes
    ----------
    key_index : int
    report_type : ReportType
    infectiousness : Infectiousness
    transmission_risk : int
    """

    key_index: int
    report_type: ReportType
    infectiousness: Infectiousness
    transmission_risk: int


class _Point(NamedTuple):
    """One sighting, in the order of the windows."""

    begun_ms: int  # Start of a recorded scan; else the time of the sighting.
    scan_ms: int
    recorded: bool
    t_ms: int
    confidence: int
    tx_power_dbm: int
    rssi_dbm: int
    attenuation_db: int


def exposure_windows(
    key: MatchedKey, evidence: Evidence, heard: Listening, policy: MatchPolicy
) -> list[ExposureWindow]:
    """Divide the sightings of one key into exposure windows.

    Parameters
    ----------
    key : MatchedKey
    evidence : Evidence
        Any order; all of them among the sightings that `heard` was made from.
    heard : Listening
    policy : MatchPolicy

    Returns
    -------
    list of ExposureWindow
        In time order. Source: docs/reference/matching.md#windows.
    """
    windows: list[list[_Point]] = []
    for point in _points(evidence, heard, policy):
        if not windows or _lies_beyond(windows[-1][0], point, policy.window_s):
            windows.append([])
        windows[-1].append(point)
    return [
        _window(key, points, before, heard)
        for points, before in zip(windows, [None, *windows], strict=False)
    ]


def _points(evidence: Evidence, heard: Listening, policy: MatchPolicy) -> list[_Point]:
    scan = place(evidence.t_ms, heard)
    columns = (
        np.where(scan.recorded, scan.start_ms, evidence.t_ms),
        scan.start_ms,
        scan.recorded,
        evidence.t_ms,
        evidence.confidence,
        evidence.tx_power_dbm,
        evidence.rssi_dbm,
        attenuation_db(
            evidence.tx_power_dbm, evidence.rssi_dbm, policy.rssi_correction_db
        ),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return sorted(_Point(*row) for row in rows)


def _lies_beyond(first: _Point, point: _Point, window_s: int) -> bool:
    return point.begun_ms - first.begun_ms >= window_s * MS_PER_S


def _window(
    key: MatchedKey,
    points: list[_Point],
    before: list[_Point] | None,
    heard: Listening,
) -> ExposureWindow:
    scans = [list(group) for _, group in groupby(points, lambda p: p.scan_ms)]
    continued = before is not None and before[-1].scan_ms == points[0].scan_ms
    first = min(points, key=lambda p: p.t_ms)
    return ExposureWindow(
        day=day_of(points[0].begun_ms / MS_PER_S),
        key_index=key.key_index,
        report_type=key.report_type,
        infectiousness=key.infectiousness,
        calibration_confidence=CalibrationConfidence(first.confidence),
        transmission_risk=key.transmission_risk,
        tx_power_dbm=first.tx_power_dbm,
        scans=tuple(
            _scan_instance(scan, heard, continued=continued and i == 0)
            for i, scan in enumerate(scans)
        ),
        series=tuple(
            (p.t_ms / MS_PER_S, p.rssi_dbm)
            for p in sorted(points, key=lambda p: p.t_ms)
        ),
    )


def _scan_instance(
    points: list[_Point], heard: Listening, *, continued: bool
) -> ScanInstance:
    start_ms = points[0].begun_ms
    scan_ms = points[0].scan_ms
    previous_ms = scan_ms if continued else previous_start_ms(scan_ms, heard)
    attenuations = [p.attenuation_db for p in points]
    return ScanInstance(
        t_s=start_ms // MS_PER_S,
        min_attenuation_db=min(attenuations),
        typical_attenuation_db=_rounded_mean(attenuations),
        seconds_since_last_scan=_gap_s(start_ms, previous_ms),
    )


def _gap_s(start_ms: int, previous_ms: int | None) -> int:
    """Return whole minutes between scans in seconds, at most five; unknown is two."""
    if previous_ms is None:
        return _UNKNOWN_GAP_S
    minute_ms = _MINUTE_S * MS_PER_S
    minutes = start_ms // minute_ms - previous_ms // minute_ms
    return _MINUTE_S * min(_MOST_MINUTES, minutes)


def _rounded_mean(values: list[int]) -> int:
    """Round half up, in integers so that every machine agrees."""
    return (2 * sum(values) + len(values)) // (2 * len(values))
