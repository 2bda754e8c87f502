"""The two requests of sharing: open a token, hand a package in.

What is under way lies sealed beside the store until the authority has answered: the key
that signs, and after the person's yes the package, so that a lost answer costs nothing.
"""

import base64
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proximity.client.sharing import Asked
from proximity.client.submission import AuthorityAddress, Poster
from proximity.errors import (
    FormatError,
    NetworkError,
    PolicyError,
    StoreError,
    VerificationCodeError,
)
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.json_fields import (
    as_object,
    load_object,
    take_bytes,
    take_int,
    take_list,
)
from proximity.protocol.sharing import (
    KEY_BYTES,
    MAX_KEYS,
    NONCE_BYTES,
    SALT_BYTES,
    Address,
)
from proximity.store.sealing import SealingKey
from proximity.units import DAY_S, INTERVALS_PER_DAY

PENDING_FILE = "pending_share"
# A package has the sightings of 14 days at most, which are gone after 21.
KEPT_S = 7 * DAY_S
# Requests are filled up to a multiple of this, so that their size tells little.
PADDED_BYTES = 65_536
_MAX_ANSWER_BYTES = 65_536
_MAX_FILE_BYTES = 8 << 20
_TABLE, _ROW = "sharing", b"1"
_WHAT = "The authority's answer"
_DAYS = range(100_000)
_INTERVALS = range(2**31)
_PROBLEMS = {
    "token_invalid": "There is no such token.",
    "token_expired": "The token is over.",
    "token_opened": "Another device has opened this token.",
    "already_shared": "This token was used before.",
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A sharing that is under way.

    Attributes
    ----------
    token : str
    private_key : bytes
        32 bytes, Ed25519: made for this token alone.
    package : bytes
        Empty until the person has said yes.
    """

    token: str = field(repr=False)
    private_key: bytes = field(repr=False)
    package: bytes = field(repr=False, default=b"")

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs the package."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the authority made of a package.

    Attributes
    ----------
    keys, heard : int
        Taken in.
    verdict : str or None
        Of a contact.
    close : bool
    """

    keys: int
    heard: int
    verdict: str | None
    close: bool


class ShareBox:
    """The sealed file of a sharing, in the folder of the store.

    Parameters
    ----------
    home : Path
    sealing : SealingKey
    """

    def __init__(self, home: Path, sealing: SealingKey) -> None:
        self.path = home / PENDING_FILE
        self._sealing = sealing

    def seal(self, pending: Pending) -> bytes:
        """Return a sharing as it is kept."""
        fields = {
            "token": pending.token,
            "private_key": pending.private_key.hex(),
            "package": base64.b64encode(pending.package).decode(),
        }
        return self._sealing.seal(json.dumps(fields).encode(), _TABLE, _ROW)

    def begin(self, token: str, entropy: Callable[[int], bytes]) -> Pending:
        """Return the sharing of a token, the one under way or a new one.

        Raises
        ------
        StoreError
            If it cannot be kept, or what is kept does not open.
        """
        pending = self.open()
        if pending is None or pending.token != token:
            pending = Pending(token, entropy(32))
            self._write(self.seal(pending))
        return pending

    def open(self) -> Pending | None:
        """Return what is under way, None if nothing is.

        Raises
        ------
        StoreError
            If it does not open.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        plain = self._sealing.open(data, _TABLE, _ROW)
        fields = load_object(plain, "The sharing", max_bytes=_MAX_FILE_BYTES)
        return Pending(
            fields["token"],
            bytes.fromhex(fields["private_key"]),
            base64.b64decode(fields["package"]),
        )

    def finish(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        draft = self.path.with_name(f".{self.path.name}.new")
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(data)
            draft.replace(self.path)
        except OSError as error:
            raise StoreError(
                f"The sharing cannot be kept: {error.strerror}.",
                "Check the home folder and the room on its disk, then run it again.",
            ) from error


def open_token(poster: Poster, authority: AuthorityAddress, pending: Pending) -> Asked:
    """Ask what a token asks for; nothing of the person leaves by this.

    Raises
    ------
    VerificationCodeError
        If the token does not count.
    FormatError, NetworkError
        If the authority does not answer as one.
    """
    public = pending.signing_key.public_key().public_bytes_raw()
    fields = {"token": pending.token, "publicKey": public.hex()}
    answer = _ask(poster, authority, "/api/share/open", fields)
    nonce = take_bytes(answer, "nonce", _WHAT, NONCE_BYTES)
    case, kind = answer.get("case"), answer.get("kind")
    if not isinstance(case, str) or kind not in ("case", "contact"):
        raise FormatError(f"{_WHAT} names no case.", "Tell your health authority.")
    keys = take_list(answer, "keys", _WHAT)
    if len(keys) > MAX_KEYS:
        raise FormatError(f"{_WHAT} has too many keys.", "Tell your health authority.")
    return Asked(
        kind=kind,
        address=Address(authority.health_authority_id, case, nonce),
        salt=take_bytes(answer, "salt", _WHAT, SALT_BYTES),
        days=_days(answer, "firstDay", "lastDay"),
        recursive=(
            range(0)
            if answer.get("recursiveFirstDay") is None
            else _days(answer, "recursiveFirstDay", "recursiveLastDay")
        ),
        keys=tuple(map(_key, keys)),
    )


def hand_in(
    poster: Poster, authority: AuthorityAddress, box: ShareBox, pending: Pending
) -> Outcome:
    """Hand a package in, and forget it when the authority has it.

    Raises
    ------
    VerificationCodeError
        If the token does not count any longer.
    PolicyError
        If the authority refuses the package.
    NetworkError
        If it does not answer; the same command sends the same package again.
    """
    package = json.loads(pending.package)
    fields = {"token": pending.token, "package": package}
    answer = _ask(poster, authority, "/api/share/package", fields)
    outcome = Outcome(
        keys=take_int(answer, "keys", _WHAT, range(2**31)),
        heard=take_int(answer, "heard", _WHAT, range(2**31)),
        verdict=answer.get("verdict"),
        close=answer.get("close") is True,
    )
    box.finish()
    return outcome


def with_package(pending: Pending, package: bytes) -> Pending:
    """Return a sharing whose person has said yes."""
    return replace(pending, package=package)


def forget_sharing(home: Path, *, now_s: float | None = None) -> None:
    """Delete what a sharing has left in the folder of the store.

    Parameters
    ----------
    home : Path
    now_s : float or None
        Unix seconds: only what no token waits for any longer. It holds sightings, which
        the store forgets on time.
    """
    path = home / PENDING_FILE
    with contextlib.suppress(FileNotFoundError):
        if now_s is None or path.stat().st_mtime + KEPT_S <= now_s:
            path.unlink()


def _ask(
    poster: Poster, authority: AuthorityAddress, path: str, fields: dict[str, Any]
) -> dict[str, Any]:
    body = json.dumps(fields | {"padding": ""}).encode()
    padding = "A" * (-len(body) % PADDED_BYTES)
    status, data = poster.post(
        authority.url.rstrip("/") + path,
        json.dumps(fields | {"padding": padding}).encode(),
        {"Content-Type": "application/json", "X-API-Key": authority.device_key},
        max_bytes=_MAX_ANSWER_BYTES,
    )
    answer = load_object(data, _WHAT, max_bytes=_MAX_ANSWER_BYTES)
    if status == 200:
        return answer
    code = str(answer.get("errorCode"))
    if code in _PROBLEMS:
        raise VerificationCodeError(
            _PROBLEMS[code], "Ask your health authority for a new token."
        )
    plain = code if code.replace("_", "").isalpha() and len(code) < 64 else "no reason"
    if status in (400, 401, 403, 409, 413):
        raise PolicyError(
            f"The authority refuses ({plain}).", "Nothing is lost; tell it the reason."
        )
    raise NetworkError(
        f"The authority could not do it: it answers with status {status} ({plain}).",
        "Check its address and key; then run the command again.",
    )


def _days(answer: dict[str, Any], first: str, last: str) -> range:
    start = take_int(answer, first, _WHAT, _DAYS)
    return range(start, take_int(answer, last, _WHAT, _DAYS) + 1)


def _key(value: object) -> TemporaryExposureKey:
    entry = as_object(value, f"{_WHAT}: a key")
    return TemporaryExposureKey(
        take_bytes(entry, "key", _WHAT, KEY_BYTES),
        take_int(entry, "startInterval", _WHAT, _INTERVALS),
        take_int(entry, "period", _WHAT, range(1, INTERVALS_PER_DAY + 1)),
    )
