"""Lines are added one after the other, and none is there by half."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from proximity.authority.audit.chain import ROOT, Line, line_hash
from proximity.authority.audit.model import Action, Entry, Reason, audit, audit_subjects
from proximity.authority.audit.trail import (
    append_entry,
    audit_key,
    entry_by,
    newest_line,
    note_tail,
    record_entry,
    record_restore,
)
from proximity.authority.people.key_store import Tail
from proximity.errors import PolicyError, StoreError

ENTRY = Entry(
    "an", "10-080", Action.READ, Reason.CASE_WORK, fields=("name",), subjects=(5, 9)
)


def rows(authority, table=audit):
    with authority.engine.connect() as connection:
        return connection.execute(select(table)).all()


def test_each_line_follows_the_one_before(authority):
    proofs = [record_entry(authority, ENTRY) for _ in range(3)]

    before = ROOT
    for row in rows(authority):
        before = line_hash(audit_key(authority), before, Line(*row[:-1]))
        assert row.hash == before
    assert [proof.seq for proof in proofs] == [1, 2, 3]
    assert authority.vault.key_store.tail() == Tail(3, before)
    assert proofs[0].fields == {"name"}
    assert proofs[0].subjects == {5, 9}
    assert len(rows(authority, audit_subjects)) == 6


def test_a_transaction_that_is_rolled_back_leaves_no_line(authority):
    with authority.engine.connect() as connection, connection.begin() as begun:
        append_entry(authority, connection, ENTRY)
        begun.rollback()
    note_tail(authority)

    assert rows(authority) == []
    assert authority.vault.key_store.tail() is None


def test_lines_of_a_transaction_are_noted_when_it_is_committed(authority):
    with authority.engine.begin() as connection:
        append_entry(authority, connection, ENTRY)
    assert authority.vault.key_store.tail() is None
    note_tail(authority)

    assert authority.vault.key_store.tail().seq == 1


def test_only_a_correction_opens_whole_records(authority):
    corrected = record_entry(authority, replace(ENTRY, action=Action.CORRECT))
    read = record_entry(authority, ENTRY)

    assert (corrected.seals_anew, read.seals_anew) == (True, False)


@pytest.mark.parametrize("table", ["audit", "audit_subjects"])
def test_the_database_refuses_to_change_a_line(authority, table):
    record_entry(authority, ENTRY)
    for change in (f"UPDATE {table} SET seq = 9", f"DELETE FROM {table}"):  # noqa: S608 - two names
        with (
            pytest.raises(DatabaseError, match="never change"),
            authority.engine.begin() as connection,
        ):
            connection.execute(text(change))

    assert len(rows(authority)) == 1


def test_a_restored_audit_goes_on_behind_what_is_lost(authority):
    record_entry(authority, ENTRY)
    authority.vault.key_store.note_tail(Tail(7, b"7" * 32))
    record_restore(authority)

    assert [(row.seq, row.action) for row in rows(authority)] == [
        (1, "read"),
        (8, "restore"),
    ]
    assert authority.vault.key_store.tail().seq == 8


def test_without_a_table_nothing_is_recorded(authority):
    with authority.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO gone"))

    with pytest.raises(StoreError):
        record_entry(authority, ENTRY)


def test_a_reference_is_no_place_for_a_name(authority, reader):
    entry = entry_by(reader(reference="Lê An, xã B"), Action.READ)

    with pytest.raises(PolicyError, match="reference") as caught:
        record_entry(authority, entry)
    assert "Lê" not in str(caught.value)


def test_an_empty_audit_ends_at_its_root(authority):
    with authority.engine.connect() as connection:
        assert newest_line(connection) == Tail(0, ROOT)
