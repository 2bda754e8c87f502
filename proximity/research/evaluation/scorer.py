"""What a scorer is asked, what it may see, and what it answers.

To add one: write a class with the attributes and the method of `Scorer`, and list it
in `scorers.py`. docs/reference/commands/evaluate.md says what each unit asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from proximity.research.datasets.signals import (
    Bools,
    Collection,
    Device,
    Float64,
    Int64,
    Sightings,
)


class Unit(StrEnum):
    """What is judged, and what counts as positive.

    PAIR : two people during one scenario; at least 15 minutes within 2 m.
    WINDOW : 240 s of a pair; within 2 m for at least half of the time seen.
    RUN : one run at one distance; within 6 ft.
    MINUTE : 60 s of a run; within 6 ft.
    """

    PAIR = "pair"
    WINDOW = "window"
    RUN = "run"
    MINUTE = "60s"


class Knowledge(IntEnum):
    """What is known of devices beside their sightings; each includes those before."""

    SIGNAL = 0
    MODEL = 1
    CARRIAGE = 2


class Calibrates(StrEnum):
    """Whether a scorer looks beyond the link that it is asked about."""

    NEVER = "never"
    IF_POSSIBLE = "if-possible"
    ALWAYS = "always"


class Ask(NamedTuple):
    """One question: whether these two were near each other during this time.

    Attributes
    ----------
    a, b : int
        Indices of the devices; both directions of the link count.
    start_ms, end_ms : int
        First and last millisecond, both included.
    carriage_a, carriage_b : str
        "" where it is not known.
    """

    a: int
    b: int
    start_ms: int
    end_ms: int
    carriage_a: str = ""
    carriage_b: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a scorer may see, and what it is asked about it.

    Compared by identity, so that what several scorers need is computed once.

    Attributes
    ----------
    unit : Unit
    devices : tuple of Device
        Also those that the case does not hear of; names tell nothing.
    sightings : Sightings
        Everything that may be seen, in time order; more than the link that is asked
        about only if the case is self-calibrated.
    listening : tuple of int64[s, 2]
        For each device, spans in which it listened as far as this may be known, Unix
        milliseconds, ascending; silence within them is information.
    asks : tuple of Ask
    calibrated_power : bool
        Whether the stated transmit power is calibrated.
    """

    unit: Unit
    devices: tuple[Device, ...]
    sightings: Sightings
    listening: tuple[Int64, ...]
    asks: tuple[Ask, ...]
    calibrated_power: bool = False


class Answers(NamedTuple):
    """Answers to all asks of some cases, in order.

    Attributes
    ----------
    score : float64[n]
        Finite; larger means nearer or longer.
    probability : float64[n] | None
        That the item is positive, 0..1; None from scorers that give none.
    minutes : float64[n] | None
        Expected minutes within 2 m, >= 0; None from scorers that give none.
    distance_m : float64[n] | None
        Estimated distance, > 0, of runs; None from scorers that give none.
    """

    score: Float64
    probability: Float64 | None = None
    minutes: Float64 | None = None
    distance_m: Float64 | None = None


@runtime_checkable
class Scorer(Protocol):
    """A frozen way to score: nothing in it may depend on what is evaluated."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def calibrates(self) -> Calibrates:
        """NEVER: asked once, for both; ALWAYS: not asked without self-calibration."""

    def threshold(self, unit: Unit) -> float | None:
        """Return from which score on an item is called positive; None: no policy."""

    def answer(self, cases: Sequence[Case]) -> Answers:
        """Answer every ask of every case.

        Cases come together only for speed: the answer to a case must be the same
        whatever comes with it.
        """


class FittedScorer(Protocol):
    """Makes a scorer from labelled cases; refitted on the rest for each fold."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def calibrates(self) -> Calibrates:
        """As of `Scorer`."""

    def threshold(self, unit: Unit) -> float | None:
        """As of `Scorer`."""

    def fit(self, cases: Sequence[Case], positive: Bools) -> Scorer:
        """Return a scorer; `positive` holds a value for each ask, in order."""


@runtime_checkable
class RefittedScorer(Protocol):
    """Makes a scorer from recordings with known distances, anew for each fold."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def calibrates(self) -> Calibrates:
        """As of `Scorer`."""

    def threshold(self, unit: Unit) -> float | None:
        """As of `Scorer`."""

    def refit(self, collections: Sequence[Collection]) -> Scorer:
        """Return a scorer that has seen nothing but these collections."""
