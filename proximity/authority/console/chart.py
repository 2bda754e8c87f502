"""Charts as SVG, made by the server; a table of the same figures stands below."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

_HEIGHT = 240
_WHOLE, _HALF = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 18, 14, 30
_STEPS = (1, 2, 5)
_LINES = 5


class Series(NamedTuple):
    """One row of figures, by what they are called."""

    name: str
    values: Sequence[int]


def bar_chart(
    title: str, labels: Sequence[str], series: Sequence[Series], *, half: bool = False
) -> Markup:
    """Draw the days of several series beside each other.

    Parameters
    ----------
    title : str
        Said by screen readers.
    labels : sequence of str
        Of the days.
    series : sequence of Series
        Each as long as `labels`; their colours are classes `series-0`, `series-1`.
    half : bool
        Whether it stands beside another one.
    """
    top, lines = scale(max((max(each.values) for each in series), default=0))
    wide = _HALF if half else _WHOLE
    every = 10 if half else 5
    slot = (wide - _LEFT - _RIGHT) / max(len(labels), 1)
    width = max(slot * 0.8 / len(series), 1.0)
    parts = [_grid(top, lines, wide)]
    for at, label in enumerate(labels):
        left = _LEFT + at * slot + slot * 0.1
        parts += [
            _bar(left + place * width, width, each, at, top=top, place=place)
            for place, each in enumerate(series)
        ]
        if len(labels) <= 15 or at % every == (len(labels) - 1) % every:
            parts.append(_label(left + slot * 0.4, label))
    return _svg(title, parts, wide)


def histogram(title: str, labels: Sequence[str], values: Sequence[int]) -> Markup:
    """Draw how often each of a few values came."""
    return bar_chart(title, labels, [Series(title, values)], half=True)


def scale(largest: int) -> tuple[int, list[int]]:
    """Return the top of an axis and its lines: whole, round numbers."""
    step = 1
    while step * _LINES < largest:
        power = 10 ** (len(str(step)) - 1)
        place = _STEPS.index(step // power)
        step = _STEPS[place + 1] * power if place + 1 < len(_STEPS) else 10 * power
    count = max(-(-largest // step), 1)
    return count * step, [each * step for each in range(count + 1)]


def _grid(top: int, lines: Sequence[int], wide: int) -> Markup:
    line = Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    )
    return Markup("").join(
        line.format(_LEFT, wide - _RIGHT, y, y, _LEFT - 6, y + 4, n)
        for n, y in ((n, _y(n, top)) for n in lines)
    )


def _bar(
    left: float, width: float, series: Series, at: int, *, top: int, place: int
) -> Markup:
    value = series.values[at]
    y = _y(value, top)
    return Markup(
        '<rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}: {}</title></rect>"
    ).format(place, left, y, width, _HEIGHT - _BOTTOM - y, series.name, value)


def _label(x: float, text: str) -> Markup:
    return Markup(
        '<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
    ).format(x, _HEIGHT - 10, text)


def _svg(title: str, parts: Sequence[Markup], wide: int) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(wide, _HEIGHT, title, Markup("").join(parts))


def _y(value: int, top: int) -> float:
    return _HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM) / top
