"""From schema 0004 to 0005, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

ACCOUNT = (
    "INSERT INTO accounts (email, role, password_hash, made_s)"
    " VALUES ('a@b.vn', 'admin', 'x', 1)"
)


def test_the_schema_before_is_upgraded_and_keeps_its_rows(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0004") == "0004"
    assert "imported_files" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text(ACCOUNT))

    assert upgrade(engine, "0005") == "0005"

    assert {"imported_files", "import_sources"} <= set(
        inspect(engine).get_table_names()
    )
    with engine.connect() as connection:
        assert connection.execute(text("SELECT email FROM accounts")).scalar() == (
            "a@b.vn"
        )
    engine.dispose()
