"""One case of an evening: what left their phone, and what each other phone found."""

from collections.abc import Sequence
from dataclasses import dataclass

from proximity.protocol.linkability import Linkability
from proximity.research.evaluation import Outcome, judge
from proximity.research.truth import is_contact


@dataclass(frozen=True, slots=True)
class Finding:
    """What one phone found out about the case.

    Attributes
    ----------
    contact : str
        Whose phone.
    truth_min : float
        Minutes that its owner really was within 2 m of the case.
    told_min : int | None
        Minutes as its owner was told; None if they were told nothing.
    """

    contact: str
    truth_min: float
    told_min: int | None

    @property
    def outcome(self) -> Outcome:
        """What it was worth."""
        return judge(self.truth_min, alert=self.told_min is not None)


@dataclass(frozen=True, slots=True)
class Story:
    """A case and everybody else.

    Attributes
    ----------
    case : str
    keys : int
        How many keys they handed out.
    published : int
        How many keys the export holds at least, invented ones included.
    findings : tuple of Finding
        Of everybody else, the nearest first.
    """

    case: str
    keys: int
    published: int
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many findings were worth that."""
        return sum(each.outcome is outcome for each in self.findings)


@dataclass(frozen=True, slots=True)
class AirReport:
    """What an eavesdropper with every phone's ears learns from the evening's air.

    Attributes
    ----------
    phones : int
    virtual_min : int
        How long they lived, minutes of virtual time.
    advertisements : int
        How many were heard, each as often as it was.
    linkability : Linkability
        Of the engine's own scheme.
    """

    phones: int
    virtual_min: int
    advertisements: int
    linkability: Linkability


def most_telling(findings: Sequence[Sequence[Finding]]) -> int:
    """Return the place of the case that shows most: the most contacts, then the first.

    Parameters
    ----------
    findings : sequence of sequence of Finding
        Of each possible case; at least one.
    """
    contacts = [sum(is_contact(each.truth_min) for each in case) for case in findings]
    return contacts.index(max(contacts))
