"""An authority as large as an epidemic: what `console_pages.py` asks for its pages.

Units are provinces, districts and communes, each with its officers; work, codes, keys
and readings are spread over the last three weeks. Persons are sealed, lines of the
audit chained by the program's own functions, in blocks: it takes minutes, not hours.
"""

import json
import random
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from console_people import (
    COMMUNES,
    CONTACTS_OF_CASE,
    DISTRICTS,
    PROVINCES,
    Block,
    insert_rows,
    store_tokens,
)
from console_search import draw_name
from sqlalchemy import Connection, select, text

from proximity.authority.accounts.model import (
    ROOT,
    Role,
    approvals,
    officers,
    sessions,
)
from proximity.authority.accounts.officers import NewOfficer, add_officer, give_role
from proximity.authority.accounts.organisations import add_organisation, add_root
from proximity.authority.accounts.sessions import PASSKEY, begin_session
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.chain import line_hash, line_of
from proximity.authority.audit.model import Action, Entry, Reason, audit, audit_subjects
from proximity.authority.audit.trail import audit_key, newest_line
from proximity.authority.cases.model import cases, transfers
from proximity.authority.database import open_engine, reading, upgrade
from proximity.authority.founding import found_authority
from proximity.authority.people.key_store import Tail
from proximity.authority.people.model import PersonField
from proximity.authority.publish.batch_model import BatchState, batches, files
from proximity.authority.table_copy import copy_rows
from proximity.authority.upload.model import exposures
from proximity.authority.verification.model import codes, daily_counts
from proximity.units import DAY_S, day_of

SEED = 7
DAYS = 20
BLOCK = 11_000
AUDIT_LINES_OF_CASE, KEYS_OF_CASE, OFFERS = 4, 14, 2_000
BATCHES, WAITING_BATCHES = 168, 4
OPEN_SESSIONS = 600
_NAMES, _FILLED = "names.txt", "filled.json"


