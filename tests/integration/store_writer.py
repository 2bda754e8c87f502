"""Writes to a store without end, and says on standard output what is acknowledged.

Run as `python store_writer.py STORE FIRST_STEP`; made to be killed.
"""

import os
import sys
from itertools import count
from pathlib import Path

from proximity.protocol.sighting import Sighting
from proximity.store.connection import transaction
from proximity.store.decisions import append_decision
from proximity.store.processed_exports import ProcessedExport, mark_processed
from proximity.store.retention import forget_before
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sightings import SightingLog

SIGHTINGS_A_STEP = 3


def main() -> None:
    connection = open_store(Path(sys.argv[1]))
    sealing = SealingKey(bytes(32))
    log = SightingLog(connection)
    for step in count(int(sys.argv[2])):
        for index in range(SIGHTINGS_A_STEP):
            t_ms = step * 1_000 + index * 100
            name = (step // 40 + index).to_bytes(16, "big")
            log.record(Sighting(t_ms, -60, "gaen", name, bytes(4)))
        log.flush(step * 1_000)
        digest = step.to_bytes(32, "big")
        with transaction(connection):
            mark_processed(connection, ProcessedExport(digest, "", step, "matched"))
            append_decision(connection, sealing, digest, decided_ms=step, notify=False)
        if step % 25 == 0:
            # Deletes nothing, but rebuilds the whole file.
            forget_before(connection, 0)
        os.write(1, b"%d\n" % step)


if __name__ == "__main__":
    main()
