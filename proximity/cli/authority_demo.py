"""`proximity authority demo`: a console full of marked synthetic data, opened."""

import logging
import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from proximity.cli.authority_service import extra_needed
from proximity.cli.console import JsonFlag, emit_json, say
from proximity.errors import PolicyError, ProximityError

if TYPE_CHECKING:
    from proximity.authority.assembly import Authority
    from proximity.authority.demo.door import DemoDoor, Part

app = typer.Typer()

LOG_FILE = "demo.log"
# Nothing of a real authority may reach a demonstration, least of all its database.
_OF_OTHERS = ("PROXIMITY_AUTHORITY_", "PROXIMITY_NOW")
_FOLDER = "authority"


@app.command("demo")
def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            file_okay=False,
            help="Keep the demonstration here, and open it again later; else it is "
            "removed at the end.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="0 takes a free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Open no browser.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the district.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Show the console of an invented district, on this machine alone.

    Nobody in it is real, and every page says so. Three weeks of cases, contacts, codes
    and publications are lived through the real service, then the console is served and
    opened; Ctrl-C ends it.
    """
    for name in [each for each in os.environ if each.startswith(_OF_OTHERS)]:
        del os.environ[name]
    # What the service has to say while it is filled is for nobody.
    logging.getLogger("proximity").addHandler(logging.NullHandler())
    with _ends_well(), _place(data) as directory:
        _prepare(directory, seed)
        _serve(directory, port, opens=not no_open, as_json=as_json)


@contextmanager
def _ends_well() -> Iterator[None]:
    """Let a demonstration that is asked to end clean up, also while it is made."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _place(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with TemporaryDirectory(prefix="proximity-demo-") as folder:
        yield Path(folder) / _FOLDER


def _prepare(directory: Path, seed: int) -> None:
    """Make the demonstration, or bring one that is there to this day."""
    with extra_needed():
        from proximity.authority.assembly import open_authority
        from proximity.authority.database import check_schema
        from proximity.authority.publish.worker import work
        from proximity.authority.settings import is_initialised, load_settings
        from proximity.research.district.living import live_district

    if is_initialised(directory):
        if not load_settings(directory, {}).demo:
            raise _foreign("There is an authority in this directory that is no demo.")
        authority = open_authority(directory, {})
        check_schema(authority.engine)
        work(authority)
        authority.engine.dispose()
        authority.vault.key_store.close()
        return
    if directory.exists() and any(directory.iterdir()):
        raise _foreign("There is something else in this directory.")
    with _progress() as progress:
        live_district(directory, int(time.time()), seed=seed, progress=progress)


def _foreign(what: str) -> PolicyError:
    return PolicyError(
        f"{what} Nothing was changed.",
        "Name an empty or new one with --data, or leave --data out.",
    )


@contextmanager
def _progress() -> Iterator[Any]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # Where nobody watches, even a progress that shows nothing leaves an empty line.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("three weeks of a district", total=1.0)
        yield lambda part: shown.update(task, completed=part)


def _serve(directory: Path, port: int, *, opens: bool, as_json: bool) -> None:
    from proximity.authority.assembly import open_authority
    from proximity.authority.database import reading
    from proximity.authority.demo.door import list_parts, make_door
    from proximity.authority.service import run

    authority = open_authority(directory, {})
    # Whatever the settings file says: the door is for who sits at this machine.
    settings = replace(authority.settings, host="127.0.0.1", console_url="")
    authority = replace(authority, settings=settings)
    door = make_door(authority)
    with reading(authority.engine) as connection:
        parts = list_parts(connection)

    def tell(url: str) -> None:
        _tell(url, directory, door, parts, as_json=as_json)
        if opens:
            _open(url + door.address(parts[0].officer))

    with _publishing(directory), (directory / LOG_FILE).open("a") as log:
        run.serve(authority, port, tell, door=door, log=log)


def _tell(
    url: str, directory: Path, door: "DemoDoor", parts: "list[Part]", *, as_json: bool
) -> None:
    links = [url + door.address(each.officer) for each in parts]
    if as_json:
        fields = {
            "url": url,
            "sign_in": links[0],
            "data": str(directory),
            "officers": [
                {
                    "name": part.name,
                    "role": part.role,
                    "unit": part.unit,
                    "sign_in": link,
                }
                for part, link in zip(parts, links, strict=True)
            ],
        }
        emit_json("proximity/authority-demo/v1", fields)
    else:
        say(
            "Synthetic data: nobody in it is real. On this machine alone, until Ctrl-C:"
        )
        for part, link in zip(parts, links, strict=True):
            say(f"\n{part.name}, {part.role}, {part.unit}\n  {link}")
        say(f"\nThe log: {directory / LOG_FILE}")
    sys.stdout.flush()


def _open(url: str) -> None:
    """Open a browser that has a window; one in the terminal would take it over."""
    windows = {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    if windows or sys.platform != "linux":
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


@contextmanager
def _publishing(directory: Path) -> Iterator[None]:
    """Run the worker beside the service, as its timer would."""
    from proximity.authority.assembly import open_authority

    authority = open_authority(directory, {})
    ended = threading.Event()
    thread = threading.Thread(target=_publish_often, args=(authority, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        authority.engine.dispose()
        authority.vault.key_store.close()


def _publish_often(authority: "Authority", ended: threading.Event) -> None:
    from proximity.authority.publish.worker import work
    from proximity.authority.service.structured_log import log_event

    period_s = authority.settings.publish_every_s
    while not ended.wait(period_s - authority.clock() % period_s):
        try:
            work(authority)
        except ProximityError as error:
            # The next run may do better; the console goes on.
            log_event("worker", error=type(error).__name__)
