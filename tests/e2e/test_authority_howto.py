"""How to run an authority: every command of these pages, executed as it is written.

A word of a page that only its reader can know (an address, a folder) is replaced.
"""

import configparser
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_server import PostgresServer, missing, programs
from s3_simulator import S3Simulator

from proximity.authority.assembly import open_authority
from proximity.authority.settings import load_settings
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType
from proximity.units import DAY_S

HOWTO = Path(__file__).parents[2] / "docs/howto"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
PROGRAMS = Path(sys.executable).parent
UNTIL_SERVED = "while ! grep -q url served; do sleep 0.1; done"
NEW_RECIPIENT = (
    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=backup -days 2"
    " -keyout recipient.key -out recipient.pem 2>&1"
)


class Reader:
    """Somebody who follows pages in a folder of their own."""

    def __init__(self, folder: Path, **words: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.words = {
            "/opt/proximity/bin": str(PROGRAMS),
            "/srv/": f"{folder}/",
            "8080": str(self.port),
        } | words
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PROXIMITY_", "AWS_", "PG"))
        }
        self.environment["PATH"] = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"

    def blocks(self, page: str, kind: str) -> list[str]:
        """Return the blocks of a kind with the reader's own words."""
        text = (HOWTO / f"{page}.md").read_text("utf-8")
        found = [block for name, block in BLOCK.findall(text) if name == kind]
        assert found
        for word, own in self.words.items():
            found = [block.replace(word, own) for block in found]
        return found

    def follow(
        self, page: str, *, begin: str = "", after_first: str = "", end: str = ""
    ) -> str:
        """Run all shell blocks of a page in one shell; return what it printed."""
        first, *rest = self.blocks(page, "sh")
        script = "\n".join(["set -e", begin, first, after_first, *rest, end])
        run = subprocess.run(  # noqa: S603 - our own pages
            ["sh", "-c", script],  # noqa: S607
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def units(reader: Reader, page: str) -> list[str]:
    """Return what the units of a page start."""
    found = []
    for block in reader.blocks(page, "ini"):
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[method-assign,assignment]
        unit.read_string(block)
        assert unit["Install"]["WantedBy"] == "multi-user.target"
        found.append(unit["Service"]["ExecStart"])
    return found


def hand_in_a_key(directory: Path) -> None:
    """Store a key that may go out with the next run."""
    authority = open_authority(directory, {})
    start = (authority.now_s // DAY_S - 2) * 144
    key = AcceptedKey(os.urandom(16), start, 144, ReportType.CONFIRMED_TEST, 1, 2)
    one = Upload((key,), False, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        store_uploads(connection, [one], "VN", now_s=authority.now_s)
    authority.engine.dispose()


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl") and shutil.which("sh")),
    reason="the pages use curl and openssl, in a shell",
)
def test_one_machine_then_rotation_then_another_machine(tmp_path: Path):
    reader, directory = Reader(tmp_path), tmp_path / "authority"
    serve, worker = units(reader, "authority-sqlite")
    assert worker.endswith(f"proximity authority worker --data {directory}")
    running = f"({serve} >served 2>&1 & echo $! >pid)\n{UNTIL_SERVED}"

    printed = reader.follow(
        "authority-sqlite", after_first=running, end="kill $(cat pid)"
    )
    assert '{"status":"ready"}' in printed
    assert "proximity_newest_batch_end_seconds" in printed
    assert "0 batches with 0 keys published" in printed
    assert "The database has schema" in printed
    settings = load_settings(directory, {})
    assert settings.health_authority_id == "vn.example.health"
    assert (tmp_path / "api-keys.json").stat().st_mode & 0o777 == 0o600

    hand_in_a_key(directory)
    printed = reader.follow("authority-rotation")
    assert re.search(r"VN v1, signs until .*\nVN v2", printed)
    assert "1 batches with 1 keys published" in printed
    assert len(list((directory / "public_keys").iterdir())) == 2

    hand_in_a_key(directory)
    printed = reader.follow("authority-restore", begin=NEW_RECIPIENT)
    assert "Restored 2 keys and 1 published files." in printed
    assert "1 batches with 1 keys published" in printed
    assert len(list((tmp_path / "restored/exports").glob("*.zip"))) == 2
    assert b"PRIVATE KEY" not in (tmp_path / "authority-backup.cms").read_bytes()


@pytest.fixture
def country(tmp_path: Path):
    reason = missing()
    if reason:
        pytest.skip(reason)
    server, store = PostgresServer(), S3Simulator()
    store.clear("vn")
    address = f"http://{store.host}:{store.port}"
    reader = Reader(
        tmp_path,
        **{
            "authority@db.internal/authority": (
                f"authority@/authority?host={server.folder}"
            ),
            "https://s3.internal": address,
            "s3://exports/vn": "s3://bucket/vn",
            "/exports/vn/": "/bucket/vn/",
        },
    )
    reader.environment |= {"PGHOST": str(server.folder), "PGUSER": "proximity"}
    reader.environment["PATH"] = f"{programs()}{os.pathsep}{reader.environment['PATH']}"
    yield reader, server, store
    server.close()
    store.close()


@pytest.mark.xdist_group("postgresql")
def test_a_country_runs_as_its_page_says(country, tmp_path: Path):
    reader, server, store = country

    printed = reader.follow("authority-postgresql-s3", end="kill $!")

    assert '{"status":"ready"}' in printed
    settings = load_settings(tmp_path / "authority", {})
    assert settings.store_url == "s3://bucket/vn"
    assert store.names("vn") == {"index.txt", "recursive/index.txt"}
    assert server.sql("SELECT count(*) FROM api_keys", "authority").strip() == "3"
    rows = "SELECT unnest(setconfig) FROM pg_db_role_setting"
    assert set(server.sql(rows).split()) == {
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
    }
