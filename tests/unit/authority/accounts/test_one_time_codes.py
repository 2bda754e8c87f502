"""Codes of an authenticator app, against the vectors of RFC 6238."""

import base64

import pyotp
import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import Role, officers
from proximity.authority.accounts.one_time_codes import (
    accept_code,
    fitting_step,
    new_secret,
    secret_qr,
    secret_uri,
    set_secret,
)

RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.fixture
def lan(someone):
    return someone(Role.TRACER, "02641").officer.id


def set_up(authority, officer):
    secret = new_secret(authority)
    with authority.engine.begin() as connection:
        set_secret(connection, authority, officer, secret=secret, step=0)
    return secret


def accept(authority, officer, code):
    with authority.engine.begin() as connection:
        return accept_code(connection, authority, officer, code)


# Appendix B, the last six digits of SHA-1.
@pytest.mark.parametrize(
    ("time_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(time_s, code):
    assert fitting_step(RFC, code, time_s) == time_s // 30


@pytest.mark.parametrize("code", ["", "28708", "2870822", "abcdef", "٢٨٧٠٨٢", "287083"])
def test_anything_else_is_no_code(code):
    assert fitting_step(RFC, code, 59) is None


def test_a_clock_may_be_one_step_off_and_no_more():
    assert fitting_step(RFC, "287 082", 59 + 30) == 1
    assert fitting_step(RFC, "287082", 59 + 61) is None


def test_a_code_is_accepted_once(authority, lan, clock):
    secret = set_up(authority, lan)
    code = pyotp.TOTP(secret).at(int(clock.now_s))

    assert accept(authority, lan, code)
    assert not accept(authority, lan, code)
    clock.now_s += 30
    assert accept(authority, lan, pyotp.TOTP(secret).at(int(clock.now_s)))


def test_who_has_no_secret_has_no_code(authority, lan):
    assert not accept(authority, lan, "000000")
    assert not accept(authority, "nobody", "000000")


def test_the_secret_is_kept_sealed_and_for_one_officer(authority, lan, someone):
    secret = set_up(authority, lan)
    other = someone(Role.TRACER, "02635").officer.id
    with authority.engine.begin() as connection:
        kept = connection.execute(
            select(officers.c.totp_sealed).where(officers.c.id == lan)
        ).scalar()
        assert secret.encode() not in kept
        connection.execute(
            officers.update()
            .where(officers.c.id == other)
            .values(totp_sealed=kept, totp_step=0)
        )

    with pytest.raises(Exception, match="does not open"):
        accept(authority, other, "000000")


def test_the_picture_has_no_style_of_its_own(authority):
    uri = secret_uri(new_secret(authority), "lan@example.org", authority)
    picture = secret_qr(uri)

    assert uri.startswith("otpauth://totp/")
    assert picture.startswith("<svg")
    assert "style=" not in picture
