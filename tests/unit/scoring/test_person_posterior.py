from dataclasses import replace

import numpy as np
import pytest

from proximity.protocol.gaen import CalibrationConfidence
from proximity.ranging.population import default_parameters
from proximity.scoring.config import built_in
from proximity.scoring.person_posterior import Asking, Weighted, person_posterior


@pytest.fixture
def ask(window, today):
    def make(*windows):
        columns = built_in("default").rule.columns([windows], today)
        n = len(columns.day)
        weighted = Weighted(np.ones(n), np.zeros(n, np.int64))
        asking = Asking(default_parameters(), 2.0)
        return person_posterior(columns, weighted, 0, asking)

    return make


def calibrated(window, *scans, **changes):
    return window(*scans, calibration_confidence=CalibrationConfidence.HIGH, **changes)


def test_each_day_is_answered_apart(ask, window, today):
    found = ask(
        calibrated(window, *[(50, 240)] * 5),
        calibrated(window, *[(80, 240)] * 5, day=today - 1),
    )

    assert found.days.tolist() == [today - 1, today]
    far, near = found.weighted.spread().mean
    assert far < near


def test_what_one_case_sounded_like_calibrates_the_others(ask, window):
    # All are quiet: then it is rather one's own phone, or how it is carried.
    quiet = [calibrated(window, *[(72, 240)] * 5, key_index=i) for i in range(8)]
    alone = ask(quiet[0]).chance.mean()

    among = ask(*quiet).chance.mean()

    assert among > alone


def test_days_of_one_population_alone_are_kept(ask, window, today):
    found = ask(
        calibrated(window, *[(50, 240)] * 5),
        window(
            *[(50, 240)] * 5,
            day=today - 1,
            calibration_confidence=CalibrationConfidence.LOWEST,
        ),
    )

    assert found.days.tolist() == [today - 1, today]
    assert (found.weighted.covered == 20.0).all()


def test_scans_without_a_time_follow_each_other(ask, window):
    timed = calibrated(window, *[(60, 240)] * 5)
    untimed = replace(timed, scans=tuple(replace(scan, t_s=0) for scan in timed.scans))

    assert ask(untimed).weighted.covered == ask(timed).weighted.covered


def test_a_window_that_is_given_five_times_lasts_no_longer_than_a_scan_can(ask, window):
    once = calibrated(window, (60, 300, 1_000), (60, 300, 1_300))

    assert ask(*[once] * 5).weighted.covered == ask(once).weighted.covered


def test_a_scan_stands_for_five_minutes_at_most(ask, window):
    assert ask(calibrated(window, (60, 1e8))).weighted.covered == 5.0
