"""`POST /v1/publish`, without a framework: here every microsecond counts."""

import base64
import hashlib
import os
from typing import Any

import msgspec

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.keyring import CERTIFICATE, REVISION
from proximity.authority.service.structured_log import log_event
from proximity.authority.signed_token import SKEW_S, verify_token
from proximity.authority.upload.figures import UploadFigures
from proximity.authority.upload.model import PublishRequest, Upload
from proximity.authority.upload.revision_token import make_token, read_token
from proximity.authority.upload.rules import (
    CheckedKeys,
    bad_request,
    check_keys,
    check_mac,
    report_type_of,
)
from proximity.authority.upload.writer import UploadWriter
from proximity.authority.verification.claiming import CERTIFICATE_AUDIENCE
from proximity.errors import FormatError, TrustError

PATH = "/v1/publish"
# Of the key server of reference: at least so many bytes, and up to as many more.
_PADDING_BYTES = 1_024
_decode = msgspec.json.Decoder(PublishRequest).decode
_encode = msgspec.json.Encoder().encode


class PublishDoor:
    """Takes uploads in.

    Parameters
    ----------
    authority : Authority
    writer : UploadWriter
        Started.
    figures : UploadFigures
    """

    def __init__(
        self, authority: Authority, writer: UploadWriter, figures: UploadFigures
    ) -> None:
        self._authority = authority
        self._writer = writer
        self._figures = figures

    async def publish(self, body: bytes) -> tuple[int, bytes]:
        """Answer one request.

        Parameters
        ----------
        body : bytes
            Bounded by the caller.

        Returns
        -------
        int, bytes
            Status and JSON; 200 means that every accepted key is durable.
        """
        try:
            return 200, _padded(await self._publish(body))
        except ApiError as error:
            return error.status, refusal(error)
        except Exception as error:
            # Whatever it is: a device has to hear that nothing was taken.
            log_event("failure", error=type(error).__name__)
            return 500, refusal(ApiError(500, "internal_error", "try again later"))

    async def _publish(self, body: bytes) -> dict[str, Any]:
        request = _parse(body)
        settings, keyring = self._authority.settings, self._authority.keyring
        if request.health_authority_id != settings.health_authority_id:
            raise ApiError(
                401, "unknown_health_authority_id", "unknown health authority"
            )
        claims = self._claims(request)
        report_type = report_type_of(claims.get("reportType"))
        if report_type is None:
            raise _not_certified("the certificate names no report type")
        checked = check_keys(
            request.temporary_exposure_keys,
            report_type,
            onset_interval=_onset(claims, request),
            now_s=self._authority.now_s,
        )
        audience = settings.health_authority_id
        token_keys = None
        if request.revision_token:
            token_keys = read_token(
                request.revision_token, keyring.believed(REVISION), audience
            )
        signed = request.verification_payload.rpartition(".")[0]
        upload = Upload(
            keys=checked.keys,
            traveler=request.traveler,
            token_keys=token_keys,
            certificate=hashlib.sha256(signed.encode()).digest(),
            certificate_until_s=int(claims["exp"]) + SKEW_S + 1,
        )
        stored = await self._writer.store(upload)
        self._figures.count(
            upload,
            stored,
            onset_is_known=bool(_onset(claims, request)),
            now_s=self._authority.now_s,
        )
        names = [(key.key, key.start, key.period) for key in checked.keys]
        fields = {
            "revisionToken": make_token(
                [*names, *(token_keys or ())],
                keyring.current(REVISION),
                audience,
                self._authority.entropy,
            ),
            "insertedExposures": stored.inserted,
        }
        return fields | _remarks(checked)

    def _claims(self, request: PublishRequest) -> dict[str, Any]:
        authority = self._authority
        try:
            claims = verify_token(
                request.verification_payload,
                authority.keyring.public_keys(CERTIFICATE),
                issuer=authority.settings.health_authority_id,
                audience=CERTIFICATE_AUDIENCE,
                now_s=authority.clock(),
            )
        except (FormatError, TrustError) as error:
            raise _not_certified(str(error)) from error
        hmac_key = request.hmac_key or request.hmac_key_lower
        keys = request.temporary_exposure_keys
        if not check_mac(keys, hmac_key, claims.get("tekmac")):
            raise _not_certified("the certificate is for other keys")
        return claims


def refusal(error: ApiError) -> bytes:
    """Return the body of a refusal."""
    return _padded({"error": str(error), "code": error.code})


def _parse(body: bytes) -> PublishRequest:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request("the request is not JSON of the published form") from error


def _onset(claims: dict[str, Any], request: PublishRequest) -> int:
    certified = claims.get("symptomOnsetInterval")
    return certified if isinstance(certified, int) else request.symptom_onset_interval


def _remarks(checked: CheckedKeys) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if checked.warnings:
        fields["warnings"] = list(checked.warnings)
    if checked.problems:
        fields |= {"error": "; ".join(checked.problems), "code": "partial_failure"}
    return fields


def _padded(fields: dict[str, Any]) -> bytes:
    drawn = os.urandom(2 + 2 * _PADDING_BYTES)
    # Uniform, for the bound is a power of two.
    length = _PADDING_BYTES + int.from_bytes(drawn[:2]) % _PADDING_BYTES
    padding = base64.b64encode(drawn[2 : 2 + length]).decode()
    return _encode(fields | {"padding": padding})


def _not_certified(why: str) -> ApiError:
    code = "health_authority_verification_certificate_invalid"
    return ApiError(401, code, why)
