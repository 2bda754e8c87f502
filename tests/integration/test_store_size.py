"""How much room sightings take on the disk, as they are recorded."""

import numpy as np

from proximity.protocol.sighting import Sighting
from proximity.store.schema import open_store
from proximity.store.sightings import SightingLog

DEVICES = 20
ROUNDS = 25
SIGHTINGS = 100
EVERY_MS = 3_000
FLUSH_MS = 10_000
START_MS = 1_700_000_000_000


def test_a_sighting_takes_four_bytes_at_a_hundred_an_encounter(tmp_path):
    file = tmp_path / "store.sqlite"
    open_store(file).close()
    empty = file.stat().st_size
    connection = open_store(file)
    log, now_ms = SightingLog(connection), START_MS
    generator = np.random.default_rng(7)
    for _ in range(ROUNDS):
        around = [generator.bytes(16) for _ in range(DEVICES)]
        for i in range(SIGHTINGS):
            if i * EVERY_MS // FLUSH_MS != (i - 1) * EVERY_MS // FLUSH_MS:
                log.flush(now_ms)
            for device in around:
                t_ms = now_ms + int(generator.integers(EVERY_MS))
                rssi_dbm = int(generator.integers(-95, -45))
                log.record(Sighting(t_ms, rssi_dbm, "gaen", device, bytes(4)))
            now_ms += EVERY_MS
    log.flush(now_ms)
    connection.close()

    stored = DEVICES * ROUNDS * SIGHTINGS
    assert (file.stat().st_size - empty) / stored <= 4.0
