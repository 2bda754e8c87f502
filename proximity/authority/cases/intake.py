"""Takes in what a person shared: verified, within what was asked, once.

    package → token → signature → days → stored (a case) or judged (a contact)

Of a contact nothing stays but the edge: what it heard and what it sent is judged and
dropped.
"""

import hashlib
import json
from collections.abc import Callable, Sequence, Set
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import (
    Connection,
    and_,
    delete,
    insert,
    or_,
    select,
    union_all,
    update,
)

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.heard_log import (
    case_evidence,
    claim_heard,
    heard_names,
    keep_heard,
)
from proximity.authority.cases.judge import Edge, judge
from proximity.authority.cases.model import (
    edges,
    heard_tags,
    recursive_keys,
    share_tokens,
    shared_keys,
)
from proximity.authority.cases.mutual import Verdict, ids_of_keys
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Row, Scope, read_case
from proximity.authority.cases.rules import Origin
from proximity.authority.cases.tokens import find_token
from proximity.authority.database import upsert
from proximity.authority.people.vault import Vault
from proximity.authority.publish.rules import EMBARGO_S
from proximity.authority.upload.model import exposures
from proximity.authority.upload.revision_token import TokenKey
from proximity.errors import FormatError, TrustError
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import (
    Address,
    CasePackage,
    ContactPackage,
    Package,
    parse_signed_package,
)
from proximity.scoring.config import Configuration
from proximity.scoring.rule import Level
from proximity.units import DAY_S, INTERVALS_PER_DAY

# The person themself; officers have names.
PERSON = "person"
_ANYWHERE = Scope(PERSON)
_KEPT_RECURSIVE_S = 14 * DAY_S


class Intake(NamedTuple):
    """By what a package is taken.

    Attributes
    ----------
    authority_id : str
        Packages for others are refused.
    policy : TracingPolicy
    configuration : Configuration
        The rule that ranks contacts.
    vault : Vault
        Whose key store has the keys of days.
    uploaded : callable str -> set of (bytes, int, int)
        Keys whose uploading a revision token proves, with start and period.
    now_s : int
        Unix seconds.
    """

    authority_id: str
    policy: TracingPolicy
    configuration: Configuration
    vault: Vault
    uploaded: Callable[[str], Set[TokenKey]]
    now_s: int


class Taken(NamedTuple):
    """What the person is told.

    Attributes
    ----------
    kind : str
        "case" or "contact".
    keys : int
        Taken in; of a contact, those that will warn its own contacts.
    heard : int
        Tags of a case, sightings of a contact.
    verdict : str or None
        Of a contact.
    close : bool
        Whether the rule calls it a close contact.
    """

    kind: str
    keys: int
    heard: int
    verdict: str | None = None
    close: bool = False


def take_package(
    connection: Connection, token: str, data: bytes, intake: Intake
) -> Taken:
    """Take in one package, or refuse all of it.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    token : str
    data : bytes
        As `sign_package` writes it.
    intake : Intake

    Raises
    ------
    ApiError
        400 if it is no package or holds what was not asked for, 401 if it is forged,
        409 if it is replayed: of another token, or after another one of this token.
    """
    row = find_token(connection, token, now_s=intake.now_s)
    package = _verified(row, data, intake)
    digest = hashlib.sha256(data).digest()
    if row["used_s"] is not None:
        if bytes(row["package"]) != digest:
            raise ApiError(409, "already_shared", "the token was used before")
        # The device did not hear the first answer.
        return Taken(**json.loads(row["answer"]))
    _check_days(package, row, intake.now_s)
    if isinstance(package, CasePackage):
        taken = _take_case(connection, row, package, intake)
    else:
        taken = _take_contact(connection, row, package, intake)
    connection.execute(
        update(share_tokens)
        .where(share_tokens.c.digest == row["digest"])
        .values(used_s=intake.now_s, package=digest, answer=json.dumps(taken._asdict()))
    )
    detail = {"keys": taken.keys, "heard": taken.heard, "verdict": taken.verdict}
    note(connection, row["ref"], Event("shared", PERSON, intake.now_s, detail))
    return taken


