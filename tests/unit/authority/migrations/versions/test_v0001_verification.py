"""The first schema."""

from sqlalchemy import inspect

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings


def test_it_is_made_from_nothing(tmp_path):
    engine = open_database(Settings(), tmp_path)

    assert upgrade(engine, "0001") == "0001"
    assert "codes" in inspect(engine).get_table_names()
    assert upgrade(engine) > "0001"
    engine.dispose()
