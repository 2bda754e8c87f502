"""Whatever is done to the rows, the first that suffered is named."""

import pytest
from sqlalchemy import insert, text

from proximity.authority.audit.chain import ROOT, Line, line_hash
from proximity.authority.audit.countersign import countersign
from proximity.authority.audit.model import Action, Entry, Reason, audit
from proximity.authority.audit.trail import (
    audit_key,
    newest_line,
    record_entry,
    record_restore,
)
from proximity.authority.audit.verify import verify_audit
from proximity.authority.people.key_store import Tail
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.errors import DamagedRecordError

ENTRY = Entry(
    "an", "10-080", Action.READ, Reason.CASE_WORK, fields=("name",), subjects=(5, 9)
)
INSERTED = (
    "INSERT INTO audit VALUES (SEQ, 1, 'binh', 'u', 'read', 'case_work', '', 'name',"
    " x'', zeroblob(32))"
)
UNGUARDED = (
    "DROP TRIGGER audit_no_update",
    "DROP TRIGGER audit_no_delete",
    "DROP TRIGGER audit_subjects_no_update",
    "DROP TRIGGER audit_subjects_no_delete",
)


@pytest.fixture
def store(authority):
    return LocalFolder(authority.directory / "exports")


@pytest.fixture
def signers(authority):
    return lambda: ensure_signers(
        authority.directory, "VN", now_s=0, passphrase=authority.passphrase
    )


@pytest.fixture
def ten_lines(authority):
    for _ in range(10):
        record_entry(authority, ENTRY)
    return authority


@pytest.fixture
def two_heads(ten_lines, store, signers, clock):
    for _ in range(2):
        countersign(ten_lines, store, signers)
        clock.now_s += 86_400
    return ten_lines


def tamper(authority, *statements: str) -> None:
    with authority.engine.begin() as connection:
        for statement in (*UNGUARDED, *statements):
            connection.execute(text(statement))


def first_bad(authority, store):
    bad = verify_audit(authority, store).first_bad
    return None if bad is None else (bad.seq, bad.what)


def test_an_audit_that_nobody_touched_is_good(ten_lines, store, signers, clock):
    countersign(ten_lines, store, signers)
    clock.now_s += 86_400
    record_entry(ten_lines, ENTRY)
    countersign(ten_lines, store, signers)
    report = verify_audit(ten_lines, store)

    # Each head is a row, too.
    assert (report.rows, report.heads, report.first_bad) == (13, 2, None)
    assert report.newest_head == 20_601


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE audit SET actor = 'binh' WHERE seq = 4", (4, "changed")),
        ("UPDATE audit SET at_s = at_s + 1 WHERE seq = 1", (1, "changed")),
        ("UPDATE audit SET reason = 'follow_up' WHERE seq = 10", (10, "changed")),
        ("UPDATE audit SET fields = '' WHERE seq = 2", (2, "changed")),
        ("UPDATE audit SET subjects = x'' WHERE seq = 2", (2, "changed")),
        ("UPDATE audit SET subjects = 'text' WHERE seq = 2", (2, "changed")),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", (3, "changed")),
        ("DELETE FROM audit WHERE seq = 5", (5, "missing")),
        ("DELETE FROM audit WHERE seq = 1", (1, "missing")),
        ("DELETE FROM audit WHERE seq >= 8", (8, "missing")),
        ("DELETE FROM audit", (1, "missing")),
        ("UPDATE audit SET seq = seq + 1 WHERE seq = 10", (10, "missing")),
        ("DELETE FROM audit_subjects WHERE seq = 6 AND person = 5", (6, "subjects")),
        ("DELETE FROM audit_subjects WHERE seq = 10", (10, "subjects")),
        ("INSERT INTO audit_subjects VALUES (77, 6)", (6, "subjects")),
        ("INSERT INTO audit_subjects VALUES (77, 99)", (99, "subjects")),
        ("INSERT INTO audit_subjects VALUES (77, -9)", (-9, "subjects")),
        (INSERTED.replace("SEQ", "0"), (0, "changed")),
        (INSERTED.replace("SEQ", "-5"), (-5, "changed")),
        ("UPDATE audit_subjects SET person = 8 WHERE person = 9", (1, "subjects")),
    ],
)
def test_the_first_bad_row_is_named(ten_lines, store, statement, bad):
    tamper(ten_lines, statement)
    if bad == (1, "missing") and "=" not in statement:
        tamper_subjects = "DELETE FROM audit_subjects"
        with ten_lines.engine.begin() as connection:
            connection.execute(text(tamper_subjects))
    elif statement.endswith(">= 8"):
        with ten_lines.engine.begin() as connection:
            connection.execute(text("DELETE FROM audit_subjects WHERE seq >= 8"))

    assert first_bad(ten_lines, store) == bad


