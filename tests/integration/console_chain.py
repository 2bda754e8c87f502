"""An outbreak of one commune to look at: a case, its contacts, theirs, and why."""

import json
from collections.abc import Mapping
from typing import Any

from console_world import World
from sqlalchemy import insert

from proximity.authority.cases.model import edges
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import (
    Changed,
    Scope,
    change_case,
    create_case,
    read_case,
)
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people
from proximity.units import day_of, iso_day

# name, minutes and level of each day met (days back), who they met in turn
_CONTACTS = (
    ("Lò Thị Pành", ((3, 42.5, "high"), (2, 18.0, "high")), 2),
    ("Giàng A Sử", ((3, 21.0, "high"),), 3),
    ("Vàng Thị Mai", ((4, 9.5, "low"),), 0),
    ("Nguyễn Đức Thắng", (), 1),
    ("Đặng Hồng Ngọc", ((9, 31.0, "high"),), 0),
)
_LEVELS = ("none", "low", "high")


def fill_cases(world: World, unit: str) -> str:
    """Add a case with two generations of contacts; return its reference."""
    today = day_of(world.authority.now_s)
    case = _person(
        world, unit, "F0", "Trần Thị Ánh Nguyệt", onset_day=today - 3, test_day=today
    )
    scope = Scope(_officer(world, unit))
    for place, (name, met, theirs) in enumerate(_CONTACTS):
        contact = _person(world, unit, "F1", name)
        _edge(world, case, contact, met, today=today)
        for below in range(theirs):
            other = _person(world, unit, "F2", f"{name} {below + 1}")
            _edge(world, contact, other, ((1, 25.0 - below, "high"),), today=today)
        if place < 2:
            changes = {"status": "reached", "call_result": "reached"}
            _change(world, scope, contact, changes)
            days = {"quarantine_from_day": today, "quarantine_to_day": today + 14}
            _change(world, scope, contact, {"status": "followed", **days})
    _change(world, scope, case, {"isolated_day": today, "test_result": "positive"})
    return case


def _officer(world: World, unit: str) -> str:
    return next(
        each.id
        for each in world.people
        if each.role == "epidemiologist" and each.unit.id == unit
    )


def _person(world: World, unit: str, classification: str, name: str, **days: int):
    authority = world.authority
    kind = PersonKind.CASE if classification == "F0" else PersonKind.CONTACT
    values = {
        PersonField.NAME: name if not world.marked else f"mark{unit}mark",
        PersonField.PHONE: "0912 345 678",
        PersonField.ADDRESS: "Tổ 5, đường Hoàng Liên",
    }
    with authority.engine.begin() as connection:
        (person,) = add_people(authority, connection, [NewPerson(unit, kind, values)])
        fields = {"unit": unit, "classification": classification, "person": person}
        return create_case(
            connection,
            Scope(_officer(world, unit)),
            fields | days,
            policy=TracingPolicy(),
            now_s=authority.now_s - 7_200,
            entropy=authority.entropy,
        )


def _change(world: World, scope: Scope, ref: str, fields: Mapping[str, Any]) -> None:
    now_s = world.authority.now_s
    with world.authority.engine.begin() as connection:
        version = read_case(connection, scope, ref)["version"]
        wanted = Changed(fields, version)
        change_case(connection, scope, ref, wanted, policy=TracingPolicy(), now_s=now_s)


def _edge(world: World, source: str, target: str, met: Any, *, today: int) -> None:
    reasons = {
        "verdict": "mutual",
        "contact_share": 0.93,
        "case_share": 0.88,
        "nearest_db": 47.5,
        "days": [
            {
                "day": iso_day(today - back),
                "minutes": minutes,
                "value": minutes,
                "unit": "min",
                "level": level,
            }
            for back, minutes, level in met
        ],
        "dropped": {"too_short": 2},
        "rule": {"name": "en-v2", "version": 3, "digest": "0123456789ab"},
    }
    back = [each[0] for each in met] or [2]
    row = {
        "source": source,
        "target": target,
        "origin": "bluetooth" if met else "interview",
        "verdict": "mutual" if met else None,
        "level": max([_LEVELS.index(each[2]) for each in met], default=2),
        "value": max([each[1] for each in met], default=0.0),
        "minutes": sum(each[1] for each in met),
        "first_day": today - max(back),
        "last_day": today - min(back),
        "reasons": json.dumps(reasons) if met else None,
        "found_s": world.authority.now_s,
    }
    with world.authority.engine.begin() as connection:
        connection.execute(insert(edges), [row])
