"""Daily figures of uploads: counted in memory, written once in a while.

They are for statistics alone, so an upload does not wait for them; a process that is
killed loses those of its last minute.
"""

import threading
from collections import Counter

from sqlalchemy import Engine

from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.model import Upload
from proximity.authority.verification.counts import tally
from proximity.units import DAY_S, INTERVAL_S, INTERVALS_PER_DAY

FLUSH_S = 60.0
# Days 0..15 and more; days 0..29 and more: as in the key server of reference.
TEK_AGE_BUCKETS = 17
ONSET_BUCKETS = 31


class UploadFigures:
    """Counts accepted uploads by day; holds nothing of any one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()

    def count(
        self, upload: Upload, stored: Stored, *, onset_is_known: bool, now_s: int
    ) -> None:
        """Count one upload that was accepted.

        Parameters
        ----------
        upload : Upload
        stored : Stored
        onset_is_known : bool
            Whether certificate or request named the day of symptom onset.
        now_s : int
            Unix seconds.
        """
        oldest = min(upload.keys, key=lambda key: key.start)
        names = ["publish_requests", f"tek_age_{_age(oldest.start, now_s, 16)}"]
        if stored.inserted < len(upload.keys):
            names.append("revision_requests")
        if onset_is_known:
            onset = oldest.start - oldest.onset_days * INTERVALS_PER_DAY
            names.append(f"onset_age_{_age(onset, now_s, 30)}")
        else:
            names.append("onset_missing")
        day = now_s // DAY_S
        with self._lock:
            self._counts.update((day, name) for name in names)
            self._counts[day, "teks_published"] += stored.inserted

    def flush(self, engine: Engine) -> None:
        """Add what was counted to the figures of the database."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with engine.begin() as connection:
                # In one order, so that two processes do not wait for each other.
                for (day, name), number in sorted(counts.items()):
                    tally(connection, name, day * DAY_S, number)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise


def _age(start: int, now_s: int, most: int) -> int:
    return min(max(0, (now_s - start * INTERVAL_S) // DAY_S), most)
