"""What this installation computes, checked against what is published.

A kernel that is compiled for some machines only is one more line of `COMPUTATIONS`; it
raises `KernelError` where it is not available.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from proximity.matching import candidates, candidates_plain
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


def _candidates_are_right() -> bool:
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
    index = candidates.index_encounters(encounters)
    found = candidates.find_candidates(keys, index, 0)
    return len(plain.row) == 2 and all(
        np.array_equal(one, other) for one, other in zip(plain, found, strict=True)
    )


COMPUTATIONS = (
    Computation("ephemeral-ids", _ids_are_right),
    Computation("metadata", _metadata_is_right),
    Computation("candidates", _candidates_are_right),
)
