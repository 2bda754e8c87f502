"""What happens in the three weeks, as values: who falls ill, who was near, how it ends.

Drawn once from a seed; nothing here knows of a service.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from proximity.research.district.gathering import Seat
from proximity.research.district.places import COMMUNES, Invented, invent_person
from proximity.units import DAY_S

# Positive tests a day: a wave that is past its height.
WAVE = (1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 6, 5, 5, 4, 4, 3, 3, 3, 2)
# Of a UTC day: 8 to 17 o'clock in the district.
WORK_S = range(3_600, 10 * 3_600)
# Who is tested first on a day shares, and a few of the others.
_SHARE_EVERY = 16
# Days from a test to its result, by the last digit of the patient's number.
_DELAYS = (0, 0, 1, 0, 2, 0, 0, 1, 0, 3)
# Numbers of people who come at the very end.
LATE = 1_000
# Metres from the case, and minutes: from a table shared to another room.
_METRES = (0.6, 0.9, 1.2, 1.6, 2.5, 4.0, 7.0)
_MINUTES = (12, 25, 40, 60, 85, 105)


class Way(StrEnum):
    """By what a contact becomes known."""

    BLUETOOTH = "bluetooth"
    INTERVIEW = "interview"


class Ending(StrEnum):
    """How the work on a contact goes."""

    FOLLOWED = "followed"
    LOST = "lost"
    SLOW = "slow"
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who was near a patient.

    Attributes
    ----------
    person : Invented
    commune : str
    way : Way
    seat : Seat
    ending : Ending
    answers_at : int
        With which call they are reached, from 1.
    warns : bool
        Whether they also warn their own contacts.
    met : tuple of Invented
        Whom they name in turn.
    """

    person: Invented
    commune: str
    way: Way
    seat: Seat
    ending: Ending
    answers_at: int
    warns: bool
    met: tuple[Invented, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody with a positive test.

    Attributes
    ----------
    number, place : int
        Of all, from 1; of its day, from 0.
    person : Invented
    commune : str
    onset_day : int or None
        UTC day number; None without symptoms.
    test_day : int
    known_s : int
        Unix seconds at which the district registers the case.
    reports, shares : bool
        Whether they hand keys in, and share for tracing.
    met_s : int
        When they met those of `contacts`.
    contacts : tuple of Contact
    """

    number: int
    place: int
    person: Invented
    commune: str
    onset_day: int | None
    test_day: int
    known_s: int
    reports: bool
    shares: bool
    met_s: int
    contacts: tuple[Contact, ...]


class Chance:
    """Chance of one seed, and the numbers of people.

    Parameters
    ----------
    generator : np.random.Generator
        Open to whoever draws something else.
    people : int
        How many have a number already.
    """

    def __init__(self, generator: np.random.Generator, people: int = 0) -> None:
        self.generator = generator
        self._people = people

    def person(self) -> Invented:
        """Return somebody new."""
        self._people += 1
        return invent_person(self._people, self.generator)

    def commune(self) -> str:
        """Return where somebody lives; the town has the most."""
        shares = (0.34, 0.2, 0.18, 0.16, 0.12)
        return str(self.generator.choice(list(COMMUNES), p=shares))

    def yes(self, share: float) -> bool:
        """Tell whether something happens."""
        return bool(self.generator.random() < share)

    def between(self, low: int, high: int) -> int:
        """Return a number, both ends included."""
        return int(self.generator.integers(low, high + 1))

    def at_work(self, day: int) -> int:
        """Return a time of a day's work."""
        return day * DAY_S + self.between(WORK_S.start, WORK_S.stop - 1)


def is_work(t_s: int) -> bool:
    """Tell whether somebody is at work at a time, Unix seconds."""
    return t_s % DAY_S in WORK_S


def draw_outbreak(
    last_day: int, wave: Sequence[int], generator: np.random.Generator
) -> Iterator[Patient]:
    """Yield the patients of some weeks.

    Parameters
    ----------
    last_day : int
        UTC day number of the last tests.
    wave : sequence of int
        Positive tests a day.
    generator : np.random.Generator
    """
    chance = Chance(generator)
    number = 0
    for back, tests in zip(range(len(wave) - 1, -1, -1), wave, strict=True):
        for place in range(tests):
            number += 1
            yield _patient(number, place, last_day - back, chance)


def draw_late_patients(now_s: int, generator: np.random.Generator) -> list[Patient]:
    """Return those who are registered while the console is being opened."""
    chance = Chance(generator, LATE)
    found = []
    for place, minutes in enumerate((24, 17, 9, 4), 1):
        known_s = now_s - 60 * minutes
        day = (known_s - DAY_S // 2) // DAY_S
        each = _patient(LATE + place, place, day, chance)
        found.append(replace(each, known_s=known_s, shares=False, contacts=()))
    return found


def _patient(number: int, place: int, test_day: int, chance: Chance) -> Patient:
    commune = chance.commune()
    first = place == 0
    shares = first or number % _SHARE_EVERY == 0
    count = chance.between(3, 4) if shares else chance.between(0, 1)
    way = Way.BLUETOOTH if shares else Way.INTERVIEW
    delay = 0 if first else _DELAYS[number % len(_DELAYS)]
    return Patient(
        number=number,
        place=place,
        person=chance.person(),
        commune=commune,
        onset_day=None if chance.yes(0.12) else test_day - chance.between(0, 4),
        test_day=test_day,
        known_s=chance.at_work(test_day + delay),
        reports=shares or chance.yes(0.62),
        shares=shares,
        # On a day before, so that its keys are not in use any longer.
        met_s=(test_day - chance.between(1, 2)) * DAY_S + chance.between(0, 43_000),
        contacts=tuple(_contact(way, commune, chance) for _ in range(count)),
    )


def _contact(way: Way, commune: str, chance: Chance) -> Contact:
    begin = chance.between(2, 10)
    minutes = _MINUTES[chance.between(0, len(_MINUTES) - 1)]
    metres = _METRES[chance.between(0, len(_METRES) - 1)]
    fate = chance.between(1, 20)
    ending = (
        Ending.ILL
        if fate <= 2
        else Ending.LOST
        if fate == 3
        else Ending.SLOW
        if fate <= 6
        else Ending.FOLLOWED
    )
    met = tuple(chance.person() for _ in range(chance.between(1, 2)))
    return Contact(
        person=chance.person(),
        commune=commune if chance.yes(0.7) else chance.commune(),
        way=way,
        seat=Seat(metres, float(begin), float(begin + minutes)),
        ending=ending,
        answers_at=1 if chance.yes(0.75) else 2,
        warns=chance.yes(0.5),
        met=met if chance.yes(0.4) else (),
    )
