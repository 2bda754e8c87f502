"""Passkeys: what an authenticator signs, and when it is believed (WebAuthn level 2)."""

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import Connection, delete, func, insert, select, update
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.base64url_to_bytes import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from proximity.authority.accounts.model import Officer, challenges, passkeys
from proximity.authority.assembly import Authority
from proximity.errors import FormatError, TrustError

CHALLENGE_S = 5 * 60
MAX_PASSKEYS = 10
_MAX_ANSWER = 32_768


class Passkey(NamedTuple):
    """A passkey as lists show it.

    Attributes
    ----------
    id : str
        base64url.
    label : str
    made_s : int
    """

    id: str
    label: str
    made_s: int


class Place(NamedTuple):
    """Where passkeys belong: the console's own address, in one browser.

    Attributes
    ----------
    origin : str
        For example "https://console.example.org".
    browser : bytes
        A challenge is answered by the browser that asked for it.
    """

    origin: str
    browser: bytes

    @property
    def domain(self) -> str:
        """Return the name for which authenticators keep a key."""
        return urlsplit(self.origin).hostname or ""


def creation_options(
    connection: Connection, authority: Authority, officer: Officer, place: Place
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` takes."""
    options = webauthn.generate_registration_options(
        rp_id=place.domain,
        rp_name=f"proximity {authority.settings.region}",
        user_id=officer.id.encode(),
        user_name=officer.email,
        user_display_name=officer.name,
        challenge=_challenge(connection, authority, place),
        authenticator_selection=AuthenticatorSelectionCriteria(
            # It is found without an address, and stands for two factors.
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id))
            for each in passkeys_of(connection, officer.id)
        ],
    )
    return _as_json(options)


def add_passkey(
    connection: Connection,
    authority: Authority,
    officer: str,
    place: Place,
    *,
    answer: str,
    label: str,
) -> None:
    """Keep a passkey that an authenticator has just made.

    Raises
    ------
    FormatError
        If the answer cannot be read.
    TrustError
        If it is not that of this challenge, place, and a person who was verified.
    """
    challenge = _spend_challenge(connection, authority, place, answer)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.domain,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _not_believed() from error
    if len(passkeys_of(connection, officer)) >= MAX_PASSKEYS or _is_known(
        connection, made.credential_id
    ):
        raise _not_believed()
    connection.execute(
        insert(passkeys).values(
            id=made.credential_id,
            officer=officer,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=label[:60],
            made_s=authority.now_s,
        )
    )


def request_options(
    connection: Connection, authority: Authority, place: Place
) -> dict[str, Any]:
    """Return what `navigator.credentials.get` takes, for whoever sits there."""
    options = webauthn.generate_authentication_options(
        rp_id=place.domain,
        challenge=_challenge(connection, authority, place),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _as_json(options)


def passkey_owner(
    connection: Connection, authority: Authority, place: Place, answer: str
) -> str:
    """Return the ID of the officer whose passkey signed the challenge.

    Raises
    ------
    FormatError
        If the answer cannot be read.
    TrustError
        If the passkey is not known, or did not sign this challenge, or was copied.
    """
    challenge = _spend_challenge(connection, authority, place, answer)
    try:
        credential_id = base64url_to_bytes(json.loads(answer)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    row = connection.execute(
        select(passkeys).where(passkeys.c.id == credential_id).with_for_update()
    ).first()
    if row is None:
        raise _not_believed()
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.domain,
            expected_origin=place.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _not_believed() from error
    connection.execute(
        update(passkeys)
        .where(passkeys.c.id == credential_id)
        .values(sign_count=shown.new_sign_count)
    )
    return str(row.officer)


def passkeys_of(connection: Connection, officer: str) -> list[Passkey]:
    """Return the passkeys of an officer, oldest first."""
    rows = connection.execute(
        select(passkeys.c.id, passkeys.c.label, passkeys.c.made_s)
        .where(passkeys.c.officer == officer)
        .order_by(passkeys.c.made_s, passkeys.c.id)
    )
    return [Passkey(bytes_to_base64url(key), label, made) for key, label, made in rows]


def remove_passkey(connection: Connection, officer: str, passkey_id: str) -> None:
    """Forget one passkey of an officer; nothing happens if it is not theirs."""
    try:
        credential_id = base64url_to_bytes(passkey_id)
    except ValueError:
        return
    connection.execute(
        delete(passkeys).where(
            passkeys.c.id == credential_id, passkeys.c.officer == officer
        )
    )


def remove_passkeys(connection: Connection, officer: str) -> None:
    """Forget all passkeys of an officer."""
    connection.execute(delete(passkeys).where(passkeys.c.officer == officer))


def _challenge(connection: Connection, authority: Authority, place: Place) -> bytes:
    now_s = authority.now_s
    connection.execute(delete(challenges).where(challenges.c.until_s <= now_s))
    challenge = authority.entropy(32)
    connection.execute(
        insert(challenges).values(
            challenge=challenge, browser=place.browser, until_s=now_s + CHALLENGE_S
        )
    )
    return challenge


def _spend_challenge(
    connection: Connection, authority: Authority, place: Place, answer: str
) -> bytes:
    """Return the challenge that an answer names, if it was open in this browser."""
    if len(answer) > _MAX_ANSWER:
        raise _unreadable()
    try:
        client_data = json.loads(answer)["response"]["clientDataJSON"]
        challenge = parse_client_data_json(base64url_to_bytes(client_data)).challenge
    except (WebAuthnException, ValueError, KeyError, TypeError, RecursionError) as err:
        raise _unreadable() from err
    spent = connection.execute(
        delete(challenges).where(
            challenges.c.challenge == challenge,
            challenges.c.browser == place.browser,
            challenges.c.until_s > authority.now_s,
        )
    )
    if not spent.rowcount:
        raise _not_believed()
    return challenge


def _is_known(connection: Connection, credential_id: bytes) -> bool:
    statement = select(func.count()).where(passkeys.c.id == credential_id)
    return bool(connection.execute(statement).scalar_one())


def _as_json(options: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return fields


def _unreadable() -> FormatError:
    return FormatError("The answer of the passkey cannot be read.", "Try once more.")


def _not_believed() -> TrustError:
    return TrustError(
        "The passkey was not accepted.",
        "Try once more; else sign in with password and code.",
    )
