"""From a code to an authority that has this device's keys: verify, certify, upload.

What is under way lies sealed beside the store until the authority has answered, so that
an answer that was lost, or a process that died, costs nobody their one code.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from proximity.errors import (
    NetworkError,
    PolicyError,
    StoreError,
    VerificationCodeError,
)
from proximity.protocol.json_fields import load_object
from proximity.protocol.key_file import UploadedKey
from proximity.store.sealing import SealingKey

PENDING_FILE = "pending_upload"
REVISION_FILE = "revision_token"
# Every request has this size, whatever it holds.
REQUEST_BYTES = 8_192
_MAX_ANSWER_BYTES = 65_536
_MAX_FILE_BYTES = 1 << 20
_ACCEPT = ["confirmed", "likely", "negative"]
_TABLE, _ROW = "submission", b"1"
_CODE_PROBLEMS = {
    "code_invalid": "The code was used before, or is not for this device.",
    "code_expired": "The code is over.",
    "code_not_found": "There is no such code.",
    "quota_exceeded": "The authority has had too many attempts.",
    "unsupported_test_type": "The code is for a test that this device cannot report.",
}


class Poster(Protocol):
    """How a client hands something to a server."""

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int
    ) -> tuple[int, bytes]:
        """Return status and body of the answer.

        Raises
        ------
        NetworkError
            If the server cannot be reached or does not answer.
        TooLargeError
            If the answer is larger than `max_bytes`.
        """
        ...


@dataclass(frozen=True, slots=True)
class AuthorityAddress:
    """Where an authority takes keys, and what a device shows it.

    Attributes
    ----------
    url : str
        Without a path.
    device_key : str
        The API key that the authority gave to its devices.
    health_authority_id : str
    """

    url: str
    device_key: str
    health_authority_id: str

    def __repr__(self) -> str:
        """Tell the name."""
        return f"<AuthorityAddress {self.health_authority_id}>"


@dataclass(frozen=True, slots=True)
class Pending:
    """An upload that is under way.

    Attributes
    ----------
    keys : list of dict
        By the names of the published API.
    hmac_key : str
        Base64 of the secret that binds them to the certificate.
    token, certificate : str
        "" until the authority gave them.
    """

    keys: list[dict[str, Any]]
    hmac_key: str
    token: str = ""
    certificate: str = ""

    def __repr__(self) -> str:
        """Tell how many keys there are."""
        return f"<Pending upload of {len(self.keys)} keys>"


def claim_code(poster: Poster, authority: AuthorityAddress, code: str) -> str:
    """Exchange a code for a token.

    Raises
    ------
    VerificationCodeError
        If the authority does not take the code.
    NetworkError
        If it does not answer as an authority.
    """
    body = {"code": code, "accept": _ACCEPT}
    status, answer = _ask(poster, authority, "/api/verify", body)
    problem = _CODE_PROBLEMS.get(str(answer.get("errorCode")))
    if problem is not None:
        raise VerificationCodeError(
            problem, "Nothing left this device. Ask your health authority for a code."
        )
    return _text(answer, "token", status)


def prepare(
    keys: tuple[UploadedKey, ...], token: str, entropy: Callable[[int], bytes]
) -> Pending:
    """Put keys into the form in which they leave, with a fresh secret."""
    fields = [
        {
            "key": base64.b64encode(each.key).decode(),
            "rollingStartNumber": each.start_interval,
            "rollingPeriod": each.period,
            "transmissionRisk": each.transmission_risk,
        }
        for each in keys
    ]
    return Pending(fields, base64.b64encode(entropy(32)).decode(), token)


def submit(
    poster: Poster, authority: AuthorityAddress, box: "SealedBox", pending: Pending
) -> int:
    """Bring an upload to its end; return how many keys are new to the authority.

    Parameters
    ----------
    poster : Poster
    authority : AuthorityAddress
    box : SealedBox
        Holds the upload until the authority has answered.
    pending : Pending

    Raises
    ------
    VerificationCodeError
        If the token does not count any longer: a new code is needed.
    PolicyError
        If the authority refuses the keys.
    NetworkError
        If it does not answer; the upload can be made again.
    """
    if not pending.certificate:
        certificate = _certify(poster, authority, pending)
        pending = replace(pending, certificate=certificate)
        box.keep(pending)
    revision_token = box.revision_token()
    body = {
        "temporaryExposureKeys": pending.keys,
        "healthAuthorityID": authority.health_authority_id,
        "verificationPayload": pending.certificate,
        "hmacKey": pending.hmac_key,
        "revisionToken": revision_token,
    }
    status, answer = _ask(poster, authority, "/v1/publish", body)
    code = answer.get("code")
    if status == 401:
        # The certificate holds for minutes; the next code makes another.
        box.keep(replace(pending, token="", certificate=""))
        raise VerificationCodeError(
            "The authority did not take the certificate of these keys.",
            "Ask your health authority for a new code, then run the command again.",
        )
    if status != 200 or code:
        raise PolicyError(
            f"The authority refuses some of the keys ({_plain(code)}).",
            "Nothing is lost; tell your health authority.",
        )
    box.finish(_text(answer, "revisionToken", status))
    inserted = answer.get("insertedExposures")
    return inserted if isinstance(inserted, int) else 0


class SealedBox:
    """The sealed files of an upload, in the folder of the store.

    Parameters
    ----------
    home : Path
    sealing : SealingKey
    """

    def __init__(self, home: Path, sealing: SealingKey) -> None:
        self._pending = home / PENDING_FILE
        self._revision = home / REVISION_FILE
        self._sealing = sealing

    @property
    def path(self) -> Path:
        """The file of the upload that is under way."""
        return self._pending

    def seal(self, pending: Pending) -> bytes:
        """Return an upload as it is kept."""
        return self._sealing.seal(json.dumps(asdict(pending)).encode(), _TABLE, _ROW)

    def keep(self, pending: Pending) -> None:
        """Keep how far an upload is, in place of what was kept."""
        _write(self._pending, self.seal(pending))

    def open(self) -> Pending | None:
        """Return the upload that is under way, None if there is none.

        Raises
        ------
        StoreError
            If it does not open.
        """
        data = _read(self._pending)
        if data is None:
            return None
        plain = self._sealing.open(data, _TABLE, _ROW)
        return Pending(**load_object(plain, "The upload", max_bytes=_MAX_FILE_BYTES))

    def finish(self, revision_token: str) -> None:
        """Forget the upload, and keep what a later change of its keys needs."""
        sealed = self._sealing.seal(revision_token.encode(), _TABLE, b"revision")
        _write(self._revision, sealed)
        self._pending.unlink(missing_ok=True)

    def revision_token(self) -> str:
        """Return what the last upload left, "" before the first."""
        data = _read(self._revision)
        if data is None:
            return ""
        return self._sealing.open(data, _TABLE, b"revision").decode()


def forget_submission(home: Path) -> None:
    """Delete what uploads have left in the folder of the store."""
    for name in (PENDING_FILE, REVISION_FILE):
        (home / name).unlink(missing_ok=True)


def mac_of(pending: Pending) -> bytes:
    """Return the HMAC that binds the keys to their certificate."""
    parts = sorted(
        f"{key['key']}.{key['rollingStartNumber']}.{key['rollingPeriod']}"
        f".{key['transmissionRisk']}"
        for key in pending.keys
    )
    secret = base64.b64decode(pending.hmac_key)
    return hmac.digest(secret, ",".join(parts).encode(), "sha256")


def _certify(poster: Poster, authority: AuthorityAddress, pending: Pending) -> str:
    mac = base64.b64encode(mac_of(pending)).decode()
    body = {"token": pending.token, "ekeyhmac": mac}
    status, answer = _ask(poster, authority, "/api/certificate", body)
    if str(answer.get("errorCode")).startswith("token_"):
        raise VerificationCodeError(
            "The code that began this upload does not count any longer.",
            "Ask your health authority for a new code, then run the command again.",
        )
    return _text(answer, "certificate", status)


def _ask(
    poster: Poster, authority: AuthorityAddress, path: str, fields: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    # An observer of the line learns no size, so no number of keys.
    body = json.dumps(fields | {"padding": ""}).encode()
    padding = "A" * max(0, REQUEST_BYTES - len(body))
    headers = {"Content-Type": "application/json", "X-API-Key": authority.device_key}
    status, answer = poster.post(
        authority.url.rstrip("/") + path,
        json.dumps(fields | {"padding": padding}).encode(),
        headers,
        max_bytes=_MAX_ANSWER_BYTES,
    )
    return status, load_object(answer, "The answer", max_bytes=_MAX_ANSWER_BYTES)


def _text(answer: dict[str, Any], name: str, status: int) -> str:
    value = answer.get(name)
    if status != 200 or not isinstance(value, str):
        raise NetworkError(
            f"The authority could not do it: it answers with status {status} "
            f"({_plain(answer.get('errorCode'))}).",
            "Check address and key of the authority; then run the command again.",
        )
    return value


def _plain(code: object) -> str:
    """Return a code of the API, nothing else that a server may have sent."""
    known = isinstance(code, str) and code.replace("_", "").isalpha() and len(code) < 64
    return str(code) if known else "no reason"


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(error) from error


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError) -> StoreError:
    return StoreError(
        f"The upload cannot be kept: {error.strerror}.",
        "Check the home folder and the room on its disk, then run it again.",
    )
