"""The 82 published cases of the German app, each under the configuration it carries."""

import json
import os
from pathlib import Path

import pytest

from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.canonical import encode_canonical
from proximity.scoring.config import built_in, parse_configuration
from proximity.scoring.cwa_summary import summarise_cwa
from proximity.scoring.rule import Level, is_alert

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
FOLDER = DATA / "exports" / "risk_vectors"
PREFIX = "cwa_exposure-windows-risk-calculation_"
TODAY = 19_000

# File, number of cases, the built-in configuration that it carries (None: another).
FILES = {
    "db973ba236.json": (25, "cwa-2020-12"),
    "37a4f69422.json": (28, None),
    "1.15params.json": (29, "cwa-2022"),
}


def load(name):
    path = FOLDER / f"{PREFIX}{name}"
    if not path.exists():
        pytest.skip(f"set PROXIMITY_DATA: no {path.name} in {FOLDER}")
    return json.loads(path.read_text())


def parameters_of(source, day_decimals):
    """Translate the configuration that a file carries into this project's form."""
    filters = source["minutesAtAttenuationFilters"]
    weights = source["minutesAtAttenuationWeights"]
    dropped = [
        level
        for entry in source["trlFilters"]
        for level in range(
            entry["dropIfTrlInRange"]["min"], entry["dropIfTrlInRange"]["max"] + 1
        )
    ]
    mapping = source.get("transmissionRiskValueMapping") or [
        {
            "transmissionRiskLevel": level,
            "transmissionRiskValue": level * source["transmissionRiskLevelMultiplier"],
        }
        for level in range(1, 9)
    ]
    return {
        "attenuation_limits_db": [w["attenuationRange"]["max"] for w in weights],
        "attenuation_weights": [*(w["weight"] for w in weights), 0],
        "filter_below_db": filters[0]["attenuationRange"]["max"] if filters else 0,
        "filter_minutes": filters[0]["dropIfMinutesInRange"]["max"] if filters else 0,
        "dropped_transmission_risk": dropped,
        "transmission_risk_values": [
            round(m["transmissionRiskValue"], 9) for m in mapping
        ],
        "window_levels": levels_of(source["normalizedTimePerEWToRiskLevelMapping"]),
        "day_levels": levels_of(source["normalizedTimePerDayToRiskLevelMapping"]),
        "day_decimals": day_decimals,
    }


def levels_of(mapping):
    low, high = (m["normalizedTimeRange"]["min"] for m in mapping)
    return {"low_from": low, "high_from": high}


def configuration_of(name, document):
    """The file does not say that days are rounded; only the newest app does it."""
    source = document["defaultRiskCalculationConfiguration"]
    day_decimals = 1 if FILES[name][1] == "cwa-2022" else None
    return parse_configuration(
        encode_canonical(
            {
                "schema": "proximity/configuration/v1",
                "name": "carried",
                "version": 1,
                "formula": "cwa",
                "look_back_days": 14,
                "missing_report_type": "CONFIRMED_TEST",
                "parameters": parameters_of(source, day_decimals),
            }
        )
    )


def window_of(source):
    return ExposureWindow(
        day=TODAY - source["ageInDays"],
        key_index=0,
        report_type=ReportType(source["reportType"]),
        infectiousness=Infectiousness(source["infectiousness"]),
        calibration_confidence=CalibrationConfidence(source["calibrationConfidence"]),
        transmission_risk=0,
        tx_power_dbm=0,
        scans=tuple(
            ScanInstance(
                t_s=0,
                min_attenuation_db=scan["minAttenuation"],
                typical_attenuation_db=scan["typicalAttenuation"],
                seconds_since_last_scan=scan["secondsSinceLastScan"],
            )
            for scan in source["scanInstances"]
        ),
        series=(),
    )


def outcome(rule, windows):
    """Answer in the names of the published cases; total risk 1 is low, 2 high."""
    days = rule.daily(windows, TODAY)
    summary = summarise_cwa(rule, windows, TODAY)
    return {
        "expTotalRiskLevel": 2 if is_alert(days) else 1,
        "expAgeOfMostRecentDateWithLowRisk": summary.low.newest_age_days,
        "expAgeOfMostRecentDateWithHighRisk": summary.high.newest_age_days,
        "expNumberOfDaysWithLowRisk": summary.low.days,
        "expNumberOfDaysWithHighRisk": summary.high.days,
        "expTotalMinimumDistinctEncountersWithLowRisk": (
            summary.low.distinct_encounters
        ),
        "expTotalMinimumDistinctEncountersWithHighRisk": (
            summary.high.distinct_encounters
        ),
    }


def expected(case):
    return {
        name: value
        for name, value in case.items()
        if name.startswith("exp") and name != "exposureWindows"
    }


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_every_published_case_agrees(name):
    document = load(name)
    rule = configuration_of(name, document).rule

    found = {
        i: outcome(rule, [window_of(w) for w in case["exposureWindows"]])
        for i, case in enumerate(document["testCases"])
    }

    assert found == {i: expected(c) for i, c in enumerate(document["testCases"])}
    assert len(found) == FILES[name][0]


@pytest.mark.parametrize("name", [n for n, (_, known) in FILES.items() if known])
def test_built_in_configuration_is_the_one_that_the_file_carries(name):
    carried = configuration_of(name, load(name)).rule.formula

    assert built_in(FILES[name][1]).rule.formula == carried


@pytest.mark.parametrize("name", FILES)
def test_published_cases_do_not_depend_on_the_order_of_windows(name):
    document = load(name)
    rule = configuration_of(name, document).rule

    for case in document["testCases"]:
        windows = [window_of(w) for w in case["exposureWindows"]]

        assert rule.daily(windows[::-1], TODAY) == rule.daily(windows, TODAY)
        assert all(d.level in Level for d in rule.daily(windows, TODAY))
