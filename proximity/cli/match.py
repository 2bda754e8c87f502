"""`proximity match`: a recording and an export in, exposure windows out."""

import math
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.cli.profile import ProfileOption, read_profile
from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.match import MatchResult, match_keys
from proximity.matching.policy import DEFAULT_POLICY, MatchContext
from proximity.matching.refusal import Refusal
from proximity.matching.window_file import encode_windows
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import Export, ExportKeys, open_export
from proximity.protocol.export_columns import select_keys
from proximity.protocol.recording import Recording, read_recording
from proximity.protocol.sighting import Scans
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
    as_json: JsonFlag = False,
) -> None:
    """Find the exposure windows that a recording has with the keys of an export."""
    with public_key.open("rb") as stream:
        trusted = VerificationKey(load_public_key(stream.read(_MAX_PEM_BYTES)))
    with Console(stderr=True).status("matching"):
        verified = open_export(export).verify([trusted])
        heard = read_recording(recording, read_profile(profile))
        result = _match(verified, heard)
    if as_json:
        document = {
            "windows": encode_windows(result.windows),
            "refused": result.refused,
            "skipped": heard.skipped,
        }
        emit_json("proximity/match/v1", document)
    else:
        _print(result, heard)


def _match(export: Export, heard: Recording) -> MatchResult:
    # A recording is judged as of the publication, or of its own end if that is later,
    # so that the same files give the same windows on any day; the real clock counts
    # where the export names no end.
    published_s = export.end_s or None
    context = MatchContext(
        published_s=published_s,
        now_s=max(published_s, _end_s(heard)) if published_s else int(time.time()),
        earliest_day=_earliest_day(heard),
    )
    index = EncounterIndex(heard.encounters, DEFAULT_POLICY.tolerance_intervals)
    if export.revised_count:
        return _match_revised(export.read(), (index, heard.scans), context)
    blocks = (block.keys for block in export.key_blocks())
    return match_keys(blocks, index, heard.scans, context=context)


def _match_revised(
    content: ExportKeys, heard: tuple[EncounterIndex, Scans], context: MatchContext
) -> MatchResult:
    """Match what the export says anew about keys before what it said first."""
    taken_back = content.revised.report_type == ReportType.REVOKED
    revoked_keys = frozenset(row.tobytes() for row in content.revised.key[taken_back])
    changed = select_keys(content.revised, np.flatnonzero(~taken_back))
    # A key in both lists counts as revised: the match takes the first it meets.
    result = match_keys(
        [changed, content.keys],
        *heard,
        context=replace(context, revoked_keys=revoked_keys),
    )
    windows = _renumber(result.windows, changed.key, content.keys.key)
    return MatchResult(windows, result.refused)


def _renumber(
    windows: list[ExposureWindow],
    changed: NDArray[np.uint8],
    listed: NDArray[np.uint8],
) -> list[ExposureWindow]:
    """Give each key its place among those listed; others follow after these."""
    index_of = {}
    for i in {w.key_index for w in windows if w.key_index < len(changed)}:
        places = np.flatnonzero((listed == changed[i]).all(axis=1))
        index_of[i] = int(places[0]) if len(places) else len(listed) + i
    renumbered = [
        replace(w, key_index=index_of.get(w.key_index, w.key_index - len(changed)))
        for w in windows
    ]
    return sorted(renumbered, key=lambda w: (w.day, w.scans[0].t_s, w.key_index))


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
