"""Who a case is about: shown to those who may, and opened by the person themself."""

import re

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.people.citizen import (
    message_with_code,
    open_session,
    see_cases,
)
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people

HERE = "02641"


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def put(authority):
    def make(**values) -> str:
        with authority.engine.begin() as connection:
            fields = {"unit": HERE, "classification": "F1"}
            if values:
                person = NewPerson(HERE, PersonKind.CONTACT, values)
                (fields["person"],) = add_people(authority, connection, [person])
            return create_case(
                connection,
                Scope("test"),
                fields,
                policy=TracingPolicy(),
                now_s=authority.now_s,
                entropy=authority.entropy,
            )

    return make


def test_a_receipt_is_shown_once_and_opens_the_persons_own_record(
    someone, put, authority
):
    ref = put(**{PersonField.NAME: "Lý A Sử", PersonField.PHONE: "0912345678"})
    doctor = someone(Role.EPIDEMIOLOGIST, HERE)
    page = f"/console/cases/{ref}/person?lang=en"
    assert "Lý A Sử" in doctor.browser.get(page).text

    given = doctor.browser.post(f"/console/cases/{ref}/receipt?lang=en", {})
    receipt = re.search(r"([2-9A-Z]{4}-){2}[2-9A-Z]{4}", given.text)[0]
    assert "/console/my-record" in given.text
    assert receipt not in doctor.browser.get(page).text

    phone, text = message_with_code(authority, receipt)
    assert phone == "+84912345678"
    code = re.search(r"\d{8}", text)[0]
    (held,) = see_cases(authority, open_session(authority, receipt, code).token)
    assert (held.facts["ref"], held.facts["classification"]) == (ref, "F1")


def test_a_case_without_a_person_has_no_receipt(someone, put):
    doctor = someone(Role.EPIDEMIOLOGIST, HERE)
    answer = doctor.browser.post(f"/console/cases/{put()}/receipt?lang=en", {})

    assert (answer.status, "Nobody is recorded" in answer.text) == (409, True)


def test_who_only_reads_gives_no_receipt(someone, put):
    ref = put(**{PersonField.NAME: "Lý A Sử"})
    supervisor = someone(Role.SUPERVISOR, HERE)

    seen = supervisor.browser.get(f"/console/cases/{ref}/person").text
    assert "Lý A Sử" in seen
    assert "/receipt" not in seen
    answer = supervisor.browser.post(f"/console/cases/{ref}/receipt", {})
    assert answer.status == 404
