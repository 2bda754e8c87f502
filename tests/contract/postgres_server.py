"""A PostgreSQL server of the tests' own, on a socket in a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import pytest

# One worker of the tests starts the server.
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))
only_postgresql = pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
_PROGRAMS = Path("/usr/lib/postgresql")
_START_S = 30.0
_SETTINGS = {
    "listen_addresses": "",
    # The machine does not lose power during a test; a killed server loses nothing.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "16MB",
    # As docs/howto/authority-postgresql-s3.md asks: no error quotes a key.
    "log_error_verbosity": "terse",
    "log_lock_waits": "on",
}


def missing() -> str | None:
    """Return why there can be no server, None if there can."""
    if not programs():
        return "PostgreSQL is not installed: make parts, or apt install postgresql"
    return None


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed."""
    found = sorted(_PROGRAMS.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


class PostgresServer:
    """A cluster with as many databases as tests want."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None
        self._programs = folder
        # It refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else None
        # A path that is short enough for a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        if self._user:
            shutil.chown(self.folder, self._user)
        self._numbers = count(1)
        options = ("-U", "proximity", "-A", "trust", "-E", "UTF8", "--locale=C")
        self._run("initdb", "-D", str(self._data), *options, "--no-sync")
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        """What the server has written for its operator."""
        return (self.folder / "log").read_text("utf-8")

    def start(self) -> None:
        """Start the server; return when it answers."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the system
                [
                    str(self._programs / "postgres"),
                    *("-D", str(self._data), "-k", str(self.folder)),
                    *settings,
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user(),
            )
        end_s = time.monotonic() + _START_S  # noqa: TID251 - a real server
        while self._answers() != 0:
            assert time.monotonic() < end_s, self.log  # noqa: TID251
            time.sleep(0.02)

    def kill(self) -> None:
        """End the server and its children without a word."""
        task = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        children = [int(number) for number in task.read_text("ascii").split()]
        for number in [self._process.pid, *children]:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def close(self) -> None:
        """End the server; remove its folder."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        shutil.rmtree(self.folder)

    def database(self) -> str:
        """Make an empty database; return its name."""
        name = f"authority_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def url(self, name: str) -> str:
        """Return the address of a database, as settings give it."""
        return f"postgresql://proximity@/{name}?host={self.folder}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement; return what it printed."""
        place = ("-h", str(self.folder), "-U", "proximity", "-d", database)
        return self._run("psql", *place, "-qAtX", "-c", statement)

    def _answers(self) -> int:
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(ready, check=False).returncode  # noqa: S603

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - a program of the system
            [str(self._programs / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._as_user(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user, "group": self._user, "extra_groups": []}
