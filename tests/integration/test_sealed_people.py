"""Personal data in a service that runs: not in its files, not in its backups."""

import hmac
import json
import re
import sqlite3
import tarfile
import time
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from proximity.authority.assembly import Authority, open_authority
from proximity.authority.audit.model import Reader, Reason
from proximity.authority.database import DATABASE_FILE
from proximity.authority.people.citizen import issue_receipt
from proximity.authority.people.keeping import erase_person
from proximity.authority.people.key_store import KEY_STORE_FILE
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import add_people, correct_person, settle
from proximity.authority.people.search import Query, find_people

F = PersonField
UNIT = "10-080"
OFFICER = Reader("an@example.vn", UNIT, frozenset({UNIT}), Reason.CASE_WORK)
SEEDED = [
    ("Phùng Khắc Khoan", "0912345678", "015090123456", "Thôn Bản Vược, xã Trịnh Tường"),
    ("Đặng Thuỳ Trâm", "0987654321", "B7654321", "Số 17 phố Hoàng Liên"),
    ("Giàng A Pháo", "0377123456", "010099887766", "Bản Phố, Bắc Hà"),
]


@pytest.fixture
def opened(make_rig):
    """Return a maker of authorities, and what opens one at a time of the test."""
    made: list[Authority] = []

    def open_at(directory: Path, now_s: int, **settings: str) -> Authority:
        environment = {"PROXIMITY_NOW": str(now_s)} | settings
        authority = open_authority(directory, environment)
        made.append(authority)
        return authority

    yield open_at
    for authority in made:
        authority.engine.dispose()
        authority.vault.key_store.close()


def add(authority: Authority, seeds=SEEDED, kind=PersonKind.CONTACT) -> list[int]:
    people = [
        NewPerson(
            UNIT, kind, dict(zip(F, (*seed, f"Ghi chú về {seed[0]}"), strict=False))
        )
        for seed in seeds
    ]
    with authority.engine.begin() as connection:
        return add_people(authority, connection, people)


def names_of(authority: Authority, people: list[int]) -> list[str]:
    return [view.values[F.NAME] for view in read_people(authority, OFFICER, people, F)]


def restored(rig, archive: Path, folder: Path, now_s: int) -> Path:
    """Restore a backup by the command, beside the key store of the service."""
    live = rig.data / KEY_STORE_FILE
    rig.environment["PROXIMITY_AUTHORITY_RECORD_KEYS"] = str(live)
    before, rig.data = rig.data, folder
    try:
        rig.command("restore", str(archive), now_s=now_s)
    finally:
        rig.data = before
        del rig.environment["PROXIMITY_AUTHORITY_RECORD_KEYS"]
    return folder


def test_a_backup_of_day_20_opens_nothing_of_day_0_on_day_22(
    make_rig, opened, tmp_path, a_time
):
    rig = make_rig(started=False)
    first = add(opened(rig.data, a_time))
    later = add(opened(rig.data, a_time + 5 * 86_400), SEEDED[:1])
    archive = tmp_path / "backup.tgz"
    day_20, day_22 = a_time + 20 * 86_400, a_time + 22 * 86_400
    rig.command("backup", "-o", str(archive), now_s=day_20)
    key_store = {"PROXIMITY_AUTHORITY_RECORD_KEYS": str(rig.data / KEY_STORE_FILE)}

    # On day 20 the backup is good, with the key store of the service.
    early = restored(rig, archive, tmp_path / "early", day_20)
    assert names_of(opened(early, day_20, **key_store), first + later) == [
        *(seed[0] for seed in SEEDED),
        SEEDED[0][0],
    ]
    assert rig.work(day_22)["forgotten"] == 3

    late = restored(rig, archive, tmp_path / "late", day_22)
    for now_s in (day_22, day_20):
        # A clock that is set back brings no key back.
        authority = opened(late, now_s, **key_store)
        assert names_of(authority, first + later) == [SEEDED[0][0]]
    # Without the key store it opens nothing at all.
    alone = opened(late, day_20, PROXIMITY_AUTHORITY_RECORD_KEYS="")
    assert names_of(alone, first + later) == []
    with tarfile.open(archive) as tar:
        assert not [name for name in tar.getnames() if "record_keys" in name]


def forms_of(value: str) -> set[bytes]:
    """Return the ways in which a program may write a value, ASCII in lower case."""
    bare = unicodedata.normalize("NFD", value)
    plain = "".join(c for c in bare if not unicodedata.combining(c))
    found = set()
    for whole in {value, bare, plain, plain.replace("đ", "d").replace("Đ", "D")}:
        for cased in {whole, whole.lower(), whole.upper()}:
            data = cased.encode()
            escaped = json.dumps(cased).strip('"').encode()
            found |= {data, data.hex().encode(), cased.encode("utf-16-le"), escaped}
    return {form.lower() for form in found}


