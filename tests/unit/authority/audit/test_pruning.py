"""Old rows go, and what is left proves itself from a published head on."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from proximity.authority.audit.countersign import countersign
from proximity.authority.audit.model import Action, Entry, Reason, audit, audit_subjects
from proximity.authority.audit.pruning import prune_audit
from proximity.authority.audit.trail import record_entry
from proximity.authority.audit.verify import verify_audit
from proximity.authority.people.resealing import rotate_master
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.signing_keys import ensure_signers

ENTRY = Entry("an", "10-080", Action.READ, Reason.CASE_WORK, subjects=(5, 9))
KEPT = 366


@pytest.fixture
def authority(make_authority):
    return make_authority(keep_audit_days=KEPT)


@pytest.fixture
def store(authority):
    return LocalFolder(authority.directory / "exports")


@pytest.fixture
def live(authority, store, clock):
    """Return what lets days go by, on each of which somebody is read."""

    def days(count):
        for _ in range(count):
            record_entry(authority, ENTRY)
            countersign(authority, store, signers)
            clock.now_s += 86_400

    def signers():
        return ensure_signers(
            authority.directory, "VN", now_s=0, passphrase=authority.passphrase
        )

    return days


def numbers(authority, table=audit):
    with authority.engine.connect() as connection:
        return sorted(set(connection.execute(select(table.c.seq)).scalars()))


def first_bad(authority, store):
    bad = verify_audit(authority, store).first_bad
    return None if bad is None else (bad.seq, bad.what)


def test_a_day_goes_when_its_time_is_over_and_the_rest_is_good(
    authority, store, live, clock
):
    live(3)
    assert prune_audit(authority, store) == 0
    clock.now_s += (KEPT - 3) * 86_400
    live(1)
    # Row 1 is behind the head of the first day, row 2 tells of it.
    assert (prune_audit(authority, store), prune_audit(authority, store)) == (1, 1 + 1)

    assert numbers(authority) == list(range(4, 11))
    assert numbers(authority, audit_subjects) == [5, 7]
    assert first_bad(authority, store) is None
    live(2)
    assert first_bad(authority, store) is None


def test_nobody_but_the_key_makes_it_any_shorter(authority, store, live, clock):
    live(3)
    clock.now_s += (KEPT - 3) * 86_400
    live(1)
    assert prune_audit(authority, store) == 1
    for change in ("DELETE FROM audit", "DELETE FROM audit_subjects"):
        # The database guards its rows as before.
        with pytest.raises(DatabaseError), authority.engine.begin() as connection:
            connection.execute(text(change))
    with authority.engine.begin() as connection:
        for table in ("audit", "audit_subjects"):
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE seq <= 3"))

    assert first_bad(authority, store) == (2, "missing")


def test_without_the_head_that_it_begins_with_it_is_not_believed(
    authority, store, live, clock
):
    live(2)
    clock.now_s += (KEPT - 2) * 86_400
    live(1)
    assert prune_audit(authority, store) == 1
    (authority.directory / "exports" / "audit-2026-05-27.json").unlink()

    assert first_bad(authority, store) == (0, "head")


def test_it_is_still_known_which_master_key_is_in_use(authority, store, live, clock):
    rotate_master(authority)
    live(2)
    clock.now_s += (KEPT - 2) * 86_400
    live(1)
    assert prune_audit(authority, store) == 3

    record_entry(authority, ENTRY)
    assert authority.vault.master == 2
    assert first_bad(authority, store) is None
