"""Recordings: everything a device heard and every scan it made, to exchange or keep.

Two forms hold the same: JSON Lines (`recording_lines`) and compressed column blocks
(`recording_blocks`); docs/reference/recordings.md describes both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError
from proximity.protocol import gaen
from proximity.protocol.carrier import (
    DEFAULT_PROFILE,
    ID_BYTES,
    METADATA_BYTES,
    DeploymentProfile,
)
from proximity.protocol.reception import Receptions
from proximity.protocol.recording_blocks import read_blocks
from proximity.protocol.recording_frame import FIRST_BYTE
from proximity.protocol.recording_lines import read_lines
from proximity.protocol.scheme import Recognised, recognise
from proximity.protocol.sighting import (
    MISSING_RSSI_DBM,
    Encounters,
    Scans,
    Sighting,
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, its gaen advertisements gathered into encounters.

    Attributes
    ----------
    receptions : Receptions
        All that was heard.
    scans : Scans
        In the order of recording.
    encounters : Encounters
        As `group_encounters` gathers them: one row for each gaen ephemeral ID with
        the same metadata.
    skipped : dict of str to int
        Receptions that are in no encounter: "malformed" ones, "unknown" ones that
        no known scheme sent or that carry no ID or no metadata, those of an
        "other_scheme".
    profile : DeploymentProfile
        Under which it was read.
    """

    receptions: Receptions
    scans: Scans
    encounters: Encounters
    skipped: dict[str, int]
    profile: DeploymentProfile = DEFAULT_PROFILE

    def __repr__(self) -> str:
        """Tell how much there is, never what was heard."""
        n, k = len(self.receptions.t_ms), len(self.scans.start_ms)
        return f"<Recording of {n} receptions in {k} scans>"


class _Kind(NamedTuple):
    """What a broadcast is: recognised, or skipped for a reason."""

    recognised: Recognised | None
    reason: str | None


def read_recording(
    source: Path | BinaryIO, profile: DeploymentProfile = DEFAULT_PROFILE
) -> Recording:
    """Read a recording of either form; the first byte tells which.

    Parameters
    ----------
    source : Path or binary file
        A file is read to its end, and need not be seekable.
    profile : DeploymentProfile
        Whose IDs are gathered.

    Returns
    -------
    Recording

    Raises
    ------
    FormatError
        If the file is damaged, cut off, too large or no recording; as
        `recording_lines.read_lines` and `recording_blocks.read_blocks` raise it.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_recording(stream, profile)
    head = source.read(1)
    read = read_blocks if head == FIRST_BYTE else read_lines
    return make_recording(*read(source, head), profile)


def make_recording(
    receptions: Receptions,
    scans: Scans,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> Recording:
    """Recognise what was heard and gather it into encounters.

    Parameters
    ----------
    receptions : Receptions
    scans : Scans
    profile : DeploymentProfile

    Returns
    -------
    Recording
        Malformed advertisements are counted and skipped: the air is hostile.
    """
    kinds = [_kind(each.data, profile) for each in receptions.broadcasts]
    times = np.bincount(receptions.broadcast, minlength=len(kinds)).tolist()
    skipped = {"malformed": 0, "unknown": 0, "other_scheme": 0}
    for kind, n in zip(kinds, times, strict=True):
        if kind.reason is not None:
            skipped[kind.reason] += n
    encounters = _encounters(receptions, kinds)
    return Recording(receptions, scans, encounters, skipped, profile)


def recorded_sightings(recording: Recording) -> Iterator[Sighting]:
    """Yield the sightings of every known scheme, in the order of recording."""
    receptions = recording.receptions
    kinds = [_kind(each.data, recording.profile) for each in receptions.broadcasts]
    columns = (receptions.t_ms, receptions.rssi_dbm, receptions.broadcast)
    for t_ms, rssi_dbm, index in zip(*(c.tolist() for c in columns), strict=True):
        recognised = kinds[index].recognised
        if recognised is not None:
            yield Sighting(
                t_ms,
                None if rssi_dbm == MISSING_RSSI_DBM else rssi_dbm,
                recognised.scheme,
                recognised.ephemeral_id,
                recognised.metadata,
                receptions.broadcasts[index].address,
            )


def _kind(data: bytes, profile: DeploymentProfile) -> _Kind:
    try:
        recognised = recognise(data, profile)
    except FormatError:
        return _Kind(None, "malformed")
    # Without metadata the transmit power is unknown: such an ID matches nothing.
    if recognised is None or (
        recognised.scheme == gaen.NAME and not recognised.metadata
    ):
        return _Kind(None, "unknown")
    return _Kind(recognised, None if recognised.scheme == gaen.NAME else "other_scheme")


def _encounters(receptions: Receptions, kinds: list[_Kind]) -> Encounters:
    """Gather gaen receptions into time-ordered rows of one ID and metadata."""
    identity = _number_ids(kinds)[receptions.broadcast]
    heard = np.flatnonzero(identity >= 0)
    heard = heard[np.argsort(receptions.t_ms[heard], kind="stable")]
    # Rows are in the order in which each was heard first.
    _, first, inverse = np.unique(
        identity[heard], return_index=True, return_inverse=True
    )
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    row = rank[inverse]
    series = heard[np.argsort(row, kind="stable")]
    firsts = receptions.broadcast[heard[np.sort(first)]].tolist()
    told = [r for i in firsts if (r := kinds[i].recognised) is not None]
    counts = np.bincount(row, minlength=len(first))
    return Encounters(
        ephemeral_id=_byte_rows([r.ephemeral_id for r in told], ID_BYTES),
        metadata=_byte_rows([r.metadata for r in told], METADATA_BYTES),
        offsets=np.cumsum([0, *counts.tolist()], dtype=np.int64),
        t_ms=receptions.t_ms[series],
        rssi_dbm=receptions.rssi_dbm[series],
    )


def _number_ids(kinds: list[_Kind]) -> NDArray[np.int64]:
    """Give each gaen ID with its metadata a number, -1 to what has no ID."""
    number_of: dict[tuple[bytes, bytes], int] = {}
    numbers = []
    for kind in kinds:
        number = -1
        if (sent := kind.recognised) is not None and kind.reason is None:
            identity = (sent.ephemeral_id, sent.metadata)
            number = number_of.setdefault(identity, len(number_of))
        numbers.append(number)
    return np.array(numbers, np.int64)


def _byte_rows(values: list[bytes], width: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), width)
