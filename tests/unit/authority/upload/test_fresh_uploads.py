"""The way of uploads of which nothing is there yet."""

import os

import pytest
from sqlalchemy import func, select

from proximity.authority.database import reading
from proximity.authority.upload import fresh_uploads
from proximity.authority.upload.fresh_uploads import is_fresh, store_fresh
from proximity.authority.upload.model import (
    AcceptedKey,
    Upload,
    certificates,
    exposures,
)
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType

DAY = 20_599
CONFIRMED = ReportType.CONFIRMED_TEST


def upload(*keys: bytes, kind=CONFIRMED, token=None, traveler=False, start=DAY * 144):
    accepted = tuple(
        AcceptedKey(key, start, 143, kind, -2, 3) for key in keys or [os.urandom(16)]
    )
    return Upload(accepted, traveler, token, os.urandom(32), 2_000_000_000)


def rows(authority):
    with reading(authority.engine) as connection:
        return (
            connection.execute(select(exposures).order_by(exposures.c.key)).all(),
            connection.execute(select(certificates)).all(),
        )


def count(authority) -> int:
    with reading(authority.engine) as connection:
        return connection.scalar(select(func.count()).select_from(exposures))


@pytest.mark.parametrize("start", [DAY * 144, DAY * 144 + 200])
@pytest.mark.parametrize("traveler", [False, True])
def test_the_rows_are_those_of_the_way_that_looks_up(authority, start, traveler):
    given = [upload(*map(os.urandom, [16] * 3), traveler=traveler, start=start)]
    now_s = authority.now_s
    with authority.engine.connect() as connection:
        connection.begin()
        store_uploads(connection, given, "VN", now_s=now_s)
        expected = (
            connection.execute(select(exposures).order_by(exposures.c.key)).all(),
            connection.execute(select(certificates)).all(),
        )
        connection.rollback()

    assert store_fresh(authority.engine, given, "VN", now_s=now_s)
    assert rows(authority) == expected


@pytest.mark.parametrize("again", ["key", "certificate", "both in one group"])
def test_what_is_there_already_stores_nothing_of_the_group(authority, again):
    first, other = upload(), upload()
    second = upload(first.keys[0].key)
    if again == "certificate":
        second = upload()._replace(certificate=first.certificate)
    group = [first, second] if again == "both in one group" else [other, second]
    if again != "both in one group":
        assert store_fresh(authority.engine, [first], "VN", now_s=authority.now_s)
    before = rows(authority)

    assert not store_fresh(authority.engine, group, "VN", now_s=authority.now_s)
    assert rows(authority) == before


def test_a_database_that_fails_stores_nothing(authority):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE certificates")

    assert not store_fresh(authority.engine, [upload()], "VN", now_s=authority.now_s)
    assert count(authority) == 0


def test_what_may_change_a_key_is_not_fresh():
    assert is_fresh(upload())
    assert not is_fresh(upload(token=frozenset()))
    assert not is_fresh(upload(kind=ReportType.REVOKED))


class Copied:
    """Stands for PostgreSQL's connection, cursor and COPY; keeps what is written."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}
        self.connection = self.driver_connection = self

    def cursor(self):
        return self

    def copy(self, statement: str):
        self.statement = statement
        return self

    def write(self, data: bytes) -> None:
        self.written[self.statement] = data

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        return None


def fields_of(data: bytes) -> list[list[bytes]]:
    """Read COPY in binary: head, rows of fields with their lengths, end."""
    assert data[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    at, found = 19, []
    while (count := int.from_bytes(data[at : at + 2], signed=True)) != -1:
        at += 2
        row = []
        for _ in range(count):
            length = int.from_bytes(data[at : at + 4])
            row.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        found.append(row)
    assert at + 2 == len(data)
    return found


def test_postgresql_gets_the_same_rows_in_its_binary_form():
    connection, given = Copied(), upload(os.urandom(16), traveler=True)
    row = fresh_uploads._row(given.keys[0], 1_700_000_000, "VN", traveler=True)
    certificate = (given.certificate, 1, 2_000_000_000)

    fresh_uploads._copy(connection, [row], [certificate])

    keys, spent = (fields_of(data) for data in connection.written.values())
    numbers = [int.from_bytes(f, signed=True) for f in keys[0][1:9]]
    assert (keys[0][0], *numbers, *(f.decode() for f in keys[0][9:])) == row
    assert [len(field) for field in keys[0]] == [16, 4, 2, 2, 2, 2, 1, 8, 8, 2, 6]
    digest, *rest = spent[0]
    assert (digest, *map(int.from_bytes, rest)) == certificate
    assert [statement.split()[1] for statement in connection.written] == [
        "exposures",
        "certificates",
    ]
