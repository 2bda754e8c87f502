"""How long each rule takes for 1,500 half-hour windows, one a person."""

import time

import numpy as np

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import BUILT_IN, built_in

PEOPLE = 1_500
SCANS = 9
SCAN_S = 210
TODAY = 18_700
SAMPLE = 20


def main() -> None:
    """Check that people scored together get what each gets alone, then time."""
    attenuation_db = np.random.default_rng(1).integers(50, 90, (PEOPLE, SCANS))
    groups = [[window(row)] for row in attenuation_db.tolist()]
    print(f"{PEOPLE} windows of {SCANS} scans, {SCAN_S} s apart")
    for name in BUILT_IN:
        rule = built_in(name).rule
        alone = [rule.daily(group, TODAY) for group in groups[:SAMPLE]]
        start = time.perf_counter()
        together = rule.daily_of_many(groups, TODAY)
        seconds = time.perf_counter() - start
        if together[:SAMPLE] != alone:
            message = f"{name}: together and alone differ"
            raise SystemExit(message)
        print(f"{name:12} {seconds:6.3f} s")


def window(attenuation_db: list[int]) -> ExposureWindow:
    """Make a window of a confirmed, highly infectious case."""
    return ExposureWindow(
        day=TODAY,
        key_index=0,
        report_type=ReportType.CONFIRMED_TEST,
        infectiousness=Infectiousness.HIGH,
        calibration_confidence=CalibrationConfidence.LOW,
        transmission_risk=0,
        tx_power_dbm=0,
        scans=tuple(ScanInstance(0, db, db, SCAN_S) for db in attenuation_db),
        series=(),
    )


if __name__ == "__main__":
    main()
