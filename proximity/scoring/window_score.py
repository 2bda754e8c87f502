"""Exposure windows as columns, and what a formula says about each window."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.matching.exposure_window import ExposureWindow
from proximity.protocol.diagnosis_key import ReportType

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Drop(IntEnum):
    """Why a window does not count."""

    COUNTED = 0
    REPORT_TYPE = 1
    INFECTIOUSNESS = 2
    TRANSMISSION_RISK = 3
    TOO_SHORT = 4
    MINIMUM_SCORE = 5


class WindowColumns(NamedTuple):
    """Exposure windows of any number of people, in columns.

    Attributes
    ----------
    group, day, age, key_index : int64[n]
        Whose window it is, its UTC day, its age in days at the as-of day, its key.
    report_type, infectiousness, confidence, transmission_risk : int64[n]
        Numbers of the enumerations; no report type is `UNKNOWN`.
    window : int64[m]
        To which window each scan belongs; ascending.
    t_s, seconds : float64[m]
        Start of the scan (0 where not recorded); seconds since the scan before, >= 0.
    min_db, typical_db : float64[m]
        Attenuations of the scan.
    sightings : float64[m]
        How many sightings the scan sums up; 1 where they were not recorded.
    """

    group: Int64
    day: Int64
    age: Int64
    key_index: Int64
    report_type: Int64
    infectiousness: Int64
    confidence: Int64
    transmission_risk: Int64
    window: Int64
    t_s: Float64
    seconds: Float64
    min_db: Float64
    typical_db: Float64
    sightings: Float64


class WindowScores(NamedTuple):
    """What a formula says about each window.

    Attributes
    ----------
    value : float64[n]
        Contribution in the rule's unit; 0 where the window does not count.
    drop : int64[n]
        `Drop`.
    near : bool[m]
        Scans that count as near.
    bucket_s : float64[n, b]
        Seconds by attenuation bucket, nearest first; b = 0 without buckets.
    factors : mapping of str to float64[n]
        What the value was multiplied from, by name.
    """

    value: Float64
    drop: Int64
    near: NDArray[np.bool_]
    bucket_s: Float64
    factors: Mapping[str, Float64]


def columns_of(
    groups: Sequence[Sequence[ExposureWindow]],
    as_of_day: int,
    missing_report_type: ReportType,
) -> WindowColumns:
    """Put windows into columns.

    A negative time since the last scan, which a clock that was set back leaves,
    counts as zero.

    Parameters
    ----------
    groups : sequence of sequences of ExposureWindow
        One group a person.
    as_of_day : int
        UTC day number from which ages are counted.
    missing_report_type : ReportType
        Stands in for `UNKNOWN`.
    """
    windows = [w for group in groups for w in group]
    scans = [scan for w in windows for scan in w.scans]
    lengths = [len(group) for group in groups]
    report_type = _ints([w.report_type for w in windows])
    report_type[report_type == ReportType.UNKNOWN] = missing_report_type
    day = _ints([w.day for w in windows])
    return WindowColumns(
        group=np.repeat(np.arange(len(groups)), lengths),
        day=day,
        age=as_of_day - day,
        key_index=_ints([w.key_index for w in windows]),
        report_type=report_type,
        infectiousness=_ints([w.infectiousness for w in windows]),
        confidence=_ints([w.calibration_confidence for w in windows]),
        transmission_risk=_ints([w.transmission_risk for w in windows]),
        window=np.repeat(np.arange(len(windows)), [len(w.scans) for w in windows]),
        t_s=_floats([s.t_s for s in scans]),
        seconds=np.maximum(_floats([s.seconds_since_last_scan for s in scans]), 0.0),
        min_db=_floats([s.min_attenuation_db for s in scans]),
        typical_db=_floats([s.typical_attenuation_db for s in scans]),
        sightings=_floats([n for w in windows for n in _sightings(w)]),
    )


def bucket_seconds(columns: WindowColumns, bucket: Int64, buckets: int) -> Float64:
    """Sum each window's seconds by attenuation bucket.

    Parameters
    ----------
    columns : WindowColumns
    bucket : int64[m]
        Bucket of each scan, 0..buckets - 1.
    buckets : int
        Number of buckets.

    Returns
    -------
    float64[n, buckets]
    """
    n = len(columns.day)
    cell = columns.window * buckets + bucket
    total = np.bincount(cell, weights=columns.seconds, minlength=n * buckets)
    return total.astype(np.float64, copy=False).reshape(n, buckets)


def first_drop(n: int, *reasons: tuple[NDArray[np.bool_], Drop]) -> Int64:
    """Return for each window the first reason that holds, or `Drop.COUNTED`."""
    drop = np.full(n, Drop.COUNTED, np.int64)
    for holds, reason in reversed(reasons):
        drop[holds] = reason
    return drop


def _sightings(window: ExposureWindow) -> list[int]:
    """Count the sightings of each scan: those before the next one begins."""
    if not window.series:
        return [1] * len(window.scans)
    ends = [scan.t_s for scan in window.scans[1:]]
    times = [t_s for t_s, _ in window.series]
    bounds = [0, *(bisect_left(times, end) for end in ends), len(times)]
    return [max(after - before, 1) for before, after in pairwise(bounds)]


def _ints(values: Sequence[int]) -> Int64:
    return np.array(values, np.int64)


def _floats(values: Sequence[float]) -> Float64:
    return np.array(values, np.float64)
