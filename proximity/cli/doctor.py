"""`proximity doctor`: what works on this device, what does not, and what to do."""

import asyncio
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.cli.home import STORE_FILE, HomeOption, client_home, system_keyring
from proximity.client.computations import computations
from proximity.client.engine import NEWEST_EXPORT
from proximity.client.health import (
    Check,
    check_adapter,
    check_advertising,
    check_clock,
    check_kernels,
    check_store,
    check_work,
    failed_store,
    render_check,
    worst,
)
from proximity.client.health_log import Trouble, Work, WorkState, read_health
from proximity.client.run_settings import RunSettings, read_settings
from proximity.errors import RadioError, StoreError
from proximity.radio.choose import is_transport, open_radio, survey
from proximity.store.schema import is_current, open_to_look
from proximity.store.sealing_key import find_sealing_key
from proximity.store.state import has_state, read_number
from proximity.units import Clock

_CLOCK = Clock(wall=time.time, monotonic=time.monotonic)
_RUNS = (Work.SCAN, Work.ADVERTISEMENT, Work.FETCH, Work.MATCH)


KernelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Check this kernel variant alone: avx512, vaes256, aesni, armv8, python.",
    ),
]


def doctor(
    *,
    home: HomeOption = None,
    kernel: KernelOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell what works on this device, what does not, and what to do about it."""
    to_compute = computations(kernel)
    folder = home or client_home()
    settings = read_settings(folder)
    now_s = time.time()
    store, newest_export_s, health = _look_at_store(folder)
    sent = health[Work.ADVERTISEMENT]
    adapter, advertising = asyncio.run(_look_at_radio(settings, sent))
    has_authority = settings.source_url is not None
    checks = [
        adapter,
        advertising,
        check_clock(now_s, newest_export_s, health),
        check_kernels(to_compute),
        store,
        *(
            check_work(work, health[work], now_s, has_authority=has_authority)
            for work in _RUNS
        ),
    ]
    if as_json:
        document = {
            "state": worst(checks).value,
            "language": settings.language,
            "checks": [_fields(check, settings.language) for check in checks],
        }
        emit_json("proximity/doctor/v1", document)
    else:
        _print(checks, settings.language)


async def _look_at_radio(settings: RunSettings, sent: WorkState) -> tuple[Check, Check]:
    """Look at the adapter and at advertising; nothing goes on air."""
    backend = settings.backend
    if backend is not None and is_transport(backend):
        # Opening an adapter of one's own resets it, also under a run.
        return check_adapter(None), check_advertising(can_advertise=None)
    found = [(each.backend, each.error) for each in await survey(_CLOCK)]
    if backend is not None:
        found = [each for each in found if each[0] == backend]
    can_advertise = None
    try:
        async with open_radio(backend, _CLOCK, secrets.token_bytes) as radio:
            # Some adapters refuse only when they are asked: the last run knows.
            refused = sent.trouble is Trouble.ADVERTISING_UNSUPPORTED
            can_advertise = bool(radio.advertiser.capabilities.carriers) and not refused
    except RadioError:
        # The check of the adapter says it already.
        can_advertise = None
    return check_adapter(found), check_advertising(can_advertise=can_advertise)


def _look_at_store(
    home: Path,
) -> tuple[Check, int | None, dict[Work, WorkState]]:
    """Look at the store, changing nothing; also return what the last run noted."""
    unknown = {work: WorkState() for work in Work}
    if not (home / STORE_FILE).exists():
        return failed_store(None), None, unknown
    try:
        with closing(open_to_look(home / STORE_FILE)) as connection:
            found = check_store(connection, is_current=is_current(connection))
            if not has_state(connection):
                return found, None, unknown
            find_sealing_key(connection, home, system_keyring())
            return found, *_noted(connection)
    except StoreError as error:
        return failed_store(error), None, unknown


def _noted(connection: sqlite3.Connection) -> tuple[int | None, dict[Work, WorkState]]:
    return read_number(connection, NEWEST_EXPORT), read_health(connection)


def _fields(check: Check, language: str) -> dict[str, str]:
    text = asdict(render_check(check, language))
    named = {"name": check.name.value, "state": check.state.value, "code": check.code}
    return named | {"reason": text["reason"], "remedy": text["remedy"]}


def _print(checks: list[Check], language: str) -> None:
    table = Table(box=SIMPLE, show_header=False)
    for check in checks:
        text = render_check(check, language)
        words = "\n".join(part for part in (text.reason, text.remedy) if part)
        table.add_row(text.name, text.state, words)
    Console(highlight=False).print(table)
