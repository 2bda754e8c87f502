"""The doors of verification; paths, fields and codes of the published API."""

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from fastapi import APIRouter, BackgroundTasks, Depends, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader

from proximity.authority.api_error import ApiError, unparsable
from proximity.authority.assembly import Authority
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_base64url
from proximity.authority.verification.api_keys import check_api_key
from proximity.authority.verification.claiming import Claim, certify, claim_code
from proximity.authority.verification.forms import (
    BatchIssueAnswer,
    BatchIssueRequest,
    CertificateAnswer,
    CertificateRequest,
    CodeStatusAnswer,
    ExpireAnswer,
    HandleRequest,
    IssueAnswer,
    IssueRequest,
    JsonWebKeys,
    Refusal,
    UserReportAnswer,
    UserReportRequest,
    VerifyAnswer,
    VerifyRequest,
    refusals,
)
from proximity.authority.verification.issuing import (
    CodeOrder,
    IssuedCode,
    code_status,
    expire_code,
    issue_code,
    withdraw_code,
)
from proximity.authority.verification.model import ApiKeyKind, TestType
from proximity.authority.verification.rules import (
    LONG_LIFE_S,
    MAX_BATCH,
    NONCE_BYTES,
    accepted_types,
)
from proximity.authority.verification.user_reports import (
    report_code,
    send_report_code,
)
from proximity.errors import NetworkError

_PADDING_BYTES = 64
_MESSAGES_AT_ONCE = 4
# Tells readers of the OpenAPI document where the key belongs.
_API_KEY = APIKeyHeader(name="X-API-Key", auto_error=False)


def needs_key(authority: Authority, kind: ApiKeyKind) -> Any:
    """Return what lets only callers with a key of a kind in."""

    def check(key: Annotated[str | None, Security(_API_KEY)]) -> None:
        check_api_key(authority.engine, key, kind)

    return Depends(check)


def device_routes(authority: Authority) -> APIRouter:
    """Return what devices ask with a code of an officer."""
    routes = _routes(authority, ApiKeyKind.DEVICE)

    @routes.post(
        "/verify",
        response_model=VerifyAnswer,
        response_model_exclude_unset=True,
        responses=refusals(400, 401, 412, 429, 503),
    )
    def verify(body: VerifyRequest, request: Request) -> dict[str, Any]:
        """Exchange a code for a token."""
        claim = Claim(
            code=body.code,
            accepted=accepted_types(body.accept),
            nonce=_decoded(body.nonce) if body.nonce else None,
            address=_address(request),
        )
        claimed = claim_code(authority, claim)
        fields = {
            "testtype": claimed.test_type,
            "symptomDate": claimed.symptom_date,
            "testDate": claimed.test_date,
            "token": claimed.token,
        }
        return _padded({name: text for name, text in fields.items() if text})

    @routes.post(
        "/certificate",
        response_model=CertificateAnswer,
        responses=refusals(400, 401, 503),
    )
    def certificate(body: CertificateRequest) -> dict[str, Any]:
        """Exchange a token for a certificate."""
        try:
            mac = base64.b64decode(body.ekeyhmac, validate=True)
        except (binascii.Error, ValueError):
            mac = b""
        if len(mac) != 32:
            raise ApiError(400, "hmac_invalid", "ekeyhmac is not base64 of 32 bytes")
        return _padded({"certificate": certify(authority, body.token, mac)})

    return routes


def report_routes(authority: Authority) -> APIRouter:
    """Return what devices ask without an officer."""
    routes = _routes(authority, ApiKeyKind.DEVICE)
    # A gateway that hangs must not take the threads that answer everybody else.
    turns = asyncio.Semaphore(_MESSAGES_AT_ONCE)

    async def send_in_turn(issued: IssuedCode, phone: str) -> None:
        async with turns:
            await asyncio.to_thread(send_report_code, authority, issued, phone)

    @routes.post(
        "/user-report",
        response_model=UserReportAnswer,
        responses=refusals(400, 401, 429, 503),
    )
    def user_report(
        body: UserReportRequest, request: Request, tasks: BackgroundTasks
    ) -> dict[str, Any]:
        """Send a code to a person who asked for one."""
        nonce = _decoded(body.nonce) if body.nonce else b""
        if len(nonce) != NONCE_BYTES:
            raise ApiError(400, "missing_nonce", "nonce is not base64 of 256 bytes")
        order = CodeOrder(
            test_type=TestType.USER_REPORT,
            symptom_date=body.symptomDate,
            test_date=body.testDate,
            offset_min=body.tzOffset,
            phone=body.phone,
            nonce=nonce,
        )
        issued = report_code(authority, order, _address(request))
        if issued is not None:
            # After the answer: its time must not tell whether the person waits.
            tasks.add_task(send_in_turn, issued, body.phone)
        until_s = authority.now_s + LONG_LIFE_S
        return _padded({"expiresAt": _rfc1123(until_s), "expiresAtTimestamp": until_s})

    return routes


