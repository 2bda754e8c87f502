"""Figures of the running service, in the text form of Prometheus."""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping

REQUESTS, SECONDS = "proximity_requests_total", "proximity_request_seconds"
HELP = {
    REQUESTS: "Requests by path of the API and status; chaff counts too.",
    SECONDS: "Time from a request's head to the end of its work.",
    "proximity_database_up": "1 if the database answers, else 0.",
    "proximity_waiting_keys": "Keys that are not in a batch yet.",
    "proximity_batches": "Batches in the index.",
    "proximity_newest_batch_end_seconds": "Unix time at which the newest batch ends.",
}
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counts requests and their times; holds no value of any request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def observe(self, path: str, status: int, seconds: float) -> None:
        """Count a request.

        Parameters
        ----------
        path : str
            A path of the API, never one as it was asked.
        status : int
        seconds : float
        """
        with self._lock:
            self._requests[path, status] += 1
            self._seconds[path] += seconds
            buckets = self._buckets.setdefault(path, [0] * (len(_BOUNDS_S) + 1))
            buckets[bisect_left(_BOUNDS_S, seconds)] += 1

    def render(self, gauges: Mapping[str, float]) -> str:
        """Return all figures, and some that are read elsewhere."""
        with self._lock:
            lines = [
                *_head(REQUESTS, "counter"),
                *(
                    f'{REQUESTS}{{path="{path}",status="{status}"}} {n}'
                    for (path, status), n in sorted(self._requests.items())
                ),
                *_head(SECONDS, "histogram"),
            ]
            for path in sorted(self._buckets):
                lines += self._histogram(path)
        for name, value in gauges.items():
            lines += [*_head(name, "gauge"), f"{name} {value}"]
        return "\n".join(lines) + "\n"

    def _histogram(self, path: str) -> Iterable[str]:
        name, total = SECONDS, 0
        bounds = [*map(str, _BOUNDS_S), "+Inf"]
        for bound, count in zip(bounds, self._buckets[path], strict=True):
            total += count
            yield f'{name}_bucket{{path="{path}",le="{bound}"}} {total}'
        yield f'{name}_sum{{path="{path}"}} {self._seconds[path]:.6f}'
        yield f'{name}_count{{path="{path}"}} {total}'


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP {name} {HELP[name]}", f"# TYPE {name} {kind}"]
