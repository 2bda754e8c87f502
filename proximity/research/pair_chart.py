"""Geometry of one pair's chart: the signal, the dose, and the distance under it.

Only numbers and SVG paths leave this file; words and colours are the page's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from proximity.matching.exposure_window import ExposureWindow
from proximity.research.axes import (
    Mark,
    Scale,
    clock_label,
    marks,
    round_step,
    time_marks,
)
from proximity.research.report import PairDetail, scan_ends

LEFT, RIGHT = 44.0, 10.0
SIGNAL = (24.0, 184.0)
DOSE = (232.0, 312.0)
DISTANCE = (360.0, 430.0)
HEIGHT = 456.0

SHOWN_M = 6.0
NEAR_M = 2.0
MARGIN_S = 120.0
MOST_DISTANCES = 240

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `level` is the attenuation bucket, 0 the nearest."""

    x: float
    y: float
    width: float
    height: float
    level: int = 0


@dataclass(frozen=True, slots=True)
class PairChart:
    """What to draw; all lengths in the units of the view box.

    Attributes
    ----------
    width : float
    windows, scans : tuple of Box
        Exposure windows, and the time that each scan instance stands for.
    sightings : str
        Path with one dot for each advertisement heard.
    limits, rssi_marks, time_marks, dose_marks, distance_marks : tuple of Mark
        Attenuation limits of the rule, and ticks.
    dose_line, dose_area : str
        Paths.
    alert_at : Mark | None
        When the dose reached the threshold.
    threshold_y, near_y : float
        Heights of the rule's threshold and of 2 m.
    near : tuple of Box
        When the two really were within 2 m.
    distance_line : str
        Path; broken where they were out of sight or far apart.
    """

    width: float
    windows: tuple[Box, ...]
    scans: tuple[Box, ...]
    sightings: str
    limits: tuple[Mark, ...]
    rssi_marks: tuple[Mark, ...]
    time_marks: tuple[Mark, ...]
    dose_marks: tuple[Mark, ...]
    distance_marks: tuple[Mark, ...]
    dose_line: str
    dose_area: str
    alert_at: Mark | None
    threshold_y: float
    near_y: float
    near: tuple[Box, ...]
    distance_line: str


def pair_chart(
    detail: PairDetail,
    *,
    width: float,
    threshold: float,
    limits_db: Sequence[float],
) -> PairChart:
    """Lay out one pair's chart.

    Parameters
    ----------
    detail : PairDetail
    width : float
        Of the view box; the height is `HEIGHT`.
    threshold : float
        Value from which the rule alerts.
    limits_db : sequence of float
        Its attenuation limits, ascending.

    Returns
    -------
    PairChart
    """
    first_s, last_s = _time_span(detail)
    across = Scale(first_s, last_s, LEFT, width - RIGHT)
    tx_power_dbm = detail.windows[0].tx_power_dbm if detail.windows else 0
    levels_dbm = [tx_power_dbm - limit for limit in limits_db]
    up = _signal_scale(detail.windows, levels_dbm)
    dose_up = _dose_scale(detail, threshold)
    dose = [(across(t_s), dose_up(value)) for t_s, value in detail.dose]
    line = _steps(dose, across(first_s), width - RIGHT, DOSE[1])
    down = Scale(0, SHOWN_M, *reversed(DISTANCE))
    seen = _thinned([(t, m) for t, m in detail.distance if first_s <= t <= last_s])
    return PairChart(
        width=width,
        windows=tuple(_window_box(window, across) for window in detail.windows),
        scans=tuple(
            box
            for window in detail.windows
            for box in _scan_boxes(window, limits_db, across, up=up)
        ),
        sightings="".join(
            f"M{across(t_s)} {up(rssi)}h0"
            for window in detail.windows
            for t_s, rssi in window.series
        ),
        limits=tuple(
            Mark(up(dbm), f"{limit:g}")
            for dbm, limit in zip(levels_dbm, limits_db, strict=True)
        ),
        rssi_marks=marks(up, 10),
        time_marks=time_marks(across, width / 90),
        dose_marks=marks(dose_up, round_step(dose_up.high)),
        distance_marks=marks(down, 2),
        dose_line=line,
        dose_area=f"{line}V{DOSE[1]}H{across(first_s)}Z" if line else "",
        alert_at=_alert_at(detail, threshold, across),
        threshold_y=dose_up(threshold),
        near_y=down(NEAR_M),
        near=_near_boxes(seen, across),
        distance_line=_broken_line(seen, across, down),
    )


