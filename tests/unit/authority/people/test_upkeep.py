"""The worker's daily care: forgets, raises alarms, countersigns, never stops."""

import json

from sqlalchemy import text

from proximity.authority.audit.model import Entry, Reason
from proximity.authority.audit.trail import record_entry
from proximity.authority.people.model import PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.upkeep import Upkeep, keep_up
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.worker import work
from proximity.authority.verification.outbox import OUTBOX_FILE, Outbox

ENTRY = Entry("an@example.vn", "10-080", "read", Reason.CASE_WORK)


def test_a_worker_run_forgets_alarms_and_signs(authority, add_person, reader, clock):
    add_person(kind=PersonKind.CONTACT, name="Lê An")
    people = [add_person(name="Lê An") for _ in range(30)]
    clock.now_s += 21 * 86_400
    read_people(authority, reader(), people, PersonField)
    report = work(authority)

    assert (report.forgotten, report.alarms, report.audit_intact) == (1, 1, True)
    head = json.loads(
        (authority.directory / "exports/audit-2026-06-17.json").read_text()
    )
    assert head["seq"] == 3
    again = work(authority)
    assert (again.forgotten, again.alarms, again.audit_intact) == (0, 0, True)


def test_a_damaged_audit_is_told_and_not_signed(authority, capsys):
    record_entry(authority, ENTRY)
    record_entry(authority, ENTRY)
    with authority.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'x' WHERE seq = 1"))
    store = LocalFolder(authority.directory / "exports")

    assert keep_up(authority, store) == Upkeep(0, 0, audit_intact=False)
    assert list((authority.directory / "exports").glob("audit-*")) == []


def test_the_telephone_of_a_message_is_forgotten_a_day_later(authority, clock):
    """Whoever sends them may be away: the file keeps nobody's number for ever."""
    path = authority.directory / OUTBOX_FILE
    Outbox(path, clock).send("+84912345678", "mã")
    work(authority)
    assert "+84912345678" in path.read_text()

    clock.now_s += 86_400
    work(authority)
    assert path.read_bytes() == b""
