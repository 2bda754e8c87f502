"""Codes that a person asks for, and what is not told of them."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from proximity.authority.api_error import ApiError
from proximity.authority.keyring import CODE, PHONE
from proximity.authority.verification.claiming import Claim, claim_code
from proximity.authority.verification.issuing import CodeOrder
from proximity.authority.verification.model import TestType
from proximity.authority.verification.user_reports import (
    report_code,
    send_report_code,
)
from proximity.errors import NetworkError
from proximity.units import DAY_S, iso_day

PHONE_NUMBER = "+84900000001"
CLIENT = "192.0.2.1"


@pytest.fixture
def asked(clock) -> CodeOrder:
    today = iso_day(clock.now_s // DAY_S)
    return CodeOrder(
        "user-report", symptom_date=today, phone=PHONE_NUMBER, nonce=b"n" * 256
    )


@pytest.fixture
def allowing(make_authority):
    return make_authority(allow_user_report=True)


def refused(call) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.code


def number(n: int) -> str:
    return f"+8490000{n:04d}"


def test_a_person_asks_only_where_it_is_allowed(authority, asked):
    assert refused(lambda: report_code(authority, asked, CLIENT)) == (
        "invalid_test_type"
    )


def test_a_telephone_is_needed(allowing, asked):
    without = replace(asked, phone=None)

    assert refused(lambda: report_code(allowing, without, CLIENT)) == "missing_phone"


def test_a_telephone_rests_ninety_days_however_often_secrets_change(
    allowing, asked, clock
):
    assert report_code(allowing, asked, CLIENT) is not None
    for _ in range(89):
        clock.now_s += DAY_S
        allowing.keyring.rotate()
    today = replace(asked, symptom_date=iso_day(clock.now_s // DAY_S))
    assert report_code(allowing, today, CLIENT) is None

    clock.now_s += DAY_S
    tomorrow = replace(asked, symptom_date=iso_day(clock.now_s // DAY_S))
    assert report_code(allowing, tomorrow, CLIENT) is not None


def test_a_telephone_that_rested_asks_again_before_anything_was_forgotten(
    allowing, asked, clock
):
    report_code(allowing, asked, CLIENT)
    clock.now_s += 90 * DAY_S
    allowing.keyring.rotate()
    later = replace(asked, symptom_date=iso_day(clock.now_s // DAY_S))
    # The same secret of telephones: the old row is still there.
    assert len(allowing.keyring.believed(PHONE)) == 2

    assert report_code(allowing, later, CLIENT) is not None
    assert report_code(allowing, later, CLIENT) is None


@pytest.mark.parametrize(
    "case",
    [
        ({"symptom_date": None}, {}, "missing_date"),
        ({"symptom_date": "2001-01-01"}, {}, "invalid_date"),
        ({"offset_min": 9_999.0}, {}, "unparsable_request"),
        ({}, {"user_reports_per_day": 1}, "quota_exceeded"),
        ({}, {"client_tries": 1}, "quota_exceeded"),
    ],
)
def test_a_refusal_does_not_tell_whether_a_telephone_rests(make_authority, asked, case):
    change, settings, code = case
    authority = make_authority(allow_user_report=True, **settings)
    report_code(authority, asked, CLIENT)

    for phone in (PHONE_NUMBER, number(2)):
        order = replace(asked, phone=phone, **change)
        refusal = refused(lambda order=order: report_code(authority, order, CLIENT))
        assert refusal == code


def test_a_client_that_asks_too_often_stops_nobody_else(make_authority, asked, clock):
    authority = make_authority(allow_user_report=True, client_tries=2)
    for n in range(2):
        report_code(authority, replace(asked, phone=number(n)), CLIENT)
    third = replace(asked, phone=number(3))

    assert refused(lambda: report_code(authority, third, CLIENT)) == "quota_exceeded"
    assert report_code(authority, third, "192.0.2.2")
    clock.now_s += 3_600
    assert report_code(authority, replace(asked, phone=number(4)), CLIENT)


def test_whether_a_telephone_rests_is_not_told_by_what_is_written(allowing, asked):
    written: list[str] = []
    event.listen(allowing.engine, "commit", lambda _: written.append("commit"))

    assert report_code(allowing, asked, CLIENT) is not None
    first = list(written)
    written.clear()
    assert report_code(allowing, asked, CLIENT) is None
    assert written == first == ["commit"]


class Broken:
    def send(self, phone: str, text: str) -> None:
        raise NetworkError("not sent", "try again")


def test_a_message_that_was_not_sent_lets_the_telephone_ask_again(allowing, asked):
    broken = replace(allowing, messenger=Broken())
    issued = report_code(broken, asked, CLIENT)
    send_report_code(broken, issued, PHONE_NUMBER)

    claim = Claim(issued.code, {TestType.USER_REPORT}, asked.nonce, CLIENT)
    assert refused(lambda: claim_code(allowing, claim)) == "code_not_found"
    again = report_code(allowing, asked, CLIENT)
    assert again is not None
    send_report_code(allowing, again, PHONE_NUMBER)
    assert len(allowing.messenger.messages) == 1


def test_a_telephone_is_no_code_by_its_secret(allowing):
    assert allowing.keyring.current(PHONE).data != allowing.keyring.current(CODE).data
