"""`proximity authority import`: keys of travellers from other authorities."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proximity.cli.authority_service import DataFolder, extra_needed
from proximity.cli.console import JsonFlag, emit_json, say
from proximity.client.network import HttpNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proximity.authority.assembly import Authority
    from proximity.authority.imports.job import ImportReport

app = typer.Typer()
_MAX_KEY_FILE_BYTES = 65_536


@app.command("import")
def import_exports(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL", help="Published directory of an authority to add."
        ),
    ] = None,
    *,
    data: DataFolder,
    region: Annotated[
        str | None, typer.Option(metavar="CODE", help="Region of that authority.")
    ] = None,
    public_keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its public_keys.json."),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Stop to import from that region.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import what other authorities have published; every worker run does it too."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema, named_errors
        from proximity.authority.imports import job, sources
    is_new = url is not None
    if forget == is_new and (forget or region is not None or public_keys is not None):
        raise typer.BadParameter("URL adds an authority, --forget takes one away")
    if (is_new and (region is None or public_keys is None)) or (forget and not region):
        raise typer.BadParameter("--region, and with URL --public-keys, are needed")
    authority = open_authority(data)
    check_schema(authority.engine)
    with named_errors(), authority.engine.begin() as connection:
        if forget and region:
            sources.forget_source(connection, region)
        elif url and region and public_keys:
            source = sources.new_source(
                region, url, _read(public_keys), own=authority.settings.region
            )
            sources.remember_source(connection, source)
    _tell(list(job.import_exports(authority, HttpNetwork())), as_json=as_json)


def import_for_worker(authority: "Authority") -> None:
    """Import before a publication; what fails is told, and tried by the next run."""
    from proximity.authority.imports import job

    for report in job.import_exports(authority, HttpNetwork()):
        for each in report.failed:
            sys.stderr.write(f"note: {report.region}: {each.name}: {each.error}\n")


def _tell(reports: "Sequence[ImportReport]", *, as_json: bool) -> None:
    failed = [each for report in reports for each in report.failed]
    if as_json:
        fields = {"sources": [_fields(report) for report in reports]}
        emit_json("proximity/authority-import/v1", fields)
    else:
        for each in reports:
            say(
                f"{each.region}: {each.files} files with {each.keys} new keys and "
                f"{each.revised} changes, {len(each.failed)} failed"
            )
        for file in failed:
            say(f"{file.name}: {file.error}")
    if failed:
        raise failed[0].error


def _fields(report: "ImportReport") -> dict[str, Any]:
    return {
        "region": report.region,
        "files": report.files,
        "keys": report.keys,
        "revised": report.revised,
        "failed": [
            {"name": each.name, "error": type(each.error).__name__}
            for each in report.failed
        ],
    }


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_KEY_FILE_BYTES + 1)
