"""What happens in the three weeks."""

import numpy as np
import pytest

from proximity.research.district.outbreak import (
    LATE,
    WAVE,
    Ending,
    Way,
    draw_late_patients,
    draw_outbreak,
)
from proximity.units import DAY_S, day_of

TODAY = 20_600


@pytest.fixture(scope="module")
def patients():
    return list(draw_outbreak(TODAY, WAVE, np.random.default_rng(0)))


def test_the_wave_has_its_number_of_patients_on_each_day(patients):
    days = [patient.test_day for patient in patients]

    assert [days.count(TODAY - back) for back in range(20, -1, -1)] == list(WAVE)


def test_one_seed_makes_one_outbreak_and_another_another(patients):
    assert patients == list(draw_outbreak(TODAY, WAVE, np.random.default_rng(0)))
    assert patients != list(draw_outbreak(TODAY, WAVE, np.random.default_rng(1)))


def test_nobody_is_known_before_the_test_and_contacts_were_met_before_it(patients):
    for patient in patients:
        assert patient.known_s >= patient.test_day * DAY_S
        assert patient.test_day - 2 <= day_of(patient.met_s) < patient.test_day
        assert patient.onset_day is None or patient.onset_day <= patient.test_day


def test_the_first_of_a_day_shares_and_then_contacts_come_by_bluetooth(patients):
    first = [patient for patient in patients if patient.place == 0]

    assert len(first) == len(WAVE)
    assert all(patient.shares and patient.reports for patient in first)
    ways = {contact.way for patient in first for contact in patient.contacts}
    assert ways == {Way.BLUETOOTH}


def test_contacts_end_in_every_way(patients):
    endings = {each.ending for patient in patients for each in patient.contacts}

    assert endings == set(Ending)


def test_those_who_come_at_the_end_are_of_the_last_half_hour():
    now_s = TODAY * DAY_S + 5_000
    late = draw_late_patients(now_s, np.random.default_rng(0))

    assert all(now_s - 1_800 < each.known_s < now_s for each in late)
    assert all(each.test_day * DAY_S < now_s for each in late)
    assert all(each.number > LATE and not each.contacts for each in late)
