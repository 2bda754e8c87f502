"""`proximity authority`: publish the keys of cases, rotate the signing key."""

import secrets
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from proximity.authority.publish.model import (
    DEFAULT_MINIMUM,
    DEFAULT_REGION,
    MAX_MINIMUM,
    PublishSettings,
)
from proximity.authority.publish.publisher import (
    EXPORT_FOLDER,
    PublishReport,
    publish,
)
from proximity.authority.publish.signing_keys import (
    PUBLIC_KEYS_FILE,
    rotate_signing_keys,
)
from proximity.authority.settings import is_initialised
from proximity.cli.authority_api_key import app as api_key_app
from proximity.cli.authority_demo import app as demo_app
from proximity.cli.authority_import import app as import_app
from proximity.cli.authority_people import app as people_app
from proximity.cli.authority_service import app as service_app
from proximity.cli.authority_service import extra_needed
from proximity.cli.console import JsonFlag, emit_json, say
from proximity.errors import FormatError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export_index import INDEX_NAME
from proximity.protocol.key_file import MAX_FILE_BYTES, KeyFile, parse_key_file
from proximity.protocol.public_keys import PinnedKey, public_key_fields

app = typer.Typer(
    help="What a health authority does: publish keys, rotate the signing key.",
    no_args_is_help=True,
)

app.add_typer(service_app)
app.add_typer(import_app)
app.add_typer(api_key_app)
app.add_typer(people_app)
app.add_typer(demo_app)

DataFolder = Annotated[
    Path, typer.Option("--data", file_okay=False, help="The authority's directory.")
]


@app.command("publish")
def publish_keys(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="KEYS.json",
            exists=True,
            dir_okay=False,
            help="Files made by `proximity report`; none to release held-back keys.",
        ),
    ] = None,
    *,
    data: DataFolder,
    region: Annotated[
        str, typer.Option(help="Region code, fixed by the first run.")
    ] = DEFAULT_REGION,
    minimum: Annotated[
        int, typer.Option(min=0, max=MAX_MINIMUM, help="Pad a batch to so many keys.")
    ] = DEFAULT_MINIMUM,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Withdraw these keys instead.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Turn key files into a signed directory that any static server serves."""
    try:
        settings = PublishSettings(region, minimum)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--region") from error
    uploads = [_read_upload(path, revoke=revoke) for path in files or []]
    if is_initialised(data):
        _publish_from_service(data, uploads, as_json=as_json)
        return
    is_new = not (data / PUBLIC_KEYS_FILE).exists()
    report = publish(
        data,
        uploads,
        settings,
        now_s=int(time.time()),
        entropy=secrets.token_bytes,
    )
    if is_new:
        sys.stderr.write(
            f"note: made the signing key v1; clients need {data / PUBLIC_KEYS_FILE}\n"
        )
    if as_json:
        emit_json("proximity/authority-publish/v1", _report_fields(report))
    else:
        _say_report(report)


@app.command("rotate")
def rotate(
    *,
    data: DataFolder,
    people: Annotated[
        bool,
        typer.Option(
            "--people",
            help="Instead: a new master key of persons; seal every record anew.",
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a new signing key, which signs beside the old one for 28 days."""
    if people:
        _rotate_people(data, as_json=as_json)
        return
    if is_initialised(data):
        with extra_needed():
            from proximity.authority.rotation import rotate_all
        keys = rotate_all(data)
    else:
        keys = rotate_signing_keys(data, now_s=int(time.time()))
    if as_json:
        emit_json("proximity/authority-rotate/v1", _rotation_fields(keys))
        return
    for key in keys:
        until = "" if key.until_s is None else f", signs until {_utc(key.until_s)}"
        name = key.verification_key
        say(f"{name.key_id} {name.key_version}{until}")
    say("Hand public_keys.json to every client before the old key stops signing.")


def _rotate_people(data: Path, *, as_json: bool) -> None:
    with extra_needed():
        from proximity.authority.rotation import rotate_people
    console = Console(stderr=True)
    # Where nobody watches, even a progress that shows nothing leaves an empty line.
    hidden = not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("sealing records", total=None)
        done = rotate_people(
            data,
            lambda at, of: shown.update(task, completed=at, total=of),
        )
    if as_json:
        emit_json("proximity/authority-rotate-people/v1", done._asdict())
        return
    say(f"{done.people} records are sealed anew; master key {done.master} is in use.")
    if done.damaged:
        say(f"{done.damaged} records cannot be opened by any key; see a backup.")
    say("Copy the folder keys to every machine that shows persons, and back up.")


def _publish_from_service(data: Path, uploads: list[KeyFile], *, as_json: bool) -> None:
    """Publish through the database of the service that the directory holds."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema
        from proximity.authority.publish.key_files import (
            publish_key_files,
        )
    authority = open_authority(data)
    check_schema(authority.engine)
    done = publish_key_files(authority, uploads)
    index = data / EXPORT_FOLDER / INDEX_NAME
    report = PublishReport(**done._asdict(), index=index)
    if as_json:
        fields = _report_fields(report)
        if authority.settings.store_url:
            fields["index"] = f"{authority.settings.store_url}/{INDEX_NAME}"
        emit_json("proximity/authority-publish/v1", fields)
    else:
        _say_report(report)


def _read_upload(path: Path, *, revoke: bool) -> KeyFile:
    """Read a key file, no more of it than the bound."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    try:
        upload = parse_key_file(data)
    except FormatError as error:
        raise type(error)(f"{path.name}: {error}", error.hint) from error
    if not revoke:
        return upload
    revoked = ReportType.REVOKED
    keys = tuple(replace(key, report_type=revoked) for key in upload.keys)
    return replace(upload, keys=keys)


def _report_fields(report: PublishReport) -> dict[str, Any]:
    return asdict(report) | {"index": str(report.index)}


def _rotation_fields(keys: list[PinnedKey]) -> dict[str, Any]:
    newest = public_key_fields(keys[-1])
    del newest["until"]
    return newest | {"keys": [public_key_fields(key) for key in keys]}


def _say_report(report: PublishReport) -> None:
    for name in report.files:
        say(f"exports/{name}")
    say(
        f"{report.keys} keys published, {report.revised} revised, "
        f"{report.padding} added as padding, {report.held_back} held back, "
        f"{report.repeated} known already"
    )


def _utc(t_s: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(t_s))
