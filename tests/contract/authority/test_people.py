"""Persons and their keys, with both in SQLite and both in PostgreSQL."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from proximity.authority.audit.model import Reader, Reason
from proximity.authority.audit.verify import verify_audit
from proximity.authority.database import open_engine, reading
from proximity.authority.people.citizen import (
    erase_record,
    issue_receipt,
    message_with_code,
    open_session,
    see_readings,
    see_record,
)
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import (
    add_people,
    correct_person,
    move_person,
    settle,
)
from proximity.authority.people.resealing import rotate_master
from proximity.authority.people.retention import forget_people
from proximity.authority.people.search import Query, find_people
from proximity.authority.publish.published_store import LocalFolder

F = PersonField
HERE, THERE = "02641", "03001"
NAME, PHONE = "Đặng Thuỳ Trâm", "+84987654321"


def reader(*units):
    return Reader("an", HERE, frozenset(units or (HERE,)), Reason.CASE_WORK)


@pytest.fixture(scope="session")
def keys_url(database) -> str:
    """Return where record keys lie: beside SQLite in a file, else in a database."""
    if database.server is None:
        return ""
    return database.server.url(database.server.database())


@pytest.fixture
def process(open_process, keys_url):
    if keys_url:
        engine = open_engine(keys_url, None)
        with engine.begin() as connection:
            for table in inspect(connection).get_table_names():
                connection.execute(text(f"TRUNCATE {table}"))
        engine.dispose()
    return lambda: open_process(record_keys=keys_url)


@pytest.fixture
def service(process):
    return process()


def add(authority, *names, kind=PersonKind.CASE):
    people = [
        NewPerson(HERE, kind, {F.NAME: name, F.PHONE: PHONE, F.NOTES: "ghi chú"})
        for name in names
    ]
    with authority.engine.begin() as connection:
        return add_people(authority, connection, people)


def found(authority, words, field=F.NAME, **options):
    query = Query(field, words, **options)
    return set(find_people(authority, reader(HERE, THERE), query).persons)


def is_intact(authority):
    store = LocalFolder(authority.directory / "exports")
    return verify_audit(authority, store).first_bad is None


def test_a_person_is_found_read_corrected_and_moved(service):
    one, other = add(service, NAME, "Đặng Thúy Trầm")
    assert found(service, "dang thuy tram") == {one, other}
    assert found(service, "Trâm Đặng", exact=True) == {one}
    assert found(service, "0987 654 321", F.PHONE) == {one, other}
    with service.engine.begin() as connection:
        changes = {F.NAME: "Trần Thị B"}
        correct_person(service, connection, reader(), one, changes=changes)
        move_person(service, connection, reader(), other, unit=THERE)
    settle(service)

    (view,) = read_people(service, reader(), [one, other], F)
    assert view.values == {F.NAME: "Trần Thị B", F.PHONE: PHONE, F.NOTES: "ghi chú"}
    assert found(service, "tram") == {other}
    assert service.vault.key_store.count() == 2
    assert is_intact(service)


def test_retention_destroys_keys_and_rows(service, clock):
    add(service, NAME, kind=PersonKind.CONTACT)
    (case,) = add(service, "Trần Thị B")
    clock.now_s += 21 * 86_400
    done = forget_people(service)

    assert (done.keys, done.people) == (1, 1)
    assert service.vault.key_store.count() == 1
    assert found(service, "tram") == set()
    assert read_people(service, reader(), [case], [F.NAME])
    assert is_intact(service)


def test_nothing_that_is_stored_has_a_name_or_a_telephone(service, keys_url):
    (one,) = add(service, NAME)
    found(service, NAME)
    with service.engine.begin() as connection:
        issue_receipt(service, connection, one)
        changes = {F.NAME: "Trần Thị B"}
        correct_person(service, connection, reader(), one, changes=changes)
    engines = [service.engine, service.vault.key_store._engine]
    stored = []
    for engine in engines:
        with reading(engine) as connection:
            for table in inspect(connection).get_table_names():
                # Names of the database's own.
                rows = connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - ours
                stored += [
                    bytes(value)
                    if isinstance(value, bytes | memoryview)
                    else str(value).encode()
                    for row in rows
                    for value in row
                ]
    everything = b"\n".join(stored).lower()

    assert b"correct" in everything
    for word in ("trâm", "tram", "trần", "987654321", "ghi chú"):
        assert word.encode() not in everything


def test_all_records_get_new_keys_while_others_are_added(process):
    authority, other = process(), process()
    people = add(authority, *(f"Người {n}" for n in range(40)))
    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(lambda: [add(other, f"Mới {n}")[0] for n in range(20)])
        done = rotate_master(authority)
        people += adding.result()

    assert (done.master, done.damaged) == (2, 0)
    # By the new key alone: what was sealed with the old one would not be found.
    assert found(other, "nguoi") | found(other, "moi") == set(people)
    views = read_people(other, reader(), people, [F.PHONE])
    assert [view.values for view in views] == [{F.PHONE: PHONE}] * 60
    assert authority.vault.key_store.count() == 60
    assert is_intact(other)


def test_a_person_sees_their_record_and_who_read_it_and_erases_it(service):
    (one,) = add(service, NAME)
    read_people(service, reader(), [one], [F.NAME, F.PHONE])
    with service.engine.begin() as connection:
        receipt = issue_receipt(service, connection, one)
    phone, message = message_with_code(service, receipt)
    token = open_session(service, receipt, re.search(r"\d{8}", message)[0]).token

    assert phone == PHONE
    assert see_record(service, token).values[F.NAME] == NAME
    lines = see_readings(service, token)
    assert [line.who for line in lines].count("citizen") == 1
    assert {line.fields for line in lines} >= {("name", "phone")}
    assert erase_record(service, token) is None
    assert read_people(service, reader(), [one], F) == []
    assert service.vault.key_store.count() == 0
