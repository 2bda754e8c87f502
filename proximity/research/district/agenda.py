"""What is done when: stories whose steps are taken in the order of their times."""

import heapq
from collections.abc import Callable, Iterator

# Does a step when it is resumed, and yields the Unix seconds of the next one.
Story = Iterator[int]


class Agenda:
    """Stories that go on side by side under one clock.

    Parameters
    ----------
    start_s, end_s : int
        Unix seconds; steps that would come later are not taken.
    """

    def __init__(self, start_s: int, end_s: int) -> None:
        self._now_s = start_s
        self._end_s = end_s
        self._places = 0
        self._waiting: list[tuple[int, int, Story]] = []

    @property
    def now_s(self) -> int:
        """Unix seconds of the step that is being taken."""
        return self._now_s

    def clock(self) -> float:
        """Return the time as the service asks for it."""
        return float(self._now_s)

    def begin(self, story: Story) -> None:
        """Take a story up: it runs to its first time at once."""
        self._wait(story)

    def run(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Take every step until the end, and end there.

        Parameters
        ----------
        progress : callable
            Called with the time of each step.
        """
        while self._waiting and self._waiting[0][0] <= self._end_s:
            at_s, _, story = heapq.heappop(self._waiting)
            # Nothing is done in the past, whatever a story says.
            self._now_s = max(self._now_s, at_s)
            progress(self._now_s)
            self._wait(story)
        self._now_s = self._end_s

    def _wait(self, story: Story) -> None:
        at_s = next(story, None)
        if at_s is not None:
            self._places += 1
            heapq.heappush(self._waiting, (at_s, self._places, story))
