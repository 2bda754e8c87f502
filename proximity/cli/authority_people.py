"""`proximity authority verify-audit`, `forget`: checks and retention of people."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from proximity.cli.authority_service import DataFolder, extra_needed
from proximity.cli.console import JsonFlag, emit_json, say
from proximity.errors import DamagedRecordError
from proximity.units import iso_day

# As in `authority_service`, the modules of the service are imported by the commands.
app = typer.Typer()


@app.command("verify-audit")
def verify_audit(*, data: DataFolder, as_json: JsonFlag = False) -> None:
    """Walk the audit; exit 1 with the first row that is not as it was written."""
    with extra_needed():
        from proximity.authority.audit import verify
        from proximity.authority.publish.published_store import open_published_store

    authority = _open(data)
    store = open_published_store(
        authority.settings.store_url, data / "exports", os.environ
    )
    report = verify.verify_audit(authority, store)
    bad = report.first_bad
    newest = None if report.newest_head is None else iso_day(report.newest_head)
    if as_json:
        fields = asdict(report) | {"intact": bad is None, "newest_head": newest}
        emit_json("proximity/authority-verify-audit/v1", fields)
    elif bad is None:
        say(
            f"{report.rows} rows are as they were written; {report.heads} signed heads "
            f"agree, the newest of {newest or 'no day yet'}."
        )
    if bad is not None:
        raise DamagedRecordError(
            f"row {bad.seq} of the audit: {bad.message}",
            "Keep this database as it is, and compare it with a backup and with copies "
            "of the published heads.",
        )


@app.command("forget")
def forget(
    *,
    data: DataFolder,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go.")
    ] = False,
    unopenable: Annotated[
        bool,
        typer.Option("--unopenable", help="Also records whose key is gone."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Destroy what retention ends now; the worker does the same in each run."""
    with extra_needed():
        from proximity.authority.people import retention
        from proximity.authority.publish.worker import only_worker

    authority = _open(data)
    preview = retention.retention_preview(authority)
    fields: dict[str, Any] = asdict(preview) | {"dry_run": dry_run}
    if not dry_run:
        with only_worker(authority):
            done = retention.forget_people(authority)
            left = preview.unopenable
            if unopenable:
                left -= retention.drop_unopenable(authority)
        fields |= asdict(done) | {"unopenable": left}
    if as_json:
        emit_json("proximity/authority-forget/v1", fields)
        return
    verb = "would be" if dry_run else "were"
    say(f"{fields['people']} persons {verb} forgotten, {fields['keys']} record keys.")
    for table, count in fields["rows"].items():
        say(f"{table}: {count} rows")
    if fields["unopenable"]:
        say(
            f"{fields['unopenable']} records have no key: they were erased after the "
            "backup that this is, or the setting `record_keys` names another place."
        )


def _open(data: Path) -> Any:
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema

    authority = open_authority(data)
    check_schema(authority.engine)
    return authority