def forget_shared(connection: Connection, now_s: int) -> int:
    """Delete what was shared and is too old; return how many rows."""
    removed = sum(
        connection.execute(delete(table).where(table.c.forget_s <= now_s)).rowcount
        for table in (shared_keys, heard_tags, recursive_keys)
    )
    ended = and_(share_tokens.c.until_s <= now_s, share_tokens.c.used_s.is_(None))
    old = share_tokens.c.until_s + 21 * DAY_S <= now_s
    return (
        removed
        + connection.execute(delete(share_tokens).where(or_(ended, old))).rowcount
    )


def _verified(row: Row, data: bytes, intake: Intake) -> Package:
    if row["public_key"] is None:
        raise ApiError(409, "token_not_opened", "open the token first")
    key = Ed25519PublicKey.from_public_bytes(bytes(row["public_key"]))
    try:
        package = parse_signed_package(data).verify(key)
    except FormatError as error:
        raise ApiError(400, "package_malformed", str(error)) from error
    except TrustError as error:
        raise ApiError(401, "package_forged", str(error)) from error
    case = row["source"] or row["ref"]
    if package.address != Address(intake.authority_id, case, bytes(row["nonce"])):
        raise ApiError(409, "package_replayed", "the package is of another token")
    if isinstance(package, CasePackage) is not (row["source"] is None):
        raise ApiError(400, "package_malformed", "the package is of the other kind")
    return package


def _check_days(package: Package, row: Row, now_s: int) -> None:
    """Refuse what was not asked for, and what nobody can have yet."""
    asked = range(row["first_day"], row["last_day"] + 1)
    if isinstance(package, CasePackage):
        _check_keys(package.keys, asked, now_s)
        moments = [t_s for each in package.heard for t_s in (each.from_s, each.to_s)]
    else:
        recursive = range(0)
        if row["recursive_from_day"] is not None:
            recursive = range(row["recursive_from_day"], row["recursive_to_day"] + 1)
        _check_keys(package.recursive, recursive, now_s)
        moments = [t_s for each in package.heard for t_s in each.t_s]
        moments += [t_s for each in package.sent for t_s in (each.from_s, each.to_s)]
    # An ID of the first or the last minutes of a day is heard beside it. A time of the
    # far future would be kept until then, and agree with every claim.
    begin_s, end_s = asked.start * DAY_S - 7_200, asked.stop * DAY_S + 7_200
    if any(not begin_s <= t_s < min(end_s, now_s + 7_200) for t_s in moments):
        raise _not_asked("a sighting is of a day that was not asked for")


def _check_keys(
    keys: tuple[TemporaryExposureKey, ...], days: range, now_s: int
) -> None:
    for key in keys:
        if key.start_interval // INTERVALS_PER_DAY not in days:
            raise _not_asked("a key is of a day that was not asked for")
        if key.valid_to_s > now_s:
            raise _not_asked("a key is still in use")


def _take_case(
    connection: Connection, row: Row, package: CasePackage, intake: Intake
) -> Taken:
    kept_s = intake.policy.retention_days * DAY_S
    _replace_shared(connection, row["ref"])
    keys = {key.key: key for key in package.keys}
    if keys:
        others = _of_others(connection, row["ref"], list(keys))
        uploaded = intake.uploaded(package.revision_token)
        values = [
            {
                "ref": row["ref"],
                "key": key.key,
                "start": key.start_interval,
                "period": key.period,
                "forget_s": key.valid_to_s + kept_s,
                "proven": key.key not in others
                or (key.key, key.start_interval, key.period) in uploaded,
            }
            for key in keys.values()
        ]
        connection.execute(insert(shared_keys), values)
    heard = keep_heard(
        connection,
        intake.vault,
        row,
        package.heard,
        retention_days=intake.policy.retention_days,
    )
    return Taken("case", len(keys), heard)


def _replace_shared(connection: Connection, ref: str) -> None:
    # The tags of an earlier sharing have another salt: they would say nothing.
    for table in (shared_keys, heard_tags):
        connection.execute(delete(table).where(table.c.ref == ref))


