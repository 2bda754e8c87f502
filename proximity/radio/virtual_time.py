"""An event loop whose time passes when there is nothing left to do."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

_Ready = list[tuple[selectors.SelectorKey, int]]


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs hours of timers at once: where others would sleep, its clock jumps.

    Parameters
    ----------
    start_s : float
        What `time()` returns first.

    Notes
    -----
    The order of events depends on the timers alone, so that the same program with
    the same seeds does the same. What waits for a socket or a thread gets no
    virtual time to arrive in: keep those out of the loop.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        super().__init__(_Jumping(self))
        # Timers within a microsecond are due together: asyncio's nanosecond is less
        # than what a float tells apart at the size of Unix times, where a timer that
        # is due just now would be waited for without end.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def jump(self, seconds: float) -> None:
        """Let time pass; called by the loop's own selector."""
        self._now_s += seconds


class _Jumping(selectors.BaseSelector):
    """A selector that never sleeps: it polls, and moves the clock instead."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self._inner = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> _Ready:
        if timeout is None:
            # Nothing is timed: only a thread or a socket can go on, in real time.
            return self._inner.select(None)
        if timeout <= 0:
            return self._inner.select(0)
        ready = self._inner.select(0)
        if not ready:
            self._loop.jump(timeout)
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> Any:
        return self._inner.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()