def _time_span(detail: PairDetail) -> tuple[float, float]:
    """Return the time worth showing: the windows, and when the two were close."""
    times = [t for t, metres in detail.distance if (metres or SHOWN_M) < SHOWN_M]
    for window in detail.windows:
        times += [time for span in _scan_spans(window) for time in span]
    times = times or [t for t, _ in detail.distance] or [0.0]
    return min(times) - MARGIN_S, max(times) + MARGIN_S


def _signal_scale(
    windows: Sequence[ExposureWindow], levels_dbm: Sequence[float]
) -> Scale:
    heard = [rssi for window in windows for _, rssi in window.series]
    values = [*heard, *levels_dbm] or [-90.0, -50.0]
    low = 10 * ((min(values) - 3) // 10)
    high = -10 * ((-max(values) - 3) // 10)
    return Scale(low, high, SIGNAL[1], SIGNAL[0])


def _dose_scale(detail: PairDetail, threshold: float) -> Scale:
    highest = max([value for _, value in detail.dose], default=0.0)
    return Scale(0, 1.15 * max(highest, threshold), DOSE[1], DOSE[0])


def _scan_spans(window: ExposureWindow) -> list[tuple[float, float]]:
    """Return the time that each scan stands for, up to its last sighting.

    The time since the last scan is rounded to minutes, so that spans would overlap
    by seconds: each begins when the one before it has ended.
    """
    spans: list[tuple[float, float]] = []
    for scan, end_s in zip(window.scans, scan_ends(window), strict=True):
        start_s = end_s - max(scan.seconds_since_last_scan, 0)
        spans.append((max(start_s, spans[-1][1]) if spans else start_s, end_s))
    return spans


def _window_box(window: ExposureWindow, across: Scale) -> Box:
    spans = _scan_spans(window)
    x, end = across(spans[0][0]), across(spans[-1][1])
    return Box(x, SIGNAL[0], round(end - x, 1), SIGNAL[1] - SIGNAL[0])


def _scan_boxes(
    window: ExposureWindow, limits_db: Sequence[float], across: Scale, *, up: Scale
) -> Iterable[Box]:
    for scan, (start_s, end_s) in zip(window.scans, _scan_spans(window), strict=True):
        x = across(start_s)
        typical_dbm = window.tx_power_dbm - scan.typical_attenuation_db
        top = min(max(up(typical_dbm), SIGNAL[0]), SIGNAL[1])
        level = sum(scan.typical_attenuation_db > limit for limit in limits_db)
        wide = max(round(across(end_s) - x, 1), 1.0)
        yield Box(x, top, wide, round(SIGNAL[1] - top, 1), level)


def _steps(points: Sequence[Point], start: float, end: float, floor: float) -> str:
    if not points:
        return ""
    path = "".join(f"H{x}V{y}" for x, y in points)
    return f"M{start} {floor}{path}H{end}"


def _alert_at(detail: PairDetail, threshold: float, across: Scale) -> Mark | None:
    for t_s, value in detail.dose:
        if value >= threshold:
            return Mark(across(t_s), clock_label(t_s))
    return None


def _thinned(
    series: Sequence[tuple[float, float | None]],
) -> Sequence[tuple[float, float | None]]:
    return series[:: max(1, len(series) // MOST_DISTANCES)]


def _near_boxes(
    seen: Sequence[tuple[float, float | None]], across: Scale
) -> tuple[Box, ...]:
    boxes: list[Box] = []
    height = DISTANCE[1] - DISTANCE[0]
    for (t_s, metres), (next_s, _) in pairwise(seen):
        if metres is None or metres > NEAR_M:
            continue
        x, end = across(t_s), across(next_s)
        if boxes and abs(boxes[-1].x + boxes[-1].width - x) < 0.2:
            x = boxes.pop().x
        boxes.append(Box(x, DISTANCE[0], round(end - x, 1), height))
    return tuple(boxes)


def _broken_line(
    seen: Sequence[tuple[float, float | None]], across: Scale, down: Scale
) -> str:
    path, drawing = [], False
    for t_s, metres in seen:
        shown = metres is not None and metres <= SHOWN_M
        if shown and metres is not None:
            path.append(f"{'L' if drawing else 'M'}{across(t_s)} {down(metres)}")
        drawing = shown
    return "".join(path)