def _take_contact(
    connection: Connection, row: Row, package: ContactPackage, intake: Intake
) -> Taken:
    source = read_case(connection, _ANYWHERE, row["source"])
    asked = range(row["first_day"] - 1, row["last_day"] + 2)
    names = heard_names(connection, intake.vault, source["ref"], asked)
    evidence = case_evidence(connection, source, names, claimant=row["ref"])
    edge = judge(
        package, evidence, intake.policy, intake.configuration, now_s=intake.now_s
    )
    close = edge.verdict is Verdict.MUTUAL and edge.level is Level.HIGH
    taken_before = claim_heard(connection, row, package.sent, names)
    write_edge(connection, source["ref"], row["ref"], edge, now_s=intake.now_s)
    sent = [key.key for key in package.recursive]
    own = close and _are_own(package) and not _of_others(connection, row["ref"], sent)
    keys = package.recursive if own else ()
    _keep_recursive(connection, row, keys)
    told = {
        "target": row["ref"],
        "origin": Origin.BLUETOOTH.value,
        "verdict": edge.verdict.value,
        "value": round(edge.value, 1),
        "claimed_before": taken_before,
    }
    note(connection, source["ref"], Event("edge", PERSON, intake.now_s, told))
    sightings = sum(len(each.t_s) for each in package.heard)
    return Taken("contact", len(keys), sightings, edge.verdict.value, close)


def write_edge(
    connection: Connection, source: str, target: str, edge: Edge, *, now_s: int
) -> None:
    """Store an edge that devices found, in place of an earlier one."""
    values = {
        "verdict": edge.verdict.value,
        "level": int(edge.level),
        "value": edge.value,
        "minutes": edge.minutes,
        "first_day": edge.first_day,
        "last_day": edge.last_day,
        "reasons": json.dumps(edge.reasons, separators=(",", ":")),
        "found_s": now_s,
        "withdrawn_s": None,
    }
    name = {"source": source, "target": target, "origin": Origin.BLUETOOTH.value}
    statement = upsert(connection, edges).values(**name, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(name), set_=values)
    )


def _are_own(package: ContactPackage) -> bool:
    """Tell whether the IDs that were sent are of the keys, where both have a day."""
    ids = ids_of_keys(package.recursive)
    days = {key.start_interval // INTERVALS_PER_DAY for key in package.recursive}
    return all(
        each.ephemeral_id in ids
        for each in package.sent
        if each.from_s // DAY_S in days and each.to_s // DAY_S in days
    )


def _of_others(connection: Connection, ref: str, keys: Sequence[bytes]) -> set[bytes]:
    """Return which keys others may know: published ones, and those of other cases.

    A contact has learnt the keys of a case by its token, and everybody those that were
    published. To send them along as one's own would have them published without their
    owner's consent, or taken back with a case that was none.
    """
    c, published = shared_keys.c, exposures.c
    known = union_all(
        select(c.key).where(c.key.in_(keys), c.ref != ref),
        select(published.key).where(
            published.key.in_(keys), published.batch.is_not(None)
        ),
    )
    return {bytes(key) for key in connection.execute(known).scalars()}


def _keep_recursive(
    connection: Connection, row: Row, keys: tuple[TemporaryExposureKey, ...]
) -> None:
    known = recursive_keys.c.key.in_([key.key for key in keys])
    there = set(connection.execute(select(recursive_keys.c.key).where(known)).scalars())
    fresh = {key.key: key for key in keys if key.key not in there}
    if not fresh:
        return
    begin = row["recursive_from_day"]
    values = [
        {
            "key": key.key,
            "ref": row["ref"],
            "start": key.start_interval,
            "period": key.period,
            "onset_days": key.start_interval // INTERVALS_PER_DAY - begin,
            "release_s": key.valid_to_s + EMBARGO_S,
            "revoked": False,
            "forget_s": key.valid_to_s + EMBARGO_S + _KEPT_RECURSIVE_S,
        }
        for key in fresh.values()
    ]
    connection.execute(insert(recursive_keys), values)


def _not_asked(why: str) -> ApiError:
    return ApiError(400, "not_asked_for", why)
