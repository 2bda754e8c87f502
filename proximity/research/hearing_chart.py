"""Geometry of the strip of who heard whom: a row a phone, in it a line a phone."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from proximity.research.axes import Mark, Scale, time_marks
from proximity.research.report import Hearing

LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 8.0, 24.0
LINE, GAP = 5.0, 11.0
TICK = 4.0
# Where one sender is all that is shown, there is room to see them.
ONE_LINE, ONE_GAP, ONE_TICK = 16.0, 10.0, 15.0
# A time label needs so much room.
LABEL = 70.0


@dataclass(frozen=True, slots=True)
class HearingChart:
    """What to draw; lengths in the units of the view box.

    Attributes
    ----------
    width, height : float
    rows : tuple of Mark
        Middle of each listener's row, and the name.
    others, own : str
        Paths along the lines of the other phones, and along the listener's own.
    levels : tuple of str
        Paths with a tick for each scan that heard somebody, the nearest level first.
    time_marks : tuple of Mark
    """

    width: float
    height: float
    rows: tuple[Mark, ...]
    others: str
    own: str
    levels: tuple[str, ...]
    time_marks: tuple[Mark, ...]


def hearing_chart(
    heard: Sequence[Hearing], *, width: float, limits_db: Sequence[float]
) -> HearingChart:
    """Lay out who heard whom.

    Parameters
    ----------
    heard : sequence of Hearing
        At least one with a scan.
    width : float
    limits_db : sequence of float
        Between the levels, ascending.

    Returns
    -------
    HearingChart
        Listeners in the order in which people are senders; within every row the lines
        are all senders in the same order, so that each has one place. One sender's
        lines are wide.
    """
    senders = list(dict.fromkeys(each.sender for each in heard))
    listeners = sorted(
        dict.fromkeys(each.listener for each in heard),
        key=lambda name: senders.index(name) if name in senders else len(senders),
    )
    is_one = len(senders) == 1
    line, gap, tick = (ONE_LINE, ONE_GAP, ONE_TICK) if is_one else (LINE, GAP, TICK)
    times = [t_s for each in heard for t_s, _ in each.scans]
    across = Scale(min(times), max(*times, min(times) + 1), LEFT, width - RIGHT)
    row_height = line * len(senders) + gap

    def top(listener: str, sender: str) -> float:
        row = listeners.index(listener) * row_height
        return TOP + row + senders.index(sender) * line

    paths = [""] * (len(limits_db) + 1)
    for each in heard:
        y = round(top(each.listener, each.sender), 1)
        for t_s, attenuation_db in each.scans:
            level = bisect_left(limits_db, attenuation_db)
            paths[level] += f"M{across(t_s)} {y}v{tick:g}"

    def along(listener: str, sender: str) -> str:
        y = round(top(listener, sender) + tick / 2, 1)
        return f"M{LEFT:g} {y}H{width - RIGHT:g}"

    middle = (row_height - gap) / 2
    return HearingChart(
        width=width,
        height=TOP + row_height * len(listeners) + BOTTOM,
        rows=tuple(
            Mark(round(TOP + i * row_height + middle, 1), name)
            for i, name in enumerate(listeners)
        ),
        others="".join(along(a, b) for a, b in product(listeners, senders) if a != b),
        own="".join(along(name, name) for name in listeners if name in senders),
        levels=tuple(paths),
        time_marks=time_marks(across, (width - LEFT - RIGHT) / LABEL),
    )
