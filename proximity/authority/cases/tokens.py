"""Tokens: an officer asks a person to share; the person's device opens the token.

A token asks for nothing by itself. It names the days that matter, and holds for the one
device that opened it first.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.model import share_tokens, shared_keys
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Row, Scope, read_case
from proximity.authority.cases.rules import (
    ENDED,
    Classification,
    InfectiousWindow,
    Status,
    contact_window,
)
from proximity.authority.publish.rules import EMBARGO_S
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import NONCE_BYTES, SALT_BYTES
from proximity.units import DAY_S, INTERVAL_S, INTERVALS_PER_DAY, day_of

# Read out or typed: no 0 or 1 beside O and I.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
TOKEN_CHARACTERS = 20
# Devices keep as many days.
MAX_DAYS_BACK = 14


@dataclass(frozen=True, slots=True)
class Ask:
    """What an officer asks of a person.

    Attributes
    ----------
    ref : str
        The person's case.
    source : str or None
        Of a contact: the case that it may have met.
    first_day, last_day : int or None
        UTC day numbers; None takes the infectious window.
    recursive : bool
        Whether a contact is also asked to warn its own contacts.
    """

    ref: str
    source: str | None = None
    first_day: int | None = None
    last_day: int | None = None
    recursive: bool = False


class IssuedToken(NamedTuple):
    """What the officer reads out; shown this once."""

    token: str
    until_s: int
    first_day: int
    last_day: int

    def __repr__(self) -> str:
        """Tell until when it holds."""
        return f"<IssuedToken until {self.until_s}>"


@dataclass(frozen=True, slots=True)
class OpenedToken:
    """What the device learns by opening a token.

    Attributes
    ----------
    kind : str
        "case" or "contact".
    case : str
        Reference for the package: of the person, or of the case that was met.
    nonce, salt : bytes
    first_day, last_day : int
    recursive : InfectiousWindow or None
        The days of which a contact may publish keys to warn its own contacts.
    keys : tuple of TemporaryExposureKey
        Of the case, for a contact's device to find what it heard of it.
    """

    kind: str
    case: str
    nonce: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    first_day: int
    last_day: int
    recursive: InfectiousWindow | None
    keys: tuple[TemporaryExposureKey, ...] = field(repr=False, default=())


def issue_token(
    connection: Connection,
    scope: Scope,
    ask: Ask,
    *,
    policy: TracingPolicy,
    now_s: int,
    entropy: Callable[[int], bytes],
) -> IssuedToken:
    """Make a token for one person; only its digest is kept.

    Raises
    ------
    ApiError
        404 as `read_case`; 409 if there is nothing to ask for: the case has no
        infectious window, or the one that was met has shared nothing.
    """
    case = read_case(connection, scope, ask.ref)
    if Status(case["status"]) in ENDED:
        raise _nothing("the work on this case has ended")
    source = None if ask.source is None else read_case(connection, scope, ask.source)
    window = _window(case, source)
    today = day_of(now_s)
    first = max(window.from_day, today - MAX_DAYS_BACK, ask.first_day or 0)
    last = min(window.to_day, today, today if ask.last_day is None else ask.last_day)
    if first > last:
        raise _nothing("no day of the infectious window is asked for")
    recursive = None
    if source is not None:
        if not _keys_of(connection, source["ref"], first, last):
            raise _nothing("the case has shared no keys of these days")
        if ask.recursive:
            recursive = _recursive(policy, case, first)
    token = "".join(_ALPHABET[byte % 32] for byte in entropy(TOKEN_CHARACTERS))
    until_s = now_s + policy.token_life_s
    connection.execute(
        insert(share_tokens).values(
            digest=token_digest(token),
            ref=ask.ref,
            source=ask.source,
            first_day=first,
            last_day=last,
            recursive_from_day=recursive.from_day if recursive else None,
            recursive_to_day=recursive.to_day if recursive else None,
            nonce=entropy(NONCE_BYTES),
            salt=entropy(SALT_BYTES),
            issued_s=now_s,
            until_s=until_s,
        )
    )
    detail = {"days": [first, last], "source": ask.source}
    note(connection, ask.ref, Event("token", scope.actor, now_s, detail))
    return IssuedToken(token, until_s, first, last)


def open_token(
    connection: Connection, token: str, public_key: bytes, *, now_s: int
) -> OpenedToken:
    """Bind a token to the device that opens it first, and tell what is asked.

    Nothing of the person is taken by this.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    token : str
        As it was typed.
    public_key : bytes
        32 bytes, Ed25519, by which the package will be verified.
    now_s : int

    Raises
    ------
    ApiError
        400 if there is no such token or it is over, 409 if another device opened it.
    """
    row = find_token(connection, token, now_s=now_s)
    if row["public_key"] is None:
        connection.execute(
            update(share_tokens)
            .where(share_tokens.c.digest == row["digest"])
            .values(public_key=public_key)
        )
    elif bytes(row["public_key"]) != public_key:
        raise ApiError(409, "token_opened", "another device has opened the token")
    recursive = None
    if row["recursive_from_day"] is not None:
        days = row["recursive_from_day"], row["recursive_to_day"]
        recursive = InfectiousWindow(*days)
    keys: tuple[TemporaryExposureKey, ...] = ()
    if row["source"] is not None:
        keys = tuple(
            key
            for key in _keys_of(
                connection, row["source"], row["first_day"], row["last_day"]
            )
            # Who learns a key that is still believed could send IDs that match.
            if key.valid_to_s + EMBARGO_S <= now_s
        )
    return OpenedToken(
        kind="case" if row["source"] is None else "contact",
        case=row["source"] or row["ref"],
        nonce=bytes(row["nonce"]),
        salt=bytes(row["salt"]),
        first_day=row["first_day"],
        last_day=row["last_day"],
        recursive=recursive,
        keys=keys,
    )


def find_token(connection: Connection, token: str, *, now_s: int) -> Row:
    """Return the row of a token that holds.

    Raises
    ------
    ApiError
        400 `token_invalid` or `token_expired`.
    """
    row = (
        connection.execute(
            select(share_tokens)
            .where(share_tokens.c.digest == token_digest(token))
            .with_for_update()
        )
        .mappings()
        .first()
    )
    if row is None:
        raise ApiError(400, "token_invalid", "there is no such token")
    if row["until_s"] <= now_s:
        raise ApiError(400, "token_expired", "the token is over")
    return dict(row)


def token_digest(token: str) -> bytes:
    """Return what is kept of a token; spaces, hyphens and case do not matter."""
    plain = "".join(token.split()).replace("-", "").upper()
    return hashlib.sha256(b"share" + plain.encode()).digest()


def _window(case: Row, source: Row | None) -> InfectiousWindow:
    infectious = case if source is None else source
    confirmed = infectious["classification"] == Classification.F0
    if source is not None and case["classification"] == Classification.F0:
        raise _nothing("the person is a case: ask for what a case shares")
    if not confirmed or infectious["from_day"] is None or infectious["to_day"] is None:
        raise _nothing("only a case with an infectious window is asked, or asked about")
    return InfectiousWindow(infectious["from_day"], infectious["to_day"])


def _recursive(
    policy: TracingPolicy, case: Row, first_day: int
) -> InfectiousWindow | None:
    return contact_window(
        policy, first_exposed_day=first_day, isolated_day=case["isolated_day"]
    )


def _keys_of(
    connection: Connection, ref: str, first_day: int, last_day: int
) -> list[TemporaryExposureKey]:
    c = shared_keys.c
    rows = connection.execute(
        select(c.key, c.start, c.period)
        .where(
            c.ref == ref,
            c.start >= first_day * INTERVALS_PER_DAY,
            c.start < (last_day + 1) * DAY_S // INTERVAL_S,
        )
        .order_by(c.start)
    )
    return [TemporaryExposureKey(bytes(row.key), row.start, row.period) for row in rows]


def _nothing(why: str) -> ApiError:
    return ApiError(409, "nothing_to_share", why)
