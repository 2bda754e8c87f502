"""All tables of one database into another."""

import pytest
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    text,
)

from proximity.authority.database import open_database, reading, upgrade
from proximity.authority.settings import Settings
from proximity.authority.table_copy import copy_rows, count_uploads

KEY = (
    "INSERT INTO exposures VALUES (x'{:032x}', 1, 144, 1, 0, 2, 'VN', 0, '{}', 1,"
    " NULL, NULL, NULL, NULL, NULL, 1)"
)


@pytest.fixture
def engines(tmp_path):
    opened = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        opened.append(open_database(Settings(), tmp_path / name))
        upgrade(opened[-1])
    yield opened
    for each in opened:
        each.dispose()


def test_padding_is_copied_and_not_counted(engines):
    old, new = engines
    with old.begin() as connection:
        for number, origin in enumerate(["upload", "upload", "padding"]):
            connection.execute(text(KEY.format(number, origin)))

    with reading(old) as source, new.begin() as target:
        assert copy_rows(source, target) == 2
    with reading(new) as connection:
        assert count_uploads(connection) == 2
        rows = text("SELECT count(*) FROM exposures")
        assert connection.execute(rows).scalar() == 3


def test_a_table_that_the_program_has_not_imported_is_copied_too(engines):
    metadata = MetaData()
    table = Table(
        "of_another_feature",
        metadata,
        Column("number", Integer, primary_key=True),
        Column("name", String(20)),
        Column("data", LargeBinary),
    )
    old, new = engines
    metadata.create_all(old)
    metadata.create_all(new)
    with old.begin() as connection:
        connection.execute(insert(table).values(name="Huế", data=b"\x00\xff"))

    with reading(old) as source, new.begin() as target:
        copy_rows(source, target)
    with reading(new) as connection:
        (row,) = connection.execute(table.select()).all()
    assert tuple(row) == (1, "Huế", b"\x00\xff")
