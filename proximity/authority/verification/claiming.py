"""From a code to a token, from a token to a certificate over a person's keys."""

import base64
import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from proximity.authority.api_error import ApiError, quota_exceeded
from proximity.authority.assembly import Authority
from proximity.authority.database import serialise
from proximity.authority.keyring import CERTIFICATE, CODE, TOKEN
from proximity.authority.signed_token import encode_token, verify_token
from proximity.authority.verification.counts import (
    DELAY_PREFIX,
    LONGEST_DELAY_DAYS,
    count_failure,
    failures_of,
    hour_of,
    of_unit,
    tally,
    tally_claim,
)
from proximity.authority.verification.model import TestType, codes, tokens
from proximity.authority.verification.rules import (
    CERTIFICATE_LIFE_S,
    MAX_FAILURES_OF_CODE,
    TOKEN_LIFE_S,
    client_scope,
    code_hmac,
    normalise_code,
    onset_interval,
)
from proximity.errors import ExpiredError, FormatError, TrustError
from proximity.units import day_of, iso_day

# What the key server of reference asks of a certificate.
CERTIFICATE_AUDIENCE = "exposure-notifications-server"
# Whom a token is for; no secret.
_TOKEN_AUDIENCE = "proximity-verification"  # noqa: S105
_REALM = "realm"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a device shows to get a token.

    Attributes
    ----------
    code : str
    accepted : set of TestType
    nonce : bytes | None
    address : str
        Of the client; it is hashed before it is used.
    """

    code: str
    accepted: set[TestType]
    nonce: bytes | None
    address: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Claim>"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A token, and what the code stood for."""

    test_type: TestType
    symptom_date: str | None
    test_date: str | None
    token: str

    def __repr__(self) -> str:
        """Tell the type."""
        return f"<Claimed {self.test_type}>"


def claim_code(authority: Authority, claim: Claim) -> Claimed:
    """Spend a code for a token.

    Raises
    ------
    ApiError
        If the code is not known, used, over, of another person or type; or if too
        many were tried.
    """
    code = normalise_code(claim.code)
    secrets = [each.data for each in authority.keyring.believed(CODE)]
    with authority.engine.begin() as connection:
        scopes = {
            client_scope(secrets[0], claim.address, day_of(authority.now_s)): (
                authority.settings.client_tries
            ),
            _REALM: authority.settings.realm_tries,
        }
        for scope in scopes:
            # Else those who guess at the same time would not be counted yet.
            serialise(connection, scope)
        found = _find_code(connection, secrets, code)
        hour_s = hour_of(authority.now_s)
        if any(failures_of(connection, s, hour_s) >= n for s, n in scopes.items()):
            # Also for a code that is right: else the answer would tell.
            refusal: ApiError | None = quota_exceeded()
        else:
            refusal = _problem_of(found, claim, secrets, now_s=authority.now_s)
            if refusal is not None:
                _count_refusal(connection, list(scopes), found, authority.now_s)
                if _is_wrong_nonce(found, refusal):
                    tally(connection, "user_reports_invalid_nonce", authority.now_s)
        token = None
        if refusal is None and found is not None:
            token = _spend(connection, authority, found)
            if token is None:
                refusal = _used()
    # The counts of failures are kept: only now is anything raised.
    if refusal is not None or found is None or token is None:
        raise refusal or _used()
    return Claimed(
        TestType(found.test_type),
        None if found.symptom_day is None else iso_day(found.symptom_day),
        None if found.test_day is None else iso_day(found.test_day),
        token,
    )


def certify(authority: Authority, token: str, tek_mac: bytes) -> str:
    """Spend a token for a certificate over the HMAC of keys.

    Parameters
    ----------
    authority : Authority
    token : str
        As `claim_code` gave it.
    tek_mac : bytes
        HMAC-SHA256 of the keys, 32 bytes.

    Returns
    -------
    str
        A signed token that `/v1/publish` accepts for 15 minutes.

    Raises
    ------
    ApiError
        If the token is not valid, over or used.
    """
    now_s = authority.now_s
    claims = _token_claims(authority, token)
    with authority.engine.begin() as connection:
        spent = connection.execute(
            update(tokens)
            .where(tokens.c.jti == claims.get("jti"), tokens.c.used_s.is_(None))
            .values(used_s=now_s)
            .returning(tokens.c.test_type, tokens.c.symptom_day, tokens.c.test_day)
        ).first()
        tally(connection, "tokens_claimed" if spent else "tokens_invalid", now_s)
        if spent is not None and spent.test_type == TestType.USER_REPORT:
            tally(connection, "user_report_tokens_claimed", now_s)
        if spent is not None and spent.test_day is not None:
            tally(connection, _delay_of(authority, spent.test_day), now_s)
    if spent is None:
        raise ApiError(400, "token_invalid", "the token was used already")
    kid, key = authority.keyring.signing_key(CERTIFICATE)
    content = {
        "iss": authority.settings.health_authority_id,
        "aud": CERTIFICATE_AUDIENCE,
        "iat": now_s,
        "nbf": now_s,
        "exp": now_s + CERTIFICATE_LIFE_S,
        "reportType": spent.test_type,
        "tekmac": base64.b64encode(tek_mac).decode(),
    }
    onset = onset_interval(spent.symptom_day, spent.test_day)
    if onset:
        content["symptomOnsetInterval"] = onset
    return encode_token(content, key, kid)


