"""From a code to a token, from a token to a certificate."""

import base64
from dataclasses import replace

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.keyring import CERTIFICATE, TOKEN
from proximity.authority.signed_token import encode_token, verify_token
from proximity.authority.verification.claiming import Claim, certify, claim_code
from proximity.authority.verification.counts import DELAY_PREFIX, of_unit, tallied
from proximity.authority.verification.issuing import (
    CodeOrder,
    expire_code,
    issue_code,
)
from proximity.authority.verification.model import TestType
from proximity.authority.verification.user_reports import report_code
from proximity.units import iso_day

OFFICERS = {TestType.CONFIRMED, TestType.LIKELY, TestType.NEGATIVE}
MAC = b"m" * 32


@pytest.fixture
def issue(authority):
    day = authority.now_s // 86_400

    def make(test_type="confirmed", **changed):
        order = CodeOrder(test_type, symptom_date=iso_day(day - 2))
        return issue_code(authority, replace(order, **changed))

    return make


def claim(code: str, accepted=OFFICERS, nonce=None, address="192.0.2.1") -> Claim:
    return Claim(code, accepted, nonce, address)


def refused(call) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status, caught.value.code


def test_a_code_becomes_a_certificate_over_keys(authority, issue):
    claimed = claim_code(authority, claim(issue().code))
    text = certify(authority, claimed.token, MAC)

    day = authority.now_s // 86_400
    assert (claimed.test_type, claimed.symptom_date) == ("confirmed", iso_day(day - 2))
    claims = verify_token(
        text,
        authority.keyring.public_keys(CERTIFICATE),
        issuer="org.proximity",
        audience="exposure-notifications-server",
        now_s=authority.now_s,
    )
    assert claims["reportType"] == "confirmed"
    assert claims["symptomOnsetInterval"] == (day - 2) * 144
    assert base64.b64decode(claims["tekmac"]) == MAC
    assert claims["exp"] - claims["iat"] == 900


def test_a_code_is_claimed_once(authority, issue):
    code = issue().code
    claim_code(authority, claim(code))

    assert refused(lambda: claim_code(authority, claim(code))) == (400, "code_invalid")


def test_a_code_is_over_after_fifteen_minutes_its_link_after_a_day(
    authority, issue, clock
):
    issued = issue(phone="+84900000001")
    long = issued.message.split("c=")[1].split(" ")[0]
    clock.now_s += 900
    assert refused(lambda: claim_code(authority, claim(issued.code))) == (
        400,
        "code_expired",
    )
    assert claim_code(authority, claim(long)).token

    other = issue(phone="+84900000002")
    long = other.message.split("c=")[1].split(" ")[0]
    clock.now_s += 86_400
    assert refused(lambda: claim_code(authority, claim(long)))[1] == "code_expired"


def test_a_code_that_was_ended_is_over(authority, issue):
    issued = issue()
    expire_code(authority, issued.handle)

    assert (
        refused(lambda: claim_code(authority, claim(issued.code)))[1] == "code_expired"
    )


def test_a_claimed_code_cannot_be_ended(authority, issue):
    issued = issue()
    claim_code(authority, claim(issued.code))

    assert refused(lambda: expire_code(authority, issued.handle))[1] == "code_invalid"


def test_a_device_that_is_not_ready_keeps_its_code(authority, issue):
    code = issue("negative").code
    narrow = claim(code, {TestType.CONFIRMED})

    assert refused(lambda: claim_code(authority, narrow)) == (
        412,
        "unsupported_test_type",
    )
    assert claim_code(authority, claim(code)).test_type == "negative"


def test_a_code_is_burnt_after_five_failures(authority, issue):
    code = issue("negative").code
    for _ in range(5):
        refused(lambda: claim_code(authority, claim(code, {TestType.CONFIRMED})))

    assert refused(lambda: claim_code(authority, claim(code))) == (400, "code_invalid")


