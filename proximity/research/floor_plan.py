"""A scripted evening: who is where, and where they carry their phones."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from proximity.research.world import Tracks
from proximity.units import DAY_S, MS_PER_S

START_S = 20 * 3_600
DURATION_S = 2 * 3_600

# Nobody sits still: standing and sitting people sway by a hand's breadth.
SWAY_M = 0.12
SWAY_TIME_S = 20


class Carriage(Enum):
    """Where a phone is carried, and what that costs in decibels.

    The desks and the pockets of the DP-3T scenarios lie 6 dB apart at 1 m with
    two phones involved; hand and bag are set around them.
    """

    HAND = -1.0
    TABLE = 0.0
    POCKET = 3.0
    BAG = 4.0


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the script.

    Attributes
    ----------
    name : str
    path : tuple of (float, float, float)
        Minutes after the start, x and y in metres; straight lines in between.
    carriage : tuple of (float, Carriage)
        From which minute on the phone is carried where; the first is at 0.
    tx_power_dbm : int
        Transmit power that the phone states in its metadata.
    """

    name: str
    path: tuple[tuple[float, float, float], ...]
    carriage: tuple[tuple[float, Carriage], ...]
    tx_power_dbm: int


# Table A seats An, Binh, Chi and Dung; table B, more than three metres away,
# seats Giang and Ha. Khoa waits at both. Linh has not been near: she walks
# with An afterwards.
PEOPLE = (
    Person(
        "An",
        (
            (0, -60, 10),
            (5, -0.5, -0.5),
            (65, -0.5, -0.5),
            (75, 40, 30),
            (80, 180, 30),
            (87, 240, 180),
            (93, 100, 180),
            (98, 40, 60),
            (110, -60, 10),
        ),
        (
            (0, Carriage.POCKET),
            (6, Carriage.TABLE),
            (65, Carriage.HAND),
            (98, Carriage.POCKET),
        ),
        -14,
    ),
    Person(
        "Bình",
        ((0, -50, 40), (5, 0.5, -0.5), (70, 0.5, -0.5), (85, -50, 40)),
        ((0, Carriage.POCKET), (6, Carriage.TABLE), (70, Carriage.POCKET)),
        -12,
    ),
    Person(
        "Chi",
        (
            (0, 30, -70),
            (8, -0.5, 0.5),
            (70, -0.5, 0.5),
            (82, 30, -70),
        ),
        ((0, Carriage.BAG), (9, Carriage.TABLE), (70, Carriage.BAG)),
        -17,
    ),
    Person(
        "Dũng",
        ((0, 31.2, -70), (8, 0.5, 0.5), (70, 0.5, 0.5), (82, 31.2, -70)),
        ((0, Carriage.POCKET),),
        -14,
    ),
    Person(
        "Giang",
        ((0, 80, 5), (10, 3.8, -0.5), (75, 3.8, -0.5), (90, 80, 5)),
        ((0, Carriage.POCKET), (11, Carriage.TABLE), (75, Carriage.POCKET)),
        -12,
    ),
    Person(
        "Hà",
        (
            (0, 70, -40),
            (12, 4.8, -0.6),
            (75, 4.8, -0.6),
            (80, 12, 11.2),
            (89, 12, 11.2),
            (100, 70, -40),
        ),
        ((0, Carriage.BAG),),
        -15,
    ),
    Person(
        "Khoa",
        (
            (0, 12, 10),
            (27.5, 12, 10),
            (28, 0, -1.3),
            (30, 0, -1.3),
            (30.5, 12, 10),
            (32.5, 12, 10),
            (33, 4.3, -1.4),
            (35, 4.3, -1.4),
            (35.5, 12, 10),
        ),
        ((0, Carriage.POCKET),),
        -14,
    ),
    Person(
        "Linh",
        (
            (0, 300, 200),
            (60, 300, 200),
            (75, 40, 30.8),
            (80, 180, 30.8),
            (87, 240, 180.8),
            (93, 100, 180.8),
            (98, 40, 60.8),
            (110, 300, 200),
        ),
        ((0, Carriage.HAND),),
        -16,
    ),
)


def clock_ms(day: int) -> NDArray[np.int64]:
    """Return the seconds of the evening of a UTC day, as Unix milliseconds."""
    start_s = day * DAY_S + START_S
    return (start_s + np.arange(DURATION_S, dtype=np.int64)) * MS_PER_S


def walk(
    people: tuple[Person, ...], day: int, generator: np.random.Generator
) -> Tracks:
    """Return where everyone is in each second of the evening.

    Parameters
    ----------
    people : tuple of Person
    day : int
        UTC day number since the epoch.
    generator : np.random.Generator
        Draws how people sway.

    Returns
    -------
    Tracks
        Row i is `people[i]`; 20:00-22:00 UTC, one frame a second.
    """
    t_ms = clock_ms(day)
    minute = np.arange(DURATION_S) / 60
    paths = [np.array(person.path, np.float64).T for person in people]
    x_m = np.stack([np.interp(minute, path[0], path[1]) for path in paths])
    y_m = np.stack([np.interp(minute, path[0], path[2]) for path in paths])
    sway = wander(generator, (2 * len(people), DURATION_S), SWAY_TIME_S) * SWAY_M
    return Tracks(t_ms, x_m + sway[: len(people)], y_m + sway[len(people) :])


def carriage_db(person: Person) -> NDArray[np.float64]:
    """Return what the phone's place costs in each second of the evening.

    Returns
    -------
    float64[7200]
        Decibels to add to the attenuation.
    """
    starts = np.array([minute for minute, _ in person.carriage])
    costs = np.array([place.value for _, place in person.carriage])
    minute = np.arange(DURATION_S) / 60
    return np.asarray(costs[np.searchsorted(starts, minute, side="right") - 1])


def wander(
    generator: np.random.Generator, shape: tuple[int, int], time_s: float
) -> NDArray[np.float64]:
    """Draw slow random processes, one a row, one value a second.

    Parameters
    ----------
    generator : np.random.Generator
    shape : (int, int)
        Rows and seconds.
    time_s : float > 0
        After this long the correlation has fallen to 1/e.

    Returns
    -------
    float64[shape]
        Mean 0, standard deviation 1: a discrete Ornstein-Uhlenbeck process.
    """
    keep = np.exp(-1 / time_s)
    steps = generator.standard_normal(shape)
    steps[:, 1:] *= np.sqrt(1 - keep**2)
    for second in range(1, shape[1]):
        steps[:, second] += keep * steps[:, second - 1]
    return steps
