"""Waiting more exactly than an event loop does.

The timers of a loop tick in milliseconds, and an answer that is timed by them can be
told from one that took its time. A thread that waits for a lock wakes in microseconds.
"""

import asyncio
import heapq
import threading
import time
from itertools import count

_STEP_S = 1e-5
_Waiting = tuple[float, int, "asyncio.Future[None]"]


class PreciseTimer:
    """Wakes coroutines, from one thread of its own.

    From when the thread wakes to when the coroutine runs takes a while, on a busy
    machine longer. So it wakes earlier by what that usually took.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._ended = False
        self._late_s = 0.0
        self._thread = threading.Thread(target=self._run, name="timer", daemon=True)

    def stop(self) -> None:
        """Wake all that wait, then end."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    async def sleep_until(self, due_s: float) -> None:
        """Return when `time.perf_counter()` has reached a value."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        planned_s = due_s - self._late_s
        with self._changed:
            if self._thread.ident is None:
                self._thread.start()
            heapq.heappush(self._waiting, (planned_s, next(self._numbers), future))
            if self._waiting[0][2] is future:
                self._changed.notify()
        await future
        late_s = time.perf_counter() - planned_s
        # Small equal steps lead to the median: one long delay does not count for more.
        self._late_s += _STEP_S if late_s > self._late_s else -_STEP_S

    def _run(self) -> None:
        while True:
            with self._changed:
                woken = self._take_due()
                if not woken and self._ended:
                    return
                if not woken:
                    self._changed.wait(self._wait_s())
            for future in woken:
                future.get_loop().call_soon_threadsafe(_wake, future)

    def _take_due(self) -> list["asyncio.Future[None]"]:
        now_s = float("inf") if self._ended else time.perf_counter()
        woken = []
        while self._waiting and self._waiting[0][0] <= now_s:
            woken.append(heapq.heappop(self._waiting)[2])
        return woken

    def _wait_s(self) -> float | None:
        if not self._waiting:
            return None
        return max(self._waiting[0][0] - time.perf_counter(), 0.0)


def _wake(future: "asyncio.Future[None]") -> None:
    # A client that went away has cancelled its future.
    if not future.done():
        future.set_result(None)
