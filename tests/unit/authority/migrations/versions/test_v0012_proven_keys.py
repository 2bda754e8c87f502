"""From the schema before to 0012, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.migrations.versions import v0012_proven_keys
from proximity.authority.settings import Settings

KEY = (
    "INSERT INTO shared_keys (ref, key, start, period, forget_s)"
    " VALUES ('A', x'01', 1, 144, 2)"
)


def test_keys_that_were_shared_before_can_be_taken_back_as_before(tmp_path):
    engine = open_database(Settings(), tmp_path)
    before = v0012_proven_keys.down_revision
    assert upgrade(engine, before) == before
    with engine.begin() as connection:
        connection.execute(text(KEY))

    assert upgrade(engine, "0012") == "0012"

    columns = inspect(engine).get_columns("shared_keys")
    assert "proven" in [each["name"] for each in columns]
    with engine.begin() as connection:
        connection.execute(text(KEY.replace("'A'", "'B'")))
        rows = connection.execute(text("SELECT ref, proven FROM shared_keys"))
        assert {row.ref: bool(row.proven) for row in rows} == {"A": True, "B": False}
    engine.dispose()
