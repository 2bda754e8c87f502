"""A PostgreSQL of the benchmark's own: on loopback, durable, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from authority_load import OTHER_CORE

_PROGRAMS = Path("/usr/lib/postgresql")
_START_S = 30.0


class Postgres:
    """A cluster in a folder of its own; as a database should, it refuses to be root.

    Every setting that decides on durability is the default: fsync and
    synchronous_commit are on.
    """

    def __init__(self) -> None:
        self._programs = newest_programs()
        self.user = "postgres" if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="authority-postgres-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.port = _free_port()
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "authority", "-A", "trust")
        self.process = self._start()
        self._run(
            *("createdb", "-h", "127.0.0.1", "-p", str(self.port)),
            *("-U", "authority", "authority"),
        )
        self.url = f"postgresql://authority@127.0.0.1:{self.port}/authority"

    def kill(self) -> None:
        """End the server and all its children without a word, then start it again."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        numbers = [*map(int, children.read_text("ascii").split()), self.process.pid]
        for number in numbers:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        self.process = self._start()

    def close(self) -> None:
        """End the server; remove its folder."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        shutil.rmtree(self.folder)

    def cpu_s(self) -> float:
        """Return the processor time of all its processes so far, seconds."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text("utf-8")
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            own = int(folder.name) == self.process.pid
            if own or int(fields[1]) == self.process.pid:
                # Of children that ended, too, where it is the server itself.
                ticks += sum(map(int, fields[11:15] if own else fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *("taskset", "-c", str(OTHER_CORE)),
                    *(
                        str(self._programs / "postgres"),
                        "-D",
                        str(self.folder / "data"),
                    ),
                    *("-p", str(self.port), "-h", "127.0.0.1"),
                    *("-k", str(self.folder)),
                ],
                stdout=log,
                stderr=log,
                user=self.user,
            )
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1"]
        end_s = time.monotonic() + _START_S
        while subprocess.run([*ready, "-p", str(self.port)], check=False).returncode:
            if time.monotonic() > end_s:
                raise SystemExit("PostgreSQL does not start")
            time.sleep(0.05)
        return process

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self.user,
        )


def newest_programs() -> Path:
    """Return the folder of the newest PostgreSQL that Debian has installed.

    Raises
    ------
    SystemExit
        If there is none.
    """
    found = sorted(_PROGRAMS.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise SystemExit("PostgreSQL is missing: on Debian, apt install postgresql")
    return found[-1].parent


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
