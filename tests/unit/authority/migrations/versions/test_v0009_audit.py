"""From schema 0007 to 0008: the audit, and what guards its rows."""

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

PERSON = "INSERT INTO person_tokens VALUES (1, 2)"
LINE = "INSERT INTO audit VALUES (1, 2, 'a', 'u', 'read', 'r', '', '', x'', x'')"


def test_the_schema_before_is_upgraded_and_keeps_its_rows(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0008") == "0008"
    assert "audit" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text(PERSON))

    assert upgrade(engine, "0009") == "0009"

    with engine.connect() as connection:
        found = connection.execute(text("SELECT person FROM person_tokens"))
        assert found.scalar() == 2
    engine.dispose()


def test_the_database_itself_refuses_to_change_a_line(tmp_path):
    engine = open_database(Settings(), tmp_path)
    upgrade(engine, "0009")
    with engine.begin() as connection:
        connection.execute(text(LINE))
        connection.execute(text("INSERT INTO audit_subjects VALUES (1, 1)"))

    for table in ("audit", "audit_subjects"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET seq = 2"):  # noqa: S608 - two names
            with (
                pytest.raises(DatabaseError, match="never change"),
                engine.begin() as c,
            ):
                c.execute(text(change))
    engine.dispose()
