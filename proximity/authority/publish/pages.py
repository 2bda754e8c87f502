"""Pages of publication: what went out, what waits, and the keys that sign."""

import hashlib
from collections.abc import Mapping
from functools import partial

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, select

from proximity.authority.accounts.four_eyes import Deed, Names, Request, Wish, ask_for
from proximity.authority.accounts.model import ROOT_UNIT, Area, Unit
from proximity.authority.accounts.rules import reads, writes
from proximity.authority.assembly import Authority
from proximity.authority.console.registry import Card, Group, Kind, Page
from proximity.authority.console.view import Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading
from proximity.authority.keyring import CERTIFICATE, CODE, REVISION, TOKEN
from proximity.authority.publish.batch_model import batches, files
from proximity.authority.publish.signing_keys import OVERLAP_S, published_keys
from proximity.authority.rotation import rotate_all
from proximity.authority.upload.model import exposures
from proximity.protocol.public_keys import PinnedKey
from proximity.units import DAY_S

_READ, _KEYS = reads(Area.PUBLICATION), reads(Area.KEYS)
_BATCHES = 60


def pages() -> list[Page]:
    """Return the pages of publication and keys."""
    return [
        Page("publication", "/publication", _monitor, _READ, nav=Group.PUBLICATION),
        Page("publication-now", "/publication/now", _now, _READ, Kind.FRAGMENT),
        Page("keys", "/keys", _keys, _KEYS, unit_of=_root, nav=Group.PUBLICATION),
        Page(
            "keys-rotate",
            "/keys/rotate",
            _ask_rotation,
            writes(Area.KEYS),
            Kind.ACT,
            _root,
        ),
    ]


def cards() -> list[Card]:
    """Return the figures of publication."""
    return [
        Card("held-back", _READ, _held_back, "/publication"),
        Card("last-batch", _READ, _last_batch, "/publication"),
    ]


def _rotate(authority: Authority, _request: Request) -> str:
    rotate_all(authority.directory)
    return ""


def _describe(_request: Request, _names: Names) -> Mapping[str, str]:
    return {}


ROTATE = Deed("rotate", writes(Area.KEYS), _rotate, _describe)


def _root(_visit: Visit) -> Unit:
    return ROOT_UNIT


def _monitor(visit: Visit) -> View:
    return _monitor_view(visit, "publish/publication.html")


def _now(visit: Visit) -> View:
    return _monitor_view(visit, "publish/publication_now.html")


def _monitor_view(visit: Visit, template: str) -> Html:
    period_s = visit.authority.settings.publish_every_s
    with reading(visit.authority.engine) as connection:
        shown = connection.execute(
            select(batches).order_by(batches.c.number.desc()).limit(_BATCHES)
        ).all()
        numbers = [batch.number for batch in shown]
        context = {
            "batches": shown,
            "files": _files_of(connection, numbers),
            "held_back": _waiting(connection),
            "first_release_s": connection.execute(
                select(func.min(exposures.c.release_s)).where(
                    exposures.c.batch.is_(None)
                )
            ).scalar(),
            "next_run_s": (visit.now_s // period_s + 1) * period_s,
            "late": bool(shown) and visit.now_s - shown[0].end_s > DAY_S,
            "minimum": visit.authority.settings.minimum,
        }
    return Html(template, context)


def _files_of(connection: Connection, numbers: list[int]) -> Mapping[int, int]:
    rows = connection.execute(
        select(files.c.batch, func.count())
        .where(files.c.batch.in_(numbers))
        .group_by(files.c.batch)
    )
    return {number: count for number, count in rows}  # noqa: C416 - rows of two


def _waiting(connection: Connection) -> int:
    statement = select(func.count()).where(exposures.c.batch.is_(None))
    return connection.execute(statement).scalar_one()


def _keys(visit: Visit) -> View:
    pinned = published_keys(visit.authority.directory)
    describe = partial(_described, now_s=visit.now_s)
    believed = {
        kind: visit.authority.keyring.believed(kind)
        for kind in (CERTIFICATE, TOKEN, CODE, REVISION)
    }
    context = {
        "signing": [describe(key) for key in reversed(pinned)],
        "services": [
            {
                "kind": kind,
                "kid": secret.kid,
                "active_s": secret.active_s,
                "retired_s": secret.retired_s,
            }
            for kind, secrets in believed.items()
            for secret in reversed(secrets)
        ],
        "overlap_days": OVERLAP_S // DAY_S,
        "may_rotate": visit.may(writes(Area.KEYS), ROOT_UNIT),
    }
    return Html("publish/keys.html", context)


def _described(key: PinnedKey, *, now_s: int) -> Mapping[str, object]:
    public = key.verification_key.public_key.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.sha256(public).hexdigest()
    until_s = key.until_s
    state = "signs" if until_s is None else "beside" if until_s > now_s else "verifies"
    return {
        "id": key.verification_key.key_id,
        "version": key.verification_key.key_version,
        "state": state,
        "until_s": until_s,
        "digest": " ".join(digest[at : at + 8] for at in range(0, 64, 8)),
    }


def _ask_rotation(visit: Visit) -> View:
    with visit.authority.engine.begin() as connection:
        visit.note(connection, "keys.rotate-ask", subject="keys")
        wish = Wish(ROTATE, ROOT_UNIT, "keys", {})
        ask_for(connection, visit.authority, visit.officer, wish)
    return Redirect("/approvals", "keys.asked")


def _held_back(visit: Visit) -> int:
    with reading(visit.authority.engine) as connection:
        return _waiting(connection)


def _last_batch(visit: Visit) -> str:
    with reading(visit.authority.engine) as connection:
        number = connection.execute(select(func.max(batches.c.number))).scalar()
    return "0" if number is None else f"#{number}"