def _delay_of(authority: Authority, test_day: int) -> str:
    """Name the days from a test to the run that can publish what is certified now.

    Nothing else joins a test to a publication: no row says whose keys are whose.
    """
    period_s = authority.settings.publish_every_s
    run_s = (authority.now_s // period_s + 1) * period_s
    days = min(max(day_of(run_s) - test_day, 0), LONGEST_DELAY_DAYS)
    return f"{DELAY_PREFIX}{days}"


def _token_claims(authority: Authority, token: str) -> dict[str, Any]:
    try:
        return verify_token(
            token,
            authority.keyring.public_keys(TOKEN),
            issuer=authority.settings.health_authority_id,
            audience=_TOKEN_AUDIENCE,
            now_s=authority.clock(),
        )
    except ExpiredError as error:
        raise ApiError(400, "token_expired", "the token is over") from error
    except (FormatError, TrustError) as error:
        raise ApiError(400, "token_invalid", "the token is not valid") from error


def _find_code(
    connection: Connection, secrets: list[bytes], code: str
) -> Row[Any] | None:
    hmacs = [code_hmac(secret, code) for secret in secrets]
    return connection.execute(
        select(codes)
        .where(codes.c.short_hmac.in_(hmacs) | codes.c.long_hmac.in_(hmacs))
        .with_for_update()
    ).first()


def _problem_of(
    found: Row[Any] | None, claim: Claim, secrets: list[bytes], *, now_s: int
) -> ApiError | None:
    if found is None:
        return ApiError(400, "code_not_found", "there is no such code")
    if found.claimed_s is not None or found.failures >= MAX_FAILURES_OF_CODE:
        return _used()
    code = normalise_code(claim.code)
    is_short = any(
        hmac.compare_digest(code_hmac(secret, code), found.short_hmac)
        for secret in secrets
    )
    until_s = found.short_until_s if is_short else found.long_until_s
    if until_s <= now_s:
        return ApiError(400, "code_expired", "the code is over")
    if found.nonce_hmac is not None and not _nonce_fits(found, claim, secrets):
        return _used()
    if found.test_type not in claim.accepted:
        return ApiError(412, "unsupported_test_type", "the device is not ready for it")
    return None


def _is_wrong_nonce(found: Row[Any] | None, refusal: ApiError) -> bool:
    return (
        found is not None
        and found.claimed_s is None
        and found.failures < MAX_FAILURES_OF_CODE
        and found.nonce_hmac is not None
        and refusal.code == "code_invalid"
    )


def _nonce_fits(found: Row[Any], claim: Claim, secrets: list[bytes]) -> bool:
    nonce = b"nonce:" + (claim.nonce or b"")
    return any(
        hmac.compare_digest(hmac.digest(secret, nonce, "sha256"), found.nonce_hmac)
        for secret in secrets
    )


def _count_refusal(
    connection: Connection, scopes: list[str], found: Row[Any] | None, now_s: int
) -> None:
    for scope in scopes:
        count_failure(connection, scope, hour_of(now_s))
    tally(connection, "codes_invalid", now_s)
    if found is not None:
        connection.execute(
            update(codes)
            .where(codes.c.uuid == found.uuid)
            .values(failures=codes.c.failures + 1)
        )


def _spend(connection: Connection, authority: Authority, found: Row[Any]) -> str | None:
    """Mark a code as claimed and make its token; None if another was faster."""
    now_s = authority.now_s
    spent = connection.execute(
        update(codes)
        .where(codes.c.uuid == found.uuid, codes.c.claimed_s.is_(None))
        .values(claimed_s=now_s)
    )
    if not spent.rowcount:
        return None
    jti = authority.entropy(16).hex()
    until_s = now_s + TOKEN_LIFE_S
    connection.execute(
        insert(tokens).values(
            jti=jti,
            test_type=found.test_type,
            symptom_day=found.symptom_day,
            test_day=found.test_day,
            until_s=until_s,
        )
    )
    tally_claim(
        connection,
        now_s,
        age_s=now_s - found.issued_s,
        is_report=found.test_type == TestType.USER_REPORT,
    )
    if found.unit is not None:
        tally(connection, of_unit("codes_claimed", found.unit), now_s)
    kid, key = authority.keyring.signing_key(TOKEN)
    content = {
        "iss": authority.settings.health_authority_id,
        "aud": _TOKEN_AUDIENCE,
        "iat": now_s,
        "exp": until_s,
        "jti": jti,
    }
    return encode_token(content, key, kid)


def _used() -> ApiError:
    return ApiError(400, "code_invalid", "the code was used or cannot be")
