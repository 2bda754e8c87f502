"""Exposure windows made by hand."""

import pytest

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence

TODAY = 18_700


@pytest.fixture
def today():
    return TODAY


@pytest.fixture
def scan():
    def make(attenuation_db, seconds, t_s=0):
        return ScanInstance(t_s, attenuation_db, attenuation_db, seconds)

    return make


@pytest.fixture
def window(scan):
    """Make a window of a confirmed, highly infectious case; scans as (dB, s[, t_s])."""

    def make(*scans, age=0, **changes):
        fields = {
            "day": TODAY - age,
            "key_index": 0,
            "report_type": ReportType.CONFIRMED_TEST,
            "infectiousness": Infectiousness.HIGH,
            "calibration_confidence": CalibrationConfidence.LOW,
            "transmission_risk": 0,
            "tx_power_dbm": 0,
            "scans": tuple(scan(*s) for s in scans),
            "series": (),
        }
        return ExposureWindow(**{**fields, **changes})

    return make
