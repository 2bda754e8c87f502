import pytest

from proximity import units


def test_interval_number_of_the_published_vector():
    assert units.interval_of(1585785600) == 2642976


def test_an_interval_lasts_ten_minutes():
    start = 1585785600

    assert units.interval_of(start + 599.999) == units.interval_of(start)
    assert units.interval_of(start + 600) == units.interval_of(start) + 1


def test_a_day_begins_at_utc_midnight():
    assert units.day_of(1596844800) == units.day_of(1596844799) + 1


@pytest.mark.parametrize("text", ["1970-01-01", "2020-02-29", "2021-07-31"])
def test_a_day_survives_the_round_trip_through_its_iso_form(text: str):
    assert units.iso_day(units.day_from_iso(text)) == text


@pytest.mark.parametrize("text", ["2021-02-29", "tomorrow", "", "2021-7-1"])
def test_what_is_not_a_calendar_day_is_a_value_error(text: str):
    with pytest.raises(ValueError, match=r"."):
        units.day_from_iso(text)
