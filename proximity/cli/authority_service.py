"""`proximity authority init`, `serve`, `worker`, `migrate`: the running service."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.errors import MissingExtraError

# The modules of the service are imported by the commands: they need the extra, and no
# other command has to wait for them.
app = typer.Typer()

DataFolder = Annotated[
    Path, typer.Option("--data", file_okay=False, help="The authority's directory.")
]
_MAX_PASSWORD_BYTES = 4_096


@app.command("init")
def init(
    *,
    data: DataFolder,
    admin: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="The first administrator.")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Holds their password."),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Let PROXIMITY_NOW set the clock.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a new authority; the keys of its API are shown this once."""
    with extra_needed():
        from proximity.authority.founding import (
            Administrator,
            found_authority,
        )
    if (admin is None) != (password_file is None):
        raise typer.BadParameter("--admin and --password-file belong together")
    administrator = None
    if admin is not None and password_file is not None:
        administrator = Administrator(admin, _read_password(password_file))
    founded = found_authority(data, os.environ, administrator=administrator, test=test)
    fields = founded._asdict()
    if as_json:
        emit_json("proximity/authority-init/v1", fields)
        return
    for name in ("device_key", "admin_key", "stats_key"):
        say(f"{name}: {fields[name]}")
    say(f"{founded.health_authority_id} is ready for {founded.region}.")
    say(f"These keys are not shown again. Clients pin {data}/public_keys.json")


@app.command("serve")
def serve(
    *,
    data: DataFolder,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="0 takes a free one.")
    ] = 0,
) -> None:
    """Serve the API and the exports; the first line of output says where."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.service import run

    def tell(url: str) -> None:
        emit_json("proximity/authority-serve/v1", {"url": url})
        sys.stdout.flush()

    run.serve(open_authority(data), port, tell)


@app.command("worker")
def worker(
    *,
    data: DataFolder,
    once: Annotated[bool, typer.Option("--once", help="Run once, then end.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Publish what may go out and forget what retention ends, again and again."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema
        from proximity.authority.publish.worker import work
        from proximity.cli.authority_import import import_for_worker

    ended = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
    authority = open_authority(data)
    check_schema(authority.engine)
    while not ended.is_set():
        import_for_worker(authority)
        report = work(authority)
        if as_json:
            emit_json("proximity/authority-worker/v1", asdict(report))
            sys.stdout.flush()
        else:
            say(
                f"{report.batches} batches with {report.keys} keys published, "
                f"{report.held_back} held back"
            )
        if once:
            return
        ended.wait(max(1.0, report.next_run - authority.clock()))


@app.command("migrate")
def migrate(*, data: DataFolder, as_json: JsonFlag = False) -> None:
    """Bring the database to the schema of this program; there is no way back."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import upgrade

    authority = open_authority(data)
    version = upgrade(authority.engine)
    authority.vault.ensure_master()
    if as_json:
        emit_json("proximity/authority-migrate/v1", {"version": version})
    else:
        say(f"The database has schema {version}.")


@app.command("backup")
def backup(
    *,
    data: DataFolder,
    output: Annotated[
        Path, typer.Option("-o", "--output", dir_okay=False, help="Write it here.")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Write everything that another machine needs; as secret as the directory."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.backup import back_up

    report = back_up(open_authority(data), output)
    if as_json:
        fields = {"file": str(output)} | report._asdict()
        emit_json("proximity/authority-backup/v1", fields)
    else:
        say(f"Wrote {output}: {report.keys} keys, {report.files} published files.")
        say("It holds private keys: encrypt it before it leaves this machine.")


@app.command("restore")
def restore(
    archive: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)
    ],
    *,
    data: DataFolder,
    as_json: JsonFlag = False,
) -> None:
    """Make a new directory from a backup."""
    with extra_needed():
        from proximity.authority import backup as backups

    report = backups.restore(archive, data, os.environ)
    if as_json:
        emit_json("proximity/authority-restore/v1", report._asdict())
    else:
        say(f"Restored {report.keys} keys and {report.files} published files.")


@contextmanager
def extra_needed() -> Iterator[None]:
    """Turn a missing library into an error that says how to install it.

    Raises
    ------
    MissingExtraError
        If a module that is imported inside is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("proximity"):
            raise
        raise MissingExtraError(
            f"The authority's service needs {error.name}, which is not installed.",
            "Install it with: pip install 'proximity[authority]'",
        ) from error


def _read_password(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_PASSWORD_BYTES)
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            "the file is not UTF-8 text", param_hint="--password-file"
        ) from error
