"""`proximity authority api-key`: make and revoke keys of the API."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from proximity.cli.authority_service import DataFolder, extra_needed
from proximity.cli.console import JsonFlag, emit_json, say

app = typer.Typer()
_MAX_KEY_BYTES = 256


class _Kind(StrEnum):
    """As `ApiKeyKind`, which needs the extra."""

    DEVICE = "device"
    ADMIN = "admin"
    STATS = "stats"


@app.command("api-key")
def api_key(
    *,
    data: DataFolder,
    make: Annotated[
        _Kind | None, typer.Option("--make", help="Make a key that opens this.")
    ] = None,
    revoke: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Holds the key to revoke."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key of the API, revoke one, or both at once."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema, named_errors
        from proximity.authority.verification.api_keys import (
            make_api_key,
            revoke_api_key,
        )
        from proximity.authority.verification.model import ApiKeyKind
    if make is None and revoke is None:
        raise typer.BadParameter("give --make, --revoke or both")
    old = None if revoke is None else _read_key(revoke)
    authority = open_authority(data)
    check_schema(authority.engine)
    revoked = key = None
    with named_errors(), authority.engine.begin() as connection:
        if old is not None:
            revoked = revoke_api_key(connection, old)
        if make is not None:
            key = make_api_key(connection, ApiKeyKind(make), os.urandom)
    if as_json:
        fields = {"kind": make, "key": key, "revoked": revoked}
        emit_json("proximity/authority-api-key/v1", fields)
        return
    if make is not None:
        say(f"{make}_key: {key}")
        say("It is not shown again.")
    if revoked is not None:
        say(f"The key opens nothing any more; it was one of kind {revoked}.")


def _read_key(path: Path) -> str:
    """Read a key from a file; an argument would be seen by everybody on the machine."""
    with path.open("rb") as file:
        data = file.read(_MAX_KEY_BYTES + 1)
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            "the file is no key of the API", param_hint="--revoke"
        ) from error
