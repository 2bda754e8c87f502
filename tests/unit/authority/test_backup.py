"""A backup, and a new machine that goes on from it."""

import io
import os
import tarfile

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.organisations import find_organisation
from proximity.authority.assembly import open_authority
from proximity.authority.audit.model import Action, Entry, Reason
from proximity.authority.audit.trail import record_entry
from proximity.authority.audit.verify import verify_audit
from proximity.authority.backup import back_up, restore
from proximity.authority.keyring import CODE
from proximity.authority.publish.durable_files import sole_writer
from proximity.authority.publish.published_store import LocalFolder
from proximity.authority.publish.worker import work
from proximity.authority.settings import is_initialised
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.upload.writer import store_uploads
from proximity.errors import (
    FormatError,
    LockedError,
    PolicyError,
    StoreError,
    TruncatedError,
)
from proximity.protocol.diagnosis_key import ReportType


def upload(authority, days_back: int) -> None:
    start = (authority.now_s // 86_400 - days_back) * 144
    key = AcceptedKey(os.urandom(16), start, 144, ReportType.CONFIRMED_TEST, 1, 2)
    one = Upload((key,), False, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        store_uploads(connection, [one], "VN", now_s=authority.now_s)


@pytest.fixture
def archive(authority, tmp_path):
    """Return a backup of one published and one waiting key."""
    upload(authority, 1)
    work(authority)
    upload(authority, 0)
    report = back_up(authority, tmp_path / "backup.tgz")
    assert report == (2, 1)
    return tmp_path / "backup.tgz"


def test_a_new_machine_goes_on_where_the_backup_was_made(authority, archive, tmp_path):
    new = tmp_path / "new"
    assert restore(archive, new, {}) == (2, 1)

    before = authority.directory / "exports"
    restored = open_authority(new, {"PROXIMITY_NOW": str(authority.now_s + 86_400)})
    assert restored.keyring.current(CODE).kid == authority.keyring.current(CODE).kid
    for file in (each for each in before.rglob("*") if each.is_file()):
        copy = new / "exports" / file.relative_to(before)
        assert copy.read_bytes() == file.read_bytes()
    assert work(restored).keys == 1
    lines = (new / "exports" / "index.txt").read_text().splitlines()
    assert (before / "index.txt").read_text() == lines[0]
    assert len(lines) == 2
    restored.engine.dispose()


def test_private_files_stay_private(archive, tmp_path):
    restore(archive, tmp_path / "new", {})

    assert archive.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    for name in ("passphrase", "settings.json", "keys/v1.pem"):
        assert (tmp_path / "new" / name).stat().st_mode & 0o777 == 0o600


def test_there_is_no_backup_of_half_a_publication(authority, tmp_path):
    with sole_writer(authority.directory), pytest.raises(LockedError):
        back_up(authority, tmp_path / "backup.tgz")

    assert not (tmp_path / "backup.tgz").exists()


def test_a_place_that_cannot_be_written_is_named(authority, tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(authority, tmp_path / "none" / "backup.tgz")


def test_an_authority_is_not_overwritten(authority, archive):
    with pytest.raises(PolicyError, match="already"):
        restore(archive, authority.directory, {})


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_backup_that_is_cut_short_makes_no_authority(archive, tmp_path, kept):
    data = archive.read_bytes()
    (tmp_path / "short.tgz").write_bytes(data[: int(len(data) * kept)])

    with pytest.raises(TruncatedError):
        restore(tmp_path / "short.tgz", tmp_path / "new", {})
    assert not is_initialised(tmp_path / "new")


@pytest.mark.parametrize(
    "name",
    [
        *("../passphrase", "/etc/passwd", "keys/../../x", "other", "keys/.hidden"),
        *(
            "keys/LA/v1.pem",
            "exports/../../x",
            "exports/.la/x.zip",
            "exports/a/b/c.zip",
        ),
    ],
)
def test_a_file_with_other_names_is_none(tmp_path, name):
    path = tmp_path / "evil.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))

    with pytest.raises(FormatError):
        restore(path, tmp_path / "new", {})
    assert not is_initialised(tmp_path / "new")


def test_messages_that_an_older_backup_holds_are_left_out(archive, tmp_path):
    older = tmp_path / "older.tgz"
    with tarfile.open(archive) as source, tarfile.open(older, "w:gz") as target:
        outbox = tarfile.TarInfo("outbox.jsonl")
        outbox.size = 1
        target.addfile(outbox, io.BytesIO(b"x"))
        for member in source:
            target.addfile(member, source.extractfile(member))
    restore(older, tmp_path / "new", {})

    assert not (tmp_path / "new" / "outbox.jsonl").exists()


def test_what_opens_records_is_in_no_backup(authority, add_person, tmp_path):
    add_person(name="Lê An")
    (authority.directory / "outbox.jsonl").write_text("+84912345678")
    back_up(authority, tmp_path / "backup.tgz")

    with tarfile.open(tmp_path / "backup.tgz") as tar:
        names = tar.getnames()
    assert "keys/people.key" in names
    assert not {"record_keys.sqlite", "outbox.jsonl"} & set(names)


def test_a_restored_audit_says_so(authority, reader, archive, tmp_path):
    read = Entry("an", "u", Action.READ, Reason.CASE_WORK)
    record_entry(authority, read)
    back_up(authority, tmp_path / "late.tgz")
    record_entry(authority, read)
    kept = authority.directory / "record_keys.sqlite"
    environment = {"PROXIMITY_AUTHORITY_RECORD_KEYS": str(kept)}
    restore(tmp_path / "late.tgz", tmp_path / "new", environment)

    restored = open_authority(tmp_path / "new", environment)
    report = verify_audit(restored, LocalFolder(tmp_path / "new" / "exports"))
    assert (report.rows, report.restored, report.first_bad) == (2, 1, None)
    restored.engine.dispose()


def test_a_link_in_a_backup_is_refused(tmp_path):
    path = tmp_path / "evil.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("passphrase")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)

    with pytest.raises(FormatError):
        restore(path, tmp_path / "new", {})


def test_what_is_published_for_other_regions_is_restored_too(authority, tmp_path):
    folder = authority.directory / "exports" / "LA"
    folder.mkdir(parents=True)
    (folder / "1-2-00001.zip").write_bytes(b"one")
    back_up(authority, tmp_path / "backup.tgz")

    assert restore(tmp_path / "backup.tgz", tmp_path / "new", {}) == (0, 1)
    assert (tmp_path / "new/exports/LA/1-2-00001.zip").read_bytes() == b"one"


def test_units_officers_and_their_rights_come_along(world, someone, tmp_path):
    lan = someone(Role.TRACER, "02641").officer
    back_up(world.authority, tmp_path / "backup.tgz")
    restore(tmp_path / "backup.tgz", tmp_path / "new", {})

    restored = open_authority(tmp_path / "new", {})
    with restored.engine.begin() as connection:
        assert load_officer(connection, lan.id) == lan
        root = find_organisation(connection, "root")
    restored.engine.dispose()
    assert root.name == "Sở Y tế tỉnh Lào Cai"
