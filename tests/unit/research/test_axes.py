"""Axes: scales and ticks."""

import pytest

from proximity.research.axes import Scale, clock_label, marks, round_step, time_marks


def test_a_scale_maps_its_ends_to_its_ends():
    scale = Scale(0, 10, 200, 100)

    assert (scale(0), scale(5), scale(10)) == (200, 150, 100)


def test_marks_stand_at_every_step():
    assert [(m.at, m.label) for m in marks(Scale(-90, -70, 0, 100), 10)] == [
        (0, "-90"),
        (50, "-80"),
        (100, "-70"),
    ]


@pytest.mark.parametrize(
    ("high", "step"), [(3.9, 1), (17, 5), (80, 20), (700, 200), (99_999, 99_999)]
)
def test_round_steps_give_few_ticks(high, step):
    assert round_step(high) == step


def test_times_are_marked_at_round_minutes():
    across = Scale(72_100, 72_100 + 1_500, 0, 100)

    assert [m.label for m in time_marks(across, 6)] == [
        "20:05",
        "20:10",
        "20:15",
        "20:20",
        "20:25",
    ]


def test_a_clock_label_is_utc():
    assert clock_label(1_587_103_007.4) == "05:56"