def admin_routes(authority: Authority) -> APIRouter:
    """Return what an officer's program asks."""
    routes = _routes(authority, ApiKeyKind.ADMIN)

    @routes.post(
        "/issue",
        response_model=IssueAnswer,
        response_model_exclude_unset=True,
        responses=refusals(400, 401, 409, 429, 503),
    )
    def issue(body: IssueRequest) -> dict[str, Any]:
        """Issue one code."""
        return _padded(_issue(authority, body))

    part = {"model": BatchIssueAnswer | Refusal, "description": "The first failure's."}

    @routes.post(
        "/batch-issue",
        response_model=BatchIssueAnswer,
        responses=refusals(401) | dict.fromkeys((400, 409, 429, 503), part),
    )
    def batch_issue(body: BatchIssueRequest) -> JSONResponse:
        """Issue up to ten codes; each stands or falls alone."""
        return _issue_all(authority, body.codes)

    @routes.post(
        "/checkcodestatus",
        response_model=CodeStatusAnswer,
        responses=refusals(400, 401, 404, 503),
    )
    def checkcodestatus(body: HandleRequest) -> dict[str, Any]:
        """Tell whether a code was claimed."""
        return _padded(code_status(authority, body.uuid))

    @routes.post(
        "/expirecode",
        response_model=ExpireAnswer,
        responses=refusals(400, 401, 404, 503),
    )
    def expirecode(body: HandleRequest) -> dict[str, Any]:
        """End a code."""
        status = expire_code(authority, body.uuid)
        del status["claimed"]
        return _padded({"uuid": body.uuid} | status)

    return routes


def open_routes(authority: Authority) -> APIRouter:
    """Return what anybody may read."""
    routes = APIRouter()

    @routes.get(
        "/.well-known/jwks.json", response_model=JsonWebKeys, responses=refusals(503)
    )
    def jwks() -> dict[str, Any]:
        """List the keys by which certificates verify."""
        keys = authority.keyring.public_keys(CERTIFICATE)
        return {"keys": [_jwk(kid, key) for kid, key in keys.items()]}

    return routes


def _routes(authority: Authority, kind: ApiKeyKind) -> APIRouter:
    return APIRouter(prefix="/api", dependencies=[needs_key(authority, kind)])


def _issue(authority: Authority, body: IssueRequest) -> dict[str, Any]:
    issued = issue_code(
        authority,
        CodeOrder(
            test_type=body.testType,
            symptom_date=body.symptomDate,
            test_date=body.testDate,
            offset_min=body.tzOffset,
            phone=body.phone or None,
            handle=body.uuid or None,
            issuer=body.externalIssuerID,
        ),
    )
    answer = _issued_fields(issued)
    if issued.message is None:
        return answer
    if body.onlyGenerateSMS:
        return answer | {"generatedSMS": issued.message, "phone": body.phone}
    _send(authority, body.phone, issued)
    return answer


def _issue_all(authority: Authority, orders: list[IssueRequest]) -> JSONResponse:
    if not 1 <= len(orders) <= MAX_BATCH:
        raise unparsable(f"codes holds 1 to {MAX_BATCH} requests")
    answers: list[dict[str, Any]] = []
    first: ApiError | None = None
    for order in orders:
        try:
            answers.append(_issue(authority, order))
        except ApiError as error:
            answers.append({"error": str(error), "errorCode": error.code})
            first = first or error
    document: dict[str, Any] = {"codes": answers}
    if first is not None:
        document |= {"error": str(first), "errorCode": first.code}
    status = 200 if first is None else first.status
    return JSONResponse(_padded(document), status)


def _send(authority: Authority, phone: str, issued: IssuedCode) -> None:
    try:
        authority.messenger.send(phone, issued.message or "")
    except NetworkError as error:
        withdraw_code(authority, issued.handle)
        raise ApiError(503, "sms_failure", "the message was not sent") from error


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _issued_fields(issued: IssuedCode) -> dict[str, Any]:
    return {
        "uuid": issued.handle,
        "code": issued.code,
        "expiresAt": _rfc1123(issued.until_s),
        "expiresAtTimestamp": issued.until_s,
        "longExpiresAt": _rfc1123(issued.long_until_s),
        "longExpiresAtTimestamp": issued.long_until_s,
    }


def _padded(
    fields: dict[str, Any], entropy: Callable[[int], bytes] = secrets.token_bytes
) -> dict[str, Any]:
    length = _PADDING_BYTES + secrets.randbelow(_PADDING_BYTES)
    return fields | {"padding": base64.b64encode(entropy(length)).decode()}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unparsable("nonce is not base64") from error


def _rfc1123(t_s: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(t_s))


def _jwk(kid: str, key: EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": kid,
        "x": encode_base64url(numbers.x.to_bytes(32, "big")),
        "y": encode_base64url(numbers.y.to_bytes(32, "big")),
    }
