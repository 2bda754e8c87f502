"""Axes of a chart: from values to places, and the ticks between."""

from dataclasses import dataclass

from proximity.units import DAY_S

TICK_STEPS_S = (60, 120, 300, 600, 900, 1_800, 3_600)
ROUND_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from values to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value, one decimal."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def marks(scale: Scale, step: float) -> tuple[Mark, ...]:
    """Return a tick every `step`, from the low end on."""
    count = int((scale.high - scale.low) / step)
    values = [scale.low + i * step for i in range(count + 1)]
    return tuple(Mark(scale(value), f"{value:g}") for value in values)


def round_step(high: float) -> float:
    """Return a round step that gives at most four ticks up to a value."""
    for step in ROUND_STEPS:
        if high / step <= 4:
            return step
    return high


def time_marks(across: Scale, most: float) -> tuple[Mark, ...]:
    """Return ticks at round times, not many more than `most`."""
    span = across.high - across.low
    step = next((s for s in TICK_STEPS_S if span / s <= most), TICK_STEPS_S[-1])
    first = int(-(-across.low // step)) * step
    times = range(first, int(across.high) + 1, step)
    return tuple(Mark(across(t_s), clock_label(t_s)) for t_s in times)


def clock_label(t_s: float) -> str:
    """Return a Unix time as hours and minutes, UTC."""
    minutes = int(t_s % DAY_S) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
