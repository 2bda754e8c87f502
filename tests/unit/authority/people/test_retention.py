"""What is due goes, and only that; an old database decides nothing."""

import pytest
from sqlalchemy import func, insert, select, update

from proximity.authority.audit.model import audit, audit_subjects
from proximity.authority.cases.model import heard_tags, shared_keys
from proximity.authority.people.citizen import issue_receipt
from proximity.authority.people.model import (
    PersonField,
    PersonKind,
    citizen_receipts,
    citizen_sessions,
    person_tokens,
    persons,
)
from proximity.authority.people.reading import read_people
from proximity.authority.people.retention import (
    RetentionDay,
    drop_unopenable,
    forget_people,
    retention_calendar,
    retention_preview,
    retention_rules,
    unopenable_people,
)

CONTACT = PersonKind.CONTACT


def count(authority, table) -> int:
    with authority.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_contacts_go_before_cases_and_leave_only_the_audit(
    authority, add_person, reader, clock
):
    contact = add_person(kind=CONTACT, name="Lê An", phone="0912345678")
    case = add_person(name="Trần Bình")
    read_people(authority, reader(), [contact], [PersonField.NAME])
    with authority.engine.begin() as connection:
        issue_receipt(authority, connection, contact)
    clock.now_s += 21 * 86_400
    planned = retention_preview(authority)
    report = forget_people(authority)

    assert (planned.keys, planned.people) == (report.keys, report.people) == (1, 1)
    assert count(authority, persons) == 1
    assert count(authority, citizen_receipts) == 0
    with authority.engine.connect() as connection:
        owners = set(connection.execute(select(person_tokens.c.person)).scalars())
        actions = connection.execute(
            select(audit.c.action)
            .join(audit_subjects, audit_subjects.c.seq == audit.c.seq)
            .where(audit_subjects.c.person == contact)
            .order_by(audit.c.seq)
        ).scalars()
        assert list(actions) == ["list", "forget"]
    assert owners == {case}
    assert forget_people(authority).people == 0


def test_a_preview_changes_nothing(authority, add_person, clock):
    add_person(kind=CONTACT, name="Lê An")
    clock.now_s += 30 * 86_400

    assert retention_preview(authority) == retention_preview(authority)
    assert count(authority, persons) == authority.vault.key_store.count() == 1


def test_keys_go_on_time_though_the_database_says_later(authority, add_person, clock):
    add_person(kind=CONTACT, name="Lê An")
    with authority.engine.begin() as connection:
        connection.execute(update(persons).values(forget_day=99_999))
    clock.now_s += 21 * 86_400
    forget_people(authority)

    assert authority.vault.key_store.count() == 0
    assert len(unopenable_people(authority)) == 1
    assert drop_unopenable(authority) == 1
    assert count(authority, persons) == 0


def test_a_key_without_a_record_goes_on_its_day(authority, add_person, clock):
    add_person(kind=CONTACT, name="Lê An")
    with authority.engine.begin() as connection:
        connection.execute(persons.delete())
    clock.now_s += 21 * 86_400

    assert forget_people(authority).keys == 1
    assert authority.vault.key_store.count() == 0


def test_sessions_end_with_their_second(authority, clock):
    with authority.engine.begin() as connection:
        row = {"digest": b"x", "person": 1, "until_s": int(clock.now_s) + 9}
        connection.execute(insert(citizen_sessions).values(row))
    assert forget_people(authority).rows["citizen_sessions"] == 0
    clock.now_s += 9

    assert retention_preview(authority).rows["citizen_sessions"] == 1
    assert forget_people(authority).rows["citizen_sessions"] == 1


def test_what_a_case_heard_and_shared_goes_with_its_second(authority, clock):
    until_s = int(clock.now_s) + 60
    key = {"ref": "C", "key": b"k", "start": 1, "period": 144, "forget_s": until_s}
    tag = {"ref": "C", "tag": b"t", "from_s": 1, "to_s": 2, "count": 1}
    with authority.engine.begin() as connection:
        connection.execute(insert(shared_keys).values(key))
        connection.execute(insert(heard_tags).values(tag | {"forget_s": until_s}))
    assert forget_people(authority).rows["shared_keys"] == 0

    clock.now_s = until_s
    planned = retention_preview(authority).rows
    assert (planned["shared_keys"], planned["heard_tags"]) == (1, 1)
    assert forget_people(authority).rows == planned
    assert count(authority, heard_tags) == 0


def test_the_page_of_retention_counts_by_day_and_kind(authority, add_person):
    for _ in range(2):
        add_person(kind=CONTACT, name="Lê An")
    add_person(name="Trần Bình")
    add_person(unit="10-082", name="Vũ Cúc")

    assert retention_calendar(authority, ["10-080"]) == [
        RetentionDay(20_621, CONTACT, 2),
        RetentionDay(20_630, PersonKind.CASE, 1),
    ]
    assert retention_calendar(authority, ["10-080"], days=5) == []
    assert retention_rules(authority) == {PersonKind.CASE: 30, CONTACT: 21}


@pytest.mark.parametrize("days", [0, 20])
def test_nobody_goes_before_their_day(authority, add_person, reader, clock, days):  # noqa: PLR0917 - fixtures
    person = add_person(kind=CONTACT, name="Lê An")
    clock.now_s += days * 86_400
    forget_people(authority)

    assert len(read_people(authority, reader(), [person], PersonField)) == 1
