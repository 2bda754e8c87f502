"""Once a day the end of the audit is signed, unless something is wrong with it."""

import pytest
from sqlalchemy import select, text

from proximity.authority.audit.countersign import countersign
from proximity.authority.audit.model import Action, Entry, Reason, audit
from proximity.authority.audit.trail import record_entry, record_restore
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.errors import DamagedRecordError, FormatError

ENTRY = Entry("an", "10-080", Action.READ, Reason.CASE_WORK)


@pytest.fixture
def sign(authority):
    store = LocalFolder(authority.directory / "exports")

    def signers():
        return ensure_signers(
            authority.directory, "VN", now_s=0, passphrase=authority.passphrase
        )

    return lambda: countersign(authority, store, signers)


def test_there_is_one_head_a_day(authority, sign, clock):
    assert sign() is False
    record_entry(authority, ENTRY)

    assert (sign(), sign()) == (True, False)
    clock.now_s += 86_400
    assert sign() is True
    names = {path.name for path in (authority.directory / "exports").glob("audit-*")}
    assert names == {"audit-2026-05-27.json", "audit-2026-05-28.json"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'binh' WHERE seq = 3",
    ],
)
def test_a_damaged_audit_is_not_signed(authority, sign, clock, statement):
    for _ in range(2):
        record_entry(authority, ENTRY)
    sign()
    record_entry(authority, ENTRY)
    clock.now_s += 86_400
    with authority.engine.begin() as connection:
        for name in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_no_{name}"))
        connection.execute(text(statement))
    record_entry(authority, ENTRY)

    with pytest.raises(DamagedRecordError, match="not signed"):
        sign()


def test_a_restored_audit_is_signed_again(authority, sign, clock):
    record_entry(authority, ENTRY)
    record_entry(authority, ENTRY)
    sign()
    with authority.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE seq >= 2"))
    record_restore(authority)
    clock.now_s += 86_400

    assert sign() is True


def test_a_process_that_died_before_its_row_leaves_it_to_the_next(
    authority, sign, monkeypatch
):
    record_entry(authority, ENTRY)
    with monkeypatch.context() as patch:
        patch.setattr("proximity.authority.audit.countersign.record_entry", None)
        with pytest.raises(TypeError):
            sign()

    assert [sign(), sign()] == [False, False]
    with authority.engine.connect() as connection:
        rows = connection.execute(select(audit.c.action).order_by(audit.c.seq))
        assert rows.scalars().all() == ["read", "head"]


def test_a_file_that_somebody_puts_in_place_of_a_head_is_no_head(authority, sign):
    record_entry(authority, ENTRY)
    folder = authority.directory / "exports"
    folder.mkdir(exist_ok=True)
    (folder / "audit-2026-05-27.json").write_text("{}")

    with pytest.raises(FormatError):
        sign()
