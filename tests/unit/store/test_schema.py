import sqlite3
import stat
from contextlib import closing

import pytest

from proximity.errors import SchemaVersionError, StoreError
from proximity.store.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    is_current,
    open_store,
    open_to_look,
)
from proximity.store.state import has_state, read_state, write_state


def file_of_version(path, version):
    connection = sqlite3.connect(path, isolation_level=None)
    for statements in MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    if version:
        connection.execute(
            "INSERT INTO scans (start_ms, end_ms, monotonic_ms, backend, duty)"
            " VALUES (1, 2, 3, 'kept', 1.0)"
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def tables(connection):
    return connection.execute(
        "SELECT name, sql FROM sqlite_schema ORDER BY name"
    ).fetchall()


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_store_and_its_folder_are_private(tmp_path):
    path = tmp_path / "new" / "store.sqlite"
    connection = open_store(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    wal = path.with_name("store.sqlite-wal")
    assert stat.S_IMODE(wal.stat().st_mode) == 0o600
    connection.close()


def test_commits_reach_the_disk_and_deleted_content_is_overwritten(store):
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 2
    assert pragma(store, "secure_delete") == 1
    assert pragma(store, "temp_store") == 2


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_every_earlier_schema_is_upgraded_and_keeps_its_rows(tmp_path, store, version):
    path = tmp_path / "earlier.sqlite"
    file_of_version(path, version)

    connection = open_store(path)

    assert pragma(connection, "user_version") == len(MIGRATIONS)
    assert tables(connection) == tables(store)
    kept = connection.execute("SELECT backend FROM scans").fetchall()
    assert kept == ([("kept",)] if version else [])
    connection.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "store.sqlite"
    file_of_version(path, 2)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE decisions (in_the_way)")
    connection.close()

    with pytest.raises(StoreError):
        open_store(path)

    connection = sqlite3.connect(path)
    assert pragma(connection, "user_version") == 2
    names = {name for name, _ in tables(connection)}
    connection.close()
    assert "own_keys" not in names


def test_a_newer_store_is_refused_by_name_and_left_alone(tmp_path):
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(SchemaVersionError) as caught:
        open_store(path)

    assert "Update" in caught.value.hint
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "places.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="another program"):
        open_store(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\0" * 64]
)
def test_a_corrupt_file_is_named_and_not_overwritten(tmp_path, content):
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)

    with pytest.raises(StoreError, match="damaged"):
        open_store(path)

    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "store.sqlite")


def test_a_store_that_is_opened_again_has_what_was_written(tmp_path):
    path = tmp_path / "store.sqlite"
    connection = open_store(path)
    write_state(connection, "name", b"value")
    connection.close()

    connection = open_store(path)

    assert read_state(connection, "name") == b"value"
    connection.close()


def test_looking_needs_no_right_to_write_and_changes_nothing(tmp_path):
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    before = path.read_bytes()
    tmp_path.chmod(0o500)

    with closing(open_to_look(path)) as looking:
        assert is_current(looking)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            looking.execute("DELETE FROM scans")
    tmp_path.chmod(0o700)

    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_looking_sees_what_another_process_has_just_stored(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as writer:
        write_state(writer, "name", b"value")

        with closing(open_to_look(path)) as looking:
            assert read_state(looking, "name") == b"value"


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_looking_does_not_upgrade(tmp_path, version):
    path = tmp_path / "earlier.sqlite"
    file_of_version(path, version)

    with closing(open_to_look(path)) as looking:
        assert not is_current(looking)
        assert has_state(looking) is (version >= 2)
        assert pragma(looking, "user_version") == version


def test_looking_refuses_what_a_later_version_or_another_program_wrote(tmp_path):
    path = tmp_path / "later.sqlite"
    file_of_version(path, len(MIGRATIONS) + 1)
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (a)")

    with pytest.raises(SchemaVersionError):
        open_to_look(path)
    with pytest.raises(StoreError, match="another program"):
        open_to_look(other)
    with pytest.raises(StoreError):
        open_to_look(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
