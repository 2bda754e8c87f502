"""`proximity forget`: delete what is old, or everything, and its traces."""

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.cli.home import HomeOption, store_file, system_keyring
from proximity.client.sharing_door import forget_sharing
from proximity.client.submission import forget_submission
from proximity.store.retention import (
    Forgotten,
    forget_before,
    forget_everything,
    require_alone,
)
from proximity.store.schema import open_store
from proximity.store.sealing_key import remove_sealing_key
from proximity.units import day_of

KEPT_DAYS = 14


def forget(
    *,
    home: HomeOption = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=0, help=f"Keep today and this many days before; {KEPT_DAYS} if absent."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Forget everything, and the sealing key.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before --all.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Forget what is older than 14 days, or everything, and its traces in the files."""
    if everything and days is not None:
        raise typer.BadParameter("give --days or --all, not both")
    file = store_file(home)
    if not file.exists():
        # Nothing was ever stored; a store is not made in order to empty it.
        forgotten = Forgotten(*[0] * len(Forgotten._fields))
    elif everything:
        if not yes:
            _confirm()
        forgotten = _forget_everything(file)
    else:
        with closing(open_store(file)) as connection:
            kept = KEPT_DAYS if days is None else days
            # Nothing was stored before 1970, whatever number was asked for.
            day = max(0, day_of(time.time()) - kept)
            forgotten = forget_before(connection, day)
        forget_sharing(file.parent, now_s=time.time())
    _tell(forgotten, as_json=as_json)


def _forget_everything(file: Path) -> Forgotten:
    with closing(open_store(file)) as connection:
        require_alone(connection)
        # The key first: whatever happens then, what it sealed cannot be read again.
        if not remove_sealing_key(connection, file.parent, system_keyring()):
            sys.stderr.write(
                "note: the keyring did not answer; remove its entries named"
                " `proximity` by hand.\n"
            )
        forget_submission(file.parent)
        forget_sharing(file.parent)
        return forget_everything(connection)


def _confirm() -> None:
    question = "Forget all sightings, keys, exposures and notifications for ever?"
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort as error:
        raise typer.BadParameter(
            "--all was not confirmed; nothing was forgotten. Where nobody can answer,"
            " add --yes."
        ) from error


def _tell(forgotten: Forgotten, *, as_json: bool) -> None:
    if as_json:
        emit_json("proximity/forget/v1", forgotten._asdict())
        return
    for name, count in forgotten._asdict().items():
        say(f"{count:>8} {name.replace('_', ' ')} forgotten")
