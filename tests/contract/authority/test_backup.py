"""A backup of one database becomes an authority on either."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from postgres_server import only_postgresql
from sqlalchemy import Column, Integer, MetaData, String, Table, inspect, select, text

from proximity.authority import backup as backups
from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.accounts.officers import NewOfficer, add_officer, give_role
from proximity.authority.assembly import open_authority
from proximity.authority.backup import back_up, restore
from proximity.authority.database import open_database, reading, upgrade
from proximity.authority.founding import found_authority
from proximity.authority.keyring import CODE
from proximity.authority.publish.worker import only_worker, work
from proximity.authority.rotation import rotate_all
from proximity.authority.settings import Settings, is_initialised
from proximity.authority.table_copy import copy_rows
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.authority.verification.claiming import Claim, claim_code
from proximity.authority.verification.issuing import CodeOrder, issue_code
from proximity.authority.verification.model import TestType
from proximity.errors import LockedError, PolicyError
from proximity.protocol.diagnosis_key import ReportType
from proximity.units import DAY_S, iso_day


def upload(authority, days_back: int) -> bytes:
    start = (authority.now_s // DAY_S - days_back) * 144
    key = AcceptedKey(os.urandom(16), start, 144, ReportType.CONFIRMED_TEST, 1, 2)
    one = Upload((key,), False, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        assert store_uploads(connection, [one], "VN", now_s=authority.now_s) == [
            Stored(1)
        ]
    return key.key


def contents(authority) -> dict[str, list]:
    """Return every row of every table."""
    names = set(inspect(authority.engine).get_table_names()) - {"alembic_version"}
    found = {}
    with reading(authority.engine) as connection:
        for name in sorted(names):
            # Names of the database's own.
            rows = connection.execute(text(f"SELECT * FROM {name}")).all()  # noqa: S608
            # One of the two has no Boolean values.
            found[name] = sorted(
                repr([int(v) if isinstance(v, bool) else v for v in row])
                for row in rows
            )
    return found


@pytest.fixture(params=["to-sqlite", "to-postgresql"])
def other_database(request, postgres) -> dict[str, str]:
    """Return the environment of an empty database to restore to."""
    url = ""
    if request.param == "to-postgresql":
        url = postgres.url(postgres.database())
    return {"PROXIMITY_AUTHORITY_DATABASE_URL": url}


@pytest.fixture
def lived(authority):
    """Return an authority with something in every table it has so far."""
    with authority.engine.begin() as connection:
        new = NewOfficer(id="a" * 16, email="a@b.vn", name="Ana", unit=ROOT)
        add_officer(connection, new, authority.now_s)
        give_role(connection, new.id, Role.ADMINISTRATOR, ROOT)
    today = iso_day(authority.now_s // DAY_S)
    order = CodeOrder("confirmed", symptom_date=today, phone="+84900000001")
    code = issue_code(authority, order).code
    claim_code(authority, Claim(code, {TestType.CONFIRMED}, None, "192.0.2.1"))
    upload(authority, 1)
    work(authority)
    upload(authority, 0)
    return authority


def test_everything_is_there_on_another_machine_and_goes_on(
    lived, other_database, tmp_path
):
    report = back_up(lived, tmp_path / "backup.tgz")
    assert report == (2, 1)
    new = tmp_path / "new"

    assert restore(tmp_path / "backup.tgz", new, other_database) == (2, 1)

    # The directory alone says where the database is.
    later = str(lived.now_s + DAY_S)
    restored = open_authority(new, {"PROXIMITY_NOW": later})
    there, here = contents(restored), contents(lived)
    told = set(there.pop("audit")) - set(here.pop("audit"))
    assert there == here
    # The audit alone has more: that there was a restore.
    assert ["'restore'" in line for line in told] == [True]
    assert len([rows for rows in there.values() if rows]) > 8
    assert restored.keyring.current(CODE).kid == lived.keyring.current(CODE).kid
    assert work(restored).keys == 1
    lines = (new / "exports/index.txt").read_text("ascii").splitlines()
    assert [(lived.directory / "exports/index.txt").read_text("ascii")] == lines[:1]
    assert (new / "authority.sqlite").exists() is (
        restored.engine.dialect.name == "sqlite"
    )
    restored.engine.dispose()


def test_a_backup_is_of_one_moment_while_uploads_go_on(
    open_process, tmp_path, monkeypatch
):
    authority, uploading = open_process(), open_process()
    before = {upload(authority, 1) for _ in range(3)}
    begun, go_on = Event(), Event()
    real = backups.copy_rows

    def copy_slowly(source, target):
        source.execute(text("SELECT 1 FROM exposures")).all()
        begun.set()
        assert go_on.wait(30)
        return real(source, target)

    monkeypatch.setattr(backups, "copy_rows", copy_slowly)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(back_up, authority, tmp_path / "backup.tgz")
        assert begun.wait(30)
        upload(uploading, 1)
        go_on.set()
        assert running.result().keys == 3
    monkeypatch.undo()

    there = {"PROXIMITY_AUTHORITY_DATABASE_URL": ""}
    restore(tmp_path / "backup.tgz", tmp_path / "new", there)
    restored = open_authority(tmp_path / "new", {})
    with reading(restored.engine) as connection:
        rows = connection.execute(select(exposures.c.key)).scalars()
        assert set(map(bytes, rows)) == before
    restored.engine.dispose()


def test_there_is_no_backup_of_half_a_publication(open_process, tmp_path):
    authority, other = open_process(), open_process()
    with only_worker(other), pytest.raises(LockedError):
        back_up(authority, tmp_path / "backup.tgz")


def test_every_key_is_replaced_on_an_operators_word(
    new_database, open_process, clock, monkeypatch
):
    directory, environment = new_database
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = open_process().keyring.current(CODE).kid
    monkeypatch.setenv("PROXIMITY_NOW", str(clock.now_s))

    keys = rotate_all(directory)

    assert [each.verification_key.key_version for each in keys] == ["v1", "v2"]
    authority = open_process()
    clock.now_s += 120
    assert authority.keyring.current(CODE).kid != before
    upload(authority, 1)
    assert work(authority).keys == 1


@only_postgresql
def test_a_database_in_use_is_not_taken(lived, new_database, tmp_path):
    directory, environment = new_database
    before = contents(lived)
    back_up(lived, tmp_path / "backup.tgz")

    # As on a new machine where nobody has changed the address of the database.
    with pytest.raises(PolicyError, match="in this database already"):
        restore(tmp_path / "backup.tgz", tmp_path / "new", {})
    with pytest.raises(PolicyError, match="in this database already"):
        found_authority(tmp_path / "second", environment)

    assert contents(lived) == before
    for name in ("new", "second"):
        assert not is_initialised(tmp_path / name)
    assert directory.exists()


def test_an_init_that_broke_off_is_begun_again(database, tmp_path, monkeypatch):
    environment = database.new()
    with monkeypatch.context() as patch:
        patch.setattr("proximity.authority.founding.make_api_key", None)
        with pytest.raises(TypeError):
            found_authority(tmp_path / "authority", environment)
    assert not is_initialised(tmp_path / "authority")

    found_authority(tmp_path / "authority", environment)

    authority = open_authority(tmp_path / "authority", environment)
    assert authority.keyring.current(CODE)
    authority.engine.dispose()


@only_postgresql
def test_numbers_that_the_database_gives_go_on_after_a_copy(
    postgres, open_process, tmp_path
):
    metadata = MetaData()
    table = Table(
        "numbered",
        metadata,
        Column("number", Integer, primary_key=True),
        Column("name", String(8)),
    )
    old, url = open_process().engine, postgres.url(postgres.database())
    new = open_database(Settings(database_url=url), tmp_path)
    upgrade(new)
    metadata.create_all(old)
    metadata.create_all(new)
    with old.begin() as connection:
        connection.execute(table.insert(), [{"name": "one"}, {"name": "two"}])
    with reading(old) as source, new.begin() as target:
        copy_rows(source, target)

    with new.begin() as connection:
        connection.execute(table.insert().values(name="three"))
        numbers = connection.execute(select(table.c.number)).scalars().all()
    metadata.drop_all(old)
    new.dispose()
    assert sorted(numbers) == [1, 2, 3]
