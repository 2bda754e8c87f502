"""Charts."""

import re
from xml.etree import ElementTree

import pytest

from proximity.authority.console.chart import Series, bar_chart, histogram, scale

DAYS = [f"11-{day:02}" for day in range(1, 31)]


@pytest.mark.parametrize(
    ("largest", "top", "lines"),
    [
        (0, 1, [0, 1]),
        (3, 3, [0, 1, 2, 3]),
        (7, 8, [0, 2, 4, 6, 8]),
        (113, 150, [0, 50, 100, 150]),
        (1_000_000, 1_000_000, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000]),
    ],
)
def test_an_axis_has_a_few_whole_round_lines(largest, top, lines):
    assert scale(largest) == (top, lines)


def test_every_value_has_room_and_an_axis_few_lines():
    scales = {largest: scale(largest) for largest in range(4_000)}

    assert [n for n, (top, lines) in scales.items() if top < n or len(lines) > 7] == []


def test_bars_are_as_high_as_their_values():
    series = [Series("a", [0, 50, 100]), Series("b", [100, 50, 0])]
    picture = bar_chart("t", ["x", "y", "z"], series)
    root = ElementTree.fromstring(picture)  # noqa: S314 - made by the lines above
    bars = [float(each.get("height")) for each in root.iter("rect")]

    assert bars == pytest.approx([0, 196, 98, 98, 196, 0])
    assert max(float(each.get("x")) for each in root.iter("rect")) < 720


def test_a_title_that_is_markup_stays_text():
    picture = bar_chart('"><script>', ["<b>"], [Series("<i>", [1])])

    assert "<script>" not in picture
    assert "<b>" not in picture
    assert "<i>" not in picture


def test_a_month_of_nothing_is_drawn_without_style_of_its_own():
    picture = bar_chart("t", DAYS, [Series("a", [0] * 30)], half=True)

    assert "style" not in picture
    assert re.findall(r">(11-\d\d)<", picture) == ["11-10", "11-20", "11-30"]


def test_a_histogram_is_one_series():
    assert histogram("t", ["0", "1+"], [1, 2]).count("<rect") == 2
