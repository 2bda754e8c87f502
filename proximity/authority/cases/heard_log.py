"""What a case heard, kept so that a day of it is forgotten everywhere at once.

    ID → tag (on the case's device) → name (under a key of that day, in the key store)

Only names are in the database. The key of a day is destroyed with the day: then the
names of it, also those in a copy or a backup, tell nothing to whoever brings an ID.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from proximity.authority.cases.judge import CaseEvidence
from proximity.authority.cases.model import heard_tags, share_tokens, shared_keys
from proximity.authority.cases.records import Row
from proximity.authority.people.vault import Slot, Vault
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import TAG_BYTES, HeardTag, SentId, tag_id
from proximity.units import DAY_S, day_of

# No record of a person has this number, and no unit this name.
_NOBODY, _UNIT = 0, "/heard"
_KEY_ID_BYTES = 16


class HeardNames(NamedTuple):
    """By which names the IDs that a case heard are stored.

    Attributes
    ----------
    salt : bytes
        Of the token by which the case shared.
    days : mapping of int to bytes
        Keys that are not destroyed yet, by UTC day number.
    """

    salt: bytes
    days: Mapping[int, bytes]

    def __repr__(self) -> str:
        """Tell nothing of salt and keys."""
        return f"<HeardNames of {len(self.days)} days>"

    def of(self, claim: SentId) -> list[bytes]:
        """Return the names that an ID may have, on its day and beside it."""
        tag = tag_id(self.salt, claim.ephemeral_id)
        days = range(day_of(claim.from_s) - 1, day_of(claim.to_s) + 2)
        return [_name(self.days[day], tag) for day in days if day in self.days]


def keep_heard(
    connection: Connection,
    vault: Vault,
    token: Row,
    heard: Iterable[HeardTag],
    *,
    retention_days: int,
) -> int:
    """Store what a case heard; return how many entries.

    Parameters
    ----------
    connection : Connection
        In a transaction; nothing of an earlier sharing of the case may be left.
    vault : Vault
    token : dict
        Row of the token by which the case shares.
    heard : iterable of HeardTag
    retention_days : int
        After so many days the key of a day is destroyed.

    Raises
    ------
    StoreError
        If the key store cannot be used.
    """
    entries = {(each.tag, each.from_s): each for each in heard}
    if not entries:
        return 0
    keys, wrapped = {}, []
    for day in sorted({day_of(from_s) for _, from_s in entries}):
        key, _ = vault.new_key(Slot(_NOBODY, _UNIT, day), day + retention_days)
        keys[day] = key.data
        named = _key_id(bytes(token["nonce"]), day)
        wrapped.append(vault.rewrap(key, named, day + retention_days))
    # First the keys: one without names is destroyed on its day.
    vault.key_store.put(wrapped)
    rows = [
        {
            "ref": token["ref"],
            "tag": _name(keys[day_of(each.from_s)], each.tag),
            "from_s": each.from_s,
            "to_s": each.to_s,
            "count": each.count,
            "forget_s": each.to_s + retention_days * DAY_S,
        }
        for each in entries.values()
    ]
    connection.execute(insert(heard_tags), rows)
    return len(rows)


def heard_names(
    connection: Connection, vault: Vault, ref: str, days: Sequence[int]
) -> HeardNames:
    """Return by which names the IDs that a case heard on some days are stored.

    Parameters
    ----------
    connection : Connection
    vault : Vault
    ref : str
        Of the case.
    days : sequence of int
        UTC day numbers.

    Raises
    ------
    StoreError, DamagedRecordError
        If the key store cannot be used, or was changed outside the program.
    """
    row = connection.execute(
        select(share_tokens.c.salt, share_tokens.c.nonce)
        .where(
            share_tokens.c.ref == ref,
            share_tokens.c.source.is_(None),
            share_tokens.c.used_s.is_not(None),
        )
        .order_by(share_tokens.c.used_s.desc(), share_tokens.c.issued_s.desc())
    ).first()
    if row is None:
        return HeardNames(b"", {})
    ids = {_key_id(bytes(row.nonce), day): day for day in days}
    found = vault.key_store.get(list(ids))
    keys = {
        ids[key_id]: vault.unwrap(Slot(_NOBODY, _UNIT, ids[key_id]), wrapped).data
        for key_id, wrapped in found.items()
    }
    return HeardNames(bytes(row.salt), keys)


def heard_key_ids(connection: Connection, refs: Sequence[str]) -> list[bytes]:
    """Return the names of the keys under which some cases' logs are stored.

    Parameters
    ----------
    connection : Connection
    refs : sequence of str
        References of the cases.
    """
    c = share_tokens.c
    rows = connection.execute(
        select(c.nonce, c.first_day, c.last_day).where(
            c.ref.in_(refs), c.source.is_(None)
        )
    )
    return [
        _key_id(bytes(row.nonce), day)
        for row in rows
        for day in range(row.first_day - 1, row.last_day + 2)
    ]


def case_evidence(
    connection: Connection, source: Row, names: HeardNames, *, claimant: str
) -> CaseEvidence:
    """Return what a case has shared, but for what another contact has claimed.

    Parameters
    ----------
    connection : Connection
    source : dict
        Row of the case.
    names : HeardNames
    claimant : str
        Reference of the contact.
    """
    keys = connection.execute(
        select(shared_keys.c.key, shared_keys.c.start, shared_keys.c.period)
        .where(shared_keys.c.ref == source["ref"])
        .order_by(shared_keys.c.start)
    )
    c = heard_tags.c
    rows = connection.execute(
        select(c.tag, c.from_s, c.to_s, c.count).where(
            c.ref == source["ref"],
            or_(c.claimed_by.is_(None), c.claimed_by == claimant),
        )
    )
    heard: dict[bytes, list[HeardTag]] = {}
    for row in rows:
        tag, from_s, to_s, count = row
        entry = HeardTag(bytes(tag), from_s, to_s, count)
        heard.setdefault(entry.tag, []).append(entry)
    return CaseEvidence(
        keys=tuple(TemporaryExposureKey(bytes(k.key), k.start, k.period) for k in keys),
        heard=heard,
        names=names.of,
        onset_day=source["onset_day"],
    )


def claim_heard(
    connection: Connection, token: Row, sent: Iterable[SentId], names: HeardNames
) -> int:
    """Note whose the heard IDs are; return how many others had claimed before.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    token : dict
        Row of the contact's token.
    sent : iterable of SentId
        What the contact says it sent.
    names : HeardNames
        Of the case.
    """
    c = heard_tags.c
    claimed = [name for each in sent for name in names.of(each)]
    mine = and_(c.ref == token["source"], c.tag.in_(claimed))
    others = and_(mine, c.claimed_by.is_not(None), c.claimed_by != token["ref"])
    before = connection.execute(
        select(func.count()).select_from(heard_tags).where(others)
    ).scalar_one()
    connection.execute(
        update(heard_tags)
        .where(mine, c.claimed_by.is_(None))
        .values(claimed_by=token["ref"])
    )
    return before


def _name(key: bytes, tag: bytes) -> bytes:
    return hmac.digest(key, tag, "sha256")[:TAG_BYTES]


def _key_id(nonce: bytes, day: int) -> bytes:
    # Drawn for the token, and so for nobody else's log.
    return hashlib.sha256(b"heard" + nonce + day.to_bytes(4)).digest()[:_KEY_ID_BYTES]
