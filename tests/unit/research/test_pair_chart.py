"""Geometry of a pair's chart."""

from dataclasses import replace

from proximity.research.pair_chart import LEFT, RIGHT, SIGNAL, pair_chart

WIDTH = 800.0


def chart_of(detail, threshold=15.0, limits_db=(55, 67, 75)):
    return pair_chart(detail, width=WIDTH, threshold=threshold, limits_db=limits_db)


def test_a_scan_is_coloured_by_its_attenuation(detail):
    assert [box.level for box in chart_of(detail).scans] == [0, 1, 2, 3, 1]


def test_nearer_scans_reach_higher(detail):
    heights = [box.height for box in chart_of(detail).scans[:4]]

    assert heights == sorted(heights, reverse=True)


def test_scans_of_a_window_do_not_overlap(detail):
    chart = chart_of(detail)
    for box, following in zip(chart.scans[:4], chart.scans[1:4], strict=False):
        assert box.x + box.width <= following.x + 0.2


def test_every_sighting_is_a_dot(detail):
    assert chart_of(detail).sightings.count("M") == 5


def test_limits_stand_where_attenuation_equals_them(detail):
    chart = chart_of(detail)
    at_60_db = chart.scans[1].y

    assert chart.limits[0].label == "55"
    assert chart.limits[0].at < at_60_db < chart.limits[1].at


def test_the_alert_is_when_the_dose_reaches_the_threshold(detail):
    assert chart_of(detail).alert_at.label == "20:09"
    assert chart_of(detail, threshold=40).alert_at is None


def test_time_together_is_shaded_and_distance_drawn(detail):
    chart = chart_of(detail)

    assert len(chart.near) == 1
    assert chart.distance_line.startswith("M")


def test_everything_drawn_lies_inside_the_frame(detail):
    chart = chart_of(detail)
    for box in (*chart.windows, *chart.scans, *chart.near):
        assert box.x >= LEFT
        assert box.x + box.width <= WIDTH - RIGHT + 0.1
        assert box.y >= SIGNAL[0]


def test_a_pair_that_heard_nothing_has_a_chart(detail):
    quiet = replace(detail, windows=(), dose=())
    chart = chart_of(quiet)

    assert chart.scans == ()
    assert chart.dose_line == ""
    assert chart.near


def test_a_pair_that_never_met_has_a_chart(detail):
    chart = chart_of(replace(detail, windows=(), dose=(), distance=((0.0, 90.0),)))

    assert chart.near == ()
    assert chart.distance_line == ""
