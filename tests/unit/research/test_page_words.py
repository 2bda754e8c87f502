"""Names, days and units in both languages."""

from proximity.research.page_words import (
    date_words,
    person_words,
    rule_title,
    scenario_words,
    weekday_words,
)


def test_the_tenth_of_march_2026_was_a_tuesday():
    assert weekday_words(20_522) == ("Tuesday", "thứ Ba")
    assert date_words(20_522) == ("Tuesday, 10 March 2026", "thứ Ba, 10/3/2026")


def test_the_day_of_the_epoch_was_a_thursday():
    assert weekday_words(0)[0] == "Thursday"


def test_recorded_people_have_a_number_and_others_a_name():
    assert person_words("7") == ("Person 7", "Người số 7")
    assert person_words("An") == ("An", "An")


def test_unknown_scenarios_and_rules_keep_their_names():
    assert scenario_words("market") == ("market", "market")
    assert scenario_words("queue") == ("Queue", "Xếp hàng")
    assert rule_title("mine") == ("mine", "mine")
