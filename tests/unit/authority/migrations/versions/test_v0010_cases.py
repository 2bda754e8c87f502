"""From the schema before to 0010, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.migrations.versions import v0010_cases
from proximity.authority.settings import Settings

CODE = (
    "INSERT INTO codes (uuid, test_type, issued_s, short_until_s, long_until_s,"
    " failures, issuer) VALUES ('u', 'confirmed', 1, 2, 3, 0, '')"
)


def test_the_schema_before_is_upgraded_and_keeps_its_rows(tmp_path):
    engine = open_database(Settings(), tmp_path)
    before = v0010_cases.down_revision
    assert upgrade(engine, before) == before
    assert "cases" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text(CODE))

    assert upgrade(engine, "0010") == "0010"

    assert {"cases", "case_edges", "recursive_keys"} <= set(
        inspect(engine).get_table_names()
    )
    with engine.connect() as connection:
        assert connection.execute(text("SELECT uuid FROM codes")).scalar() == "u"
    engine.dispose()
