"""The one typed form of measured signals: what was heard, and what was true.

What a device may know (`Sightings`, `Device`) and what only the experimenter knew
(`Segment`, `Collection.distance_m`, tracks) are separate values, so that a scorer
cannot be handed the truth by mistake.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.research.world import Tracks

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What a radio can measure; anything else is a driver's way to say nothing.
RSSI_DBM = (-120.0, -10.0)
# Beyond what the calibrated power of a phone can be, someone lies or a bit flipped.
TX_POWER_DBM = (-50.0, 20.0)
# iOS hands many advertisements to an app twice within a millisecond.
REPEAT_MS = 1
NO_SEGMENT = -1


class Sightings(NamedTuple):
    """What devices heard, in time order.

    Attributes
    ----------
    t_ms : int64[n]
        Unix milliseconds; where a recording has no date, since its start.
    rssi_dbm : float32[n]
        NaN where it was not measured.
    receiver, sender : int32[n]
        Indices of devices.
    tx_power_dbm : float32[n]
        As stated with the advertisement; NaN where nothing was.
    """

    t_ms: Int64
    rssi_dbm: Float32
    receiver: Int32
    sender: Int32
    tx_power_dbm: Float32


class Placement(NamedTuple):
    """How a device was carried; "" where it is not known."""

    carriage: str = ""
    pose: str = ""


NOT_KNOWN = Placement()


@dataclass(frozen=True, slots=True)
class Device:
    """A phone or other radio.

    Attributes
    ----------
    name : str
        Within its collection.
    model : str
        "" where it is not known.
    """

    name: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which nothing that the experimenter controlled changed.

    Attributes
    ----------
    run : str
        Segments of one run were recorded without a break.
    receiver, sender : int
        Indices of devices.
    start_ms, end_ms : int
        On the clock of its collection's sightings, both included.
    distance_m : float | None
    close : bool | None
        Where a recording states the class instead of the distance.
    angle_deg : float | None
    receiver_placement, sender_placement : Placement
    place : str
    """

    run: str
    receiver: int
    sender: int
    start_ms: int
    end_ms: int
    distance_m: float | None
    close: bool | None = None
    angle_deg: float | None = None
    receiver_placement: Placement = NOT_KNOWN
    sender_placement: Placement = NOT_KNOWN
    place: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """What may not be split between training and test: recorded together.

    Compared by identity: what was computed from it can be kept beside it.

    Attributes
    ----------
    name : str
    devices : tuple of Device
    sightings : Sightings
    distance_m : float32[n]
        True distance at each sighting; NaN where it is not known.
    segments : tuple of Segment
        None where people moved.
    segment : int32[n]
        Segment of each sighting, or `NO_SEGMENT`.
    tracks : Tracks | None
        Where cameras followed people; row i is device i.
    calibrated_power : bool
        Whether the stated transmit power is calibrated, as a protocol's metadata is,
        rather than a radio's nominal setting.
    timed : bool
        Whether times were recorded; otherwise they only keep the order.
    """

    name: str
    devices: tuple[Device, ...]
    sightings: Sightings
    distance_m: Float32
    segments: tuple[Segment, ...] = ()
    segment: Int32 | None = None
    tracks: Tracks | None = None
    calibrated_power: bool = False
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Dataset:
    """A campaign, ready to be evaluated.

    Attributes
    ----------
    name : str
        Name of its folder.
    collections : tuple of Collection
    people : bool
        Whether people moved freely and pairs of them are judged (as in `dp3t`),
        rather than segments of a grid.
    """

    name: str
    collections: tuple[Collection, ...]
    people: bool = False


class Rows(NamedTuple):
    """Sightings with their truth before they are cleaned."""

    sightings: Sightings
    distance_m: Float32
    segment: Int32


def clean(rows: Rows, *, repeat_ms: int | None = REPEAT_MS) -> Rows:
    """Order by time, mark impossible values, and drop what was logged twice.

    An RSSI that no radio measures (0, 127, above -10 or below -120 dBm) becomes NaN:
    the advertisement was heard all the same. So does a transmit power out of range.

    Parameters
    ----------
    rows : Rows
        In any order; times may go back.
    repeat_ms : int | None
        Of two sightings of one link at most this far apart, the second is dropped;
        None where the times are too coarse to tell.

    Returns
    -------
    Rows
        In time order; sightings of one time keep their order.
    """
    order = np.argsort(rows.sightings.t_ms, kind="stable")
    heard = Sightings._make(column[order] for column in rows.sightings)
    heard = heard._replace(
        rssi_dbm=_within(heard.rssi_dbm, RSSI_DBM),
        tx_power_dbm=_within(heard.tx_power_dbm, TX_POWER_DBM),
    )
    ordered = Rows(heard, rows.distance_m[order], rows.segment[order])
    return ordered if repeat_ms is None else _first_of_repeated(ordered, repeat_ms)


