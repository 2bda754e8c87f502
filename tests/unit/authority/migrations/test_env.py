"""Migrations run on the connection they are given, all or nothing."""

import pytest
from sqlalchemy import inspect

from proximity.authority import database
from proximity.authority.settings import Settings


def test_an_upgrade_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    engine = database.open_database(Settings(), tmp_path)
    context = database.MigrationContext

    def interrupt(connection):
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "schema_version", interrupt)
    monkeypatch.setattr(database, "_known_version", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        database.upgrade(engine)

    assert inspect(engine).get_table_names() == []
    with engine.connect() as connection:
        assert context.configure(connection).get_current_revision() is None
    engine.dispose()
