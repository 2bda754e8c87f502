"""From schema 0006 to 0007, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.database import METADATA, open_database, upgrade
from proximity.authority.settings import Settings


def test_an_administrator_of_before_keeps_password_and_gets_the_root(tmp_path):
    engine = open_database(Settings(), tmp_path)
    upgrade(engine, "0006")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO accounts VALUES ('ana@example.org', 'admin', 'hash', 5)")
        )
        connection.execute(
            text(
                "INSERT INTO codes (uuid, test_type, issued_s, short_until_s,"
                " long_until_s, failures, issuer)"
                " VALUES ('u', 'confirmed', 1, 2, 3, 0, '')"
            )
        )

    assert upgrade(engine, "0007") == "0007"

    with engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM officers")).one()
        officer = load_officer(connection, row.id)
        assert connection.execute(text("SELECT unit FROM codes")).scalar() is None
    assert (row.email, row.password_hash, row.made_s) == ("ana@example.org", "hash", 5)
    assert row.enrolled_s is None
    assert [(each.role, each.unit.id) for each in officer.grants] == [
        (Role.ADMINISTRATOR, "root")
    ]
    assert "accounts" not in inspect(engine).get_table_names()
    engine.dispose()


def test_the_tables_are_those_of_the_program(tmp_path):
    engine = open_database(Settings(), tmp_path)
    upgrade(engine)
    found = inspect(engine)
    for name, table in METADATA.tables.items():
        columns = {each["name"]: each["nullable"] for each in found.get_columns(name)}
        assert columns == {each.name: each.nullable for each in table.c}, name
    engine.dispose()
