"""Passkeys: believed when everything holds, refused when anything does not."""

import json

import pytest
from soft_authenticator import SoftAuthenticator

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.passkeys import (
    CHALLENGE_S,
    Place,
    add_passkey,
    creation_options,
    passkey_owner,
    passkeys_of,
    remove_passkey,
    request_options,
)
from proximity.errors import FormatError, TrustError

HERE = Place("http://localhost", b"browser")


@pytest.fixture
def lan(someone):
    return someone(Role.TRACER, "02641").officer


def register(authority, officer, device, place=HERE):
    with authority.engine.begin() as connection:
        options = creation_options(connection, authority, officer, HERE)
    with authority.engine.begin() as connection:
        add_passkey(
            connection,
            authority,
            officer.id,
            place,
            answer=device.create(options),
            label="key",
        )


def ask(authority):
    with authority.engine.begin() as connection:
        return request_options(connection, authority, HERE)


def own(authority, answer, place=HERE):
    with authority.engine.begin() as connection:
        return passkey_owner(connection, authority, place, answer)


def test_a_passkey_says_whose_it_is(authority, lan):
    device = SoftAuthenticator()
    register(authority, lan, device)

    assert own(authority, device.get(ask(authority))) == lan.id


def test_a_challenge_is_answered_once(authority, lan):
    device = SoftAuthenticator()
    register(authority, lan, device)
    answer = device.get(ask(authority))
    own(authority, answer)

    with pytest.raises(TrustError):
        own(authority, answer)


def test_a_challenge_is_over_after_a_while(authority, lan, clock):
    device = SoftAuthenticator()
    register(authority, lan, device)
    options = ask(authority)
    clock.now_s += CHALLENGE_S

    with pytest.raises(TrustError):
        own(authority, device.get(options))


def test_another_browser_cannot_answer(authority, lan):
    device = SoftAuthenticator()
    register(authority, lan, device)
    options = ask(authority)

    with pytest.raises(TrustError):
        own(authority, device.get(options), Place(HERE.origin, b"other"))


@pytest.mark.parametrize(
    "device",
    [
        SoftAuthenticator("https://evil.example"),
        SoftAuthenticator(domain="evil.example"),
        SoftAuthenticator(verifies=False),
    ],
    ids=["origin", "domain", "nobody-verified"],
)
def test_what_does_not_hold_is_refused_on_making_and_on_use(authority, lan, device):
    with pytest.raises(TrustError):
        register(authority, lan, device)

    honest = SoftAuthenticator()
    register(authority, lan, honest)
    device.key, device.id = honest.key, honest.id
    with pytest.raises(TrustError):
        own(authority, device.get(ask(authority)))


def test_a_copy_whose_counter_goes_back_is_refused(authority, lan):
    device = SoftAuthenticator()
    register(authority, lan, device)
    device.count = 5
    own(authority, device.get(ask(authority)))
    device.count = 3

    with pytest.raises(TrustError):
        own(authority, device.get(ask(authority)))


def test_a_key_that_is_not_known_is_refused(authority):
    with pytest.raises(TrustError):
        own(authority, SoftAuthenticator().get(ask(authority)))


def test_a_passkey_belongs_to_one_officer(authority, lan, someone):
    device = SoftAuthenticator()
    register(authority, lan, device)

    with pytest.raises(TrustError):
        register(authority, someone(Role.TRACER, "02635").officer, device)


def test_another_key_does_not_sign_for_it(authority, lan):
    device, thief = SoftAuthenticator(), SoftAuthenticator()
    register(authority, lan, device)
    thief.id = device.id

    with pytest.raises(TrustError):
        own(authority, thief.get(ask(authority)))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"response": {"clientDataJSON": "%%"}}',
        "[" * 9_000,
    ],
)
def test_what_cannot_be_read_is_a_format_error(authority, answer):
    with pytest.raises(FormatError):
        own(authority, answer)


def test_a_strange_signature_is_refused(authority, lan):
    device = SoftAuthenticator()
    register(authority, lan, device)
    answer = json.loads(device.get(ask(authority)))
    answer["response"]["signature"] = "AAAA"

    with pytest.raises(TrustError):
        own(authority, json.dumps(answer))


def test_one_removes_ones_own_alone(authority, lan, someone):
    device, other = SoftAuthenticator(), someone(Role.TRACER, "02635").officer
    register(authority, lan, device)
    with authority.engine.begin() as connection:
        listed = passkeys_of(connection, lan.id)
        remove_passkey(connection, other.id, listed[0].id)
        assert passkeys_of(connection, lan.id) == listed
        remove_passkey(connection, lan.id, listed[0].id)
        assert passkeys_of(connection, lan.id) == []