class Filled(NamedTuple):
    """An authority that was filled.

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
        with (self.directory / _NAMES).open(encoding="utf-8") as file:
            for line in file:
                person, unit, name = line.rstrip("\n").split("\t")
                found[int(person)] = unit, name
        return found

    def moved_to(self, url: str) -> "Filled":
        """Return the same with its rows copied to PostgreSQL."""
        engine = open_engine(url, self.directory)
        upgrade(engine)
        with reading(self.authority.engine) as source, engine.begin() as target:
            copy_rows(source, target)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as there:
            there.execute(text("VACUUM ANALYZE"))
        return self._replace(authority=replace(self.authority, engine=engine))


def open_filled(directory: Path, count: int) -> Filled:
    """Return the authority of a directory; fill it if there is none.

    Raises
    ------
    SystemExit
        If it has another number of cases.
    """
    if not directory.exists():
        found_authority(directory, {}, test=True)
    authority = open_authority(directory, {})
    upgrade(authority.engine)
    marks = directory / _FILLED
    if not marks.exists():
        begun = time.perf_counter()
        fill(authority, count)
        seconds = round(time.perf_counter() - begun)
        marks.write_text(json.dumps({"cases": count, "seconds": seconds}), "utf-8")
    known = json.loads(marks.read_text("utf-8"))
    if known["cases"] != count:
        raise SystemExit(f"{directory} has {known['cases']} cases")
    # Nobody's time passes while a kept folder lies there.
    with reading(authority.engine) as connection:
        newest_s = connection.execute(select(audit.c.at_s).order_by(audit.c.seq.desc()))
        now_s = int(newest_s.scalars().first() or 0)
    return Filled(replace(authority, clock=lambda: now_s), directory)


def fill(authority: Authority, count: int) -> None:
    """Fill an empty authority with `count` cases and ten contacts each."""
    drawn = random.Random(SEED)
    with authority.engine.begin() as connection:
        communes = _add_units(connection)
        tracers = _add_officers(connection, authority, communes)
    tokens: list[np.ndarray] = []
    today = day_of(authority.now_s)
    people = count * (CONTACTS_OF_CASE + 1)
    with (authority.directory / _NAMES).open("w", encoding="utf-8") as names:
        for at in range(0, people, BLOCK):
            block = Block(drawn, tracers, today - DAYS + 1 + at * DAYS // people, today)
            block.draw(min(BLOCK, people - at))
            with authority.engine.begin() as connection:
                tokens.append(block.store(authority, connection, names))
    numbers = np.unique(np.concatenate(tokens)[:, 1]).tolist()
    with authority.engine.begin() as connection:
        store_tokens(connection, tokens)
    _add_audit(authority, numbers, tracers, count * AUDIT_LINES_OF_CASE)
    with authority.engine.begin() as connection:
        _add_codes(connection, authority, communes, count * 3 // 2)
        _add_keys(connection, authority, count * KEYS_OF_CASE)
        _add_requests(connection, authority, tracers)
        _add_offers(connection, authority, communes)
        now_s = authority.now_s
        connection.execute(sessions.update().values(made_s=now_s, seen_s=now_s))
    with closing(authority.engine.raw_connection()) as raw:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add_units(connection: Connection) -> list[str]:
    """Add the tree of units; return the communes."""
    add_root(connection, "Bộ Y tế")
    communes = []
    for province in range(PROVINCES):
        above = f"{province:02}"
        name = f"Tỉnh {province + 1}"
        add_organisation(connection, above, "province", name, parent=ROOT)
        for district in range(DISTRICTS):
            middle = f"{above}{district:02}"
            name = f"Huyện {district + 1}"
            add_organisation(connection, middle, "district", name, parent=above)
            for number in range(COMMUNES):
                unit, name = f"{middle}{number:02}", f"Xã {number + 1}"
                add_organisation(connection, unit, "commune", name, parent=middle)
                communes.append(unit)
    return communes


def _add_officers(
    connection: Connection, authority: Authority, communes: list[str]
) -> dict[str, list[str]]:
    """Add officers on every level; return the tracers of each commune."""
    drawn = random.Random(SEED)
    upper = [ROOT, *(f"{number:02}" for number in range(PROVINCES))]
    middle = dict.fromkeys(each[:4] for each in communes)
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
    authority: Authority, people: list[int], tracers: dict[str, list[str]], count: int
) -> None:
    """Add readings and searches by the tracers, chained as the program chains them."""
    drawn, key, units = random.Random(SEED), audit_key(authority), [*tracers]
    fields = (PersonField.NAME, PersonField.PHONE, PersonField.ADDRESS)
    begin_s = authority.now_s - DAYS * DAY_S
    with authority.engine.begin() as connection:
        last = newest_line(connection)
        lines, subjects = [], []
        for place in range(1, count + 1):
            unit = drawn.choice(units)
            who = (drawn.choice(people),) if place % 3 else ()
            entry = Entry(
                actor=drawn.choice(tracers[unit]),
                unit=unit,
                action=Action.READ if who else Action.SEARCH,
                reason=Reason.CASE_WORK,
                fields=fields if who else fields[:1],
                subjects=who,
            )
            at_s = begin_s + DAYS * DAY_S * place // count
            line = line_of(entry, last.seq + 1, at_s)
            last = Tail(last.seq + 1, line_hash(key, last.hash, line))
            lines.append(line._asdict() | {"hash": last.hash})
            subjects += [{"person": each, "seq": last.seq} for each in who]
        insert_rows(connection, audit, lines)
        ordered = sorted(subjects, key=lambda each: each["person"])
        insert_rows(connection, audit_subjects, ordered)
    authority.vault.key_store.note_tail(last)


def _add_codes(
    connection: Connection, authority: Authority, communes: list[str], count: int
) -> None:
    drawn, today = random.Random(SEED), day_of(authority.now_s)
    rows = []
    for _ in range(count):
        issued_s = authority.now_s - drawn.randrange(DAYS * DAY_S)
        claimed = drawn.random() < 0.7
        rows.append(
            {
                "uuid": drawn.randbytes(18).hex(),
                "short_hmac": drawn.randbytes(32),
                "test_type": "confirmed",
                "test_day": issued_s // DAY_S,
                "issued_s": issued_s,
                "short_until_s": issued_s + 900,
                "long_until_s": issued_s + DAY_S,
                "claimed_s": issued_s + 300 if claimed else None,
                "failures": 0,
                "issuer": "1",
                "unit": drawn.choice(communes),
            }
        )
    insert_rows(connection, codes, rows)
    names = ["codes_invalid", "tokens_claimed", "keys_published", "revisions"]
    names += [f"test_to_publication_days_{days}" for days in range(15)]
    for name in ("codes_issued", "codes_claimed"):
        names += [name, *(f"{name}@{unit}" for unit in communes)]
    counts = (
        {"day": today - back, "name": name, "count": drawn.randrange(1, 40)}
        for back in range(30)
        for name in names
    )
    insert_rows(connection, daily_counts, counts)


def _add_keys(connection: Connection, authority: Authority, count: int) -> None:
    """Add batches of two weeks, and keys of the last hours, which wait."""
    drawn, period_s = random.Random(SEED), authority.settings.publish_every_s
    begin_s = authority.now_s // period_s * period_s - BATCHES * period_s
    each = count // (BATCHES + WAITING_BATCHES)
    for number in range(1, BATCHES + WAITING_BATCHES + 1):
        end_s, taken = begin_s + number * period_s, number <= BATCHES
        rows = [
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
                "release_s": end_s,
                "batch": number if taken else None,
                "forget_s": end_s + 14 * DAY_S,
            }
            for place in range(each)
        ]
        insert_rows(connection, exposures, rows)
        if taken:
            invented = sum(row["origin"] == "padding" for row in rows)
            batch = {"number": number, "start_s": end_s - period_s, "end_s": end_s}
            batch |= {"state": BatchState.SHOWN.value}
            batch |= {"key_count": each - invented, "padding_count": invented}
            insert_rows(connection, batches, [batch])
            file = {"name": f"{number}.zip", "batch": number, "end_s": end_s}
            insert_rows(connection, files, [file])


def _add_requests(
    connection: Connection, authority: Authority, tracers: dict[str, list[str]]
) -> None:
    now_s = authority.now_s
    rows = []
    for place, (unit, (one, other)) in enumerate([*tracers.items()] * 2):
        waits = place % 4 == 0
        rows.append(
            {
                "id": f"{place:016x}",
                "kind": "reset",
                "unit": unit,
                "subject": one,
                "details": "{}",
                "asked_by": other,
                "asked_s": now_s - 60 * place,
                "until_s": now_s - 60 * place + 3 * DAY_S,
                "state": "waiting" if waits else "done",
                "decided_by": None if waits else one,
                "decided_s": None if waits else now_s - 30 * place,
            }
        )
    insert_rows(connection, approvals, rows)


def _add_offers(
    connection: Connection, authority: Authority, communes: list[str]
) -> None:
    some = select(cases.c.ref, cases.c.unit).order_by(cases.c.ref).limit(OFFERS)
    offers = [
        {
            "id": f"{place:032x}",
            "ref": ref,
            "from_unit": unit,
            "to_unit": communes[place % len(communes)],
            "state": "offered" if place % 2 else "accepted",
            "sealed": b"",
            "offered_s": authority.now_s - 600 * place,
            "offered_by": "1",
        }
        for place, (ref, unit) in enumerate(connection.execute(some).all())
    ]
    insert_rows(connection, transfers, offers)
