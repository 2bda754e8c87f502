"""Charts."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from proximity.authority.console.chart import Axes, Series, bar_chart, scale

AXES = Axes("days", "codes")
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


def drawn(labels, series, **options) -> list[ElementTree.Element]:
    picture = bar_chart("t", labels, series, axes=AXES, **options)
    # Made by the line above.
    return list(ElementTree.fromstring(f"<both>{picture}</both>"))  # noqa: S314 - ours


def test_bars_are_as_high_as_their_values():
    series = [Series("a", [0, 50, 100]), Series("b", [100, 50, 0])]
    for picture in drawn(["x", "y", "z"], series):
        bars = [float(each.get("height")) for each in picture.iter("rect")]
        wide = float(picture.get("viewBox").split()[2])

        assert bars == pytest.approx([0, bars[1], bars[2], bars[2], bars[1], 0])
        assert bars[1] == pytest.approx(2 * bars[2])
        assert max(float(each.get("x")) for each in picture.iter("rect")) < wide


def test_a_chart_is_drawn_for_a_screen_and_for_a_telephone():
    wide, narrow = drawn(DAYS, [Series("a", [1] * 30)])

    assert [each.get("class") for each in (wide, narrow)] == [
        "chart wide",
        "chart narrow",
    ]
    # At 390 px there are about 320 for it: its letters keep their size.
    assert int(narrow.get("viewBox").split()[2]) <= 320


def test_labels_do_not_run_into_each_other_and_axes_have_units():
    for picture in drawn(DAYS, [Series("a", [1] * 30)], half=True):
        below = [
            float(each.get("x"))
            for each in picture.iter("text")
            if re.fullmatch(r"11-\d\d", each.text)
        ]
        gaps = [b - a for a, b in pairwise(below)]

        assert len(below) > 3
        assert min(gaps) > 36
        units = [e.text for e in picture.iter("text") if e.get("class") == "unit"]
        assert units == ["codes", "days"]


def test_a_few_bars_carry_their_numbers():
    (wide, _) = drawn(["0", "1", "2+"], [Series("a", [4, 0, 1_200])])

    numbers = [e.text for e in wide.iter("text") if e.get("class") == "value"]
    assert numbers == ["4", "1200"]


def test_a_title_that_is_markup_stays_text():
    axes = Axes("<u>", "<s>")
    picture = bar_chart('"><script>', ["<b>"], [Series("<i>", [1])], axes=axes)

    assert [
        each for each in ("script", "b", "i", "u", "s") if f"<{each}>" in picture
    ] == []


def test_a_month_of_nothing_is_drawn_without_style_of_its_own():
    picture = bar_chart("t", DAYS, [Series("a", [0] * 30)], axes=AXES, half=True)

    assert "style" not in picture
    assert ">11-30<" in picture
