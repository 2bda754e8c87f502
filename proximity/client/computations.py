"""What this installation computes, checked against what is published."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from proximity.errors import KernelError
from proximity.kernels.dispatch import PYTHON, available_variants, choose_variant
from proximity.matching import candidates_plain
from proximity.matching.candidates import EncounterIndex
from proximity.protocol.diagnosis_key import DiagnosisKeys, ReportType
from proximity.protocol.gaen import derive_ephemeral_ids, encrypt_metadata
from proximity.protocol.sighting import Sighting, group_encounters
from proximity.units import INTERVAL_S, MS_PER_S

# The first ID of the published test vectors of Exposure Notification.
_KEY = bytes.fromhex("75c734c6dd1a782de7a965da5eb93125")
_START = 2_642_976
_ID = bytes.fromhex("8be6cd371c5c891604bfbe49df845096")
_METADATA = (bytes.fromhex("40080000"), bytes.fromhex("72033874"))
_LAST = 143


class Computation(NamedTuple):
    """One thing that is computed.

    Attributes
    ----------
    name : str
        As `proximity doctor` shows it.
    is_right : callable of () -> bool
        Computes something small of which the result is known. Raises `KernelError`
        if this machine does it in a slower form only.
    """

    name: str
    is_right: Callable[[], bool]


def _ids_are_right() -> bool:
    first: bytes = derive_ephemeral_ids(_KEY, _START)[0].tobytes()
    return first == _ID


def _metadata_is_right() -> bool:
    plain, sealed = _METADATA
    return encrypt_metadata(_KEY, _ID, plain) == sealed


def _candidates_are_right(variant: str) -> bool:
    """Look for the first and the last ID of a key, and compare with the plain form."""
    ids = derive_ephemeral_ids(_KEY, _START)
    sightings = [
        Sighting(
            (_START + position) * INTERVAL_S * MS_PER_S,
            -60,
            "gaen",
            ids[position].tobytes(),
            bytes(4),
        )
        for position in (0, _LAST)
    ]
    encounters = group_encounters(sightings)
    keys = DiagnosisKeys(
        key=np.frombuffer(bytes(16) + _KEY, np.uint8).reshape(2, 16),
        start_interval=np.full(2, _START, np.int64),
        period=np.full(2, _LAST + 1, np.int64),
        report_type=np.full(2, ReportType.CONFIRMED_TEST, np.uint8),
        days_since_onset=np.zeros(2, np.int16),
        transmission_risk=np.zeros(2, np.uint8),
    )
    plain = candidates_plain.find_candidates(keys, encounters, 0)
    found = EncounterIndex(encounters, 0, variant=variant).find(keys)
    return len(plain.row) == 2 and all(
        np.array_equal(one, other) for one, other in zip(plain, found, strict=True)
    )


def _nothing_was_compiled() -> bool:
    raise KernelError(
        "This machine has no compiled kernel.",
        "Install proximity again where a C compiler is there.",
    )


def computations(forced: str | None = None) -> tuple[Computation, ...]:
    """Return what there is to check on this machine.

    Parameters
    ----------
    forced : str or None
        The one kernel variant to check; None for what the environment forces, or else
        for all that the machine can run.

    Returns
    -------
    tuple of Computation

    Raises
    ------
    KernelError
        If what is forced cannot run here.
    """
    chosen, available = choose_variant(forced), available_variants()
    names = available if forced is None and chosen == available[0] else (chosen,)
    found = [
        Computation("ephemeral-ids", _ids_are_right),
        Computation("metadata", _metadata_is_right),
        *(
            Computation(f"candidates-{name}", partial(_candidates_are_right, name))
            for name in names
        ),
    ]
    if names == (PYTHON,) and forced is None:
        found.append(Computation("candidates", _nothing_was_compiled))
    return tuple(found)
