"""The schema, on either database."""

from importlib import import_module
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import proximity.authority
from proximity.authority.database import (
    METADATA,
    check_schema,
    newest_version,
    open_database,
    upgrade,
)
from proximity.authority.settings import Settings
from proximity.errors import SchemaVersionError

AUTHORITY = Path(proximity.authority.__file__).parent
VERSIONS = sorted(
    each.revision
    for each in ScriptDirectory(str(AUTHORITY / "migrations")).walk_revisions()
)
# A row that each version can hold.
ROW = (
    "INSERT INTO codes (uuid, test_type, issued_s, short_until_s, long_until_s,"
    " failures, issuer) VALUES ('u', 'confirmed', 1, 2, 3, 0, 'Trạm y tế')"
)


@pytest.fixture
def engine(database, tmp_path):
    (url,) = database.new().values()
    engine = open_database(Settings(database_url=url), tmp_path)
    yield engine
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_program_uses(engine):
    for model in AUTHORITY.rglob("*model.py"):
        parts = model.relative_to(AUTHORITY).with_suffix("").parts
        import_module(".".join(["proximity.authority", *parts]))
    upgrade(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_each_earlier_schema_is_upgraded_with_what_it_holds(engine, version):
    assert upgrade(engine, version) == version
    with engine.begin() as connection:
        connection.execute(text(ROW))

    assert upgrade(engine) == newest_version()
    check_schema(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT issuer FROM codes")).scalar() == (
            "Trạm y tế"
        )


def test_an_upgrade_that_fails_changes_nothing(engine):
    upgrade(engine, "0001")
    with engine.begin() as connection:
        # In the way of a later version.
        connection.execute(text("CREATE TABLE batches (number INTEGER)"))

    with pytest.raises(Exception, match="cannot be used"):
        upgrade(engine)

    assert "exposures" not in inspect(engine).get_table_names()
    with pytest.raises(SchemaVersionError, match="0001"):
        check_schema(engine)


def test_two_machines_upgrade_at_once_and_it_is_done_once(engine):
    upgrade(engine, "0002")
    done = []
    threads = [Thread(target=lambda: done.append(upgrade(engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [newest_version()] * 4
