"""The stories of patients and contacts, step by step, as the district lives them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from proximity.authority.accounts.model import Role
from proximity.research.district.agenda import Agenda, Story
from proximity.research.district.device import Device
from proximity.research.district.doors import Desk
from proximity.research.district.gathering import gather
from proximity.research.district.office import Office
from proximity.research.district.outbreak import (
    WORK_S,
    Chance,
    Contact,
    Ending,
    Patient,
    is_work,
)
from proximity.units import DAY_S, day_of, iso_day

_KEPT_DAYS = 10
_FOLLOWED_DAYS = 14


@dataclass(frozen=True, slots=True)
class District:
    """Where the stories take place.

    Attributes
    ----------
    agenda : Agenda
    office : Office
    chance : Chance
    new_device : callable () -> Device
    """

    agenda: Agenda
    office: Office
    chance: Chance
    new_device: Callable[[], Device]

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.agenda.now_s

    @property
    def today(self) -> int:
        """UTC day number."""
        return day_of(self.now_s)

    def soon(self, low_min: int, high_min: int) -> int:
        """Return a time some minutes from now."""
        return self.now_s + 60 * self.chance.between(low_min, high_min)

    def later(self, low_min: int, high_min: int) -> int:
        """Return a time some minutes from now, at work if it is work now."""
        at_s = self.soon(low_min, high_min)
        if is_work(self.now_s) and not is_work(at_s):
            # After work it is done on the next day, before it in the morning.
            early = at_s % DAY_S < WORK_S.start
            at_s = self.chance.at_work(day_of(at_s) + (0 if early else 1))
        return at_s

    def work_in(self, days: int) -> int:
        """Return a time at work, so many days from today."""
        return self.chance.at_work(self.today + days)


class Tie(NamedTuple):
    """A contact with the case that it was met by.

    Attributes
    ----------
    source : str
        Reference of the case.
    patient : Patient
    contact : Contact
    """

    source: str
    patient: Patient
    contact: Contact

    @property
    def met_day(self) -> int:
        """UTC day number."""
        return day_of(self.patient.met_s)


# What else becomes of a case, beside its own story.
Aside = Callable[["District", str, Patient, Device], Story]


def patient_story(
    district: District, patient: Patient, aside: Aside | None = None
) -> Story:
    """Live a case: registered, a code, keys handed in, shared, followed to the end."""
    office, chance = district.office, district.chance
    yield patient.known_s
    desk = office.epidemiologist(patient.number)
    days = {"onset": patient.onset_day, "test": patient.test_day}
    ref = office.add_case(desk, "F0", patient.person, patient.commune, days=days)
    yield district.soon(2, 12)
    desk.see(f"/cases/{ref}/person")
    end_day = patient.test_day + chance.between(7, 10)
    office.change(
        desk,
        ref,
        {
            "call_result": "reached",
            "status": "reached",
            "test_result": "positive",
            "isolated": patient.test_day,
            "quarantine_from": patient.test_day,
            "quarantine_to": end_day,
            "due": district.today + 1,
            "assigned": desk.officer,
        },
    )
    phone = district.new_device()
    phone.carry(range(patient.test_day - _KEPT_DAYS, district.today + 1))
    yield from _report(district, desk, patient, phone)
    if aside is not None:
        district.agenda.begin(aside(district, ref, patient, phone))
    if patient.shares:
        yield from _share(district, desk, ref, patient, phone=phone)
    else:
        yield district.later(10, 90)
        for contact in patient.contacts:
            _name(district, desk, Tie(ref, patient, contact))
    follow = _follow_patient(district, desk, ref, end_day)
    yield from _while_open(district, ref, follow)


def _while_open(district: District, ref: str, story: Story) -> Story:
    """Go on with a story until the case is withdrawn, merged or let go by others."""
    for at_s in story:
        yield at_s
        if not district.office.is_open(ref):
            return


def _report(
    district: District, desk: Desk, patient: Patient, phone: Device
) -> Iterator[int]:
    """Read a code out; most people hand their keys in with it at once."""
    days = {"symptom": patient.onset_day, "test": patient.test_day}
    code = district.office.issue_code(desk, patient.commune, days)
    if patient.reports:
        # A code is over after a quarter of an hour, at work or not.
        yield district.soon(1, 9)
        if district.chance.yes(0.12):
            phone.mistype(code)
        kept = range(patient.test_day - _KEPT_DAYS, district.today + 1)
        phone.report(code, kept, now_s=district.now_s)


def _share(
    district: District, desk: Desk, ref: str, patient: Patient, *, phone: Device
) -> Iterator[int]:
    """Share what the phone heard; those who were near come forward."""
    yield district.later(5, 40)
    token = district.office.ask_to_share(desk, ref)
    others = _meet(district, patient, phone)
    yield district.later(3, 30)
    phone.share(token, warn=False, now_s=district.now_s)
    for contact, other in zip(patient.contacts, others, strict=True):
        tie = Tie(ref, patient, contact)
        district.agenda.begin(contact_story(district, tie, other))


def _meet(district: District, patient: Patient, phone: Device) -> list[Device]:
    """Let phones have heard each other, when they did; return those of the contacts."""
    seats = tuple(contact.seat for contact in patient.contacts)
    met_day = day_of(patient.met_s)
    devices = [phone, *(district.new_device() for _ in seats)]
    for device in devices[1:]:
        device.carry(range(met_day - 2, district.today + 2))
    what = gather(seats, patient.met_s, district.chance.generator)
    for place, device in enumerate(devices):
        heard = [
            (devices[each.sender], each.t_ms, each.rssi_dbm)
            for each in what.heard
            if each.receiver == place
        ]
        device.listen(heard, what.scans[place])
    return devices[1:]


def contact_story(district: District, tie: Tie, phone: Device) -> Story:
    """Live a contact whose own phone told: recorded, shared, judged, followed."""
    office, contact = district.office, tie.contact
    # Whoever is told by their phone calls within hours, some on the next day; the keys
    # of the meeting are told to them when nobody believes them any longer.
    yield max(district.later(40, 1_500), (tie.met_day + 1) * DAY_S + 9_000)
    desk = office.desk(Role.TRACER, contact.commune)
    ref = office.add_case(desk, "F1", contact.person, contact.commune, days={})
    # The commune of the contact may not see the case of another one; the district may.
    above = office.epidemiologist(tie.patient.number)
    token = office.ask_to_share(above, ref, source=tie.source, warn=contact.warns)
    yield district.later(2, 50)
    outcome = phone.share(token, warn=contact.warns, now_s=district.now_s)
    if not outcome.close:
        # Too far or too short: told, and not followed.
        yield district.later(5, 60)
        office.change(desk, ref, {"call_result": "reached", "status": "dismissed"})
        return
    follow = _follow_contact(district, ref, tie)
    yield from _while_open(district, ref, follow)


def _name(district: District, desk: Desk, tie: Tie) -> None:
    """Record whom a patient named."""
    days = range(tie.met_day, tie.met_day + 1)
    person, commune = tie.contact.person, tie.contact.commune
    found = district.office.name_contact(desk, tie.source, person, commune, days=days)
    story = _named(district, found, tie)
    district.agenda.begin(_while_open(district, found, story))


def _named(district: District, ref: str, tie: Tie) -> Story:
    yield district.later(20, 600)
    yield from _follow_contact(district, ref, tie)


def _follow_contact(district: District, ref: str, tie: Tie) -> Iterator[int]:
    """Call, quarantine, test, and see it to its end."""
    contact = tie.contact
    office, chance = district.office, district.chance
    desk = office.desk(Role.TRACER, contact.commune)
    until = tie.met_day + _FOLLOWED_DAYS
    for _ in range(1, contact.answers_at):
        desk.see(f"/cases/{ref}/person")
        tried = {"call_result": "no-answer", "assigned": desk.officer}
        office.change(desk, ref, tried)
        yield district.work_in(1)
    desk.see(f"/cases/{ref}/person")
    office.change(
        desk,
        ref,
        {
            "call_result": "reached",
            "status": "followed",
            "test_result": "pending",
            "quarantine_from": district.today,
            "quarantine_to": until,
            "due": district.today + 2,
            "assigned": desk.officer,
        },
    )
    if contact.ending is Ending.SLOW:
        # Nobody has called again: it stands in the worklist.
        return
    yield district.work_in(2)
    # Whom the contact met since it may pass it on itself.
    risky = tie.met_day + 2
    for person in contact.met:
        days = range(risky, risky + 1)
        found = office.name_contact(desk, ref, person, contact.commune, days=days)
        story = _second_story(district, found, contact, risky)
        district.agenda.begin(_while_open(district, found, story))
    if contact.ending is Ending.ILL:
        yield from _fall_ill(district, ref, tie)
        return
    if contact.ending is Ending.LOST:
        office.change(desk, ref, {"call_result": "no-answer", "status": "lost"})
        return
    office.change(desk, ref, {"test_result": "negative", "due": until})
    yield chance.at_work(until)
    office.change(desk, ref, {"call_result": "reached", "status": "completed"})


def _second_story(
    district: District, ref: str, contact: Contact, met_day: int
) -> Story:
    """Live a contact of a contact: called once, followed, let go."""
    office = district.office
    yield district.later(30, 900)
    desk = office.desk(Role.TRACER, contact.commune)
    desk.see(f"/cases/{ref}/person")
    until = met_day + _FOLLOWED_DAYS
    office.change(
        desk,
        ref,
        {
            "call_result": "reached",
            "status": "followed",
            "quarantine_from": district.today,
            "quarantine_to": until,
            "due": district.today + 6,
            "assigned": desk.officer,
        },
    )
    yield district.work_in(6)
    office.change(desk, ref, {"test_result": "negative", "status": "completed"})


def _fall_ill(district: District, ref: str, tie: Tie) -> Iterator[int]:
    """Turn from a contact into a case, found by its quarantine test."""
    office, today = district.office, district.today
    office.classify(
        ref,
        {
            "classification": "F0",
            "test": iso_day(today),
            "test_result": "positive",
            "isolated": iso_day(today),
        },
    )
    desk = office.epidemiologist(tie.patient.number)
    yield district.later(10, 60)
    code = office.issue_code(desk, tie.contact.commune, {"test": today})
    yield district.soon(1, 9)
    phone = district.new_device()
    phone.carry(range(today - _KEPT_DAYS, today + 1))
    phone.report(code, range(today - _KEPT_DAYS, today + 1), now_s=district.now_s)
    yield from _follow_patient(district, desk, ref, today + 10)


def _follow_patient(
    district: District, desk: Desk, ref: str, end_day: int
) -> Iterator[int]:
    """Call again, and end the isolation."""
    yield district.work_in(1)
    middle = district.today + 3
    district.office.change(desk, ref, {"status": "followed", "due": middle})
    yield district.chance.at_work(middle)
    if district.chance.yes(0.1):
        return
    district.office.change(desk, ref, {"due": end_day})
    yield district.chance.at_work(max(end_day, district.today))
    desk.see(f"/cases/{ref}/person")
    done = {"call_result": "reached", "status": "completed"}
    district.office.change(desk, ref, done)
