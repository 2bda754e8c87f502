"""Codes that an officer issues."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select

from proximity.authority.api_error import ApiError
from proximity.authority.database import reading
from proximity.authority.verification import issuing
from proximity.authority.verification.issuing import (
    CodeOrder,
    code_status,
    expire_code,
    issue_code,
    withdraw_code,
)
from proximity.authority.verification.model import codes
from proximity.authority.verification.user_reports import report_code
from proximity.units import iso_day

PHONE = "+84900000001"


@pytest.fixture
def order(authority) -> CodeOrder:
    today = iso_day(authority.now_s // 86_400)
    return CodeOrder("confirmed", symptom_date=today)


def refused(call) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.code


def test_a_code_holds_fifteen_minutes_a_link_a_day(authority, order):
    spoken = issue_code(authority, order)
    sent = issue_code(authority, replace(order, phone=PHONE))

    assert spoken.until_s == spoken.long_until_s == authority.now_s + 900
    assert spoken.message is None
    assert sent.long_until_s == authority.now_s + 86_400
    assert authority.settings.code_link in sent.message


def test_a_code_is_stored_as_an_hmac(authority, order):
    issued = issue_code(authority, replace(order, phone=PHONE))

    with reading(authority.engine) as connection:
        row = connection.execute(select(codes)).one()
    for secret in (issued.code, PHONE, issued.message[-60:]):
        assert secret not in str(tuple(row))
    assert issued.code not in repr(issued)


def test_a_handle_names_one_code(authority, order):
    handle = str(uuid.uuid4())
    assert issue_code(authority, replace(order, handle=handle)).handle == handle

    assert refused(lambda: issue_code(authority, replace(order, handle=handle))) == (
        "uuid_already_exists"
    )
    assert refused(lambda: issue_code(authority, replace(order, handle="no"))) == (
        "unparsable_request"
    )


def test_a_code_that_exists_is_drawn_again(authority, order, monkeypatch):
    drawn = iter(["11111111", "11111111", "22222222"])
    monkeypatch.setattr(issuing, "draw_short_code", lambda _: next(drawn))

    assert issue_code(authority, order).code == "11111111"
    assert issue_code(authority, order).code == "22222222"


def test_a_code_that_exists_under_an_older_secret_is_drawn_again(
    authority, order, clock, monkeypatch
):
    drawn = iter(["11111111", "11111111", "22222222"])
    monkeypatch.setattr(issuing, "draw_short_code", lambda _: next(drawn))

    assert issue_code(authority, order).code == "11111111"
    authority.keyring.rotate(force=True)
    clock.now_s += 300
    assert issue_code(authority, order).code == "22222222"


def test_the_codes_of_a_day_are_bounded(make_authority, order):
    authority = make_authority(codes_per_day=2)
    issue_code(authority, order)
    issue_code(authority, order)

    assert refused(lambda: issue_code(authority, order)) == "quota_exceeded"


def test_the_messages_to_a_number_are_bounded(authority, order):
    for _ in range(3):
        issue_code(authority, replace(order, phone=PHONE))

    assert refused(lambda: issue_code(authority, replace(order, phone=PHONE))) == (
        "quota_exceeded"
    )
    assert issue_code(authority, replace(order, phone="+84900000002"))


def test_what_people_ask_for_does_not_use_up_the_codes_of_officers(
    make_authority, order
):
    authority = make_authority(codes_per_day=1, allow_user_report=True)
    asked = replace(order, test_type="user-report", phone=PHONE, nonce=b"n" * 256)
    assert report_code(authority, asked, "192.0.2.1")

    assert issue_code(authority, order)
    assert refused(lambda: issue_code(authority, order)) == "quota_exceeded"


def test_a_code_whose_message_was_not_sent_frees_its_handle(authority, order):
    handle = str(uuid.uuid4())
    withdraw_code(
        authority, issue_code(authority, replace(order, handle=handle)).handle
    )

    assert refused(lambda: code_status(authority, handle)) == "code_not_found"
    assert issue_code(authority, replace(order, handle=handle)).handle == handle


def test_a_handle_is_found_however_its_letters_are_written(authority, order):
    handle = str(uuid.uuid4()).upper()
    issued = issue_code(authority, replace(order, handle=handle))

    assert code_status(authority, handle) == code_status(authority, issued.handle)
    assert expire_code(authority, handle)["expiresAtTimestamp"] < authority.now_s
    assert refused(lambda: issue_code(authority, replace(order, handle=handle))) == (
        "uuid_already_exists"
    )


def test_the_state_of_a_code_can_be_asked_and_ended(authority, order):
    issued = issue_code(authority, order)
    assert code_status(authority, issued.handle) == {
        "claimed": False,
        "expiresAtTimestamp": issued.until_s,
        "longExpiresAtTimestamp": issued.long_until_s,
    }

    ended = expire_code(authority, issued.handle)
    assert ended["expiresAtTimestamp"] < authority.now_s
    assert refused(lambda: code_status(authority, "none")) == "code_not_found"


@pytest.mark.parametrize("test_type", ["user-report", "", "perhaps"])
def test_officers_issue_only_their_types(authority, order, test_type):
    wrong = replace(order, test_type=test_type)

    assert refused(lambda: issue_code(authority, wrong)) == "invalid_test_type"
