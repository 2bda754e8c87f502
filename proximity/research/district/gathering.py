"""Two hours in one place: a case, and those who sit near or far, on the virtual radio.

places of seats → tracks → the channel of the synthetic evening → what each phone hears
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proximity.protocol.sighting import Scans
from proximity.research.channel import SCAN_MS, Channel, reach_of, scan_times
from proximity.research.floor_plan import DURATION_S, Carriage, Person, walk
from proximity.research.world import Reach
from proximity.units import MS_PER_S, day_of

# How often a phone advertises, as virtual phones do.
ADVERTISING_MS = 270
_FAR_M = 400.0
_TX_POWER_DBM = -14


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody spends part of the two hours.

    Attributes
    ----------
    metres : float
        From the case.
    from_min, to_min : float
        Minutes after the beginning, 1..119.
    """

    metres: float
    from_min: float
    to_min: float


@dataclass(frozen=True, slots=True)
class Heard:
    """One advertisement that arrived.

    Attributes
    ----------
    sender, receiver : int
        0 is the case, n the one of the n-th seat.
    t_ms : int
        Unix milliseconds.
    rssi_dbm : int
    """

    sender: int
    receiver: int
    t_ms: int
    rssi_dbm: int


@dataclass(frozen=True, slots=True)
class Gathering:
    """What became of a gathering on the air.

    Attributes
    ----------
    heard : tuple of Heard
        Between the case and each of the others, in order of time.
    scans : tuple of Scans
        When each phone listened.
    """

    heard: tuple[Heard, ...]
    scans: tuple[Scans, ...]


def gather(
    seats: tuple[Seat, ...], start_s: int, generator: np.random.Generator
) -> Gathering:
    """Let phones hear each other for two hours.

    Parameters
    ----------
    seats : tuple of Seat
    start_s : int
        Unix seconds.
    generator : np.random.Generator
        Draws how people sway, when phones listen, and each signal.
    """
    people = (_resting(), *(_coming(seat, generator) for seat in seats))
    tracks = walk(people, day_of(start_s), generator)
    tracks = tracks._replace(t_ms=tracks.t_ms - tracks.t_ms[0] + start_s * MS_PER_S)
    reach = reach_of(people, tracks, Channel(), generator)
    scans = tuple(scan_times(tracks.t_ms, generator) for _ in people)
    heard = [
        each
        for place, seat in enumerate(seats, 1)
        for pair in ((0, place), (place, 0))
        for each in _heard(pair, seat, start_s, reach=reach, scans=scans[pair[1]])
    ]
    heard.sort(key=lambda each: each.t_ms)
    return Gathering(tuple(heard), scans)


def _heard(
    pair: tuple[int, int], seat: Seat, start_s: int, *, reach: Reach, scans: Scans
) -> Iterator[Heard]:
    """Yield what one hears of the other while they are near each other."""
    sender, receiver = pair
    from_ms = (start_s + 60 * (seat.from_min - 1)) * MS_PER_S
    to_ms = (start_s + 60 * (seat.to_min + 1)) * MS_PER_S
    for scan_ms in scans.start_ms.tolist():
        if not from_ms <= scan_ms <= to_ms:
            continue
        for t_ms in range(scan_ms, scan_ms + SCAN_MS, ADVERTISING_MS):
            rssi_dbm = reach(sender, receiver, t_ms / MS_PER_S)
            if rssi_dbm is not None:
                yield Heard(sender, receiver, t_ms, rssi_dbm)


def _resting() -> Person:
    return Person("0", ((0, 0, 0), (120, 0, 0)), ((0, Carriage.TABLE),), _TX_POWER_DBM)


def _coming(seat: Seat, generator: np.random.Generator) -> Person:
    """Return somebody who comes, sits and goes."""
    angle = generator.uniform(0, 2 * np.pi)
    x, y = float(np.cos(angle)), float(np.sin(angle))
    here = seat.metres * x, seat.metres * y
    away = _FAR_M * x, _FAR_M * y
    path = (
        (0.0, *away),
        (max(seat.from_min - 1, 0.1), *away),
        (seat.from_min, *here),
        (seat.to_min, *here),
        (min(seat.to_min + 1, DURATION_S / 60), *away),
    )
    places = list(Carriage)
    carried = places[int(generator.integers(len(places)))]
    return Person("", path, ((0, carried),), _TX_POWER_DBM)
