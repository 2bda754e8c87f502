"""Codes, tokens and their limits when many ask at the same moment, of any process."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.verification.claiming import Claim, certify, claim_code
from proximity.authority.verification.issuing import (
    CodeOrder,
    code_status,
    expire_code,
    issue_code,
)
from proximity.authority.verification.model import TestType
from proximity.authority.verification.statistics import _days
from proximity.authority.verification.user_reports import report_code
from proximity.units import iso_day

AT_ONCE = 8
PHONE = "+84900000001"


@pytest.fixture
def order(authority) -> CodeOrder:
    return CodeOrder("confirmed", symptom_date=iso_day(authority.now_s // 86_400))


def at_once(*calls) -> Counter:
    """Make calls at one moment; count what they answer: done, nothing, or a refusal."""
    barrier = Barrier(len(calls))

    def call(it):
        barrier.wait()
        try:
            return "nothing" if it() is None else "done"
        except ApiError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(call, calls))


def claim(code: str, address: str = "192.0.2.1") -> Claim:
    return Claim(code, {TestType.CONFIRMED}, None, address)


def test_a_code_becomes_a_certificate_once(open_process, order):
    one, other = open_process(), open_process()
    code = issue_code(one, order).code

    token = claim_code(other, claim(code)).token
    assert certify(one, token, bytes(32)).count(".") == 2
    with pytest.raises(ApiError, match="used"):
        certify(other, token, bytes(32))
    with pytest.raises(ApiError, match="used"):
        claim_code(one, claim(code))


def test_a_code_that_many_claim_at_once_is_spent_once(open_process, order):
    processes = [open_process() for _ in range(2)] * (AT_ONCE // 2)
    code = issue_code(processes[0], order).code
    calls = [
        lambda a=each, n=number: claim_code(a, claim(code, f"192.0.2.{n}"))
        for number, each in enumerate(processes)
    ]

    assert at_once(*calls) == {"done": 1, "code_invalid": AT_ONCE - 1}


def test_a_token_that_is_shown_many_times_at_once_is_spent_once(open_process, order):
    processes = [open_process() for _ in range(2)] * (AT_ONCE // 2)
    token = claim_code(processes[0], claim(issue_code(processes[0], order).code)).token
    calls = [lambda a=each: certify(a, token, bytes(32)) for each in processes]

    assert at_once(*calls) == {"done": 1, "token_invalid": AT_ONCE - 1}


def test_guessing_at_once_is_bounded_as_guessing_in_turn(open_process):
    processes = [open_process(client_tries=3) for _ in range(2)] * (AT_ONCE // 2)
    calls = [
        lambda a=each, n=number: claim_code(a, claim(f"0000000{n}"))
        for number, each in enumerate(processes)
    ]

    assert at_once(*calls) == {"code_not_found": 3, "quota_exceeded": AT_ONCE - 3}


def test_guessing_from_everywhere_is_bounded_too(open_process):
    processes = [open_process(realm_tries=3) for _ in range(2)] * (AT_ONCE // 2)
    calls = [
        lambda a=each, n=number: claim_code(a, claim(f"0000000{n}", f"192.0.2.{n}"))
        for number, each in enumerate(processes)
    ]

    assert at_once(*calls) == {"code_not_found": 3, "quota_exceeded": AT_ONCE - 3}


def test_codes_of_a_day_are_bounded_when_many_issue_at_once(open_process, order):
    processes = [open_process(codes_per_day=3) for _ in range(2)] * (AT_ONCE // 2)
    calls = [lambda a=each: issue_code(a, order) for each in processes]

    assert at_once(*calls) == {"done": 3, "quota_exceeded": AT_ONCE - 3}


def test_a_handle_that_is_asked_for_at_once_names_one_code(open_process, order):
    processes = [open_process() for _ in range(2)] * (AT_ONCE // 2)
    named = replace(order, handle=str(uuid.uuid4()))
    calls = [lambda a=each: issue_code(a, named) for each in processes]

    assert at_once(*calls) == {"done": 1, "uuid_already_exists": AT_ONCE - 1}


def test_a_telephone_gets_one_code_also_if_it_asks_at_once(open_process, order):
    processes = [open_process(allow_user_report=True) for _ in range(2)]
    asked = replace(order, test_type="user-report", phone=PHONE, nonce=bytes(256))
    calls = [
        lambda a=each: report_code(a, asked, "192.0.2.1") for each in processes * 2
    ]

    assert at_once(*calls) == {"done": 1, "nothing": 3}


def test_a_code_is_ended_or_claimed_never_both(open_process, order):
    one, other = open_process(), open_process()
    for _ in range(10):
        issued = issue_code(one, order)
        answers = at_once(
            lambda i=issued: claim_code(one, claim(i.code)),
            lambda i=issued: expire_code(other, i.handle),
        )
        assert answers["done"] == 1, answers
        claimed = code_status(one, issued.handle)["claimed"]
        assert answers["code_invalid" if claimed else "code_expired"] == 1


def test_statistics_count_what_every_process_did(open_process, order):
    processes = [open_process() for _ in range(2)] * (AT_ONCE // 2)
    calls = [lambda a=each: issue_code(a, order) for each in processes]
    at_once(*calls)
    with pytest.raises(ApiError):
        claim_code(processes[0], claim("00000000"))

    ((_, today), (_, yesterday)) = _days(processes[1])[:2]
    assert (today["codes_issued"], today["codes_invalid"]) == (AT_ONCE, 1)
    assert (yesterday["codes_issued"], yesterday["codes_invalid"]) == (0, 0)