VALUES = [value for seed in SEEDED for value in seed]
# Of a telephone, what all of its forms have.
NEEDLES = set().union(*(forms_of(value.removeprefix("0")) for value in VALUES))


def leaks(data: bytes) -> list[bytes]:
    lowered = data.lower()
    return [needle for needle in NEEDLES if needle in lowered]


def everything(directory: Path) -> dict[str, bytes]:
    """Return the bytes of all files, and of a dump of each database."""
    found = {
        path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
    for name in (DATABASE_FILE, KEY_STORE_FILE):
        with closing(sqlite3.connect(directory / name)) as database:
            found[f"dump of {name}"] = "\n".join(database.iterdump()).encode()
    return found


def code_from(outbox: Path) -> str:
    """Return the code of a message that is sent after its answer."""
    for _ in range(1_000):
        if outbox.exists() and outbox.read_text().endswith("\n"):
            break
        time.sleep(0.02)
    message = json.loads(outbox.read_text())["text"]
    return re.search(r"\d{8}", message)[0]


def test_no_file_backup_or_log_has_a_name_or_telephone(
    make_rig, opened, tmp_path, a_time
):
    rig = make_rig(minimum="0", client_tries="500")
    authority = opened(rig.data, a_time)
    kept, changed, gone = add(authority)
    assert find_people(authority, OFFICER, Query(F.NAME, "khac khoan")).persons
    with authority.engine.begin() as connection:
        receipt = issue_receipt(authority, connection, kept)
        change = {F.NAME: "Trần Thị B", F.PHONE: "", F.ID_NUMBER: "", F.NOTES: ""}
        correct_person(authority, connection, OFFICER, changed, changes=change)
        erase_person(authority, connection, OFFICER, gone)
    settle(authority)
    rig.ask("/api/citizen/code", {"receipt": receipt})
    code = code_from(rig.data / "outbox.jsonl")
    answer = rig.ask("/api/citizen/session", {"receipt": receipt, "code": code})
    bearer = {"Authorization": f"Bearer {answer.json['token']}"}
    record = rig.ask("/api/citizen/record", {}, headers=bearer)
    assert record.json["values"]["name"] == SEEDED[0][0]
    bad = {"values": {"name": SEEDED[1][0] + "\u202e", "phone": SEEDED[1][1] + "x"}}
    assert rig.ask("/api/citizen/correct", bad, headers=bearer).status == 400
    while_running = everything(rig.data)
    rig.command("worker", "--once")
    rig.stop()
    ran = rig.run("backup", "-o", str(tmp_path / "backup.tgz"))
    with tarfile.open(tmp_path / "backup.tgz") as tar:
        members = [tar.extractfile(member).read() for member in tar if member.isfile()]

    # The one place with telephones, and proof that this test would find them.
    assert leaks(while_running.pop("outbox.jsonl"))
    assert "authority.sqlite-wal" in while_running
    after = everything(rig.data)
    after.pop("outbox.jsonl")
    texts = {
        "log": rig.log_file.read_bytes(),
        "out": (ran.stdout + ran.stderr).encode(),
    }
    for found in (while_running, after, texts, dict(enumerate(members))):
        assert {name: leaks(data) for name, data in found.items() if leaks(data)} == {}


def test_a_hundred_thousand_forged_rows_are_told_by_the_first(make_rig, opened, a_time):
    rig = make_rig(started=False)
    authority = opened(rig.data, a_time)
    people = add(authority)
    for _ in range(3):
        names_of(authority, people)
    rig.work()
    with authority.engine.begin() as connection:
        for table in ("audit", "audit_subjects"):
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
            connection.execute(text(f"DELETE FROM {table} WHERE seq > 1"))  # noqa: S608 - two names
        # Who writes the database has not the key of the chain.
        before = connection.execute(text("SELECT hash FROM audit")).scalar()
        rows = []
        for seq in range(2, 100_002):
            before = hmac.digest(b"guessed", before, "sha256")
            rows.append({"seq": seq, "hash": before})
        statement = (
            "INSERT INTO audit VALUES (:seq, 1, 'x', 'u', 'read', 'case_work', '',"
            " 'name', x'', :hash)"
        )
        connection.execute(text(statement), rows)
    ran = rig.run("verify-audit")

    assert ran.returncode == 1
    assert json.loads(ran.stdout)["first_bad"]["seq"] == 2
    assert json.loads(ran.stderr)["error"] == "DamagedRecordError"
    # The worker goes on publishing, and signs nothing of it.
    report = rig.work(a_time + 86_400)
    assert report["audit_intact"] is False
