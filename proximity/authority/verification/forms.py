"""What the doors of verification take and give, by the names of the published API."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_Text = Annotated[str, Field(max_length=512)]
_Date = Annotated[str, Field(max_length=512, description="YYYY-MM-DD, or nothing.")]
_Padding = Annotated[str, Field(max_length=65_536, description="Ignored.")]
_Offset = Annotated[
    float, Field(description="Minutes that the clock of the place is ahead of UTC.")
]
_UUID = "3f2b8a52-6d1c-4a8e-9f63-0b7a1d5c2e90"
# Base64 of 16, 32 and 256 bytes that nobody uses.
_MAC = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
_NONCE = "A" * 342 + "=="
_EXPIRY: JsonDict = {
    "expiresAt": "Wed, 20 May 2026 10:15:00 UTC",
    "expiresAtTimestamp": 1779272100,
}
_LONG_EXPIRY: JsonDict = {
    "longExpiresAt": "Thu, 21 May 2026 10:00:00 UTC",
    "longExpiresAtTimestamp": 1779357600,
}
_ORDER: JsonDict = {
    "testType": "confirmed",
    "symptomDate": "2026-05-18",
    "testDate": "2026-05-20",
    "tzOffset": 420,
}
_ISSUED: JsonDict = {"uuid": _UUID, "code": "12345678"} | _EXPIRY | _LONG_EXPIRY


def _taken(example: JsonDict) -> ConfigDict:
    # Unknown fields are ignored: newer programs may send them.
    extra: JsonDict = {"examples": [example]}
    return ConfigDict(strict=True, extra="ignore", json_schema_extra=extra)


def _given(example: JsonDict) -> ConfigDict:
    extra: JsonDict = {"examples": [example]}
    return ConfigDict(extra="forbid", json_schema_extra=extra)


class _Request(BaseModel):
    padding: _Padding = ""


class _Answer(BaseModel):
    padding: Annotated[str, Field(description="Base64 of random bytes; ignore it.")]


class VerifyRequest(_Request):
    """Body of `/api/verify`."""

    model_config = _taken({"code": "12345678", "accept": ["confirmed", "likely"]})
    code: _Text
    accept: Annotated[list[_Text], Field(max_length=16)] = []
    nonce: _Text = ""


class CertificateRequest(_Request):
    """Body of `/api/certificate`."""

    model_config = _taken({"token": "eyJ…", "ekeyhmac": _MAC})
    token: Annotated[str, Field(max_length=4_096)]
    ekeyhmac: _Text


class IssueRequest(_Request):
    """Body of `/api/issue`."""

    model_config = _taken({**_ORDER})
    testType: _Text = ""
    symptomDate: _Date = ""
    testDate: _Date = ""
    tzOffset: _Offset = 0
    phone: _Text = ""
    smsTemplateLabel: _Text = ""
    uuid: _Text = ""
    # PostgreSQL stores no NUL in text, and no name of an issuer has one.
    externalIssuerID: Annotated[
        str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")
    ] = ""
    onlyGenerateSMS: bool = False


class BatchIssueRequest(_Request):
    """Body of `/api/batch-issue`: 1 to 10 requests."""

    model_config = _taken({"codes": [_ORDER, {**_ORDER, "testType": "likely"}]})
    codes: list[IssueRequest]


class HandleRequest(_Request):
    """Body of `/api/checkcodestatus` and `/api/expirecode`."""

    model_config = _taken({"uuid": _UUID})
    uuid: _Text


class UserReportRequest(_Request):
    """Body of `/api/user-report`."""

    model_config = _taken(
        {
            "phone": "+84900000001",
            "nonce": _NONCE,
            "symptomDate": "2026-05-18",
            "tzOffset": 420,
        }
    )
    phone: _Text = ""
    nonce: _Text = ""
    symptomDate: _Date = ""
    testDate: _Date = ""
    tzOffset: _Offset = 0


class Refusal(BaseModel):
    """Why a request is refused."""

    model_config = _given({"error": "the code is over", "errorCode": "code_expired"})
    error: str
    errorCode: str


class VerifyAnswer(_Answer):
    """What a code stands for, and the token for a certificate."""

    model_config = _given(
        {
            "testtype": "confirmed",
            "symptomDate": "2026-05-18",
            "token": "eyJ…",
            "padding": "AAAA",
        }
    )
    testtype: str
    symptomDate: str | None = None
    testDate: str | None = None
    token: str


class CertificateAnswer(_Answer):
    """The certificate that `/v1/publish` asks for."""

    model_config = _given({"certificate": "eyJ…", "padding": "AAAA"})
    certificate: str


class UserReportAnswer(_Answer):
    """Until when the code holds that was sent, if one was."""

    model_config = _given({**_EXPIRY, "padding": "AAAA"})
    expiresAt: str
    expiresAtTimestamp: int


class Issued(BaseModel):
    """A code, shown once."""

    model_config = _given({**_ISSUED})
    uuid: str
    code: str
    expiresAt: str
    expiresAtTimestamp: int
    longExpiresAt: str
    longExpiresAtTimestamp: int
    generatedSMS: str | None = None
    phone: str | None = None


class IssueAnswer(Issued, _Answer):
    """A code, shown once."""

    model_config = _given({**_ISSUED, "padding": "AAAA"})


class BatchIssueAnswer(_Answer):
    """An answer for each request, in their order."""

    model_config = _given({"codes": [_ISSUED], "padding": "AAAA"})
    codes: list[Issued | Refusal]
    error: str | None = None
    errorCode: str | None = None


class CodeStatusAnswer(_Answer):
    """Whether a code was claimed, and until when it can be."""

    model_config = _given(
        {
            "claimed": False,
            "expiresAtTimestamp": 1779272100,
            "longExpiresAtTimestamp": 1779357600,
            "padding": "AAAA",
        }
    )
    claimed: bool
    expiresAtTimestamp: int
    longExpiresAtTimestamp: int


class ExpireAnswer(_Answer):
    """A code that has ended."""

    model_config = _given(
        {
            "uuid": _UUID,
            "expiresAtTimestamp": 1779271199,
            "longExpiresAtTimestamp": 1779271199,
            "padding": "AAAA",
        }
    )
    uuid: str
    expiresAtTimestamp: int
    longExpiresAtTimestamp: int


_JWK: JsonDict = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "use": "sig",
    "kid": "0f1e2d3c4b5a6978",
    "x": _MAC[:43],
    "y": _MAC[:43],
}


class JsonWebKey(BaseModel):
    """A public key, RFC 7517."""

    model_config = _given(_JWK)
    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class JsonWebKeys(BaseModel):
    """The keys by which certificates verify."""

    model_config = _given({"keys": [_JWK]})
    keys: list[JsonWebKey]


_WHY = {
    400: "Refused; `errorCode` says why.",
    401: "The API key does not open this.",
    404: "There is no such thing.",
    409: "The handle names another code.",
    412: "The device is not ready for this type of test.",
    429: "Too many requests.",
    503: "Something that the service needs does not answer.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how refusals with these statuses are described."""
    return {
        status: {"model": Refusal, "description": _WHY[status]} for status in statuses
    }
