"""An authority as large as an epidemic: what `console_pages.py` asks for its pages.

Persons are sealed and indexed by the program's own functions, lines of the audit are
chained by its own, in blocks and in the order of the index, so that it takes minutes
instead of hours. Units are provinces, districts and communes; every commune has its
officers; work, codes, keys and readings are spread over the last three weeks.
"""

import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from console_search import draw_name
from sqlalchemy import Connection, Table, insert, text

from proximity.authority.accounts.model import ROOT, Role, approvals, officers
from proximity.authority.accounts.officers import NewOfficer, add_officer, give_role
from proximity.authority.accounts.organisations import add_organisation, add_root
from proximity.authority.accounts.sessions import PASSKEY, begin_session
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.chain import line_hash, line_of
from proximity.authority.audit.model import Action, Entry, Reason, audit, audit_subjects
from proximity.authority.audit.trail import audit_key, newest_line
from proximity.authority.cases.model import case_events, cases, edges, transfers
from proximity.authority.database import upgrade
from proximity.authority.founding import found_authority
from proximity.authority.people import records
from proximity.authority.people.key_store import Tail
from proximity.authority.people.model import PersonField, PersonKind, persons
from proximity.authority.people.rules import check_values, keep_days
from proximity.authority.people.vault import Slot
from proximity.authority.publish.batch_model import BatchState, batches, files
from proximity.authority.upload.model import exposures
from proximity.authority.verification.model import codes, daily_counts
from proximity.units import DAY_S, day_of

SEED = 7
NAMES = "names.txt"
DAYS = 20
CONTACTS_OF_CASE = 10
SECOND_OF_CASE = 2
BLOCK = 11_000
PROVINCES, DISTRICTS, COMMUNES = 3, 10, 16
# One case in so many is of somebody who met hundreds.
CROWD_EVERY, CROWD = 2_000, 300
AUDIT_LINES_PER_CASE = 4
KEYS_OF_CASE = 14
BATCHES = 168
OPEN_SESSIONS = 600
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CALLS = (None, "reached", "no-answer", "wrong-number")
_STATES = {"open": 30, "reached": 20, "followed": 20, "completed": 22, "lost": 6}
_STATES |= {"dismissed": 1, "merged": 1}
_ENDED = {"completed", "lost", "dismissed", "merged"}
_REASONS = json.dumps(
    {
        "verdict": "mutual",
        "contact_share": 0.9,
        "case_share": 0.8,
        "nearest_db": 55,
        "days": [
            {
                "day": "2026-11-20",
                "minutes": 22.5,
                "value": 31.0,
                "unit": "minutes",
                "level": "high",
            }
        ],
        "dropped": {},
        "rule": {"name": "default", "version": "1", "digest": "0" * 12},
    }
)


class Filled(NamedTuple):
    """An authority, with what it must show.

    Attributes
    ----------
    authority : Authority
    directory : Path
    """

    authority: Authority
    directory: Path

    def names(self) -> dict[int, tuple[str, str]]:
        """Return unit and name of every person, as they were put in."""
        found = {}
        with (self.directory / NAMES).open(encoding="utf-8") as file:
            for line in file:
                person, unit, name = line.rstrip("\n").split("\t")
                found[int(person)] = unit, name
        return found


def open_filled(directory: Path, count: int) -> Filled:
    """Return the authority of a directory; fill it if there is none."""
    if not directory.exists():
        found_authority(directory, {}, test=True)
    authority = open_authority(directory, {})
    upgrade(authority.engine)
    marks = directory / "filled.json"
    if not marks.exists():
        begun = time.perf_counter()
        fill(authority, count)
        seconds = round(time.perf_counter() - begun)
        marks.write_text(json.dumps({"cases": count, "seconds": seconds}), "utf-8")
    if json.loads(marks.read_text("utf-8"))["cases"] != count:
        raise SystemExit(f"{directory} has another number of cases")
    return Filled(authority, directory)


def commune_ids() -> list[str]:
    """Return the IDs of all communes."""
    return [
        f"{province:02}{district:02}{commune:02}"
        for province in range(PROVINCES)
        for district in range(DISTRICTS)
        for commune in range(COMMUNES)
    ]