def forge(authority, after: Tail, count: int, *, at_s: int = 1) -> None:
    """Write lines whose chain holds, as one who has the key of it could."""
    with authority.engine.begin() as connection:
        before, rows = after.hash, []
        for seq in range(after.seq + 1, after.seq + 1 + count):
            line = Line(seq, at_s, "binh", "u", "read", "case_work", "", "name", b"")
            before = line_hash(audit_key(authority), before, line)
            rows.append(line._asdict() | {"hash": before})
        connection.execute(insert(audit), rows)


def test_a_tail_that_is_written_anew_with_the_key_does_not_fit_what_was_kept(
    ten_lines, store
):
    tamper(
        ten_lines,
        "DELETE FROM audit WHERE seq > 4",
        "DELETE FROM audit_subjects WHERE seq > 4",
    )
    with ten_lines.engine.connect() as connection:
        end = newest_line(connection)
    forge(ten_lines, end, 20)

    assert first_bad(ten_lines, store) == (10, "head")


def test_published_heads_hold_against_one_who_has_both_stores(
    ten_lines, store, signers
):
    countersign(ten_lines, store, signers)
    tamper(
        ten_lines,
        "DELETE FROM audit WHERE seq > 4",
        "DELETE FROM audit_subjects WHERE seq > 4",
    )
    with ten_lines.engine.connect() as connection:
        end = newest_line(connection)
    forge(ten_lines, end, 20)
    with ten_lines.engine.connect() as connection:
        ten_lines.vault.key_store.note_tail(newest_line(connection))

    assert first_bad(ten_lines, store) == (10, "head")


def test_one_who_writes_all_of_it_anew_does_not_get_rid_of_older_heads(
    ten_lines, store, signers, clock
):
    """The first row could say that there was nothing before today."""
    countersign(ten_lines, store, signers)
    clock.now_s += 40 * 86_400
    tamper(ten_lines, "DELETE FROM audit", "DELETE FROM audit_subjects")
    forge(ten_lines, Tail(0, ROOT), 20, at_s=ten_lines.now_s)
    with ten_lines.vault.key_store._writing() as connection:
        connection.execute(text("DELETE FROM audit_tail"))

    assert first_bad(ten_lines, store) == (10, "head")
    clock.now_s += 86_400
    with pytest.raises(DamagedRecordError):
        countersign(ten_lines, store, signers)


@pytest.mark.parametrize(
    ("gone", "bad"),
    # Of the newest the row that names it, of another the head behind it.
    [(["27"], (0, "head")), (["28"], (12, "head")), (["27", "28"], (11, "head"))],
)
def test_published_heads_that_are_taken_away_are_missed(two_heads, store, gone, bad):
    for day in gone:
        (two_heads.directory / f"exports/audit-2026-05-{day}.json").unlink()

    assert first_bad(two_heads, store) == bad


def test_a_published_head_that_was_changed_is_named(ten_lines, store, signers):
    countersign(ten_lines, store, signers)
    path = ten_lines.directory / "exports" / "audit-2026-05-27.json"
    path.chmod(0o600)
    path.write_text(path.read_text().replace('"seq": 10', '"seq": 9'))

    assert first_bad(ten_lines, store) == (0, "head")


def test_a_gap_counts_only_with_the_line_of_a_restore(ten_lines, store):
    ten_lines.vault.key_store.note_tail(Tail(15, b"x" * 32))
    assert first_bad(ten_lines, store) == (11, "missing")
    record_restore(ten_lines)
    report = verify_audit(ten_lines, store)

    assert (report.first_bad, report.restored, report.rows) == (None, 1, 11)


def test_a_forged_line_of_a_restore_explains_nothing(ten_lines, store):
    line = "(20, 1, 'service', 'service', 'restore', 'operation', '', '', x'', x'00')"
    tamper(ten_lines, f"INSERT INTO audit VALUES {line}")  # noqa: S608 - a constant

    assert first_bad(ten_lines, store) == (20, "changed")


def test_the_rest_is_verified_behind_a_row_that_was(ten_lines, store):
    with ten_lines.engine.connect() as connection:
        end = newest_line(connection)
    record_entry(ten_lines, ENTRY)

    assert verify_audit(ten_lines, store, after=end).rows == 1


def test_an_empty_audit_is_good(authority, store):
    assert verify_audit(authority, store).rows == 0
