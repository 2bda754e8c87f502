"""Cases and contacts of an epidemic, sealed and stored block by block.

By the program's own functions, but for the order: what finds persons is stored last,
in the order of its index, so that each of its pages is written once.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TextIO

import numpy as np
from console_search import draw_name
from sqlalchemy import Connection, Table, insert

from proximity.authority.assembly import Authority
from proximity.authority.cases.model import case_events, cases, edges
from proximity.authority.people.counts import Kept, count_people
from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    PersonKind,
    persons,
)
from proximity.authority.people.records import seal_people
from proximity.units import DAY_S

PROVINCES, DISTRICTS, COMMUNES = 3, 10, 16
CONTACTS_OF_CASE = 10
SECOND_OF_CASE = 2
# One case in so many is of somebody who met hundreds.
CROWD_EVERY, CROWD = 2_000, 300
_ROWS = 10_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CALLS = (None, "reached", "no-answer", "wrong-number")
_STATES = {"open": 30, "reached": 20, "followed": 20, "completed": 22, "lost": 6}
_STATES |= {"dismissed": 1, "merged": 1}
_ENDED = {"completed", "lost", "dismissed", "merged"}
_DAY = {"day": "2026-11-20", "minutes": 22.5, "value": 31.0, "unit": "minutes"}
_REASONS = {
    "verdict": "mutual",
    "contact_share": 0.9,
    "case_share": 0.8,
    "nearest_db": 55,
    "days": [_DAY | {"level": "high"}],
    "dropped": {},
    "rule": {"name": "default", "version": "1", "digest": "0" * 12},
}


class Block:
    """Cases of one day with their contacts, drawn and stored together.

    Parameters
    ----------
    drawn : Random
    tracers : mapping of str to list of str
        Officers of each commune.
    day, today : int
        UTC day numbers.
    """

    def __init__(
        self, drawn: random.Random, tracers: dict[str, list[str]], day: int, today: int
    ) -> None:
        self._drawn, self._tracers = drawn, tracers
        self._communes = [*tracers]
        self._day, self._today = day, today
        self.rows: list[dict[str, Any]] = []
        self.names: list[str] = []

    def draw(self, count: int) -> None:
        """Draw persons; every eleventh is a case, the next ten are its contacts."""
        drawn, home = self._drawn, 0
        for place in range(count):
            kind = place % (CONTACTS_OF_CASE + 1)
            if kind == 0:
                home = drawn.randrange(len(self._communes))
            near, commune = drawn.random(), home
            if kind and near > 0.9:
                commune = drawn.randrange(len(self._communes))
            elif kind and near > 0.7:
                commune = home - home % COMMUNES + drawn.randrange(COMMUNES)
            second = kind > CONTACTS_OF_CASE - SECOND_OF_CASE
            grade = "F0" if kind == 0 else "F2" if second else "F1"
            self.rows.append(self._case(grade, self._communes[commune]))
            self.names.append(draw_name(drawn))

    def store(
        self, authority: Authority, connection: Connection, names: TextIO
    ) -> np.ndarray:
        """Seal and store all; return what finds them: rows of token and person."""
        # As if they had been recorded on that day.
        then = replace(authority, clock=lambda: self._day * DAY_S + 40_000)
        sealed = seal_people(then, map(self._person, self.rows, self.names))
        authority.vault.key_store.put([each.key for each in sealed])
        people = [each.row for each in sealed]
        insert_rows(connection, persons, people)
        come = (Kept(p["unit"], p["kind"], p["forget_day"]) for p in people)
        count_people(connection, come=come)
        for row, person, name in zip(self.rows, people, self.names, strict=True):
            row["person"] = person["person"]
            names.write(f"{person['person']}\t{row['unit']}\t{name}\n")
        insert_rows(connection, cases, self.rows)
        insert_rows(connection, case_events, self._events())
        insert_rows(connection, edges, self._edges())
        pairs = [(token, p.row["person"]) for p in sealed for token in p.tokens]
        return np.array(pairs, np.int64)

    def _person(self, row: dict[str, Any], name: str) -> NewPerson:
        is_case = row["classification"] == "F0"
        values = {
            PersonField.NAME: name,
            PersonField.PHONE: f"09{self._drawn.randrange(10**8):08}",
            PersonField.ADDRESS: f"Thôn {len(name)}, xã {row['unit']}",
        }
        kind = PersonKind.CASE if is_case else PersonKind.CONTACT
        return NewPerson(row["unit"], kind, values)

    def _case(self, grade: str, unit: str) -> dict[str, Any]:
        drawn, day = self._drawn, self._day
        status = drawn.choices([*_STATES], [*_STATES.values()])[0]
        ended, first = status in _ENDED, grade == "F0"
        made_s = day * DAY_S + drawn.randrange(DAY_S * 4 // 5)
        changed_s = min(made_s + drawn.randrange(4 * DAY_S), self._today * DAY_S)
        mine = not ended and drawn.random() < 0.6
        return {
            "ref": "".join(drawn.choices(_ALPHABET, k=10)),
            "classification": grade,
            "status": status,
            "unit": unit,
            "origin": "laboratory" if first else "bluetooth",
            "onset_day": day - 3 if first else None,
            "test_day": day - 1 if first else None,
            "test_result": "positive" if first else None,
            "from_day": day - 5 if first else None,
            "to_day": day + 8 if first else None,
            "isolated_day": None,
            "assigned": drawn.choice(self._tracers[unit]) if mine else None,
            "call_result": drawn.choice(_CALLS),
            "reached_s": made_s + 7_200 if status in {"reached", "followed"} else None,
            "quarantine_from_day": None if first else day,
            "quarantine_to_day": None if first else day + 7,
            "due_day": None if ended else self._today + drawn.randrange(-2, 8),
            "created_s": made_s,
            "updated_s": max(made_s, changed_s),
            "ended_s": changed_s if ended else None,
            "merged_into": None,
            "version": 1,
        }

    def _events(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            told = {"ref": row["ref"], "actor": row["assigned"] or "api"}
            detail = {"origin": row["origin"]}
            told |= {"kind": "created", "detail": json.dumps(detail)}
            yield told | {"at_s": row["created_s"]}
            if row["status"] != "open":
                detail = {"status": ["open", row["status"]]}
                told |= {"kind": "changed", "detail": json.dumps(detail)}
                yield told | {"at_s": row["updated_s"]}

    def _edges(self) -> Iterator[dict[str, Any]]:
        step, firsts = CONTACTS_OF_CASE + 1, CONTACTS_OF_CASE - SECOND_OF_CASE
        refs = [row["ref"] for row in self.rows]
        for at in range(0, len(refs), step):
            case, *group = refs[at : at + step]
            yield from (self._edge(case, each) for each in group[:firsts])
            for each in group[firsts:]:
                yield self._edge(self._drawn.choice(group[:firsts]), each)
            if at // step % CROWD_EVERY == 0:
                others = refs[at + step :]
                crowd = self._drawn.sample(others, min(CROWD, len(others)))
                yield from (self._edge(case, each) for each in crowd)

    def _edge(self, source: str, target: str) -> dict[str, Any]:
        return {
            "source": source,
            "target": target,
            "origin": "bluetooth",
            "verdict": "mutual",
            "level": self._drawn.randrange(3),
            "value": self._drawn.random() * 60,
            "minutes": self._drawn.random() * 60,
            "first_day": self._day - 1,
            "last_day": self._day,
            "reasons": json.dumps(_REASONS),
            "found_s": self._day * DAY_S + 50_000,
            "withdrawn_s": None,
        }


def store_tokens(connection: Connection, blocks: list[np.ndarray]) -> None:
    """Store what finds persons, in the order of its index; only with SQLite."""
    pairs = np.concatenate(blocks)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    cursor = connection.connection.cursor()
    for at in range(0, len(pairs), 1_000_000):
        cursor.executemany(
            "INSERT INTO person_tokens (token, person) VALUES (?, ?)",
            pairs[at : at + 1_000_000].tolist(),
        )


def insert_rows(
    connection: Connection, table: Table, rows: Iterable[dict[str, Any]]
) -> None:
    """Insert many rows, some thousands with each statement."""
    block: list[dict[str, Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == _ROWS:
            connection.execute(insert(table), block)
            block = []
    if block:
        connection.execute(insert(table), block)
