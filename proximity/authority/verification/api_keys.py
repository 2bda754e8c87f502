"""Keys of the API: made once, stored as digests, each for one kind of caller."""

import hmac
from collections.abc import Callable

from sqlalchemy import Connection, Engine, insert, select, update

from proximity.authority.api_error import ApiError
from proximity.authority.database import reading
from proximity.authority.signed_token import encode_base64url
from proximity.authority.verification.model import ApiKeyKind, api_keys
from proximity.authority.verification.rules import api_key_digest
from proximity.errors import NothingStoredError

_KEY_BYTES = 32


def make_api_key(
    connection: Connection, kind: ApiKeyKind, entropy: Callable[[int], bytes]
) -> str:
    """Make a key; it is shown now and never again."""
    key = encode_base64url(entropy(_KEY_BYTES))
    connection.execute(
        insert(api_keys).values(digest=api_key_digest(key), kind=kind, revoked=False)
    )
    return key


def revoke_api_key(connection: Connection, key: str) -> ApiKeyKind:
    """End a key from the next request on; return what it opened.

    Raises
    ------
    NothingStoredError
        If this authority has no such key.
    """
    kind = connection.execute(
        update(api_keys)
        .where(api_keys.c.digest == api_key_digest(key))
        .values(revoked=True)
        .returning(api_keys.c.kind)
    ).scalar()
    if kind is None:
        raise NothingStoredError(
            "This authority has no such API key.",
            "The file holds the key as `init` or `api-key` showed it, nothing else.",
        )
    return ApiKeyKind(kind)


def check_api_key(engine: Engine, key: str | None, kind: ApiKeyKind) -> bytes:
    """Return the digest of a key that opens a kind of door.

    Raises
    ------
    ApiError
        401 if it does not, whatever the reason.
    """
    refusal = ApiError(401, "unauthorized", "the API key does not open this")
    if not key or len(key) > 256 or not key.isascii():
        raise refusal
    digest = api_key_digest(key)
    with reading(engine) as connection:
        row = connection.execute(
            select(api_keys.c.digest, api_keys.c.kind).where(
                api_keys.c.digest == digest, api_keys.c.revoked.is_(False)
            )
        ).first()
    if row is None or row.kind != kind or not hmac.compare_digest(row.digest, digest):
        raise refusal
    return digest
