"""The doors of verification; paths, fields and codes of the published API."""

import base64
import binascii
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from fastapi import APIRouter, BackgroundTasks, Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from proximity.authority.api_error import ApiError, unparsable
from proximity.authority.assembly import Authority
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_base64url
from proximity.authority.verification.api_keys import check_api_key
from proximity.authority.verification.claiming import Claim, certify, claim_code
from proximity.authority.verification.issuing import (
    CodeOrder,
    IssuedCode,
    code_status,
    expire_code,
    issue_code,
    report_code,
)
from proximity.authority.verification.model import ApiKeyKind, TestType
from proximity.authority.verification.rules import (
    LONG_LIFE_S,
    MAX_BATCH,
    NONCE_BYTES,
    accepted_types,
)
from proximity.errors import NetworkError

_PADDING_BYTES = 64
_Text = Annotated[str, Field(max_length=512)]
_Padding = Annotated[str, Field(max_length=65_536)]


class _Body(BaseModel):
    """What every request may carry; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")
    padding: _Padding = ""


class VerifyRequest(_Body):
    """Body of `/api/verify`."""

    code: _Text
    accept: Annotated[list[_Text], Field(max_length=16)] = []
    nonce: _Text = ""


class CertificateRequest(_Body):
    """Body of `/api/certificate`."""

    token: Annotated[str, Field(max_length=4_096)]
    ekeyhmac: _Text


class IssueRequest(_Body):
    """Body of `/api/issue`."""

    testType: _Text = ""
    symptomDate: _Text = ""
    testDate: _Text = ""
    tzOffset: float = 0
    phone: _Text = ""
    smsTemplateLabel: _Text = ""
    uuid: _Text = ""
    externalIssuerID: Annotated[str, Field(max_length=255)] = ""
    onlyGenerateSMS: bool = False


class BatchIssueRequest(_Body):
    """Body of `/api/batch-issue`."""

    codes: list[IssueRequest]


class HandleRequest(_Body):
    """Body of `/api/checkcodestatus` and `/api/expirecode`."""

    uuid: _Text


class UserReportRequest(_Body):
    """Body of `/api/user-report`."""

    phone: _Text = ""
    nonce: _Text = ""
    symptomDate: _Text = ""
    testDate: _Text = ""
    tzOffset: float = 0


def needs_key(authority: Authority, kind: ApiKeyKind) -> Any:
    """Return what lets only callers with a key of a kind in."""

    def check(x_api_key: Annotated[str | None, Header()] = None) -> None:
        check_api_key(authority.engine, x_api_key, kind)

    return Depends(check)


def device_routes(authority: Authority) -> APIRouter:
    """Return what devices ask."""
    routes = APIRouter(
        prefix="/api", dependencies=[needs_key(authority, ApiKeyKind.DEVICE)]
    )

    @routes.post("/verify")
    def verify(body: VerifyRequest, request: Request) -> dict[str, Any]:
        """Exchange a code for a token."""
        claim = Claim(
            code=body.code,
            accepted=accepted_types(body.accept),
            nonce=_decoded(body.nonce) if body.nonce else None,
            address=request.client.host if request.client else "",
        )
        claimed = claim_code(authority, claim)
        fields = {
            "testtype": claimed.test_type,
            "symptomDate": claimed.symptom_date,
            "testDate": claimed.test_date,
            "token": claimed.token,
        }
        return _padded({name: text for name, text in fields.items() if text})

    @routes.post("/certificate")
    def certificate(body: CertificateRequest) -> dict[str, Any]:
        """Exchange a token for a certificate."""
        try:
            mac = base64.b64decode(body.ekeyhmac, validate=True)
        except (binascii.Error, ValueError):
            mac = b""
        if len(mac) != 32:
            raise ApiError(400, "hmac_invalid", "ekeyhmac is not base64 of 32 bytes")
        return _padded({"certificate": certify(authority, body.token, mac)})

    @routes.post("/user-report")
    def user_report(body: UserReportRequest, tasks: BackgroundTasks) -> dict[str, Any]:
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
        issued = report_code(authority, order)
        if issued is not None and issued.message is not None:
            # After the answer: its time must not tell whether the person waits.
            tasks.add_task(_send_quietly, authority, body.phone, issued.message)
        until_s = authority.now_s + LONG_LIFE_S
        return _padded({"expiresAt": _rfc1123(until_s), "expiresAtTimestamp": until_s})

    return routes


def admin_routes(authority: Authority) -> APIRouter:
    """Return what an officer's program asks."""
    routes = APIRouter(
        prefix="/api", dependencies=[needs_key(authority, ApiKeyKind.ADMIN)]
    )

    @routes.post("/issue")
    def issue(body: IssueRequest) -> dict[str, Any]:
        """Issue one code."""
        return _padded(_issue(authority, body))

    @routes.post("/batch-issue")
    def batch_issue(body: BatchIssueRequest) -> JSONResponse:
        """Issue up to ten codes; each stands or falls alone."""
        return _issue_all(authority, body.codes)

    @routes.post("/checkcodestatus")
    def checkcodestatus(body: HandleRequest) -> dict[str, Any]:
        """Tell whether a code was claimed."""
        return _padded(code_status(authority, body.uuid))

    @routes.post("/expirecode")
    def expirecode(body: HandleRequest) -> dict[str, Any]:
        """End a code."""
        status = expire_code(authority, body.uuid)
        del status["claimed"]
        return _padded({"uuid": body.uuid} | status)

    return routes


def open_routes(authority: Authority) -> APIRouter:
    """Return what anybody may read."""
    routes = APIRouter()

    @routes.get("/.well-known/jwks.json")
    def jwks() -> dict[str, Any]:
        """List the keys by which certificates verify."""
        keys = authority.keyring.public_keys(CERTIFICATE)
        return {"keys": [_jwk(kid, key) for kid, key in keys.items()]}

    return routes


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
        raise ApiError(503, "sms_failure", "the message was not sent") from error


def _send_quietly(authority: Authority, phone: str, text: str) -> None:
    with contextlib.suppress(NetworkError):
        authority.messenger.send(phone, text)


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
