import dataclasses

import pytest

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence


def test_a_window_is_a_value_that_nobody_changes_later():
    window = ExposureWindow(
        day=18_353,
        key_index=0,
        report_type=ReportType.CONFIRMED_TEST,
        infectiousness=Infectiousness.HIGH,
        calibration_confidence=CalibrationConfidence.MEDIUM,
        transmission_risk=0,
        tx_power_dbm=-20,
        scans=(ScanInstance(1_585_785_600, 48, 52, 240),),
        series=((1_585_785_601.5, -72),),
    )

    with pytest.raises(dataclasses.FrozenInstanceError):
        window.scans = ()  # type: ignore[misc]
