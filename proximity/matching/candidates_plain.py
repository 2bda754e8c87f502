"""Which encounters may be with which keys: the reference form, one ID at a time."""

import numpy as np

from proximity.matching.candidates import Candidates
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters
from proximity.units import INTERVAL_S, MS_PER_S


def find_candidates(
    keys: DiagnosisKeys, encounters: Encounters, tolerance_intervals: int
) -> Candidates:
    """Find as `EncounterIndex.find` does, without an index."""
    rows_of_id: dict[bytes, list[int]] = {}
    for row, ephemeral_id in enumerate(encounters.ephemeral_id):
        rows_of_id.setdefault(ephemeral_id.tobytes(), []).append(row)
    found = []
    for key_index, key in enumerate(keys.key):
        start = int(keys.start_interval[key_index])
        ids = derive_ephemeral_ids(key.tobytes(), start, int(keys.period[key_index]))
        for interval, ephemeral_id in enumerate(ids, start):
            found += [
                (key_index, interval, row)
                for row in rows_of_id.get(ephemeral_id.tobytes(), ())
                if _heard_near(encounters, row, interval, tolerance_intervals)
            ]
    columns = np.array(found, np.int64).reshape(-1, 3).T
    return Candidates(*columns)


def _heard_near(
    encounters: Encounters, row: int, interval: int, tolerance_intervals: int
) -> bool:
    series = encounters.t_ms[encounters.offsets[row] : encounters.offsets[row + 1]]
    return any(
        abs(t_ms // (INTERVAL_S * MS_PER_S) - interval) <= tolerance_intervals
        for t_ms in series.tolist()
    )
