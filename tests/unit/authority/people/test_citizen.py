"""A person sees, corrects and erases their record, and nobody else does."""

import re

import pytest
from sqlalchemy import select

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import audit
from proximity.authority.people.citizen import (
    CODES_PER_DAY,
    Session,
    check_client,
    correct_record,
    erase_record,
    issue_receipt,
    message_with_code,
    open_session,
    see_readings,
    see_record,
)
from proximity.authority.people.keeping import hold_until
from proximity.authority.people.model import PersonField
from proximity.authority.people.reading import read_people

F = PersonField


@pytest.fixture
def receipt(authority, add_person) -> str:
    person = add_person(name="Lê An", phone="0912345678", notes="ghi chú")
    with authority.engine.begin() as connection:
        return issue_receipt(authority, connection, person)


def code_of(authority, receipt) -> str:
    _, text = message_with_code(authority, receipt)
    return re.search(r"\d{8}", text)[0]


@pytest.fixture
def token(authority, receipt) -> str:
    return open_session(authority, receipt, code_of(authority, receipt)).token


def test_a_receipt_is_easy_to_copy(receipt):
    assert re.fullmatch(r"([2-9A-HJKMNP-TV-Z]{4}-){2}[2-9A-HJKMNP-TV-Z]{4}", receipt)


def test_the_code_goes_to_the_telephone_of_the_record(authority, receipt):
    phone, text = message_with_code(authority, receipt)

    assert phone == "+84912345678"
    assert text.startswith("Mã xem hồ sơ")
    assert message_with_code(authority, receipt.lower().replace("-", " "))


def test_an_unknown_receipt_sends_nothing(authority, receipt):
    for wrong in ("", "AAAA-BBBB-CCCC", "x" * 10_000, "\0"):
        assert message_with_code(authority, wrong) is None


def test_a_telephone_is_not_flooded(authority, receipt, clock):
    for _ in range(CODES_PER_DAY):
        assert message_with_code(authority, receipt)
    assert message_with_code(authority, receipt) is None
    clock.now_s += 86_400
    assert message_with_code(authority, receipt)


def test_a_record_without_a_telephone_is_seen_at_the_office(authority, add_person):
    person = add_person(name="Lê An")
    with authority.engine.begin() as connection:
        receipt = issue_receipt(authority, connection, person)

    assert message_with_code(authority, receipt) is None


def test_the_person_sees_everything_and_it_is_in_the_audit(authority, token):
    view = see_record(authority, token)

    assert view.values[F.NAME] == "Lê An"
    assert view.values[F.NOTES] == "ghi chú"
    with authority.engine.connect() as connection:
        line = connection.execute(select(audit).order_by(audit.c.seq.desc())).first()
    assert (line.actor, line.reason) == ("citizen", "citizen_request")


def test_five_wrong_codes_end_the_right_one(authority, receipt):
    code = code_of(authority, receipt)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(5):
        with pytest.raises(ApiError, match="do not belong together"):
            open_session(authority, receipt, wrong)

    with pytest.raises(ApiError, match="do not belong together"):
        open_session(authority, receipt, code)


def test_a_code_is_good_once_and_for_ten_minutes(authority, receipt, clock):
    code = code_of(authority, receipt)
    open_session(authority, receipt, f"{code[:4]} {code[4:]}")
    with pytest.raises(ApiError):
        open_session(authority, receipt, code)
    code = code_of(authority, receipt)
    clock.now_s += 600
    with pytest.raises(ApiError):
        open_session(authority, receipt, code)


def test_a_code_opens_no_other_record(authority, add_person, receipt):
    person = add_person(name="Trần B", phone="0987654321")
    with authority.engine.begin() as connection:
        other = issue_receipt(authority, connection, person)
    code = code_of(authority, receipt)
    code_of(authority, other)

    with pytest.raises(ApiError):
        open_session(authority, other, code)


def test_without_a_session_nothing_is_shown(authority, receipt):
    for token in ("", "0" * 64, "x" * 10_000):
        for ask in (see_record, erase_record, see_readings):
            with pytest.raises(ApiError, match="session"):
                ask(authority, token)


def test_a_session_ends_after_a_quarter_of_an_hour(authority, token, clock):
    clock.now_s += 900

    with pytest.raises(ApiError, match="session"):
        see_record(authority, token)


def test_the_person_corrects_what_is_theirs(authority, token):
    correct_record(authority, token, {F.NAME: "Lê Ân", F.ADDRESS: "xã B"})

    values = see_record(authority, token).values
    assert (values[F.NAME], values[F.ADDRESS]) == ("Lê Ân", "xã B")
    with pytest.raises(ApiError, match="not the person's"):
        correct_record(authority, token, {F.NOTES: ""})


def test_the_person_erases_the_record(authority, token):
    assert erase_record(authority, token) is None

    assert authority.vault.key_store.count() == 0
    with pytest.raises(ApiError):
        see_record(authority, token)


def test_a_record_that_is_held_goes_later(authority, token, reader):
    person = see_record(authority, token).person
    with authority.engine.begin() as connection:
        hold_until(authority, connection, reader(), person, day=20_605)

    assert erase_record(authority, token) == 20_605
    assert see_record(authority, token).forget_day == 20_605


def test_the_person_sees_who_read_but_not_their_names(authority, token, reader):
    person = see_record(authority, token).person
    read_people(authority, reader(), [person], [F.NAME, F.PHONE])
    newest, *rest = see_readings(authority, token)

    assert re.fullmatch(r"[A-Z2-7]{6}", newest.who)
    assert (newest.unit, newest.reason, newest.fields) == (
        "10-080",
        "case_work",
        ("name", "phone"),
    )
    assert (newest.persons, newest.reference) == ((person,), "")
    assert {each.who for each in rest} == {"citizen", "service"}


def test_one_client_tries_so_often_an_hour(make_authority, clock):
    authority = make_authority(client_tries=3)
    for _ in range(3):
        check_client(authority, "192.0.2.1")
    with pytest.raises(ApiError) as caught:
        check_client(authority, "192.0.2.1")
    check_client(authority, "192.0.2.2")
    clock.now_s += 3_600
    check_client(authority, "192.0.2.1")

    assert caught.value.status == 429


def test_a_session_prints_no_token():
    assert repr(Session("abc", 1)) == "<Session>"
