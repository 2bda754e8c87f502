"""Exposure windows: up to half an hour of one encounter with a diagnosis key."""

from dataclasses import dataclass
from enum import IntEnum

from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence


class Infectiousness(IntEnum):
    """How infectious the case was taken to be on the day of the key."""

    NONE = 0
    STANDARD = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class ScanInstance:
    """Summary of one scan within a window.

    Attributes
    ----------
    t_s : int
        Unix time of the scan, seconds, rounded down.
    min_attenuation_db, typical_attenuation_db : float
        Smallest, and rounded mean, attenuation of the scan's sightings; >= 0.
    seconds_since_last_scan : float
        Whole minutes in seconds, 0..300.

    A match gives whole numbers; what others published may have fractions.
    """

    t_s: int
    min_attenuation_db: float
    typical_attenuation_db: float
    seconds_since_last_scan: float


@dataclass(frozen=True, slots=True)
class ExposureWindow:
    """At most thirty minutes of one encounter with one diagnosis key.

    Attributes
    ----------
    day : int
        UTC day number since the epoch.
    key_index : int
        Index of the key among the `keys` of its export.
    report_type, infectiousness, calibration_confidence
        Of the key, of its day, and of the first sighting's metadata.
    transmission_risk : int
        0..8.
    tx_power_dbm : int
        Transmit power from the decrypted metadata, -50..20.
    scans : tuple of ScanInstance
        In time order.
    series : tuple of (float, int)
        The sightings of the window: Unix seconds, RSSI in dBm; in time order.
    """

    day: int
    key_index: int
    report_type: ReportType
    infectiousness: Infectiousness
    calibration_confidence: CalibrationConfidence
    transmission_risk: int
    tx_power_dbm: int
    scans: tuple[ScanInstance, ...]
    series: tuple[tuple[float, int], ...]
