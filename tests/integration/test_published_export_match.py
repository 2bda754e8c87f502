"""The round trip of google/exposure-notifications-internals (Apache-2.0)."""

import os
from pathlib import Path

import numpy as np
import pytest

from proximity.matching.candidates import EncounterIndex
from proximity.protocol.export import open_unsigned
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PROXIMITY_DATA", ROOT.parent / "shared" / "data"))
EXPORT = DATA / "exports" / "exports" / "google_internals_raw_export.bin"
# vectors/gaen.json, native_matcher_roundtrip: one key of 110 sent this first ID.
KEY = bytes.fromhex("2b714d3ec93c14e5d345003e59027aea")
START = 2_646_801


def test_the_published_key_is_found_once_among_all_of_its_export():
    if not EXPORT.exists():
        pytest.skip(f"set PROXIMITY_DATA: no {EXPORT.name} in exports/exports")
    keys = open_unsigned(EXPORT).read().keys
    heard = Encounters(
        ephemeral_id=derive_ephemeral_ids(KEY, START)[:1],
        metadata=np.zeros((1, 4), np.uint8),
        offsets=np.array([0, 1]),
        t_ms=np.array([START * 600_000]),
        rssi_dbm=np.array([-60], np.int8),
    )
    found = EncounterIndex(heard, 12).find(keys)

    assert len(keys.key) == 110
    assert found.interval.tolist() == [START]
    assert keys.key[found.key_index[0]].tobytes() == KEY
