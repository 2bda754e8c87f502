"""Geometry of a rule's strip and ROC curve."""

from proximity.research.report import RuleLegend
from proximity.research.rule_chart import ROC_SIDE, WIDTH, rule_chart


def test_every_pair_is_a_dot_in_its_row(report):
    chart = rule_chart(report.pairs, report.rules[0])

    assert chart.contacts.count("M") == 2
    assert chart.others.count("M") == 2


def test_dots_beyond_the_threshold_are_those_that_alert(report):
    chart = rule_chart(report.pairs, report.rules[0])
    places = [
        float(dot.split()[0]) for dot in (chart.contacts + chart.others).split("M")[1:]
    ]

    assert sum(x >= chart.threshold_x for x in places) == 2
    assert all(0 <= x <= WIDTH for x in places)


def test_the_working_point_lies_where_the_alerts_are(report):
    chart = rule_chart(report.pairs, report.rules[0])

    # One of two contacts, and one of two others.
    assert chart.working_point == (ROC_SIDE / 2, ROC_SIDE / 2)
    assert chart.roc.startswith(f"M0.0 {ROC_SIDE}")


def test_without_contacts_there_is_no_curve(report):
    chart = rule_chart(report.pairs[2:], report.rules[0])

    assert chart.roc == ""
    assert chart.working_point is None


def test_without_pairs_the_threshold_still_has_its_place():
    chart = rule_chart([], RuleLegend("nhs", "risk", 100))

    assert 0 < chart.threshold_x < WIDTH
    assert [mark.label for mark in chart.marks] == ["0", "100", "200"]
