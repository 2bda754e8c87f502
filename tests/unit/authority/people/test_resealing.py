"""A new master key: everything is made anew with it, and nothing is lost meanwhile."""

import os

import pytest
from sqlalchemy import select, text

from proximity.authority.audit.model import Action, Entry, Reason, audit
from proximity.authority.audit.trail import masters_in_use, record_entry
from proximity.authority.audit.verify import verify_audit
from proximity.authority.database import reading
from proximity.authority.people import resealing
from proximity.authority.people.citizen import issue_receipt, message_with_code
from proximity.authority.people.keeping import keep_until
from proximity.authority.people.model import PersonField, person_tokens, persons
from proximity.authority.people.reading import read_people
from proximity.authority.people.resealing import rotate_master
from proximity.authority.people.search import Query, find_people
from proximity.authority.people.vault import Slot, Vault
from proximity.authority.publish.published_store import LocalFolder
from proximity.errors import DamagedRecordError, StoreError

F = PersonField


@pytest.fixture
def three(add_person):
    names = ("Phùng Khắc Khoan", "Đặng Thuỳ Trâm", "Giàng A Pháo")
    return [add_person(name=name, phone="0912345678") for name in names]


@pytest.fixture
def old_vault(authority):
    """Return what somebody has who took the first master key along."""
    taken = Vault(
        authority.directory, authority.keyring, authority.vault.key_store, os.urandom
    )
    taken.use(1)
    return taken


def found(authority, reader, words):
    return find_people(authority, reader(), Query(F.NAME, words)).persons


def verified(authority):
    store = LocalFolder(authority.directory / "exports")
    return verify_audit(authority, store).first_bad


def rows(authority, table=persons):
    with authority.engine.connect() as connection:
        return connection.execute(select(table)).all()


def masters_of(authority):
    """Return which master key each record is of."""
    keys = authority.vault.key_store.get([bytes(row.key_id) for row in rows(authority)])
    return [
        authority.vault.unwrap(
            Slot(row.person, row.unit, row.version), keys[bytes(row.key_id)]
        ).master
        for row in rows(authority)
    ]


def test_everybody_is_there_and_found_under_the_new_key(authority, three, reader):
    before = read_people(authority, reader(), three, F)
    done = rotate_master(authority)

    assert (done.master, done.people, done.damaged) == (2, 3, 0)
    after = read_people(authority, reader(), three, F)
    assert [each.values for each in after] == [each.values for each in before]
    assert [each.forget_day for each in after] == [each.forget_day for each in before]
    assert masters_of(authority) == [2, 2, 2]
    assert found(authority, reader, "khac khoan") == (three[0],)
    assert verified(authority) is None
    # What was replaced is destroyed.
    assert authority.vault.key_store.count() == 3


def test_the_old_key_opens_recognises_and_forges_nothing(authority, three, old_vault):
    terms = ["word:khoan"]
    (known,) = old_vault.tokens("10-080", terms)
    assert known in {row.token for row in rows(authority, person_tokens)}
    rotate_master(authority)

    assert known not in {row.token for row in rows(authority, person_tokens)}
    for row in rows(authority):
        (wrapped,) = old_vault.key_store.get([bytes(row.key_id)]).values()
        with pytest.raises(DamagedRecordError):
            old_vault.unwrap(Slot(row.person, row.unit, row.version), wrapped)
    assert old_vault.derived("audit") != authority.vault.derived("audit")


def test_a_row_behind_the_rotation_is_no_longer_forged_with_the_old_key(
    authority, three, monkeypatch
):
    rotate_master(authority)
    old = authority.vault.derived("audit", master=1)
    monkeypatch.setattr("proximity.authority.audit.trail.audit_key", lambda *_: old)
    record_entry(authority, Entry("an", "u", Action.READ, Reason.CASE_WORK))
    monkeypatch.undo()

    assert verified(authority).what == "changed"


def test_officers_find_persons_while_it_goes_on(authority, three, reader, monkeypatch):
    monkeypatch.setattr(resealing, "_BLOCK", 1)
    seen = []

    def look(done, count):
        seen.append((done, count, masters_of(authority).count(2)))
        words = ("khac khoan", "thuy tram", "a phao")
        assert [found(authority, reader, each) for each in words] == [
            (person,) for person in three
        ]

    rotate_master(authority, told=look)

    assert seen == [(1, 3, 1), (2, 3, 2), (3, 3, 3)]
    # From then on by the new key alone.
    with reading(authority.engine) as connection:
        assert masters_in_use(connection) == (2, 2)


def test_one_that_broke_off_is_finished_by_the_next(
    authority, three, reader, monkeypatch
):
    monkeypatch.setattr(resealing, "_BLOCK", 1)

    def die(done, _count):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_master(authority, told=die)
    assert masters_of(authority).count(1) == 1
    # Kept longer meanwhile, a record stays findable by the key that its words have.
    (late,) = [row.person for row in rows(authority)][-1:]
    with authority.engine.begin() as connection:
        keep_until(authority, connection, reader(), late, day=20_650)
    assert masters_of(authority).count(1) == 1
    done = rotate_master(authority)

    assert (done.master, done.people) == (2, 1)
    assert masters_of(authority) == [2, 2, 2]
    assert found(authority, reader, "khac khoan") == (three[0],)
    assert verified(authority) is None


def test_a_second_rotation_goes_on_from_the_first(authority, three, reader):
    rotate_master(authority)
    assert rotate_master(authority).master == 3

    assert masters_of(authority) == [3, 3, 3]
    assert verified(authority) is None


def test_receipts_that_people_have_go_on_working(authority, three):
    with authority.engine.begin() as connection:
        receipt = issue_receipt(authority, connection, three[0])
    rotate_master(authority)

    assert message_with_code(authority, receipt)[0] == "+84912345678"


def test_a_record_that_no_key_opens_is_counted_and_stops_nothing(authority, three):
    with authority.engine.begin() as connection:
        connection.execute(
            text("UPDATE persons SET version = 9 WHERE person = :one"),
            {"one": three[1]},
        )
    done = rotate_master(authority)

    assert (done.people, done.damaged) == (2, 1)


def test_a_later_day_in_the_database_is_not_taken_over(authority, three, clock, reader):
    with authority.engine.begin() as connection:
        connection.execute(text("UPDATE persons SET forget_day = forget_day + 100"))
    rotate_master(authority)
    clock.now_s += 31 * 86_400

    assert read_people(authority, reader(), three, F) == []


def test_a_machine_without_the_new_key_reads_nothing_and_says_which(
    authority, three, reader
):
    rotate_master(authority)
    (authority.directory / "keys" / "people-2.key").rename(
        authority.directory / "elsewhere"
    )
    other = Vault(
        authority.directory, authority.keyring, authority.vault.key_store, os.urandom
    )

    with pytest.raises(StoreError, match=r"keys/people-2\.key"):
        other.use(2)
    assert other.master == 1


@pytest.mark.parametrize("number", ["3", "x", "1"])
def test_a_forged_row_of_a_rotation_is_named(authority, three, number):
    record_entry(authority, Entry("an", "u", Action.READ, Reason.CASE_WORK))
    with authority.engine.begin() as connection:
        row = connection.execute(select(audit)).mappings().first()
        forged = dict(row) | {"seq": 2, "action": "rotate", "reference": number}
        connection.execute(audit.insert().values(**forged))

    assert verified(authority).seq == 2
