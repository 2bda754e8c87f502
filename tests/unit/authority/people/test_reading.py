"""Reading: the audit first, then plain text, and only of one's own units."""

from pathlib import Path

import pytest
from sqlalchemy import select, text, update

import proximity.authority
from proximity.authority.audit.model import audit
from proximity.authority.audit.trail import AuditLine
from proximity.authority.people.model import PersonField, persons
from proximity.authority.people.reading import MAX_PERSONS, open_fields, read_people
from proximity.errors import DamagedRecordError, PolicyError, StoreError

F = PersonField
NAME = "Nguyễn Văn Hoà"


def lines(authority):
    with authority.engine.connect() as connection:
        return connection.execute(select(audit).order_by(audit.c.seq)).all()


def test_what_was_stored_is_read_and_the_audit_says_so(authority, add_person, reader):
    person = add_person(name=NAME, phone="0912345678", notes="dòng 1\ndòng 2")
    (view,) = read_people(authority, reader(), [person], [F.NAME, F.PHONE, F.ADDRESS])

    assert view.values == {F.NAME: NAME, F.PHONE: "+84912345678"}
    assert (view.person, view.version, view.forget_day) == (person, 1, 20_630)
    (line,) = lines(authority)
    assert (line.actor, line.action, line.reason, line.reference) == (
        "an@example.vn",
        "read",
        "case_work",
        "C-17",
    )
    assert line.fields == "name,phone,address"
    assert line.subjects == person.to_bytes(8)
    assert line.at_s == authority.now_s


def test_a_list_of_names_is_another_action(authority, add_person, reader):
    people = [add_person(name=f"Người {n}") for n in range(3)]
    views = read_people(authority, reader(), people[::-1], [F.NAME])

    assert [view.person for view in views] == people[::-1]
    assert [line.action for line in lines(authority)] == ["list"]


def test_without_an_audit_nothing_is_decrypted(
    authority, add_person, reader, monkeypatch
):
    person = add_person(name=NAME)
    opened = []
    monkeypatch.setattr(type(authority.vault), "unseal", lambda *a: opened.append(a))
    with authority.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO gone"))

    with pytest.raises(StoreError):
        read_people(authority, reader(), [person], [F.NAME])
    assert opened == []


def test_the_line_is_committed_before_plain_text_is_there(
    authority, add_person, reader, monkeypatch
):
    person = add_person(name=NAME)
    seen = []
    unseal = authority.vault.unseal

    def watch(vault, *arguments):
        seen.append(len(lines(authority)))
        return unseal(*arguments)

    monkeypatch.setattr(type(authority.vault), "unseal", watch)
    read_people(authority, reader(), [person], [F.NAME])

    assert seen == [1]


def test_people_of_other_units_are_as_if_they_were_not_there(
    authority, add_person, reader
):
    theirs = add_person(unit="10-082", name=NAME)

    assert read_people(authority, reader(), [theirs, 5], [F.NAME]) == []
    (line,) = lines(authority)
    assert (line.action, line.subjects) == ("denied", theirs.to_bytes(8))


def test_who_is_due_is_not_read_though_no_worker_ran(
    authority, add_person, reader, clock
):
    person = add_person(name=NAME)
    clock.now_s += 30 * 86_400

    assert read_people(authority, reader(), [person], [F.NAME]) == []


def test_a_database_that_says_a_later_day_keeps_nobody(
    authority, add_person, reader, clock
):
    person = add_person(name=NAME)
    with authority.engine.begin() as connection:
        connection.execute(update(persons).values(forget_day=99_999))
    clock.now_s += 30 * 86_400

    assert read_people(authority, reader(), [person], [F.NAME]) == []


@pytest.mark.parametrize("what", ["field", "person", "version", "unit", "key", "bit"])
def test_swapped_and_changed_ciphertexts_are_found(authority, add_person, reader, what):
    one = add_person(name=NAME, address="xã A")
    other = add_person(name="Trần Thị B", address="xã B")
    sealed = select(persons).where(persons.c.person == other)
    with authority.engine.begin() as connection:
        theirs = connection.execute(sealed).one()
        change = {
            "field": {"name": persons.c.address},
            "person": {"name": theirs.name},
            "version": {"version": 2},
            "unit": {"unit": "10-081"},
            "key": {"key_id": b"0" * 16},
            "bit": {"name": theirs.name[:-1] + b"\0"},
        }[what]
        if what == "key":
            # Two rows cannot name one key: the other one moves away first.
            moved = update(persons).where(persons.c.person == other)
            connection.execute(moved.values(key_id=b"1" * 16))
            change = {"key_id": theirs.key_id}
        mine = update(persons).where(persons.c.person == one)
        connection.execute(mine.values(**change))

    with pytest.raises(DamagedRecordError, match=str(one)):
        read_people(
            authority, reader("an@example.vn", "10-080", "10-081"), [one], [F.NAME]
        )


def test_an_older_version_that_is_put_back_opens_nothing(authority, add_person, reader):
    from proximity.authority.people.records import (  # noqa: PLC0415 - used here alone
        correct_person,
        settle,
    )

    person = add_person(name=NAME)
    with authority.engine.begin() as connection:
        old = dict(connection.execute(select(persons)).one()._mapping)
        correct_person(
            authority, connection, reader(), person, changes={F.NAME: "Trần B"}
        )
    settle(authority)
    with authority.engine.begin() as connection:
        connection.execute(update(persons).values(old))

    assert read_people(authority, reader(), [person], [F.NAME]) == []


def test_a_line_opens_only_what_it_names(authority, add_person, reader):
    person = add_person(name=NAME, phone="0912345678")
    with authority.engine.connect() as connection:
        row = connection.execute(select(persons)).one()
    (wrapped,) = authority.vault.key_store.get([row.key_id]).values()
    for line in (
        AuditLine(1, frozenset({"name"}), frozenset({person + 1}), seals_anew=False),
        AuditLine(1, frozenset({"phone"}), frozenset({person}), seals_anew=False),
    ):
        with pytest.raises(PolicyError, match="audit"):
            open_fields(authority, line, row, wrapped=wrapped, fields=[F.NAME])


def test_one_place_of_the_program_decrypts():
    package = Path(proximity.authority.__file__).parent
    callers = [
        path.name
        for path in package.rglob("*.py")
        if "vault.unseal(" in path.read_text("utf-8")
    ]

    assert callers == ["reading.py"]


def test_nobody_reads_a_whole_province_at_once(authority, reader):
    with pytest.raises(PolicyError, match="at once"):
        read_people(authority, reader(), range(MAX_PERSONS + 1), [F.NAME])


REFUSED = [
    {"reference": "Nguyễn Văn A"},
    {"reference": "x" * 65},
    {"name": "a b"},
    {"name": ""},
    {"unit": "u" * 65},
]


def test_who_reads_without_a_proper_reason_reads_nothing(authority, add_person, reader):
    person = add_person(name=NAME)

    for changes in REFUSED:
        with pytest.raises(PolicyError):
            read_people(authority, reader(**changes), [person], [F.NAME])
    assert lines(authority) == []
