import pytest

from proximity.scoring.config import built_in
from proximity.scoring.decision import Change, ChangeKind, change, decide
from proximity.scoring.rule import DayScore, Level

TODAY = 18_700
RULE = built_in("cwa-2022")


def high(day, value=20.0):
    return DayScore(day, value, "min", Level.HIGH, value + 3)


def low(day):
    return DayScore(day, 6.0, "min", Level.LOW, 9.0)


def decided(*days, today=TODAY, previous=None):
    return decide(days, RULE, today, previous=previous)


def test_decision_pins_the_configuration():
    decision = decided()

    assert (decision.rule, decision.version) == ("cwa-2022", 1)
    assert decision.digest == RULE.digest
    assert (decision.as_of_day, decision.look_back_days) == (TODAY, 10)


def test_highest_level_and_its_newest_day_are_decided():
    decision = decided(high(TODAY - 3), low(TODAY - 1), high(TODAY - 5))

    assert decision.is_alert
    assert (decision.newest_day, decision.minutes) == (TODAY - 3, 23.0)
    assert [d.day for d in decision.days] == [TODAY - 5, TODAY - 3, TODAY - 1]


def test_low_level_has_a_day_but_no_alert():
    decision = decided(low(TODAY - 1))

    assert (decision.level, decision.newest_day) == (Level.LOW, TODAY - 1)
    assert not decision.is_alert


def test_no_days_decide_none():
    assert (decided().level, decided().newest_day) == (Level.NONE, None)
    assert decided().minutes == 0.0


def test_days_outside_the_look_back_are_left_out():
    decision = decided(high(TODAY - 11), high(TODAY + 1), low(TODAY - 10))

    assert [d.day for d in decision.days] == [TODAY - 10]


def test_first_decision_without_alert_is_no_change():
    assert change(None, decided(low(TODAY))) == Change(ChangeKind.NONE, None)


def test_first_alert_and_alerts_of_another_day_are_raised():
    first = decided(high(TODAY - 5))
    newer = decided(high(TODAY - 5), high(TODAY - 3))
    late = decided(high(TODAY - 7), high(TODAY - 5), high(TODAY - 3))

    assert change(None, first) == Change(ChangeKind.RAISED, TODAY - 5)
    assert change(decided(low(TODAY - 5)), first) == Change(
        ChangeKind.RAISED, TODAY - 5
    )
    assert change(first, newer) == Change(ChangeKind.RAISED, TODAY - 3)
    assert change(newer, late) == Change(ChangeKind.RAISED, TODAY - 7)


def test_one_of_two_alerts_that_vanishes_is_withdrawn():
    both = decided(high(TODAY - 5), high(TODAY - 3))

    assert change(both, decided(high(TODAY - 5))) == Change(
        ChangeKind.WITHDRAWN, TODAY - 3
    )


def test_one_of_two_alerts_that_becomes_too_old_is_no_change():
    both = decided(high(TODAY - 10), high(TODAY - 3))
    later = decided(high(TODAY - 3), today=TODAY + 1)

    assert change(both, later).kind is ChangeKind.NONE


def test_numbers_that_move_without_the_day_are_no_change():
    before = decided(high(TODAY - 3, 20.0))
    after = decided(high(TODAY - 3, 25.0), low(TODAY - 6), low(TODAY - 1))

    assert change(before, after).kind is ChangeKind.NONE


@pytest.mark.parametrize("left", [(), (low(TODAY - 3),)])
def test_alert_that_vanishes_within_the_look_back_is_withdrawn(left):
    before = decided(high(TODAY - 3))

    assert change(before, decided(*left)) == Change(ChangeKind.WITHDRAWN, TODAY - 3)


def test_alert_that_has_become_too_old_is_lowered():
    day = TODAY - 10
    before = decided(high(day))
    after = decided(high(day), today=TODAY + 1)

    assert change(before, after) == Change(ChangeKind.LOWERED, day)


def test_revision_counts_the_changes_worth_telling():
    quiet = decided()
    first = decided(high(TODAY - 3), previous=quiet)
    again = decided(high(TODAY - 3, 30.0), previous=first)
    withdrawn = decided(previous=again)

    revisions = [d.revision for d in (quiet, first, again, withdrawn)]

    assert revisions == [0, 1, 1, 2]
