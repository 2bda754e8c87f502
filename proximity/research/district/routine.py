"""What happens in an office beside the cases: the worker, deeds of two, mistakes."""

import os

from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.publish.worker import work
from proximity.authority.service_clock import TEST_TIME
from proximity.research.district.agenda import Story
from proximity.research.district.device import Device
from proximity.research.district.outbreak import Patient
from proximity.research.district.places import COMMUNES, DISTRICT, PROVINCE
from proximity.research.district.stories import Aside, District
from proximity.units import DAY_S, iso_day

_OFTEN_S, _SELDOM_S = 7_200, DAY_S // 2
_OFTEN_FOR_S = DAY_S
# Persons that a curious officer opens one after the other: beyond what is usual.
_BROWSED = 34


def worker_story(district: District, start_s: int, end_s: int) -> Story:
    """Run the worker as its timer would: publish, forget, countersign, raise alarms.

    Of the first weeks two runs a day are enough: what waited goes out with the next.
    """
    at_s = start_s + 8_400
    while True:
        yield at_s
        work(district.office.authority)
        often = end_s - district.now_s < _OFTEN_FOR_S
        at_s += _OFTEN_S if often else _SELDOM_S


def transferred(*, accept: bool | None) -> Aside:
    """Return what offers a case to the next commune; it is decided, or waits."""

    def story(district: District, ref: str, patient: Patient, _: Device) -> Story:
        yield district.later(60, 300)
        communes = list(COMMUNES)
        place = communes.index(patient.commune) + 1
        to_unit = communes[place % len(communes)]
        office = district.office
        office.epidemiologist(0).do(f"/cases/{ref}/transfer", {"unit": to_unit})
        if accept is None:
            return
        offer = office.newest_offer(ref)
        yield district.later(60, 1_200)
        # Who traces contacts there takes over no case of the disease.
        other = office.epidemiologist(1)
        other.see("/worklist")
        other.do(f"/transfers/{offer}", {"accept": "yes" if accept else "no"})

    return story


def withdrawn(*, decided: bool) -> Aside:
    """Return what takes a publication back: asked by one, approved by another."""

    def story(district: District, ref: str, _: Patient, __: Device) -> Story:
        yield district.later(300, 700)
        office = district.office
        office.epidemiologist(1).do(f"/cases/{ref}/withdraw", {"confirm": ref})
        if decided:
            yield district.later(30, 200)
            request = office.newest_request("case-withdraw")
            desk = office.desk(Role.SUPERVISOR, DISTRICT)
            desk.see("/approvals")
            desk.do(f"/approvals/{request}/approve", {})

    return story


def recorded_twice(*, merged: bool) -> Aside:
    """Return what records a patient once more; the phone tells that both are one."""

    def story(district: District, ref: str, patient: Patient, phone: Device) -> Story:
        yield district.later(120, 400)
        office = district.office
        desk = office.epidemiologist(patient.number + 1)
        days = {"onset": patient.onset_day, "test": patient.test_day}
        again = office.add_case(desk, "F0", patient.person, DISTRICT, days=days)
        token = office.ask_to_share(desk, again)
        yield district.later(5, 40)
        phone.share(token, warn=False, now_s=district.now_s)
        if merged:
            yield district.later(60, 900)
            desk.see(f"/cases/{ref}")
            desk.do(f"/cases/{ref}/merge", {"other": again})

    return story


def rotation_story(district: District, at_s: int) -> Story:
    """Rotate the keys: asked by an administrator, approved by another."""
    yield at_s
    office = district.office
    office.desk(Role.ADMINISTRATOR, ROOT, 0).do("/keys/rotate", {})
    yield district.later(20, 90)
    request = office.newest_request("rotate")
    # The deed opens the directory anew, with the clock of a test authority.
    before = os.environ.get(TEST_TIME)
    os.environ[TEST_TIME] = str(district.now_s)
    try:
        desk = office.desk(Role.ADMINISTRATOR, ROOT, 1)
        desk.do(f"/approvals/{request}/approve", {})
    finally:
        if before is None:
            del os.environ[TEST_TIME]
        else:
            os.environ[TEST_TIME] = before


def requests_story(district: District, at_s: int, people: dict[str, str]) -> Story:
    """Ask for what waits for a second officer when the console opens.

    Parameters
    ----------
    district : District
    at_s : int
    people : dict of str to str
        IDs of accounts: `lost` lost a telephone, `raised` gets another role, `odd`
        asked for what was refused.
    """
    yield at_s
    office = district.office
    first = office.desk(Role.ADMINISTRATOR, ROOT, 0)
    second = office.desk(Role.ADMINISTRATOR, ROOT, 1)
    give = {"role": Role.SUPERVISOR.value, "unit": PROVINCE}
    first.do(f"/officers/{people['odd']}/give", give)
    yield district.later(10, 30)
    request = office.newest_request("grant")
    second.do(f"/approvals/{request}/refuse", {})
    yield district.later(10, 30)
    first.do(f"/officers/{people['lost']}/reset", {})
    yield district.later(10, 30)
    give = {"role": Role.AUDITOR.value, "unit": DISTRICT}
    first.do(f"/officers/{people['raised']}/give", give)


def reading_story(district: District, at_s: int) -> Story:
    """Let superiors look at the audit and the monitors, day by day."""
    while True:
        yield at_s
        desk = district.office.desk(Role.SUPERVISOR, DISTRICT)
        for page in ("/today", "/audit"):
            desk.see(page)
        at_s += DAY_S


def browsing_story(district: District, at_s: int, end_s: int) -> Story:
    """Let one officer open one person after the other, for no reason of work."""
    yield at_s
    desk = district.office.epidemiologist(1)
    for ref in district.office.known_cases(_BROWSED):
        desk.see(f"/cases/{ref}/person")
        yield min(district.now_s + 2, end_s)


def import_story(district: District, at_s: int) -> Story:
    """Take the line list of a laboratory in, tried first."""
    yield at_s
    day = iso_day(district.today)
    lines = "".join(f"F0,{unit},{day}\n" for unit in list(COMMUNES)[:3])
    desk = district.office.epidemiologist(0)
    text = f"classification,unit,test\n{lines}"
    desk.do("/case-lines", {"lines": text, "dry": "yes"})
    yield district.later(2, 6)
    desk.do("/case-lines", {"lines": text, "dry": "no"})
