"""Hostile air: a flood of fresh addresses beside true neighbours."""

from contextlib import closing
from pathlib import Path

import numpy as np

from proximity.protocol import gaen
from proximity.radio.scanner import Heard, sighting_of
from proximity.store.encounters import read_encounters
from proximity.store.schema import open_store
from proximity.store.sightings import SightingLog

START_MS = 1_700_006_400_000
SECONDS = 12
ATTACKS_PER_S = 2_000
NEIGHBOURS = [bytes([letter]) * 20 for letter in range(5)]


def heard(t_ms: int, payload: bytes) -> Heard:
    data = gaen.encode_advertisement(payload[:16], payload[16:20])
    return Heard(t_ms, t_ms, data, -60, payload[:6], "flood")


def test_a_flood_of_fresh_addresses_does_not_drown_the_neighbours(tmp_path: Path):
    generator = np.random.default_rng(5)
    with closing(open_store(tmp_path / "store.sqlite")) as connection:
        log = SightingLog(connection)
        for second in range(SECONDS):
            at_ms = START_MS + second * 1_000
            for _ in range(ATTACKS_PER_S):
                log.record(sighting_of(heard(at_ms, generator.bytes(20))))
            for neighbour in NEIGHBOURS:
                log.record(sighting_of(heard(at_ms + 500, neighbour)))
        log.flush(START_MS + SECONDS * 1_000)
        stored = read_encounters(connection, START_MS, 1 << 62)
    true = {payload[:16] for payload in NEIGHBOURS}
    kept = sum(
        length
        for length, row in zip(
            np.diff(stored.offsets).tolist(), stored.ephemeral_id, strict=True
        )
        if row.tobytes() in true
    )

    assert kept == SECONDS * len(NEIGHBOURS)
