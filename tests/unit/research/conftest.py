"""A small report that the tests of charts and page share."""

import numpy as np
import pytest

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.research.evaluation import PairVerdict, rule_figures
from proximity.research.report import DemoReport, Notice, PairDetail, RuleLegend

# Tuesday, 10 March 2026, 20:00 UTC.
DAY = 20_522
START_S = DAY * 86_400 + 72_000
RULES = (RuleLegend("en-v2", "min", 15), RuleLegend("nhs", "risk", 100))


def window_at(minute, attenuations_db):
    """A scan every four minutes, each with one sighting two seconds later."""
    start_s = START_S + minute * 60
    return ExposureWindow(
        day=DAY,
        key_index=0,
        report_type=ReportType.CONFIRMED_TEST,
        infectiousness=Infectiousness.HIGH,
        calibration_confidence=CalibrationConfidence.HIGH,
        transmission_risk=0,
        tx_power_dbm=-14,
        scans=tuple(
            ScanInstance(start_s + i * 240, db - 2, db, 240)
            for i, db in enumerate(attenuations_db)
        ),
        series=tuple(
            (start_s + i * 240 + 2.0, -14 - db) for i, db in enumerate(attenuations_db)
        ),
    )


@pytest.fixture
def detail():
    """Twenty minutes side by side, then nothing."""
    distance = [(START_S + s, 1.0 if 300 <= s <= 1_500 else 40.0) for s in range(7_200)]
    return PairDetail(
        scenario="evening",
        case="Linh",
        contact="An",
        truth_min=20.0,
        alert=True,
        windows=(window_at(5, (52, 60, 71, 80)), window_at(36, (60,))),
        dose=((START_S + 302.0, 7.0), (START_S + 542.0, 15.5)),
        distance=(*distance, (START_S + 7_200.0, None)),
    )


@pytest.fixture
def report(detail):
    """Four pairs of one synthetic evening."""
    numbers = (("An", "Linh", 20.0, 30), ("An", "Bình", 60.0, 9))
    numbers += (("An", "Giang", 0.0, 22), ("Linh", "Giang", 0.0, 0))
    pairs = tuple(
        PairVerdict(
            "evening",
            a,
            b,
            truth_min,
            {"en-v2": float(value), "nhs": value * 10.0},
            {"en-v2": value >= 15, "nhs": value >= 10},
        )
        for a, b, truth_min, value in numbers
    )
    generator = np.random.default_rng(0)
    figures = tuple(rule_figures(pairs, rule.name, generator) for rule in RULES)
    return DemoReport(
        recorded=False,
        day=DAY,
        rules=RULES,
        thresholds_db=(55, 67, 75),
        notice=Notice("An", DAY, 23),
        pairs=pairs,
        details=(detail,),
        figures={"": figures},
    )