def fill(authority: Authority, count: int) -> None:
    """Fill an empty authority with `count` cases and ten contacts each."""
    drawn = random.Random(SEED)
    communes = commune_ids()
    with authority.engine.begin() as connection:
        _add_units(connection)
        tracers = _add_officers(connection, authority, communes)
    numbers: list[int] = []
    tokens: list[np.ndarray] = []
    today = day_of(authority.now_s)
    people = count * (CONTACTS_OF_CASE + 1)
    for at in range(0, people, BLOCK):
        day = today - DAYS + 1 + at * DAYS // people
        block = min(BLOCK, people - at)
        with authority.engine.begin() as connection:
            made = _Block(drawn, communes, tracers, day=day, today=today)
            made.draw(block)
            numbers += made.store(authority, connection, tokens)
            _add_edges(connection, made, numbers, drawn)
    with authority.engine.begin() as connection:
        _add_tokens(connection, tokens)
    _add_audit(authority, numbers, tracers, drawn, count=count * AUDIT_LINES_PER_CASE)
    with authority.engine.begin() as connection:
        _add_codes(connection, authority, communes, drawn, count=count * 3 // 2)
        _add_keys(connection, authority, drawn, count=count * KEYS_OF_CASE)
        _add_requests(connection, authority, communes, tracers)
    if authority.engine.dialect.name == "sqlite":
        with closing(authority.engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Block:
    """Cases of one day with their contacts, drawn and stored together."""

    def __init__(
        self,
        drawn: random.Random,
        communes: list[str],
        tracers: dict[str, list[str]],
        *,
        day: int,
        today: int,
    ) -> None:
        self._drawn, self._communes, self._tracers = drawn, communes, tracers
        self.day, self._today = day, today
        self.rows: list[dict[str, Any]] = []
        self.names: list[str] = []

    def draw(self, count: int) -> None:
        """Draw persons; every eleventh is a case, the next ten are its contacts."""
        drawn = self._drawn
        home = 0
        for place in range(count):
            kind = place % (CONTACTS_OF_CASE + 1)
            if kind == 0:
                home = drawn.randrange(len(self._communes))
            near = drawn.random()
            commune = home
            if kind and near > 0.9:
                commune = drawn.randrange(len(self._communes))
            elif kind and near > 0.7:
                first = home - home % COMMUNES
                commune = first + drawn.randrange(COMMUNES)
            second = kind > CONTACTS_OF_CASE - SECOND_OF_CASE
            grade = "F0" if kind == 0 else "F2" if second else "F1"
            self.rows.append(self._case(grade, self._communes[commune]))
            self.names.append(draw_name(drawn))

    def _case(self, grade: str, unit: str) -> dict[str, Any]:
        drawn, day = self._drawn, self.day
        status = drawn.choices([*_STATES], [*_STATES.values()])[0]
        ended = status in _ENDED
        made_s = day * DAY_S + drawn.randrange(DAY_S * 4 // 5)
        changed_s = min(made_s + drawn.randrange(4 * DAY_S), self._today * DAY_S)
        due = None if ended else self._today + drawn.randrange(-2, 8)
        mine = not ended and drawn.random() < 0.6
        return {
            "ref": "".join(drawn.choices(_ALPHABET, k=10)),
            "classification": grade,
            "status": status,
            "unit": unit,
            "origin": "laboratory" if grade == "F0" else "bluetooth",
            "onset_day": day - 3 if grade == "F0" else None,
            "test_day": day - 1 if grade == "F0" else None,
            "test_result": "positive" if grade == "F0" else None,
            "from_day": day - 5 if grade == "F0" else None,
            "to_day": day + 8 if grade == "F0" else None,
            "isolated_day": None,
            "assigned": drawn.choice(self._tracers[unit]) if mine else None,
            "call_result": drawn.choice(_CALLS),
            "reached_s": made_s + 7_200 if status in {"reached", "followed"} else None,
            "quarantine_from_day": None if grade == "F0" else day,
            "quarantine_to_day": None if grade == "F0" else day + 7,
            "due_day": due,
            "created_s": made_s,
            "updated_s": max(made_s, changed_s),
            "ended_s": changed_s if ended else None,
            "merged_into": None,
            "version": 1,
        }

    def store(
        self, authority: Authority, connection: Connection, tokens: list[np.ndarray]
    ) -> list[int]:
        """Seal and store all; return the numbers of persons."""
        sealed = []
        # As if they had been recorded on that day.
        then = replace(authority, clock=lambda: self.day * DAY_S + 40_000)
        for row, name in zip(self.rows, self.names, strict=True):
            is_case = row["classification"] == "F0"
            kind = PersonKind.CASE if is_case else PersonKind.CONTACT
            number = int.from_bytes(authority.entropy(7)) >> 4
            phone = f"09{number % 10**8:08}"
            values = {
                PersonField.NAME: name,
                PersonField.PHONE: phone,
                PersonField.ADDRESS: f"Thôn {number % 30}, xã {row['unit']}",
            }
            forget_day = self.day + keep_days(then.settings, kind)
            slot = Slot(number, row["unit"], 1)
            made = records._seal(then, slot, check_values(values), forget_day)
            more = {"kind": kind, "made_s": then.now_s, "hold_day": 0}
            sealed.append(made._replace(row=made.row | more))
            row["person"] = number
        authority.vault.key_store.put([each.key for each in sealed])
        _insert(connection, persons, [each.row for each in sealed])
        tokens.append(
            np.array(
                [(t, each.row["person"]) for each in sealed for t in each.tokens],
                np.int64,
            )
        )
        _insert(connection, cases, self.rows)
        _insert(connection, case_events, self._events())
        return [each.row["person"] for each in sealed]

    def _events(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            told = {"ref": row["ref"], "actor": row["assigned"] or "api"}
            yield told | {
                "at_s": row["created_s"],
                "kind": "created",
                "detail": '{"origin":"bluetooth"}',
            }
            if row["status"] != "open":
                yield told | {
                    "at_s": row["updated_s"],
                    "kind": "changed",
                    "detail": json.dumps({"status": ["open", row["status"]]}),
                }


def _add_edges(
    connection: Connection, made: _Block, numbers: list[int], drawn: random.Random
) -> None:
    rows = []
    step = CONTACTS_OF_CASE + 1
    firsts = CONTACTS_OF_CASE - SECOND_OF_CASE
    refs = [row["ref"] for row in made.rows]
    for at in range(0, len(refs), step):
        group = refs[at : at + step]
        rows += [_edge(group[0], each, made.day, drawn) for each in group[1:-2]]
        rows += [
            _edge(drawn.choice(group[1 : 1 + firsts]), each, made.day, drawn)
            for each in group[1 + firsts :]
        ]
        if (len(numbers) - len(refs) + at) // step % CROWD_EVERY == 0:
            others = {row["ref"] for row in made.rows[at + step :]}
            crowd = drawn.sample(sorted(others), min(CROWD, len(others)))
            rows += [_edge(group[0], each, made.day, drawn) for each in crowd]
    _insert(connection, edges, rows)


def _edge(source: str, target: str, day: int, drawn: random.Random) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "origin": "bluetooth",
        "verdict": "mutual",
        "level": drawn.randrange(3),
        "value": drawn.random() * 60,
        "minutes": drawn.random() * 60,
        "first_day": day - 1,
        "last_day": day,
        "reasons": _REASONS,
        "found_s": day * DAY_S + 50_000,
        "withdrawn_s": None,
    }


def _add_tokens(connection: Connection, blocks: list[np.ndarray]) -> None:
    """Store what finds persons in the order of the index: pages are written once."""
    pairs = np.concatenate(blocks)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy("COPY person_tokens (token, person) FROM STDIN") as copy:
            for row in pairs.tolist():
                copy.write_row(row)
        return
    cursor = connection.connection.cursor()
    for at in range(0, len(pairs), 1_000_000):
        cursor.executemany(
            "INSERT INTO person_tokens (token, person) VALUES (?, ?)",
            pairs[at : at + 1_000_000].tolist(),
        )


def _add_units(connection: Connection) -> None:
    add_root(connection, "Bộ Y tế")
    for province in range(PROVINCES):
        above = f"{province:02}"
        add_organisation(
            connection, above, "province", f"Tỉnh {province + 1}", parent=ROOT
        )
        for district in range(DISTRICTS):
            middle = f"{above}{district:02}"
            name = f"Huyện {district + 1}"
            add_organisation(connection, middle, "district", name, parent=above)
            for commune in range(COMMUNES):
                add_organisation(
                    connection,
                    f"{middle}{commune:02}",
                    "commune",
                    f"Xã {commune + 1}",
                    parent=middle,
                )


def _add_officers(
    connection: Connection, authority: Authority, communes: list[str]
) -> dict[str, list[str]]:
    """Add officers on every level; return the tracers of each commune."""
    drawn = random.Random(SEED)
    upper = [ROOT, *(f"{p:02}" for p in range(PROVINCES))]
    middle = sorted({each[:4] for each in communes})
    some = (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.EPIDEMIOLOGIST, Role.TRACER)
    posts = [(unit, role) for unit in upper for role in Role]
    posts += [(unit, role) for unit in middle for role in some]
    posts += [(unit, Role.TRACER) for unit in communes for _ in range(2)]
    tracers: dict[str, list[str]] = {unit: [] for unit in communes}
    for place, (unit, role) in enumerate(posts):
        officer = f"{place + 1:016x}"
        email = f"{role}.{unit}.{place}@example.org"
        new = NewOfficer(officer, email, draw_name(drawn), unit)
        add_officer(connection, new, authority.now_s)
        give_role(connection, officer, role, unit)
        if unit in tracers:
            tracers[unit].append(officer)
        if place < OPEN_SESSIONS:
            begin_session(
                connection, authority, officer, proof=PASSKEY, agent="Firefox"
            )
    connection.execute(officers.update().values(enrolled_s=authority.now_s))
    return tracers


def _add_audit(
    authority: Authority,
    numbers: list[int],
    tracers: dict[str, list[str]],
    drawn: random.Random,
    *,
    count: int,
) -> None:
    """Add readings and searches by the tracers, chained as the program chains them."""
    key, units = audit_key(authority), [*tracers]
    now_s = authority.now_s
    fields = (PersonField.NAME, PersonField.PHONE, PersonField.ADDRESS)
    with authority.engine.begin() as connection:
        last = newest_line(connection)
        lines, subjects = [], []
        for place in range(1, count + 1):
            unit = drawn.choice(units)
            who = tuple(drawn.sample(numbers, 1)) if place % 3 else ()
            entry = Entry(
                actor=drawn.choice(tracers[unit]),
                unit=unit,
                action=Action.READ if who else Action.SEARCH,
                reason=Reason.CASE_WORK,
                fields=fields if who else (PersonField.NAME,),
                subjects=who,
            )
            at_s = now_s - DAYS * DAY_S + DAYS * DAY_S * place // (count + 1)
            line = line_of(entry, last.seq + 1, at_s)
            last = Tail(last.seq + 1, line_hash(key, last.hash, line))
            lines.append(line._asdict() | {"hash": last.hash})
            subjects += [{"person": each, "seq": last.seq} for each in who]
        _insert(connection, audit, lines)
        _insert(connection, audit_subjects, sorted(subjects, key=lambda s: s["person"]))
    authority.vault.key_store.note_tail(last)


def _add_codes(
    connection: Connection,
    authority: Authority,
    communes: list[str],
    drawn: random.Random,
    *,
    count: int,
) -> None:
    now_s = authority.now_s
    rows = []
    for _ in range(count):
        issued_s = now_s - drawn.randrange(DAYS * DAY_S)
        claimed = drawn.random() < 0.7
        rows.append(
            {
                "uuid": drawn.randbytes(18).hex(),
                "short_hmac": drawn.randbytes(32),
                "long_hmac": None,
                "test_type": "confirmed",
                "symptom_day": None,
                "test_day": issued_s // DAY_S,
                "issued_s": issued_s,
                "short_until_s": issued_s + 900,
                "long_until_s": issued_s + DAY_S,
                "claimed_s": issued_s + 300 if claimed else None,
                "failures": 0,
                "nonce_hmac": None,
                "issuer": "1",
                "unit": drawn.choice(communes),
            }
        )
    _insert(connection, codes, rows)
    today = day_of(now_s)
    names = ["codes_invalid", "tokens_claimed", "keys_published", "revisions"]
    names += [f"test_to_publication_days_{days}" for days in range(15)]
    for name in ("codes_issued", "codes_claimed"):
        names += [name, *(f"{name}@{unit}" for unit in communes)]
    counts = [
        {"day": today - back, "name": name, "count": drawn.randrange(1, 40)}
        for back in range(30)
        for name in names
    ]
    _insert(connection, daily_counts, counts)


def _add_keys(
    connection: Connection, authority: Authority, drawn: random.Random, *, count: int
) -> None:
    now_s = authority.now_s
    period_s = authority.settings.publish_every_s
    first_s = now_s // period_s * period_s - BATCHES * period_s
    for number in range(1, BATCHES + 1):
        end_s = first_s + number * period_s
        row = {"number": number, "start_s": end_s - period_s, "end_s": end_s}
        _insert(connection, batches, [row | {"state": BatchState.SHOWN.value}])
        name = f"{number}.zip"
        file = {"name": name, "batch": number, "end_s": end_s, "data": None}
        _insert(connection, files, [file])
    # The last ones wait.
    for at in range(0, count, 100_000):
        rows = []
        for place in range(at, min(at + 100_000, count)):
            number = 1 + place * (BATCHES + 4) // count
            taken = number <= BATCHES
            rows.append(
                {
                    "key": drawn.randbytes(16),
                    "start": 2_900_000,
                    "period": 144,
                    "report_type": 1,
                    "onset_days": 0,
                    "risk": 0,
                    "region": "VN",
                    "traveler": False,
                    "origin": "padding" if taken and place % 10 == 0 else "upload",
                    "release_s": first_s + number * period_s,
                    "batch": number if taken else None,
                    "forget_s": first_s + number * period_s + 14 * DAY_S,
                }
            )
        _insert(connection, exposures, rows)


def _add_requests(
    connection: Connection,
    authority: Authority,
    communes: list[str],
    tracers: dict[str, list[str]],
) -> None:
    now_s = authority.now_s
    rows = [
        {
            "id": f"{place:016x}",
            "kind": "reset",
            "unit": unit,
            "subject": tracers[unit][0],
            "details": "{}",
            "asked_by": tracers[unit][1],
            "asked_s": now_s - 60 * place,
            "until_s": now_s - 60 * place + 3 * DAY_S,
            "state": "waiting" if place % 4 == 0 else "done",
            "decided_by": None if place % 4 == 0 else tracers[unit][0],
            "decided_s": None if place % 4 == 0 else now_s - 30 * place,
        }
        for place, unit in enumerate(communes * 2)
    ]
    _insert(connection, approvals, rows)
    some = connection.execute(
        text("SELECT ref, unit FROM cases ORDER BY ref LIMIT 2000")
    ).all()
    offers = [
        {
            "id": f"{place:032x}",
            "ref": ref,
            "from_unit": unit,
            "to_unit": communes[place % len(communes)],
            "state": "offered" if place % 2 else "accepted",
            "sealed": b"",
            "offered_s": now_s - 600 * place,
            "offered_by": tracers[unit][0],
            "decided_s": None,
        }
        for place, (ref, unit) in enumerate(some)
    ]
    _insert(connection, transfers, offers)


def _insert(
    connection: Connection, table: Table, rows: Iterable[dict[str, Any]]
) -> None:
    block: list[dict[str, Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == 10_000:
            connection.execute(insert(table), block)
            block = []
    if block:
        connection.execute(insert(table), block)
