"""Every folder of measured signals, where it is on this machine.

The figures are those of docs/reference/accuracy.md and docs/reference/datasets.md.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from proximity.research.datasets.catalogue import Source, load
from proximity.research.evaluation.evaluate import Settings, evaluate_all
from proximity.research.evaluation.grid import grid_questions
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.scorer import Knowledge, Unit
from proximity.research.evaluation.scorers import find

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
SIGNALS = DATA / "signals"
DP3T = "dp3t_bt_measurements/exp05-epfl-soldiers"

# Collections, sightings after cleaning, segments.
CONTENT = {
    ("segments", "mit_matrix"): (13, 229_809, 869),
    ("segments", "mitll_range_angle"): (6, 52_904, 301),
    ("static-6ft", "mitll_static_6ft"): (5, 271_521, 262),
    ("edison", "herald_edison"): (26, 2_202_914, 5_256),
    ("human-human", "rss_humanhuman"): (6, 108_335, 151),
    ("multichannel", "multichannel_lcn2022"): (4, 16_369, 118),
    ("nist-pi", "nist_rpi_en"): (1, 17_421, 16),
    ("device-2m", "opentrace_device_2m"): (1, 20, 20),
    ("position-tracks", "position_annotated_tracks"): (9, 16_018, 0),
    ("dp3t", DP3T): (6, 184_717, 0),
}

pytestmark = pytest.mark.skipif(
    not SIGNALS.is_dir(), reason="PROXIMITY_DATA has no signals"
)


def dataset(kind, name):
    (found,) = load(Source(kind, SIGNALS / name))
    return found


def figures(questions, *names):
    """Return the figures of each scorer by unit and self-calibration."""
    results = evaluate_all(questions, [find(name) for name in names], Settings())
    return {
        (r.questions.unit, r.questions.self_calibrated, name): each.figures
        for r in results
        for name, each in r.scorers.items()
    }


@pytest.fixture(scope="module")
def exp05():
    questions = people_questions(dataset("dp3t", DP3T), View())
    return {(q.unit, q.self_calibrated): q for q in questions}


@pytest.mark.parametrize(("kind", "name"), CONTENT, ids=lambda v: v)
def test_every_folder_is_read_whole(kind, name):
    collections = dataset(kind, name).collections

    assert CONTENT[kind, name] == (
        len(collections),
        sum(len(each.sightings.t_ms) for each in collections),
        sum(len(each.segments) for each in collections),
    )
    for each in collections:
        heard = each.sightings
        assert np.all(np.diff(heard.t_ms) >= 0)
        assert not np.any((heard.rssi_dbm > -10) | (heard.rssi_dbm < -120))


def test_the_parent_of_experiments_holds_all_five():
    found = load(Source("dp3t", SIGNALS / "dp3t_bt_measurements"))

    assert [each.name[:5] for each in found] == [
        "exp05",
        "exp25",
        "exp27",
        "exp28",
        "exp29",
    ]
    # Hidden transmit power, and every distance 1 m.
    for chamber in found[3].collections:
        assert np.isnan(chamber.sightings.tx_power_dbm).all()
        assert set(chamber.distance_m.tolist()) == {1.0}


def test_pairs_are_those_of_the_demo(exp05):
    truth = exp05[Unit.PAIR, False].truth()

    assert (len(truth.positive), truth.positive.sum()) == (568, 133)


def test_simple_methods_score_on_pairs_as_documented(exp05):
    names = ("mean-attenuation", "packet-count", "german-minutes", "cwa")
    found = figures([exp05[Unit.PAIR, False]], *names)
    mean, count, german, cwa = (found[Unit.PAIR, False, name] for name in names)

    assert mean.auc == pytest.approx(0.790, abs=0.002)
    assert mean.stratified_auc == pytest.approx(0.860, abs=0.002)
    assert count.auc == pytest.approx(0.712, abs=0.002)
    assert (german.tpr, german.fpr) == pytest.approx((0.60, 0.24), abs=0.01)
    assert cwa.auc == pytest.approx(0.738, abs=0.002)
    assert (cwa.tpr, cwa.fpr) == pytest.approx((0.78, 0.46), abs=0.01)


def test_windows_of_exp05_are_as_documented(exp05):
    found = figures([exp05[Unit.WINDOW, False]], "mean-attenuation")
    mean = found[Unit.WINDOW, False, "mean-attenuation"]

    assert len(exp05[Unit.WINDOW, False].plans) == 2_243
    assert mean.stratified_auc == pytest.approx(0.807, abs=0.002)


def test_carriage_hides_distance_on_the_matrix():
    questions = grid_questions(dataset("segments", "mit_matrix"), Knowledge.MODEL)
    found = figures(questions, "mean-attenuation", "centred-attenuation")
    mean = found[Unit.RUN, False, "mean-attenuation"]
    minute = found[Unit.MINUTE, False, "mean-attenuation"]
    # The trap: a balanced grid gives itself away.
    centred = found[Unit.RUN, True, "centred-attenuation"]

    assert mean.auc == pytest.approx(0.669, abs=0.002)
    assert mean.intervals["auc"] == pytest.approx((0.62, 0.82), abs=0.02)
    assert mean.stratified_auc == pytest.approx(0.959, abs=0.002)
    assert minute.auc == pytest.approx(0.665, abs=0.002)
    assert centred.auc == pytest.approx(0.973, abs=0.002)


@pytest.mark.parametrize(
    ("kind", "name", "unit", "auc"),
    [
        ("segments", "mitll_range_angle", Unit.RUN, 0.591),
        ("human-human", "rss_humanhuman", Unit.MINUTE, 0.728),
        ("multichannel", "multichannel_lcn2022", Unit.RUN, 0.657),
        ("nist-pi", "nist_rpi_en", Unit.MINUTE, 0.904),
    ],
)
def test_mean_attenuation_scores_as_documented(kind, name, unit, auc):
    questions = grid_questions(dataset(kind, name), Knowledge.MODEL)
    asked = [q for q in questions if q.unit is unit and not q.self_calibrated]

    found = figures(asked, "mean-attenuation")[unit, False, "mean-attenuation"]

    assert found.auc == pytest.approx(auc, abs=0.002)
