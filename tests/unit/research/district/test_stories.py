"""The stories of patients and contacts."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.district import stories
from proximity.research.district.gathering import Gathering
from proximity.research.district.outbreak import Ending, draw_outbreak
from proximity.research.district.stories import Tie, contact_story, patient_story

DAY = 20_601


@pytest.fixture
def patient():
    (found,) = draw_outbreak(DAY, [1], np.random.default_rng(0))
    return found


@pytest.fixture(autouse=True)
def silent_air(monkeypatch):
    """Let nobody hear anything: what phones hear is shown elsewhere."""
    monkeypatch.setattr(
        stories,
        "gather",
        lambda seats, *_: Gathering((), (None,) * (len(seats) + 1)),
    )


def kinds(office):
    return [each[0] for each in office.noted]


def test_a_patient_who_shares_goes_from_the_list_to_the_contacts(
    district, office, patient
):
    district.agenda.begin(patient_story(district, patient))
    district.agenda.run()

    seen = kinds(office)
    order = ["add", "see", "change", "code", "report", "token", "listen", "share"]
    assert [seen.index(each) for each in order] == sorted(map(seen.index, order))
    added = [each for each in office.noted if each[0] == "add"]
    assert [each[1] for each in added] == ["F0"] + ["F1"] * len(patient.contacts)


def test_a_patient_who_does_not_share_names_contacts_in_an_interview(
    district, office, patient
):
    contacts = tuple(replace(each, ending=Ending.FOLLOWED) for each in patient.contacts)
    silent = replace(patient, shares=False, reports=False, contacts=contacts)
    district.agenda.begin(patient_story(district, silent))
    district.agenda.run()

    assert "share" not in kinds(office)
    assert "report" not in kinds(office)
    named = [each for each in office.noted if each[0] == "name"]
    assert len(named) >= len(patient.contacts)


def test_the_work_on_a_case_that_others_ended_does_not_go_on(district, office, patient):
    alone = replace(patient, contacts=())
    office.closed.add("R1")
    district.agenda.begin(patient_story(district, alone))
    district.agenda.run()

    changes = [each[2] for each in office.noted if each[0] == "change"]
    assert [each.get("status") for each in changes] == ["reached"]


def test_what_would_be_done_after_work_is_done_on_the_next_day(district):
    begun_s = district.now_s + 9 * 3_600
    seen = []

    def story():
        yield begun_s
        yield district.later(120, 120)
        seen.append(district.now_s - begun_s)
        yield begun_s + 86_400 + 20 * 3_600
        seen.append(district.later(5, 5) - district.now_s)

    district.agenda.begin(story())
    district.agenda.run()

    # At 19:00 nobody is there; who works by night already goes on.
    assert 16 * 3_600 <= seen[0] <= 25 * 3_600
    assert seen[1] == 300


def test_an_aside_begins_beside_the_story(district, patient):
    seen = []

    def aside(_district, ref, who, _phone):
        seen.append((ref, who.number))
        yield 0

    district.agenda.begin(patient_story(district, patient, aside))
    district.agenda.run()

    assert seen == [("R1", patient.number)]


def contact_of(patient, ending):
    return replace(patient.contacts[0], ending=ending, answers_at=2, met=())


def live(district, patient, contact, phone):
    tie = Tie("SOURCE", patient, contact)
    district.agenda.begin(contact_story(district, tie, phone))
    district.agenda.run()


def test_a_contact_that_was_not_close_is_told_and_let_go(
    district, office, patient, new_device
):
    phone = new_device()
    phone.close = False
    live(district, patient, contact_of(patient, Ending.FOLLOWED), phone)

    assert office.noted[-1][2]["status"] == "dismissed"
    assert next(each for each in office.noted if each[0] == "token")[2] == "SOURCE"


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending.FOLLOWED, "completed"),
        (Ending.LOST, "lost"),
        (Ending.SLOW, "followed"),
        (Ending.ILL, "completed"),
    ],
)
def test_a_close_contact_is_called_twice_and_seen_to_its_end(
    district, office, patient, new_device, *, ending, status
):
    live(district, patient, contact_of(patient, ending), new_device())

    changes = [each[2] for each in office.noted if each[0] == "change"]
    assert changes[0]["call_result"] == "no-answer"
    assert changes[1]["call_result"] == "reached"
    told = [each["status"] for each in changes if "status" in each]
    # One patient in ten is called no more, and stays in the worklist.
    assert told[-1] == status or (ending is Ending.ILL and told[-1] == "followed")
    assert ("classify" in kinds(office)) is (ending is Ending.ILL)


def test_contacts_of_a_contact_were_met_when_it_may_pass_it_on(
    district, office, patient, new_device
):
    contact = replace(
        contact_of(patient, Ending.FOLLOWED), met=(patient.person, patient.person)
    )
    live(district, patient, contact, new_device())

    named = [each[2] for each in office.noted if each[0] == "name"]
    first = Tie("", patient, contact).met_day + 2
    assert named == [range(first, first + 1)] * 2
