"""What a demonstration makes of a world: numbers beside the truth, and a headline."""

import tempfile
from dataclasses import replace

import numpy as np
import pytest

from proximity.research import simulate
from proximity.research.demonstration import demonstrate
from proximity.research.report import Notice
from proximity.scoring.config import BUILT_IN, DEFAULT_RULE

AN, BINH, KHOA = 0, 1, 2
# Tuesday, 10 March 2026.
DAY = 20_522
NEAR_DBM, FAINT_DBM = -64, -90


def run(*worlds, recorded=False, progress=lambda name: None):
    generator = np.random.default_rng(1)
    return demonstrate(worlds, generator, recorded=recorded, progress=progress)


def heard(an_hears_binh, binh_hears_an):
    return {(AN, BINH): an_hears_binh, (BINH, AN): binh_hears_an}


@pytest.fixture(scope="module")
def world(make_world):
    return make_world()


@pytest.fixture(scope="module")
def report(world):
    return run(world)


def test_every_pair_has_its_truth_and_every_rules_verdict(report):
    assert [(p.scenario, p.a, p.b, p.truth_min) for p in report.pairs] == [
        ("table", "An", "Bình", 30.0),
        ("table", "An", "Khoa", 0.0),
        ("table", "Bình", "Khoa", 0.0),
    ]
    for pair in report.pairs:
        assert set(pair.value) == set(pair.alert) == set(BUILT_IN)


def test_only_the_pair_at_one_table_is_alerted(report):
    alerts = [set(pair.alert.values()) for pair in report.pairs]

    assert alerts == [{True}, {False}, {False}]


def test_the_rule_that_decides_is_named_first(report):
    names = [legend.name for legend in report.rules]

    assert names[0] == DEFAULT_RULE
    assert sorted(names) == sorted(BUILT_IN)
    assert (report.rules[0].unit, report.rules[0].threshold) == ("percent", 50)
    assert report.thresholds_db == (55, 67, 75)


def test_the_headline_is_what_the_contact_was_told(report):
    assert report.notice == Notice("Bình", DAY, 30)
    assert report.day == DAY


def test_the_larger_number_of_both_directions_counts(make_world, report):
    heard_dbm = heard(NEAR_DBM, FAINT_DBM)
    heard_dbm |= {(AN, KHOA): FAINT_DBM, (KHOA, AN): NEAR_DBM}
    heard_dbm |= {(BINH, KHOA): FAINT_DBM, (KHOA, BINH): FAINT_DBM}
    first, second, faint = run(make_world(heard_dbm)).pairs
    near = report.pairs[0]

    assert first.value == second.value == near.value
    assert first.alert == second.alert == near.alert
    assert faint.value[DEFAULT_RULE] < near.value[DEFAULT_RULE]
    assert (faint.alert[DEFAULT_RULE], near.alert[DEFAULT_RULE]) == (False, True)


def test_a_detail_shows_the_direction_that_found_more(make_world):
    # An's phone hears Bình well: it is An who is warned of Bình.
    (detail,) = run(make_world(heard(NEAR_DBM, FAINT_DBM), people=2)).details

    assert (detail.case, detail.contact, detail.alert) == ("Bình", "An", True)
    assert {rssi for window in detail.windows for _, rssi in window.series} == {
        NEAR_DBM
    }


def test_the_dose_of_a_detail_grows_to_the_value_of_its_pair(report):
    detail, pair = report.details[0], report.pairs[0]
    doses = [dose for _, dose in detail.dose]

    assert doses == sorted(doses)
    assert doses[-1] == pair.value[DEFAULT_RULE]
    assert {metres for _, metres in detail.distance} == {1.0}


def test_a_false_alarm_is_no_headline(make_world):
    report = run(make_world(people=2, binh_at_m=10.0))

    assert report.pairs[0].alert[DEFAULT_RULE]
    assert report.notice is None


def test_of_an_evening_every_pair_is_shown_and_of_recordings_the_instructive(
    world, report
):
    recorded = run(world, recorded=True)

    assert (report.recorded, recorded.recorded) == (False, True)
    assert [(d.truth_min, d.alert) for d in report.details] == [
        (30.0, True),
        (0.0, False),
        (0.0, False),
    ]
    # One that was found, one that was rightly left alone.
    assert [(d.truth_min, d.alert) for d in recorded.details] == [
        (30.0, True),
        (0.0, False),
    ]


def test_figures_are_given_for_all_and_for_each_scenario(report):
    assert list(report.figures) == ["", "table"]
    for figures in report.figures["table"]:
        assert (figures.pairs, figures.contacts, figures.auc) == (3, 1, 1.0)
    assert [figures.rule for figures in report.figures[""]] == [
        legend.name for legend in report.rules
    ]


def test_worlds_do_not_mix(make_world, monkeypatch):
    keys = []
    reported_keys = simulate.reported_keys

    def note(phone):
        uploads = reported_keys(phone)
        keys.extend(upload.key for upload in uploads.keys)
        return uploads

    monkeypatch.setattr(simulate, "reported_keys", note)
    names = []
    report = run(
        make_world(people=2, name="first"),
        make_world({}, people=2, name="second"),
        progress=names.append,
    )

    # The same two people on the same day: what one world heard counts in it alone.
    assert [p.alert[DEFAULT_RULE] for p in report.pairs] == [True, False]
    assert [p.scenario for p in report.pairs] == ["first", "second"]
    assert list(report.figures) == ["", "first", "second"]
    assert len(set(keys)) == len(keys) == 4
    assert names == ["first", "first", "second", "second"]


def test_a_pair_without_a_truth_is_left_out(make_world):
    report = run(replace(make_world(people=2), truth_min={}))

    assert report.pairs == ()
    assert report.details == ()
    assert report.notice is None
    assert {figures.auc for figures in report.figures[""]} == {None}


def test_stores_do_not_outlive_the_run(make_world, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run(make_world(people=2))

    assert list(tmp_path.iterdir()) == []


def test_an_evening_tells_who_heard_whom_and_a_recording_does_not(world, report):
    heard = {(each.listener, each.sender): each.scans for each in report.heard}

    assert len(heard) == 6
    assert len(heard["An", "Bình"]) == len(heard["Bình", "An"]) == 8
    assert {attenuation_db for _, attenuation_db in heard["An", "Bình"]} == {50}
    assert heard["Khoa", "An"] == ()
    assert run(world, recorded=True).heard == ()


def test_an_evening_tells_of_the_case_with_the_most_contacts(report):
    assert report.story is not None
    assert (report.story.case, report.story.keys) == ("An", 1)
    assert [(f.contact, f.truth_min, f.told_min) for f in report.story.findings] == [
        ("Bình", 30.0, 30),
        ("Khoa", 0.0, None),
    ]
    assert report.story.published >= 1_000
    # Its signals were given: nothing was on air.
    assert report.air is None


def test_recordings_tell_of_all_alike(world):
    recorded = run(world, recorded=True)

    assert recorded.story is None
    assert recorded.air is None
