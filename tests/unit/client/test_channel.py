"""Keys of contacts are matched apart: each channel has its own index and rule."""

from dataclasses import dataclass, field

import pytest

from proximity.client.channel import case_channel, contact_channel
from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.notification import NotificationKind
from proximity.errors import NetworkError
from proximity.matching.policy import DEFAULT_POLICY
from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.config import built_in
from proximity.units import Clock

TUESDAY = 20_774
URL = "https://example.org/exports/"
CASE, CONTACT = bytes(range(16)), bytes(range(16, 32))


@dataclass
class TwoFolders:
    """A published directory and the folder of contacts in it, as one network."""

    cases: object
    contacts: object
    asked: list[str] = field(default_factory=list)
    contacts_missing: bool = False

    def get(self, url: str, max_bytes: int) -> bytes:
        self.asked.append(url)
        folder = url.removeprefix(URL)
        if not folder.startswith("recursive/"):
            return self.cases.get(url, max_bytes)
        if self.contacts_missing:
            raise NetworkError("There is no such file.", "Try again.")
        return self.contacts.get(URL + folder.removeprefix("recursive/"), max_bytes)


@pytest.fixture
def folders(authority) -> TwoFolders:
    return TwoFolders(authority, type(authority)())


@pytest.fixture
def device(make_device, folders, authority):
    """Return a device that looks into both folders."""
    device = make_device()
    settings = EngineSettings(
        URL,
        (authority.verification_key,),
        built_in("en-v2"),
        contact_configuration=built_in("en-v2"),
    )
    clock = Clock(wall=lambda: device.now_s, monotonic=lambda: device.now_s)
    device.engine = Engine(
        device.connection,
        device.sealing,
        settings,
        Surroundings(clock, folders, bytes),
    )
    return device


def recursive(diagnosis_key, key: bytes = CONTACT):
    return diagnosis_key(key, report_type=ReportType.RECURSIVE)


def told(device) -> list[NotificationKind]:
    return [notice.notification.kind for notice in device.engine.notices()]


def test_who_was_near_a_contact_is_told_so(device, folders, diagnosis_key):
    device.meet(CONTACT, 23)
    folders.contacts.publish(recursive(diagnosis_key))

    assert [each.status for each in device.engine.update()] == ["matched"]
    (notice,) = device.engine.notices()
    assert notice.notification.kind is NotificationKind.EXPOSED_TO_CONTACT
    assert (notice.notification.day, notice.notification.minutes) == (TUESDAY, 25)


def test_both_kinds_are_told_apart(device, folders, diagnosis_key):
    device.meet(CASE, 23, day=TUESDAY - 1)
    device.meet(CONTACT, 23)
    folders.contacts.publish(recursive(diagnosis_key))
    folders.cases.publish(diagnosis_key(CASE, day=TUESDAY - 1))
    device.engine.update()

    assert sorted(told(device)) == ["exposed", "exposed-to-contact"]


def test_keys_of_contacts_among_those_of_cases_count_nothing(
    device, folders, diagnosis_key
):
    device.meet(CONTACT, 23)
    folders.cases.publish(recursive(diagnosis_key))
    device.engine.update()

    assert told(device) == []


def test_an_export_of_cases_in_the_wrong_folder_says_and_hides_nothing(
    device, folders, diagnosis_key
):
    device.meet(CASE, 23)
    name = folders.cases.publish(diagnosis_key(CASE))
    data = folders.cases.files.pop(name)
    folders.contacts.files[name] = data
    device.engine.update()
    assert told(device) == []

    folders.cases.files[name] = data
    assert [each.status for each in device.engine.update()] == ["matched"]
    assert told(device) == [NotificationKind.EXPOSED]


def test_a_contact_whose_case_was_none_is_withdrawn(device, folders, diagnosis_key):
    device.meet(CONTACT, 23)
    folders.contacts.publish(recursive(diagnosis_key))
    device.engine.update()
    for notice in device.engine.notices():
        device.engine.told(notice)

    revoked = diagnosis_key(CONTACT, report_type=ReportType.REVOKED)
    folders.contacts.publish(revised=(revoked,))
    device.engine.update()
    assert told(device) == [NotificationKind.WITHDRAWN]


def test_a_contact_that_was_withdrawn_can_still_become_a_case(
    device, folders, diagnosis_key
):
    device.meet(CONTACT, 23)
    revoked = diagnosis_key(CONTACT, report_type=ReportType.REVOKED)
    folders.contacts.publish(recursive(diagnosis_key))
    folders.contacts.publish(revised=(revoked,))
    folders.cases.publish(diagnosis_key(CONTACT))
    device.engine.update()

    assert told(device) == [NotificationKind.EXPOSED]


@pytest.mark.parametrize("index", [None, b"not an index\n\n\xff"])
def test_a_folder_of_contacts_that_fails_does_not_hold_up_cases(
    device, folders, diagnosis_key, index
):
    device.meet(CASE, 23)
    folders.cases.publish(diagnosis_key(CASE))
    folders.contacts_missing = index is None
    if index is not None:
        folders.contacts.get = lambda url, max_bytes: index

    assert device.engine.update()[0].status == "matched"
    assert told(device) == [NotificationKind.EXPOSED]


def test_a_file_is_fetched_once(device, folders, diagnosis_key):
    folders.contacts.publish(recursive(diagnosis_key))
    device.engine.update()
    folders.asked.clear()
    device.engine.update()

    assert folders.asked == [f"{URL}index.txt", f"{URL}recursive/index.txt"]


def test_the_two_channels_remember_by_other_names():
    cases = case_channel(f"{URL}index.txt", DEFAULT_POLICY)
    contacts = contact_channel(f"{URL}index.txt", DEFAULT_POLICY)

    assert contacts.source_url == f"{URL}recursive/"
    assert contacts.policy.recursive
    assert not cases.policy.recursive
    assert contacts.lines_of(["recursive:1.zip", "2.zip"]) == {"1.zip"}
