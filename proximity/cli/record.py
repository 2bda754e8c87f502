"""`proximity record`: keep what this machine hears, as a recording."""

import asyncio
import os
import secrets
import signal
import time
from contextlib import AbstractAsyncContextManager, suppress
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer
from rich.console import Console

from proximity.cli.audit import count_kinds, say_kinds
from proximity.cli.backend import require_backend
from proximity.cli.console import JsonFlag, emit_json, say
from proximity.cli.profile import ProfileOption, read_profile
from proximity.errors import FileAccessError
from proximity.protocol.reception import Receptions
from proximity.protocol.recording_blocks import write_blocks
from proximity.protocol.recording_lines import write_lines
from proximity.protocol.sighting import Scans
from proximity.radio.choose import Radio, open_radio
from proximity.radio.recorder import Recorder
from proximity.units import DAY_S, Clock


class RecordingForm(StrEnum):
    """The forms that `--format` takes."""

    JSONL = "jsonl"
    COMPRESSED = "compressed"


_WRITE = {RecordingForm.JSONL: write_lines, RecordingForm.COMPRESSED: write_blocks}
_INTERRUPTED = 130


def record(
    *,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=DAY_S, help="How long to listen.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Recording to write.")
    ],
    form: Annotated[
        RecordingForm, typer.Option("--format", help="Form of the recording.")
    ] = RecordingForm.JSONL,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Radio to listen with, or a transport such as usb:0.",
            show_default="the best that can be used",
        ),
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Listen, and keep everything that is heard, whoever sent it."""
    # What is no plain file, such as a pipe or a device, would be replaced by one.
    if not output.parent.is_dir() or (output.exists() and not output.is_file()):
        raise typer.BadParameter("is not a file in an existing folder", param_hint="-o")
    # Listening may take a day: what would stop the recording shows before that.
    _require_writable(output.parent)
    if backend is not None:
        require_backend(backend)
    numbers = read_profile(profile)
    clock = Clock(time.time, time.monotonic)
    recorder = Recorder(clock)
    try:
        with Console(stderr=True).status("listening"):
            radio = open_radio(backend, clock, secrets.token_bytes, numbers)
            used = asyncio.run(_listen(recorder, radio, seconds))
    except asyncio.CancelledError as ended:
        raise typer.Exit(_INTERRUPTED) from ended
    finally:
        # Also what was heard before an interruption, or until the adapter went.
        receptions, scans = recorder.recorded()
        if len(scans.start_ms):
            _write(output, form, receptions, scans)
    kinds = count_kinds(receptions, numbers)
    if as_json:
        document = {
            "file": str(output),
            "format": form.value,
            "backend": used,
            "receptions": len(receptions.t_ms),
            "scans": len(scans.start_ms),
            "kinds": kinds,
        }
        emit_json("proximity/record/v1", document)
        return
    say(f"recorded {output} with {used}")
    say_kinds(kinds)


async def _listen(
    recorder: Recorder, opened: AbstractAsyncContextManager[Radio], seconds: float
) -> str:
    _end_on_termination()
    async with opened as radio:
        await recorder.record(radio.scanner, seconds)
        return radio.backend


def _end_on_termination() -> None:
    """Let a service manager end a recording as a person does."""
    task = asyncio.current_task()
    # Windows has no such handlers, and other threads may not set them.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        if task is not None:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, task.cancel)


def _require_writable(folder: Path) -> None:
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise typer.BadParameter(
            f"cannot be written: {error.strerror}", param_hint="-o"
        ) from error


def _write(
    path: Path, form: RecordingForm, receptions: Receptions, scans: Scans
) -> None:
    """Write so that nobody finds half of it; addresses are for its owner alone."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            _WRITE[form](stream, receptions, scans)
        unfinished.replace(path)
    except OSError as error:
        # No part of others' addresses stays behind where nobody looks for it.
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise FileAccessError(
            f"The recording cannot be written: {error.strerror} ({path}).",
            "Make room, or choose another place, and record again.",
        ) from error
