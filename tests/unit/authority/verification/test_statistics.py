"""The daily figures."""

import csv
import io

import pytest

from proximity.authority.service.app import ServiceApp
from proximity.authority.verification.counts import tally
from proximity.units import iso_day


@pytest.fixture
def read(authority, founded, ask):
    """Return what reads a table with the key for it."""
    app = ServiceApp(authority, {})

    def get(path: str, key: str = founded.stats_key):
        return ask(app, f"/api/stats/{path}", None, {"x-api-key": key})

    return get


@pytest.fixture
def counted(authority):
    with authority.engine.begin() as connection:
        tally(connection, "codes_issued", authority.now_s, 3)
        tally(connection, "codes_claimed", authority.now_s - 86_400, 2)


def test_a_day_is_a_row_the_newest_first(read, counted, authority):
    rows = read("realm.json").json["statistics"]

    today = authority.now_s // 86_400
    assert [row["date"] for row in rows[:2]] == [iso_day(today), iso_day(today - 1)]
    assert rows[0]["data"]["codes_issued"] == 3
    assert rows[1]["data"]["codes_claimed"] == 2
    assert len(rows) == 30


def test_csv_has_the_same_figures(read, counted):
    answer = read("realm.csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))

    assert answer.headers["content-type"].startswith("text/csv")
    assert rows[0]["codes_issued"] == "3"


@pytest.mark.parametrize(
    "name", ["key-server", "composite", "users", "external-issuers", "sms-errors"]
)
def test_every_published_table_is_there(read, name):
    assert read(f"realm/{name}.json").status == 200
    assert read(f"realm/{name}.csv").status == 200


@pytest.mark.parametrize("path", ["realm.xml", "realm/none.json", "realm/"])
def test_other_tables_are_not(read, path):
    assert read(path).status == 404


def test_other_keys_do_not_read_them(read, founded):
    assert read("realm.json", founded.device_key).status == 401
