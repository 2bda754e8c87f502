"""`proximity match`: a recording and an export in, exposure windows out."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.cli.profile import ProfileOption, read_profile
from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.match import MatchResult, match_keys
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.matching.refusal import Refusal
from proximity.matching.window_file import encode_windows
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.export import (
    DEFAULT_MAX_BYTES,
    Export,
    KeyBlock,
    open_export,
)
from proximity.protocol.export_columns import select_keys
from proximity.protocol.recording import Recording, read_recording
from proximity.protocol.signature import VerificationKey, load_public_key
from proximity.units import MS_PER_S, day_of, iso_day

_MAX_PEM_BYTES = 65_536
_EXPLAINED = {
    Refusal.REVOKED: "keys that were revoked",
    Refusal.RECURSIVE: "keys of people who were themselves only near a case",
    Refusal.OWN: "keys of this device",
    Refusal.STILL_VALID: "keys still in use when published: anyone could send for them",
    Refusal.DUPLICATE: "keys listed twice",
    Refusal.BEYOND_RETENTION: "keys of before the recording: no match, and no proof",
    Refusal.IN_THE_FUTURE: "sightings in the future",
    Refusal.AFTER_PUBLICATION: "sightings after the publication",
    Refusal.CLOCK_ROLLED_BACK: "sightings made while the clock was set back",
    Refusal.OUTSIDE_TOLERANCE: "sightings over two hours from the time of their ID",
    Refusal.REPLAYED: "sightings over 20 minutes after the first of their ID",
    Refusal.BAD_METADATA: "sightings with unreadable metadata",
    Refusal.BAD_TX_POWER: "sightings with an impossible transmit power",
    Refusal.MISSING_RSSI: "sightings without signal strength",
}


def match(
    *,
    recording: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="What a device heard: JSON Lines or compressed.",
        ),
    ],
    export: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Signed diagnosis keys.",
        ),
    ],
    public_key: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="PEM",
            help="The key that must have signed the export.",
        ),
    ],
    profile: ProfileOption = None,
    max_bytes: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Bound on the inflated export.bin."),
    ] = DEFAULT_MAX_BYTES,
    as_json: JsonFlag = False,
) -> None:
    """Find the exposure windows that a recording has with the keys of an export."""
    with public_key.open("rb") as stream:
        trusted = VerificationKey(load_public_key(stream.read(_MAX_PEM_BYTES)))
    console = Console(stderr=True)
    # Where nobody watches, even a progress that shows nothing leaves an empty line.
    hidden = not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("verifying", total=None)
        verified = open_export(export, max_bytes=max_bytes).verify([trusted])
        shown.update(task, description="reading the recording")
        heard = read_recording(recording, read_profile(profile))
        total = verified.key_count + verified.revised_count
        shown.update(task, description=f"matching {total:,} keys", total=total)
        result = _match(
            verified, heard, lambda done: shown.update(task, completed=done)
        )
    if as_json:
        document = {
            "windows": encode_windows(result.windows),
            "refused": result.refused,
            "skipped": heard.skipped,
        }
        emit_json("proximity/match/v1", document)
    else:
        _print(result, heard)


def _match(
    export: Export, heard: Recording, progress: Callable[[int], None]
) -> MatchResult:
    # A recording is judged as of the publication, or of its own end if that is later,
    # so that the same files give the same windows on any day; the real clock counts
    # where the export names no end.
    published_s = export.end_s or None
    context = MatchContext(
        published_s=published_s,
        now_s=max(published_s, _end_s(heard)) if published_s else int(time.time()),
        earliest_day=_earliest_day(heard),
    )
    revoked_keys, changed_count = _take_back(export)
    index = EncounterIndex(heard.encounters, DEFAULT_POLICY.tolerance_intervals)
    # A key in both lists counts as revised: the match takes the first it meets.
    result = match_keys(
        map(_without_revoked, export.blocks_revised_first()),
        index,
        heard.scans,
        context=replace(context, revoked_keys=revoked_keys),
        progress=progress,
    )
    windows = _renumber(result, changed_count, export)
    return replace(result, windows=windows)


def _take_back(export: Export) -> tuple[frozenset[bytes], int]:
    """Return which keys the revised ones take back, and how many they change."""
    if not export.revised_count:
        return frozenset(), 0
    taken_back: set[bytes] = set()
    changed_count = export.revised_count
    for block in export.key_blocks():
        if block.revised:
            rows = block.keys.key[block.keys.report_type == ReportType.REVOKED]
            taken_back.update(row.tobytes() for row in rows)
            changed_count -= len(rows)
    return frozenset(taken_back), changed_count


def _without_revoked(block: KeyBlock) -> DiagnosisKeys:
    """Leave out what a revised key takes back: only what it changes is matched."""
    if not block.revised:
        return block.keys
    rows = np.flatnonzero(block.keys.report_type != ReportType.REVOKED)
    return select_keys(block.keys, rows)


def _renumber(
    result: MatchResult, changed_count: int, export: Export
) -> list[ExposureWindow]:
    """Give each key its place among those listed; others follow after these."""
    changed = {i: key for i, key in result.met_keys.items() if i < changed_count}
    places = _places(export, set(changed.values())) if changed else {}
    index_of = {i: places.get(key, export.key_count + i) for i, key in changed.items()}
    renumbered = [
        replace(w, key_index=index_of.get(w.key_index, w.key_index - changed_count))
        for w in result.windows
    ]
    return sorted(renumbered, key=lambda w: (w.day, w.scans[0].t_s, w.key_index))


def _places(export: Export, wanted: set[bytes]) -> dict[bytes, int]:
    """Return where keys first stand among the listed ones."""
    places: dict[bytes, int] = {}
    for block in export.key_blocks():
        for key in () if block.revised else wanted - places.keys():
            octets = np.frombuffer(key, np.uint8)
            rows = np.flatnonzero((block.keys.key == octets).all(axis=1))
            if len(rows):
                places[key] = block.first_index + int(rows[0])
    return places


def _end_s(heard: Recording) -> int:
    """Return when a recording ended: by its last lines, not by its latest times."""
    last_ms = [*heard.scans.end_ms[-1:].tolist(), *heard.receptions.t_ms[-1:].tolist()]
    return math.ceil(max(last_ms, default=0) / MS_PER_S)


def _earliest_day(heard: Recording) -> int | None:
    times_ms = np.concatenate([heard.receptions.t_ms, heard.scans.start_ms])
    return day_of(times_ms.min() / MS_PER_S) if len(times_ms) else None


def _print(result: MatchResult, heard: Recording) -> None:
    table = _table(result.windows) if result.windows else "no exposure window"
    Console(highlight=False).print(table)
    notes = Console(stderr=True, highlight=False)
    for reason, n in result.refused.items():
        if n:
            notes.print(f"not counted: {n:,} {_EXPLAINED[Refusal(reason)]}")
    for reason, n in heard.skipped.items():
        if n:
            notes.print(f"skipped: {n:,} advertisements, {reason.replace('_', ' ')}")


def _table(windows: list[ExposureWindow]) -> Table:
    table = Table(title="exposure windows", title_justify="left", box=SIMPLE)
    for heading in ("day", "from (UTC)"):
        table.add_column(heading, no_wrap=True)
    for heading in ("minutes", "least dB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("report", "infectious"):
        table.add_column(heading)
    for window in windows:
        table.add_row(*_cells(window))
    return table


def _cells(window: ExposureWindow) -> tuple[str, ...]:
    seconds = sum(scan.seconds_since_last_scan for scan in window.scans)
    began = datetime.fromtimestamp(window.scans[0].t_s, UTC)
    return (
        iso_day(window.day),
        f"{began:%H:%M:%S}",
        f"{seconds / 60:.0f}",
        str(min(scan.min_attenuation_db for scan in window.scans)),
        window.report_type.name.lower().replace("_", " "),
        window.infectiousness.name.lower(),
    )
