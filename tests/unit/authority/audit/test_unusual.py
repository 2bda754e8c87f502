"""Who opens far more persons than is usual is told of, once."""

from sqlalchemy import select

from proximity.authority.audit.model import Action, Entry, Reason, audit
from proximity.authority.audit.trail import record_entry
from proximity.authority.audit.unusual import (
    FLOOR,
    raise_alarms,
    told_alarms,
    unusual_readers,
)


def open_people(authority, actor, count, *, action=Action.READ, first=0):
    subjects = tuple(range(first, first + count))
    entry = Entry(actor, "10-080", action, Reason.CASE_WORK, subjects=subjects)
    record_entry(authority, entry)


def names(authority):
    return [alarm.actor for alarm in unusual_readers(authority)]


def test_the_day_of_a_browser_stands_out(authority, clock):
    for _ in range(4):
        for actor in ("an", "binh", "chi"):
            open_people(authority, actor, 12)
        clock.now_s += 86_400
    open_people(authority, "an", 37)
    open_people(authority, "binh", 36)
    (alarm,) = unusual_readers(authority)

    assert (alarm.actor, alarm.unit, alarm.opened) == ("an", "10-080", 37)
    assert (alarm.own_median, alarm.others_median) == (12, 12)


def test_busy_officers_are_held_against_their_own_days(authority, clock):
    for _ in range(3):
        open_people(authority, "an", 60)
        open_people(authority, "binh", 5)
        clock.now_s += 86_400
    open_people(authority, "an", 150)

    assert names(authority) == []


def test_one_person_opened_often_is_one(authority):
    for _ in range(40):
        open_people(authority, "an", 1)

    assert names(authority) == []


def test_refused_openings_count_lists_of_names_do_not(authority):
    open_people(authority, "an", FLOOR, action=Action.DENIED)
    open_people(authority, "binh", 4 * FLOOR, action=Action.LIST)

    assert names(authority) == ["an"]


def test_a_few_are_never_unusual(authority):
    open_people(authority, "an", FLOOR - 1)

    assert names(authority) == []


def test_days_before_four_weeks_are_forgotten(authority, clock):
    open_people(authority, "an", 100)
    clock.now_s += 29 * 86_400
    open_people(authority, "an", FLOOR)

    assert names(authority) == ["an"]


def test_an_alarm_is_written_once_a_day(authority, clock):
    open_people(authority, "an", FLOOR)

    assert [raise_alarms(authority), raise_alarms(authority)] == [1, 0]
    with authority.engine.connect() as connection:
        line = connection.execute(select(audit).order_by(audit.c.seq.desc())).first()
    assert (line.action, line.unit) == ("alarm", "10-080")
    assert line.fields == "an,2026-05-27,read"
    (told,) = told_alarms(authority, ["10-080"], since_s=authority.now_s)
    assert (told.actor, told.unit, told.opened) == ("an", "10-080", FLOOR)
    assert (told.day, told.what) == ("2026-05-27", Action.READ)
    assert told_alarms(authority, ["10-082"], since_s=0) == []
    clock.now_s += 86_400
    assert raise_alarms(authority) == 0
    assert told_alarms(authority, ["10-080"], since_s=authority.now_s) == []


def test_what_is_opened_before_midnight_is_told_the_day_after(authority, clock):
    """No worker need run between the deed and the end of its day."""
    clock.now_s += 12 * 3_600 - 60
    open_people(authority, "an", FLOOR)
    clock.now_s += 120

    assert raise_alarms(authority) == 1
    # Today's is another one.
    open_people(authority, "an", 4 * FLOOR)
    assert raise_alarms(authority) == 1
    told = told_alarms(authority, ["10-080"], since_s=0)
    assert {each.day for each in told} == {"2026-05-27", "2026-05-28"}


def test_who_asks_for_one_neighbour_after_the_other_stands_out(authority, clock):
    """A search tells who is known, though nobody is opened."""
    search = Entry("an", "10-080", Action.SEARCH, Reason.CASE_WORK, fields=("name",))
    for _ in range(FLOOR - 1):
        record_entry(authority, search)
    assert names(authority) == []
    record_entry(authority, search)
    (alarm,) = unusual_readers(authority)

    assert (alarm.actor, alarm.what, alarm.opened) == ("an", Action.SEARCH, FLOOR)
    assert raise_alarms(authority) == 1
    (told,) = told_alarms(authority, ["10-080"], since_s=0)
    assert told.what is Action.SEARCH