def take(rows: Rows, kept: Bools | Int64) -> Rows:
    """Return some of the rows."""
    heard = Sightings._make(column[kept] for column in rows.sightings)
    return Rows(heard, rows.distance_m[kept], rows.segment[kept])


def join(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts; at least one part."""
    heard = zip(*(part.sightings for part in parts), strict=True)
    return Rows(
        Sightings._make(np.concatenate(columns) for columns in heard),
        np.concatenate([part.distance_m for part in parts]),
        np.concatenate([part.segment for part in parts]),
    )


def rows_of(
    columns: Sightings,
    *,
    distance_m: Float64 | None = None,
    segment: Int64 | None = None,
) -> Rows:
    """Narrow columns to their types, truth unknown where it is not given.

    Parameters
    ----------
    columns : Sightings
        Of any numeric types; times already in milliseconds.
    distance_m : float[n] | None
    segment : int[n] | None
    """
    n = len(columns.t_ms)
    if distance_m is None:
        distance_m = np.full(n, np.nan)
    if segment is None:
        segment = np.full(n, NO_SEGMENT, np.int64)
    return Rows(
        Sightings(
            np.asarray(columns.t_ms, np.int64),
            np.asarray(columns.rssi_dbm, np.float32),
            np.asarray(columns.receiver, np.int32),
            np.asarray(columns.sender, np.int32),
            np.asarray(columns.tx_power_dbm, np.float32),
        ),
        np.asarray(distance_m, np.float32),
        np.asarray(segment, np.int32),
    )


def numbered(names: Iterable[str]) -> tuple[tuple[str, ...], Int64]:
    """Return the distinct names in order of appearance, and the number of each."""
    known: dict[str, int] = {}
    index = [known.setdefault(name, len(known)) for name in names]
    return tuple(known), np.array(index, np.int64)


def narrow(values: Float64) -> Float32:
    """Return numbers in single precision; what exceeds it is no measurement, NaN."""
    fits = np.abs(values) < 1e30
    return np.where(fits, values, np.nan).astype(np.float32)


def spans_of(segment: Int64, t_ms: Int64, n: int) -> Int64:
    """Return the first and last time of each of n segments: int64[n, 2]."""
    first = np.full(n, np.iinfo(np.int64).max)
    last = np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, segment, t_ms)
    np.maximum.at(last, segment, t_ms)
    return np.stack((first, last), axis=1)


def collection(
    name: str, devices: tuple[Device, ...], rows: Rows, segments: tuple[Segment, ...]
) -> Collection:
    """Return a collection of cleaned rows, by segments."""
    return Collection(
        name, devices, rows.sightings, rows.distance_m, segments, rows.segment
    )


def _within(values: Float32, bounds: tuple[float, float]) -> Float32:
    low, high = bounds
    inside = (values >= low) & (values <= high)
    return np.where(inside, values, np.float32(np.nan)).astype(np.float32)


def _first_of_repeated(rows: Rows, repeat_ms: int) -> Rows:
    """Keep every second one of a chain of sightings that follow so closely."""
    heard = rows.sightings
    by_link = np.lexsort((np.arange(len(heard.t_ms)), heard.sender, heard.receiver))
    chained = np.zeros(len(by_link), np.bool_)
    chained[1:] = (
        (np.diff(heard.receiver[by_link]) == 0)
        & (np.diff(heard.sender[by_link]) == 0)
        & (np.diff(heard.t_ms[by_link]) <= repeat_ms)
    )
    places = np.arange(len(by_link))
    begin = np.maximum.accumulate(np.where(chained, 0, places))
    kept = np.zeros(len(by_link), np.bool_)
    # Alternating, so that a link that is really heard every millisecond is thinned
    # out rather than silenced.
    kept[by_link] = (places - begin) % 2 == 0
    return take(rows, kept)
