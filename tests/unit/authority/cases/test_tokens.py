"""A token asks for some days of one person, and holds for one device."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import timeline
from proximity.authority.cases.model import share_tokens
from proximity.authority.cases.tokens import IssuedToken, token_digest


def refusal(work) -> str:
    with pytest.raises(ApiError) as raised:
        work()
    return raised.value.code


def test_a_case_is_asked_for_its_infectious_days_until_today(desk, meeting):
    opened = desk.open(desk.issue(meeting.case))

    assert (opened.kind, opened.case) == ("case", meeting.case)
    assert (opened.first_day, opened.last_day) == (meeting.day - 3, meeting.day + 3)
    assert (opened.keys, opened.recursive) == ((), None)


def test_days_can_be_narrowed_but_not_widened(desk, meeting):
    token = desk.issue(meeting.case, first_day=1, last_day=meeting.day)
    opened = desk.open(token)

    assert (opened.first_day, opened.last_day) == (meeting.day - 3, meeting.day)
    far = meeting.day + 1_000
    assert refusal(lambda: desk.issue(meeting.case, first_day=far)) == (
        "nothing_to_share"
    )


def test_a_contact_learns_the_cases_keys_of_the_days_asked_for(desk, meeting):
    desk.share_case(meeting)
    opened = desk.open(desk.issue(meeting.contact, source=meeting.case))

    assert (opened.kind, opened.case) == ("contact", meeting.case)
    assert [key.key for key in opened.keys] == [meeting.case_key]


def test_a_key_that_is_still_believed_is_not_told(desk, meeting, clock):
    desk.share_case(meeting)
    token = desk.issue(meeting.contact, source=meeting.case)
    clock.now_s = (meeting.day + 1) * 86_400 + 7_199

    assert desk.open(token).keys == ()


def test_a_contact_can_be_asked_only_where_the_case_has_shared(desk, meeting):
    work = [
        lambda: desk.issue(meeting.contact, source=meeting.case),
        lambda: desk.issue(meeting.contact),
        lambda: desk.issue(meeting.case, source=meeting.contact),
    ]

    assert {refusal(each) for each in work} == {"nothing_to_share"}


def test_a_contact_warns_from_when_it_may_be_infectious(desk, meeting):
    desk.share_case(meeting)
    ask = {"source": meeting.case, "first_day": meeting.day, "last_day": meeting.day}
    opened = desk.open(desk.issue(meeting.contact, recursive=True, **ask))

    assert opened.recursive is not None
    assert opened.recursive.from_day == meeting.day + 2


def test_only_the_device_that_opened_a_token_can_open_it_again(desk, meeting):
    token = desk.issue(meeting.case)
    first = desk.open(token)

    assert desk.open(f" {token[:5]}-{token[5:].lower()} ") == first
    assert refusal(lambda: desk.open(token, b"\x08" * 32)) == "token_opened"


def test_a_token_ends(desk, meeting, clock):
    token = desk.issue(meeting.case)
    clock.now_s += desk.policy.token_life_s

    assert refusal(lambda: desk.open(token)) == "token_expired"
    assert refusal(lambda: desk.open("X" * 20)) == "token_invalid"


def test_the_token_itself_is_not_stored(desk, meeting, connection):
    token = desk.issue(meeting.case)
    row = connection.execute(share_tokens.select()).mappings().one()

    assert bytes(row["digest"]) == token_digest(token)
    assert token not in str(dict(row))
    assert token not in str(timeline(connection, meeting.case))


def test_a_token_does_not_show_itself():
    issued = IssuedToken("SECRET", 5, 1, 2)

    assert issued.token not in repr(issued)
