"""Dates, times and numbers as people of a language write them."""

import time
from collections.abc import Callable

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def moment(t_s: int, offset_s: int, language: str) -> str:
    """Return a time as people of the place write it, to the minute."""
    parts = time.gmtime(t_s + offset_s)
    date = time.strftime("%Y-%m-%d", parts)
    return f"{local_day(date, language)} {time.strftime('%H:%M', parts)}"


def clock_time(t_s: int, offset_s: int) -> str:
    """Return the time of the day, to the minute."""
    return time.strftime("%H:%M", time.gmtime(t_s + offset_s))


def local_day(iso: str, language: str) -> str:
    """Return a date `YYYY-MM-DD` as people write it."""
    year, month, day = iso.split("-")
    if language == "vi":
        return f"{day}/{month}/{year}"
    return f"{int(day)} {_MONTHS[3 * int(month) - 3 : 3 * int(month)]} {year}"


def day_of_year(iso: str, language: str) -> str:
    """Return a date as charts have it: without its year."""
    whole = local_day(iso, language)
    return whole[: -len("/2026")]


def days(
    first: str,
    last: str,
    language: str,
    *,
    write: Callable[[str, str], str] = local_day,
) -> str:
    """Return a span of dates `YYYY-MM-DD`; "" if there is none."""
    ends = [write(each, language) for each in (first, last) if each]
    return " \u2013 ".join(dict.fromkeys(ends))


def grouped(value: int, language: str) -> str:
    """Return a number with its thousands apart."""
    text = f"{value:,}"
    return text.replace(",", ".") if language == "vi" else text


def decimal(value: float, language: str) -> str:
    """Return a number with at most one digit behind its decimal sign."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "vi" else text
