"""The published numbers of the NHS app: the smoother, and ten whole scenarios."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from proximity.matching.window_file import decode_windows
from proximity.scoring.config import built_in
from proximity.scoring.distance_smoother import DistanceModel, smooth_distances
from proximity.units import iso_day

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
FOLDER = DATA / "exports" / "risk_vectors" / "nhs_riskscore_TestData"
TODAY = 18_700


def test_smoother_agrees_with_the_published_numbers():
    vector = json.loads((HERE / "nhs_smoother.json").read_text("utf-8"))
    observed = np.array(vector["log_attenuation"], float)[:, None]

    estimate = smooth_distances(
        observed, np.array([len(observed)]), DistanceModel(**vector["model"])
    )

    np.testing.assert_allclose(estimate.mean_m[:, 0], vector["mean_m"], atol=1e-7)
    np.testing.assert_allclose(
        estimate.variance_m2[:, 0], vector["variance_m2"], atol=1e-7
    )


def scenario(path):
    """Read one scenario as a windows file would: a line a scan, seconds and dB."""
    with path.open(newline="") as stream:
        rows = [(float(s), float(db)) for s, db in csv.reader(stream)]
    window = {
        "day": iso_day(TODAY),
        "report_type": "CONFIRMED_TEST",
        "infectiousness": "HIGH",
        "calibration_confidence": "LOW",
        "scans": [
            {
                "min_attenuation_db": db,
                "typical_attenuation_db": db,
                "seconds_since_last_scan": s,
            }
            for s, db in rows
        ],
    }
    return decode_windows([window])[0]


def test_ten_scenarios_are_within_three_percent():
    if not FOLDER.exists():
        pytest.skip(f"set PROXIMITY_DATA: no {FOLDER}")
    with (FOLDER / "pythonRiskScores.csv").open(newline="") as stream:
        published = {
            row["scenario_csv"]: float(row["score_16"])
            for row in csv.DictReader(stream)
        }
    paths = sorted((FOLDER / "ScanInstances").iterdir())

    scored = built_in("nhs").rule.daily_of_many([[scenario(p)] for p in paths], TODAY)

    # The published score is in minutes, the rule's risk is 60 times as large.
    ratio = [
        day.value / 60 / published[path.name]
        for path, (day,) in zip(paths, scored, strict=True)
    ]
    assert len(ratio) == 10
    np.testing.assert_allclose(ratio, 1.0, atol=0.03)
