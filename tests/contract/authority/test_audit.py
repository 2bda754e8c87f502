"""The audit on either database: one chain for all processes, and nothing changes it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from proximity.authority.audit.countersign import countersign
from proximity.authority.audit.model import Action, Entry, Reason, audit
from proximity.authority.audit.pruning import prune_audit
from proximity.authority.audit.readings import readings_of_officers
from proximity.authority.audit.trail import record_entry
from proximity.authority.audit.unusual import FLOOR, raise_alarms, told_alarms
from proximity.authority.audit.verify import verify_audit
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.authority.settings import MIN_AUDIT_DAYS

ENTRY = Entry(
    "an", "02641", Action.READ, Reason.CASE_WORK, fields=("name",), subjects=(5, 9)
)


def verified(authority):
    return verify_audit(authority, LocalFolder(authority.directory / "exports"))


def sign(authority):
    store = LocalFolder(authority.directory / "exports")
    made = ensure_signers(
        authority.directory,
        authority.settings.region,
        now_s=authority.now_s,
        passphrase=authority.passphrase,
    )
    return countersign(authority, store, lambda: made)


def tamper(authority, statement):
    """Change rows as the owner of the database can."""
    with authority.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in (
                "audit_no_update",
                "audit_no_delete",
                "audit_subjects_no_delete",
            ):
                connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement))


def test_lines_of_many_processes_are_one_chain(open_process):
    processes = [open_process() for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        lines = list(
            pool.map(lambda n: record_entry(processes[n % 3], ENTRY), range(30))
        )

    assert sorted(line.seq for line in lines) == list(range(1, 31))
    report = verified(processes[0])
    assert (report.rows, report.first_bad) == (30, None)
    with processes[0].engine.connect() as connection:
        newest = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc())
        assert processes[1].vault.key_store.tail() == connection.execute(newest).first()


def test_the_database_itself_refuses_to_change_a_line(authority):
    record_entry(authority, ENTRY)

    for change in ("UPDATE audit SET actor = 'binh'", "DELETE FROM audit_subjects"):
        with pytest.raises(DatabaseError), authority.engine.begin() as connection:
            connection.execute(text(change))
    assert verified(authority).first_bad is None


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("DELETE FROM audit WHERE seq = 2", (2, "missing")),
        ("UPDATE audit SET seq = -1 WHERE seq = 1", (-1, "changed")),
        ("INSERT INTO audit_subjects VALUES (8, 99)", (99, "subjects")),
    ],
)
def test_the_first_bad_row_is_named(authority, statement, bad):
    for _ in range(5):
        record_entry(authority, ENTRY)
    tamper(authority, statement)

    found = verified(authority).first_bad
    assert (found.seq, found.what) == bad


def test_the_end_is_signed_each_day_and_heads_are_rows(authority, clock):
    record_entry(authority, ENTRY)
    assert [sign(authority), sign(authority)] == [True, False]
    clock.now_s += 86_400
    assert sign(authority)

    report = verified(authority)
    assert (report.rows, report.heads, report.first_bad) == (3, 2, None)


def test_who_browses_is_told_to_their_superior(authority):
    subjects = tuple(range(FLOOR))
    record_entry(
        authority,
        Entry("an", "02641", Action.READ, Reason.CASE_WORK, subjects=subjects),
    )

    assert [raise_alarms(authority), raise_alarms(authority)] == [1, 0]
    (alarm,) = told_alarms(authority, ["02641"], since_s=0)
    assert (alarm.actor, alarm.opened) == ("an", FLOOR)
    assert told_alarms(authority, ["03001"], since_s=0) == []
    lines = readings_of_officers(authority, ["02641"])
    assert [line.action for line in lines] == [Action.ALARM, Action.READ]


def test_rows_whose_time_is_over_go_and_the_rest_is_good(open_process, clock):
    authority = open_process(keep_audit_days=MIN_AUDIT_DAYS)
    store = LocalFolder(authority.directory / "exports")
    for _ in range(2):
        record_entry(authority, ENTRY)
        sign(authority)
        clock.now_s += MIN_AUDIT_DAYS * 86_400

    assert prune_audit(authority, store) == 1
    report = verified(authority)
    assert (report.rows, report.first_bad) == (4, None)
    with pytest.raises(DatabaseError), authority.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit"))
