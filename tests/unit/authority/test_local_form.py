"""Dates, times and numbers in Vietnamese and English."""

from proximity.authority.local_form import (
    clock_time,
    day_of_year,
    days,
    decimal,
    grouped,
    local_day,
    moment,
)


def test_times_are_those_of_the_place():
    assert moment(1_796_000_000, 7 * 3_600, "vi") == "30/11/2026 07:53"
    assert moment(1_796_000_000, 0, "en") == "30 Nov 2026 00:53"
    assert clock_time(1_796_000_000, 7 * 3_600) == "07:53"


def test_dates_are_written_as_people_write_them():
    assert local_day("2026-05-03", "vi") == "03/05/2026"
    assert local_day("2026-05-03", "en") == "3 May 2026"
    assert day_of_year("2026-05-03", "vi") == "03/05"
    assert day_of_year("2026-05-03", "en") == "3 May"


def test_a_span_of_one_day_is_that_day_and_what_is_unknown_is_left_out():
    assert days("2026-05-03", "2026-05-05", "vi") == "03/05/2026 \u2013 05/05/2026"
    assert days("2026-05-03", "2026-05-03", "vi") == "03/05/2026"
    assert days("", "", "en") == ""


def test_numbers_have_the_signs_of_the_language():
    assert (grouped(1_234_567, "vi"), grouped(1_234_567, "en")) == (
        "1.234.567",
        "1,234,567",
    )
    assert (decimal(12.54, "vi"), decimal(12.5, "en")) == ("12,5", "12.5")
    assert decimal(20.0, "vi") == "20"
