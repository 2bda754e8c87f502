"""Charts as SVG, made by the server; a table of the same figures stands below.

Each is drawn twice, for screens and paper and for telephones: letters that shrink with
a picture are not read. The style sheet shows the one that fits.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

_TOP, _BOTTOM, _RIGHT = 32, 38, 14
_STEPS = (1, 2, 5)
_LINES = 5
# More bars than these carry no numbers.
_NUMBERED = 15


class Series(NamedTuple):
    """One row of figures, by what they are called."""

    name: str
    values: Sequence[int]


class Axes(NamedTuple):
    """What the axes say.

    Attributes
    ----------
    across, up : str
        Units: of the labels, and of the bars.
    write : callable int -> str
        How numbers are written.
    """

    across: str
    up: str
    write: Callable[[int], str] = str


class Sheet(NamedTuple):
    """A size to draw at, and how far apart labels stand."""

    name: str
    wide: int
    high: int
    left: int
    apart: int


_WHOLE = Sheet("wide", 720, 260, 52, 52)
_HALF = Sheet("wide", 430, 260, 52, 52)
_NARROW = Sheet("narrow", 320, 240, 44, 48)


def bar_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    axes: Axes,
    half: bool = False,
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
    axes : Axes
    half : bool
        Whether it stands beside another one.
    """
    sheets = (_HALF if half else _WHOLE, _NARROW)
    return Markup("").join(
        _draw(title, labels, series, axes=axes, sheet=sheet) for sheet in sheets
    )


def scale(largest: int) -> tuple[int, list[int]]:
    """Return the top of an axis and its lines: whole, round numbers."""
    step = 1
    while step * _LINES < largest:
        power = 10 ** (len(str(step)) - 1)
        place = _STEPS.index(step // power)
        step = _STEPS[place + 1] * power if place + 1 < len(_STEPS) else 10 * power
    count = max(-(-largest // step), 1)
    return count * step, [each * step for each in range(count + 1)]


def _draw(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    axes: Axes,
    sheet: Sheet,
) -> Markup:
    top, lines = scale(max((max(each.values, default=0) for each in series), default=0))
    slot = (sheet.wide - sheet.left - _RIGHT) / max(len(labels), 1)
    width = max(slot * 0.8 / len(series), 1.0)
    longest = max((len(label) for label in labels), default=0)
    every = max(1, round(sheet.apart / slot)) if longest * 7 > slot else 1
    numbered = len(series) == 1 and len(labels) <= _NUMBERED
    parts = [_grid(top, lines, axes, sheet)]
    for at, label in enumerate(labels):
        left = sheet.left + at * slot + slot * 0.1
        for place, each in enumerate(series):
            value, told = each.values[at], axes.write(each.values[at])
            y = _y(value, top, sheet)
            box = (left + place * width, y, width, sheet.high - _BOTTOM - y)
            parts.append(_bar(box, place, f"{label}: {each.name} {told}"))
            if numbered and value:
                parts.append(_text("value", left + slot * 0.4, y - 4, told))
        if at % every == (len(labels) - 1) % every:
            # The last label ends where the picture does.
            x = min(left + slot * 0.4, sheet.wide - 3.4 * len(label))
            parts.append(_text("tick", x, sheet.high - 22, label))
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(sheet.name, sheet.wide, sheet.high, title, Markup("").join(parts))


def _grid(top: int, lines: Sequence[int], axes: Axes, sheet: Sheet) -> Markup:
    line = Markup(
        '<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    )
    drawn = [
        line.format(
            "grid" if n else "axis",
            sheet.left,
            sheet.wide - _RIGHT,
            y,
            y,
            sheet.left - 6,
            y + 4,
            axes.write(n),
        )
        for n, y in ((n, _y(n, top, sheet)) for n in lines)
    ]
    unit = Markup('<text class="unit" x="{}" y="{}" text-anchor="{}">{}</text>')
    drawn.append(unit.format(2, 12, "start", axes.up))
    across = sheet.wide - 2, sheet.high - 4, "end", axes.across
    return Markup("").join([*drawn, unit.format(*across)])


def _bar(box: tuple[float, float, float, float], place: int, told: str) -> Markup:
    return Markup(
        '<rect class="series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(place, *box, told)


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    return Markup(
        '<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>'
    ).format(kind, x, y, text)


def _y(value: int, top: int, sheet: Sheet) -> float:
    room = sheet.high - _TOP - _BOTTOM
    return sheet.high - _BOTTOM - value * room / top
