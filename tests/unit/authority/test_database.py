"""The database: durable, versioned, and named when it fails."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from proximity.authority.database import (
    METADATA,
    check_schema,
    newest_version,
    open_database,
    reading,
    schema_version,
    upgrade,
)
from proximity.authority.settings import Settings
from proximity.errors import SchemaVersionError, StoreError

AUTHORITY = Path(__file__).parents[3] / "proximity" / "authority"


@pytest.fixture
def quick_disk():
    """Keep the disk as slow as it is: it is what these tests look at."""


@pytest.fixture
def engine(tmp_path: Path):
    engine = open_database(Settings(), tmp_path)
    yield engine
    engine.dispose()


def test_a_commit_is_written_through(engine):
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_the_migrations_make_the_tables_that_the_program_uses(engine):
    for model in AUTHORITY.rglob("*model.py"):
        parts = model.relative_to(AUTHORITY).with_suffix("").parts
        import_module(".".join(["proximity.authority", *parts]))
    upgrade(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_an_upgrade_twice_is_one(engine):
    assert upgrade(engine) == upgrade(engine) == newest_version()
    check_schema(engine)


def test_an_older_schema_is_told_to_migrate(engine):
    upgrade(engine, "0001")

    with pytest.raises(SchemaVersionError) as caught:
        check_schema(engine)

    assert "authority migrate" in caught.value.hint


def test_a_newer_schema_is_left_alone(engine):
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (upgrade, check_schema):
        with pytest.raises(SchemaVersionError, match="newer"):
            use(engine)
    with reading(engine) as connection:
        assert schema_version(connection) == "9999"


def test_a_database_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "authority.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(StoreError, match="cannot be used"):
        upgrade(open_database(Settings(), tmp_path))


def test_a_postgresql_that_is_not_there_is_named_without_its_password(tmp_path: Path):
    settings = Settings(database_url="postgresql://u:secret@127.0.0.1:1/db")

    with pytest.raises(StoreError) as caught:
        upgrade(open_database(settings, tmp_path))

    assert "secret" not in str(caught.value)
