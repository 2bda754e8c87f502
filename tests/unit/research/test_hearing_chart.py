"""The strip of who heard whom."""

import re

import pytest

from proximity.research.hearing_chart import LEFT, hearing_chart
from proximity.research.report import Hearing

START_S = 20_522 * 86_400 + 72_000
LIMITS_DB = (55, 67, 75)
HEARD = (
    Hearing("Bình", "An", ((START_S + 60, 56),)),
    Hearing("Khoa", "An", ()),
    Hearing("An", "Bình", ((START_S, 55), (START_S + 3_600, 60))),
    Hearing("Khoa", "Bình", ()),
    Hearing("An", "Khoa", ((START_S + 7_200, 80),)),
    Hearing("Bình", "Khoa", ()),
)


@pytest.fixture
def chart():
    return hearing_chart(HEARD, width=860.0, limits_db=LIMITS_DB)


def ticks(path):
    return [tuple(map(float, place)) for place in re.findall(r"M(\S+) (\S+)v4", path)]


def test_every_phone_has_its_row_also_one_that_heard_nobody(chart):
    assert [row.label for row in chart.rows] == ["An", "Bình", "Khoa"]
    assert [row.at for row in chart.rows] == sorted(row.at for row in chart.rows)


def test_a_tick_is_coloured_by_how_near_the_signal_says(chart):
    assert [len(ticks(path)) for path in chart.levels] == [1, 2, 0, 1]


def test_ticks_lie_at_their_time_and_on_the_line_of_their_sender(chart):
    (first,), (second_row, later), _, (other_line,) = map(ticks, chart.levels)

    assert first[0] == LEFT
    assert first[0] < later[0] < other_line[0] <= chart.width
    assert first[1] == later[1] < other_line[1] < second_row[1] < chart.height


def test_a_phone_has_the_same_place_in_every_row():
    heard = (
        Hearing("Bình", "An", ()),
        Hearing("An", "Bình", ((START_S, 50),)),
        Hearing("Khoa", "Bình", ((START_S, 50),)),
        Hearing("An", "Khoa", ()),
    )
    chart = hearing_chart(heard, width=860.0, limits_db=LIMITS_DB)
    by_an, by_khoa = ticks(chart.levels[0])
    (an, _, khoa) = chart.rows

    assert by_an[1] - an.at == by_khoa[1] - khoa.at


def test_every_row_has_a_line_for_each_phone_and_one_is_its_own(chart):
    others = re.findall(r"M52 (\S+)H852", chart.others)
    own = re.findall(r"M52 (\S+)H852", chart.own)

    assert (len(others), len(own)) == (6, 3)
    assert len({*others, *own}) == 9


def test_times_are_marked(chart):
    assert [mark.label for mark in chart.time_marks][:2] == ["20:00", "20:15"]


def test_one_scan_alone_can_be_drawn():
    alone = (Hearing("An", "Bình", ((START_S, 50),)), Hearing("Bình", "An", ()))

    (tick,) = ticks(hearing_chart(alone, width=350.0, limits_db=LIMITS_DB).levels[0])
    assert tick[0] == LEFT


def test_one_sender_alone_has_a_row_for_each_who_may_hear_them():
    heard = [each for each in HEARD if each.sender == "An"]
    chart = hearing_chart(heard, width=860.0, limits_db=LIMITS_DB)

    assert [row.label for row in chart.rows] == ["Bình", "Khoa"]
    assert chart.own == ""
    # One wide tick: Bình heard An once, in the second level.
    assert [len(re.findall("M", path)) for path in chart.levels] == [0, 1, 0, 0]
    assert "v15" in chart.levels[1]
