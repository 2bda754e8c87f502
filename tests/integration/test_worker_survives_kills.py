"""A worker that is killed at any step shows no part of a file and no key twice.

On SQLite with a local folder, and on PostgreSQL with an S3-compatible store.
"""

import functools
import io
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from postgres_server import POSTGRESQL, PostgresServer, missing
from s3_simulator import S3Simulator, names_below
from sqlalchemy import select
from sqlalchemy.engine import make_url

from proximity.authority import keyring
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.database import open_database, reading
from proximity.authority.founding import found_authority
from proximity.authority.publish.published_store import open_published_store
from proximity.authority.publish.rules import RETENTION_S
from proximity.authority.publish.signing_keys import published_keys
from proximity.authority.publish.worker import WorkReport, work
from proximity.authority.settings import load_settings
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.protocol.export_index import parse_index

DAY = 18_400
FIRST_RUN_S = DAY * 86_400 + 7_800
# By then the files of the first run have expired, and one waiting key is free.
SECOND_RUN_S = FIRST_RUN_S + RETENTION_S + 600
VARIABLE = "PROXIMITY_AUTHORITY_"
# All copies of one authority have one passphrase.
STRETCHED_ONCE = functools.cache(keyring._stretched)

# Repeats the second run in copies of one authority: in copy n the process is killed
# just before its n-th change of database or store, which is just after the one before,
# until a run gets through. Each run is a fork, so that all need one start of the
# interpreter.
KILLER = """
import os, signal, sys
from pathlib import Path
for folder in {folders!r}:
    sys.path.insert(0, folder)
import test_worker_survives_kills as scenario
from proximity.authority import keyring
from proximity.authority.keyring import load_passphrase
from proximity.authority.publish import published_store as stores
from sqlalchemy.engine.default import DefaultDialect

def killed_at(step, place):
    left = step
    def counting(call):
        def wrapped(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)
        return wrapped
    for owner, names in (
        (stores.LocalFolder, ("put", "delete")),
        (stores.ObjectStore, ("put", "replace", "delete")),
        (DefaultDialect, ("do_commit",)),
    ):
        for name in names:
            setattr(owner, name, counting(getattr(owner, name)))
    scenario.second_run(place)

start, copies = Path(sys.argv[1]), Path(sys.argv[2])
scenario.STRETCHED_ONCE(load_passphrase(start, os.environ))
keyring._stretched = scenario.STRETCHED_ONCE
step = 0
while True:
    step += 1
    place = scenario.copied(start, copies, step)
    child = os.fork()
    if child == 0:
        scenario.copy_store(step)
        killed_at(step, place)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


def copied(start: Path, copies: Path, step: int) -> Path:
    """Copy directory and database of an authority; return the directory."""
    directory = copies / str(step)
    shutil.copytree(start, directory)
    url = os.environ.get(f"{VARIABLE}DATABASE_URL")
    if url:
        import psycopg  # noqa: PLC0415 - only where it is the database

        server = make_url(url).set(drivername="postgresql", database="postgres")
        with psycopg.connect(
            server.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            # Names of this test, no input.
            connection.execute(f"CREATE DATABASE copy_{step} TEMPLATE started")  # type: ignore[call-overload]
    return directory


def copy_store(step: int) -> None:
    """Copy what was published into the place in the store that a copy has."""
    url = os.environ.get(f"{VARIABLE}STORE_URL")
    if url:
        old = open_published_store(url, Path(), os.environ)
        place = url.replace("/start", f"/copy_{step}")
        new = open_published_store(place, Path(), os.environ)
        for name in names_below(url):
            new.put(name, old.get(name) or b"")


def environment_of(directory: Path) -> dict[str, str]:
    """Return where a copy has its own database, and its own place in a store."""
    environment = dict(os.environ)
    for name, end in (("DATABASE_URL", "/started?"), ("STORE_URL", "/start")):
        whole = environment.get(VARIABLE + name)
        if whole and directory.name != "start":
            own = end.replace("started", "copy_").replace("start", "copy_")
            own = f"{own.rstrip('?')}{directory.name}{'?' if '?' in own else ''}"
            environment[VARIABLE + name] = whole.replace(end, own)
    return environment


def opened(directory: Path, now_s: int) -> Authority:
    environment = environment_of(directory) | {"PROXIMITY_NOW": str(now_s)}
    return open_authority(directory, environment)


def key(n: int, day: int, report_type: ReportType = ReportType.CONFIRMED_TEST):
    return AcceptedKey(bytes([n]) * 16, day * 144, 144, report_type, 0, 2)


def upload(authority: Authority, *keys: AcceptedKey) -> None:
    token = frozenset((each.key, each.start, each.period) for each in keys)
    one = Upload(keys, False, token, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        (answer,) = store_uploads(connection, [one], "VN", now_s=authority.now_s)
    assert isinstance(answer, Stored), answer


def first_runs(directory: Path) -> None:
    """Publish a file that will expire, then one; leave a key free and one revoked."""
    authority = opened(directory, FIRST_RUN_S)
    upload(authority, key(1, DAY - 1))
    work(authority)
    authority.engine.dispose()
    authority = opened(directory, FIRST_RUN_S + 13 * 86_400)
    upload(authority, key(2, DAY + 12), key(3, DAY))
    work(authority)
    upload(authority, key(3, DAY, ReportType.REVOKED))
    upload(authority, key(4, DAY + 12), key(5, DAY + 13))
    authority.engine.dispose()


def second_run(directory: Path) -> WorkReport:
    """Publish one changed and two new keys in two files, expire another."""
    authority = opened(directory, SECOND_RUN_S)
    report = work(authority)
    authority.engine.dispose()
    return report


class Shown:
    """What the world sees of an authority: verified, counted, compared to its rows."""

    def __init__(self, directory: Path) -> None:
        settings = load_settings(directory, environment_of(directory))
        url, folder = settings.store_url, directory / "exports"
        engine = open_database(settings, directory)
        store = open_published_store(url, folder, os.environ)
        pins = [pinned.verification_key for pinned in published_keys(directory)]
        with reading(engine) as connection:
            stored = set(
                map(bytes, connection.execute(select(exposures.c.key)).scalars())
            )
        engine.dispose()
        self.keys: Counter[int] = Counter()
        self.revised: Counter[int] = Counter()
        self.listed = parse_index(store.get("index.txt") or b"")
        for name in self.listed:
            read = open_export(io.BytesIO(store.get(name))).verify(pins).read()
            for counter, block in (
                (self.keys, read.keys),
                (self.revised, read.revised),
            ):
                rows = [row.tobytes() for row in block.key]
                assert set(rows) <= stored
                counter.update(row[0] for row in rows if len(set(row)) == 1)
        names = names_below(url) if url else {path.name for path in folder.iterdir()}
        self.files = {name for name in names if name.endswith(".zip")}


@pytest.fixture(
    params=["sqlite-folder", POSTGRESQL], ids=["sqlite-folder", "postgresql-s3"]
)
def place(request, tmp_path, monkeypatch):
    """Return a new authority's directory; the environment names the rest."""
    closing = []
    if request.param == "postgresql":
        if missing():
            pytest.skip(missing())
        server, store = PostgresServer(), S3Simulator()
        closing += [server.close, store.close]
        server.sql("CREATE DATABASE started")
        monkeypatch.setenv(f"{VARIABLE}DATABASE_URL", server.url("started"))
        monkeypatch.setenv(f"{VARIABLE}STORE_URL", "s3://bucket/start")
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(keyring, "_stretched", STRETCHED_ONCE)
    monkeypatch.setenv(f"{VARIABLE}MINIMUM", "20")
    monkeypatch.setenv(f"{VARIABLE}MAX_KEYS", "14")
    found_authority(tmp_path / "start", os.environ, test=True)
    yield tmp_path / "start"
    for close in closing:
        close()


def test_killed_at_any_step_it_publishes_each_key_once(place: Path, tmp_path: Path):
    first_runs(place)
    before = Shown(place)
    assert (before.keys, before.revised) == ({1: 1, 2: 1, 3: 1}, {})
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "contract")]
    script = KILLER.format(folders=folders)
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(place), str(tmp_path / "copies")],
        check=True,
        timeout=120,
    )

    directories = list((tmp_path / "copies").iterdir())
    assert len(directories) >= 10
    for directory in directories:
        interrupted = Shown(directory)
        assert set(interrupted.listed) <= interrupted.files
        for counted in (interrupted.keys, interrupted.revised):
            assert max(counted.values(), default=0) <= 1

        second_run(directory)

        after = Shown(directory)
        assert after.keys == {2: 1, 3: 1, 4: 1, 5: 1}
        assert after.revised == {3: 1}
        assert set(after.listed) == after.files
        assert before.listed[0] not in after.listed
