"""Statistics in the console."""

import pytest
from sqlalchemy import insert

from proximity.authority.accounts.model import Role
from proximity.authority.verification.model import daily_counts
from proximity.units import day_of, iso_day


@pytest.fixture
def counted(world):
    today = day_of(world.authority.now_s)
    figures = {
        "codes_issued": 100,
        "codes_claimed": 60,
        "keys_published": 777,
        "codes_issued@02641": 11,
        "codes_issued@02635": 5,
        "codes_issued@03001": 31,
        "test_to_publication_days_1": 3,
        "test_to_publication_days_2": 4,
        "test_to_publication_days_14": 1,
    }
    rows = [
        {"day": today, "name": name, "count": count} for name, count in figures.items()
    ]
    rows.append({"day": today - 30, "name": "codes_issued", "count": 5_000})
    with world.authority.engine.begin() as connection:
        connection.execute(insert(daily_counts), rows)
    return iso_day(today)


def last_line(someone, role, unit):
    text = someone(role, unit).browser.get("/console/statistics.csv").text
    return text.strip().split("\r\n")[-1]


def test_who_works_for_all_sees_everything(counted, someone):
    browser = someone(Role.STATISTICIAN).browser
    page = browser.get("/console/statistics?lang=en").text

    assert last_line(someone, Role.TRACER, "root") == f"{counted},100,60,0,0,777,0"
    assert "<strong>2 days</strong>median from test" in page
    assert "60 % of those issued" in page
    assert "5,000" not in page
    assert page.count('<svg class="chart wide"') == 3


def test_a_district_sees_the_sum_of_its_communes_and_no_other(counted, someone):
    page = someone(Role.TRACER, "080").browser.get("/console/statistics").text

    assert last_line(someone, Role.STATISTICIAN, "080") == f"{counted},16,0"
    for hidden in ("777", "31<", "100<"):
        assert hidden not in page.split("<table")[1]


def test_a_commune_sees_its_own(counted, someone):
    assert last_line(someone, Role.TRACER, "03001") == f"{counted},31,0"


def test_nothing_yet_is_shown_as_nothing(world, someone):
    page = someone(Role.STATISTICIAN).browser.get("/console/statistics?lang=en").text

    assert "<strong>\u2013</strong>median from test" in page
