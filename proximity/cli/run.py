"""`proximity run`: advertise, listen and find out, until interrupted."""

import asyncio
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from proximity.cli.backend import require_backend
from proximity.cli.console import say
from proximity.cli.home import STORE_FILE, HomeOption, client_home, open_home
from proximity.cli.profile import ProfileOption, read_profile
from proximity.client.aside import in_thread
from proximity.client.engine import Engine, EngineSettings, Surroundings
from proximity.client.health import render_change
from proximity.client.health_log import HealthLog, Trouble, Work
from proximity.client.network import HttpNetwork, split_http_url
from proximity.client.notices import Notice
from proximity.client.notification import languages, render_notification
from proximity.client.own_broadcast import CARRIERS, Form
from proximity.client.run_lock import only_run
from proximity.client.run_settings import (
    SETTINGS_FILE,
    RunSettings,
    pin_keys,
    pinned_keys,
    read_keys,
    read_settings,
    write_settings,
)
from proximity.client.runner import Circumstances, Radio, Runner
from proximity.radio.choose import open_radio
from proximity.scoring.config import DEFAULT_RULE, built_in
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.units import Clock

# Keys of contacts are matched and decided on apart; a deployment may judge them by
# another rule.
CONTACT_RULE = DEFAULT_RULE
AUTO = "auto"
_CLOCK = Clock(wall=time.time, monotonic=time.monotonic)


# One parameter for each option: Typer reads them from the signature.
def run(  # noqa: PLR0913
    *,
    home: HomeOption = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Address of an authority's exports."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The authority's public_keys.json."
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="Radio: auto, linux-mgmt, bluez, bleak, or as usb:0."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of notices: vi or en.")
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(help="In which to advertise: gaen or bluezone; both are heard."),
    ] = None,
    profile: ProfileOption = None,
) -> None:
    """Advertise, listen, and find out about cases, until interrupted."""
    folder = home or client_home()
    if language is not None and language not in languages():
        raise typer.BadParameter(f"give one of {', '.join(languages())}: --language")
    if backend and backend != AUTO:
        require_backend(backend)
    if scheme is not None and scheme not in CARRIERS:
        raise typer.BadParameter(f"give one of {', '.join(CARRIERS)}: --scheme")
    with only_run(folder):
        given = {
            "source_url": source,
            "backend": backend,
            "language": language,
            "scheme": scheme,
            "profile": None if profile is None else read_profile(profile),
        }
        settings = _settle(folder, given, keys)
        device = _Device(folder, settings)
        # A person ends a run so: it is done then, not broken.
        with suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(_run(device))


def _settle(home: Path, given: dict[str, Any], keys: Path | None) -> RunSettings:
    """Return what is set, after keeping what was given for the next run too.

    All of it is looked at before any of it is kept.
    """
    stored = read_settings(home)
    changes = {name: value for name, value in given.items() if value is not None}
    settings = replace(stored, **changes)
    if settings.backend == AUTO:
        settings = replace(settings, backend=None)
    if settings.source_url is not None:
        split_http_url(settings.source_url)
        if keys is None and not pinned_keys(home):
            raise typer.BadParameter("an authority is believed by its keys: --keys")
    if keys is not None:
        pin_keys(home, read_keys(keys))
    if settings != stored or not (home / SETTINGS_FILE).exists():
        write_settings(home, settings)
    return settings


@dataclass(frozen=True, slots=True)
class _Device:
    """A home with its settings."""

    home: Path
    settings: RunSettings

    def engine(self, connection: sqlite3.Connection, sealing: SealingKey) -> Engine:
        settings = EngineSettings(
            self.settings.source_url or "",
            pinned_keys(self.home),
            built_in(DEFAULT_RULE),
            contact_configuration=built_in(CONTACT_RULE),
        )
        surroundings = Surroundings(
            _CLOCK, HttpNetwork(), secrets.token_bytes, self.home
        )
        return Engine(connection, sealing, settings, surroundings)

    @contextmanager
    def another_engine(self, sealing: SealingKey) -> Iterator[Engine]:
        """Open an engine for a thread: a connection belongs to the one that made it."""
        with closing(open_store(self.home / STORE_FILE)) as connection:
            yield self.engine(connection, sealing)

    def tell(self, notice: Notice) -> None:
        text = render_notification(notice.notification, self.settings.language)
        say(f"{text.title}\n{text.body}\n{text.advice}")
        # It counts as told from now on: it must not wait in a buffer.
        sys.stdout.flush()

    def note_change(self, work: Work, trouble: Trouble | None) -> None:
        line = render_change(work, trouble, self.settings.language)
        # The terminal may be gone; `proximity doctor` tells it too.
        with suppress(OSError):
            sys.stderr.write(f"note: {line}\n")


async def _run(device: _Device) -> None:
    _end_on_termination()
    settings = device.settings
    form = Form(settings.tx_power_dbm, settings.scheme, profile=settings.profile)
    connection, sealing = open_home(device.home)

    def open_engine() -> AbstractContextManager[Engine]:
        return device.another_engine(sealing)

    with closing(connection):
        async with open_radio(
            settings.backend, _CLOCK, secrets.token_bytes, settings.profile
        ) as radio:
            sys.stderr.write(f"note: on air with {radio.backend}; Ctrl-C ends it\n")
            runner = Runner(
                device.engine(connection, sealing),
                open_engine,
                Radio(radio.scanner, radio.advertiser, form),
                Circumstances(_CLOCK, secrets.SystemRandom().random, in_thread),
                health=HealthLog(connection, device.note_change),
                tell=device.tell,
            )
            await runner.run(fetches=settings.source_url is not None)


def _end_on_termination() -> None:
    """Let a service manager, or a terminal that closes, end a run as a person does."""
    task = asyncio.current_task()
    if task is None:
        return
    loop = asyncio.get_running_loop()
    # Windows has none of these, and other threads may not set them.
    with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        # `nohup` has it ignored: such a run outlives its terminal.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, task.cancel)
