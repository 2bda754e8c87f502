"""What happens in an office beside the cases."""

import os

import numpy as np
import pytest

from proximity.authority.service_clock import TEST_TIME
from proximity.research.district import routine
from proximity.research.district.outbreak import draw_outbreak
from proximity.research.district.places import COMMUNES

HOUR_S = 3_600


@pytest.fixture
def patient():
    (found,) = draw_outbreak(20_601, [1], np.random.default_rng(0))
    return found


def run(district, story):
    district.agenda.begin(story)
    district.agenda.run()


def deeds(office):
    return [each[1:] for each in office.noted if each[0] == "do"]


def test_the_worker_runs_twice_a_day_and_every_two_hours_at_the_end(
    district, monkeypatch
):
    ran = []
    monkeypatch.setattr(routine, "work", lambda _: ran.append(district.now_s))
    start_s, end_s = district.now_s, district.now_s + 30 * 86_400
    run(district, routine.worker_story(district, start_s, end_s))

    gaps = np.diff(ran)
    assert set(gaps.tolist()) == {12 * HOUR_S, 2 * HOUR_S}
    assert set(gaps[-8:].tolist()) == {2 * HOUR_S}


@pytest.mark.parametrize(("accept", "word"), [(True, "yes"), (False, "no")])
def test_a_case_goes_to_the_next_commune_or_comes_back(
    district, office, patient, new_device, *, accept, word
):
    aside = routine.transferred(accept=accept)
    run(district, aside(district, "REF", patient, new_device()))

    offer, decision = deeds(office)
    assert offer[1]["unit"] in set(COMMUNES) - {patient.commune}
    assert decision == ("/transfers/offer", {"accept": word})


def test_an_offer_may_wait(district, office, patient, new_device):
    aside = routine.transferred(accept=None)
    run(district, aside(district, "REF", patient, new_device()))

    assert len(deeds(office)) == 1


def test_a_withdrawal_is_asked_by_one_and_approved_by_another(
    district, office, patient, new_device
):
    aside = routine.withdrawn(decided=True)
    run(district, aside(district, "REF", patient, new_device()))

    assert deeds(office) == [
        ("/cases/REF/withdraw", {"confirm": "REF"}),
        ("/approvals/request-case-withdraw/approve", {}),
    ]


def test_a_patient_recorded_twice_shares_twice_from_one_phone(
    district, office, patient, new_device
):
    aside = routine.recorded_twice(merged=True)
    run(district, aside(district, "REF", patient, new_device()))

    assert [each[0] for each in office.noted if each[0] != "see"] == [
        "add",
        "token",
        "share",
        "do",
    ]
    assert deeds(office) == [("/cases/REF/merge", {"other": "R1"})]


def test_a_rotation_has_the_time_of_the_district_and_leaves_none_behind(
    district, office, monkeypatch
):
    monkeypatch.delenv(TEST_TIME, raising=False)
    times = []
    real = type(office.desk("", "")).do

    def do(self, path, fields):
        times.append(os.environ.get(TEST_TIME))
        return real(self, path, fields)

    monkeypatch.setattr(type(office.desk("", "")), "do", do)
    run(district, routine.rotation_story(district, district.now_s + 60))

    assert times[0] is None
    assert int(times[1]) > 20_600 * 86_400
    assert TEST_TIME not in os.environ


def test_one_request_is_refused_and_two_wait(district, office):
    people = {"lost": "l", "raised": "r", "odd": "o"}
    run(district, routine.requests_story(district, district.now_s, people))

    paths = [path for path, _ in deeds(office)]
    assert paths == [
        "/officers/o/give",
        "/approvals/request-grant/refuse",
        "/officers/l/reset",
        "/officers/r/give",
    ]


def test_a_curious_officer_opens_more_than_thirty_persons_in_time(district, office):
    end_s = district.now_s + 10
    run(district, routine.browsing_story(district, district.now_s, end_s))

    seen = {each[1] for each in office.noted if each[0] == "see"}
    assert len(seen) > 30


def test_a_line_list_is_tried_before_it_is_taken(district, office):
    run(district, routine.import_story(district, district.now_s))

    assert [fields["dry"] for _, fields in deeds(office)] == ["yes", "no"]
    assert deeds(office)[0][1]["lines"].startswith("classification,unit,test\nF0,")


def test_a_superior_looks_at_the_audit_every_day(district, office):
    run(district, routine.reading_story(district, district.now_s))

    assert office.noted.count(("see", "/audit")) == 31