def test_guessing_ends_for_a_client_not_for_others(make_authority, issue):
    authority = make_authority(client_tries=3)
    for number in range(3):
        guess = claim(f"0000000{number}")
        assert refused(lambda guess=guess: claim_code(authority, guess)) == (
            400,
            "code_not_found",
        )

    right = issue().code
    assert refused(lambda: claim_code(authority, claim(right))) == (
        429,
        "quota_exceeded",
    )
    assert claim_code(authority, claim(right, address="192.0.2.2")).token


def test_guessing_by_many_clients_ends_for_all_until_the_hour_is_over(
    make_authority, issue, clock
):
    authority = make_authority(realm_tries=3)
    for number in range(3):
        guess = claim(f"0000000{number}", address=f"192.0.2.{number}")
        refused(lambda guess=guess: claim_code(authority, guess))

    refusal = refused(lambda: claim_code(authority, claim(issue().code)))
    assert refusal == (429, "quota_exceeded")
    clock.now_s += 3_600
    assert claim_code(authority, claim(issue().code)).token


def test_a_report_of_ones_own_is_bound_to_its_nonce(make_authority):
    authority = make_authority(allow_user_report=True)
    day = iso_day(authority.now_s // 86_400)
    order = CodeOrder("user-report", day, phone="+84900000001", nonce=b"n" * 256)
    code = report_code(authority, order, "192.0.2.1").code
    wanted = {TestType.USER_REPORT}

    for wrong in (None, b"x" * 256):
        stolen = claim(code, wanted, wrong)
        refusal = refused(lambda stolen=stolen: claim_code(authority, stolen))
        assert refusal == (400, "code_invalid")
    claimed = claim_code(authority, claim(code, wanted, b"n" * 256))
    assert claimed.test_type == "user-report"


def test_a_token_is_used_once(authority, issue):
    token = claim_code(authority, claim(issue().code)).token
    certify(authority, token, MAC)

    assert refused(lambda: certify(authority, token, MAC)) == (400, "token_invalid")


def test_a_token_holds_a_day(authority, issue, clock):
    token = claim_code(authority, claim(issue().code)).token
    clock.now_s += 86_400 + 5

    assert refused(lambda: certify(authority, token, MAC)) == (400, "token_expired")


def test_a_token_that_is_not_ours_is_invalid(authority, issue):
    token = claim_code(authority, claim(issue().code)).token
    kid, key = authority.keyring.signing_key(TOKEN)
    now_s = authority.now_s
    claims = {"iss": "org.proximity", "aud": "proximity-verification", "exp": now_s + 9}
    never_stored = encode_token(claims | {"jti": "0" * 32}, key, kid)
    certificate = certify(authority, token, MAC)

    for wrong in ("", "a.b.c", token[:-4] + "AAAA", never_stored, certificate):
        assert refused(lambda wrong=wrong: certify(authority, wrong, MAC)) == (
            400,
            "token_invalid",
        )


def test_a_code_outlives_the_rotation_of_its_secret(authority, issue):
    code = issue().code
    authority.keyring.rotate(force=True)

    assert claim_code(authority, claim(code)).token


def test_nothing_shows_itself(authority, issue):
    code = issue().code
    assert code not in repr(claim(code))
    claimed = claim_code(authority, claim(code))
    assert claimed.token not in repr(claimed)


def test_the_days_from_a_test_to_publication_are_counted(authority, issue):
    tested = iso_day(authority.now_s // 86_400 - 3)
    token = claim_code(authority, claim(issue(test_date=tested).code)).token
    certify(authority, token, MAC)

    with authority.engine.begin() as connection:
        assert tallied(connection, f"{DELAY_PREFIX}3", authority.now_s) == 1


def test_a_claimed_code_counts_for_the_unit_that_issued_it(authority, issue):
    claim_code(authority, claim(issue(unit="02641").code))
    with authority.engine.begin() as connection:
        for name in ("codes_issued", "codes_claimed"):
            assert tallied(connection, of_unit(name, "02641"), authority.now_s) == 1
