"""The timeline of a case: what happened, when, by whom; never who it is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from proximity.authority.cases.model import case_events


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a case.

    Attributes
    ----------
    kind : str
        One of the kinds that the texts name.
    actor : str
        Officer, or "person" where the person themself did it.
    at_s : int
        Unix seconds.
    detail : mapping
        JSON values, nothing that names a person.
    """

    kind: str
    actor: str
    at_s: int
    detail: Mapping[str, Any] = field(default_factory=dict)


def note(connection: Connection, ref: str, event: Event) -> None:
    """Add an event to the timeline of a case."""
    connection.execute(
        insert(case_events).values(
            ref=ref,
            at_s=event.at_s,
            kind=event.kind,
            actor=event.actor,
            detail=json.dumps(event.detail, separators=(",", ":")),
        )
    )


def timeline(connection: Connection, ref: str) -> list[Event]:
    """Return the events of a case, oldest first."""
    rows = connection.execute(
        select(case_events)
        .where(case_events.c.ref == ref)
        .order_by(case_events.c.at_s, case_events.c.id)
    )
    return [
        Event(row.kind, row.actor, row.at_s, json.loads(row.detail)) for row in rows
    ]
