"""Which encounters may be with which keys.

An `EncounterIndex` is built once for what a device has heard, kept up to date while it
hears more, and searched with the keys of any number of exports.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import PYTHON, choose_variant, load_native
from proximity.matching.candidates_native import NativeLookUp
from proximity.matching.candidates_python import PythonLookUp
from proximity.matching.hearing_span import HearingSpan, heard_near, hearing_span
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.sighting import Encounters


class Candidates(NamedTuple):
    """Encounters that may be with a key, sorted by key, interval, row.

    Attributes
    ----------
    key_index : int64[c]
        Position of the key among those given.
    interval : int64[c]
        Interval in which the key's owner sent the ID of the encounter.
    row : int64[c]
        Row of the encounter; at least one of its sightings is near the interval.
    """

    key_index: NDArray[np.int64]
    interval: NDArray[np.int64]
    row: NDArray[np.int64]


class _LookUp(Protocol):
    """The part of an index that a variant has of its own."""

    def update(self, encounters: Encounters, span: HearingSpan) -> None: ...

    def look_up(self, keys: DiagnosisKeys) -> NDArray[np.int64]:
        """Return int64[c, 3]: key, interval and row of equal ID, any order.

        All that `heard_near` would keep are among them.
        """
        ...


class EncounterIndex:
    """Encounters arranged for look-up by ephemeral ID.

    Parameters
    ----------
    encounters : Encounters
    tolerance_intervals : int >= 0
        An encounter counts if one of its sightings lies at most that many ten-minute
        intervals before or after the interval of the ID.
    variant : str or None
        A kernel variant to force; see `kernels.dispatch`.

    Attributes
    ----------
    encounters : Encounters
        As they were at the last update.
    tolerance_intervals : int
    variant : str
        What searches.

    Raises
    ------
    KernelError
        If the variant cannot run on this machine.
    """

    def __init__(
        self,
        encounters: Encounters,
        tolerance_intervals: int,
        *,
        variant: str | None = None,
    ) -> None:
        self.tolerance_intervals = tolerance_intervals
        self.variant = choose_variant(variant)
        native = None if self.variant == PYTHON else load_native()
        self._look_up: _LookUp = (
            NativeLookUp(native, self.variant, tolerance_intervals)
            if native
            else PythonLookUp(tolerance_intervals)
        )
        self.update(encounters)

    def __repr__(self) -> str:
        """Tell how many encounters there are, never their IDs."""
        return f"<EncounterIndex n={len(self.encounters.ephemeral_id)}>"

    def update(self, encounters: Encounters) -> None:
        """Take the encounters as they are now.

        Parameters
        ----------
        encounters : Encounters
            Where they are those of before with more sightings and rows at the end, only
            what is new is worked in; else everything is arranged anew.
        """
        span = hearing_span(encounters)
        self._look_up.update(encounters, span)
        self.encounters, self._span = encounters, span

    def find(self, keys: DiagnosisKeys) -> Candidates:
        """Find the encounters whose ID a key gave out, near the time it gave it out.

        Parameters
        ----------
        keys : DiagnosisKeys
            Any number, any order; the IDs of the first `period` intervals count.

        Returns
        -------
        Candidates
            Equal to those of `candidates_plain.find_candidates`.
        """
        triples = self._look_up.look_up(keys)
        near = heard_near(
            self.encounters,
            self._span,
            rows=triples[:, 2],
            intervals=triples[:, 1],
            tolerance_intervals=self.tolerance_intervals,
        )
        triples = triples[near]
        triples = triples[np.lexsort(triples.T[::-1])]
        return Candidates(*triples.T)
